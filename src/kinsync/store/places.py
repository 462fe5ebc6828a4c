"""The SQL behind a district and its schools, as applications read them."""

from datetime import datetime
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from kinsync.store.scope import Scope, listed, parameters, shared
from kinsync.store.statements import Window, first, rows, single


class SchoolRow(NamedTuple):
    """One school as published. ``created`` and ``since`` are numbers of versions."""

    id: str
    sis_id: str
    name: str | None
    created: int
    since: int


class DistrictRow(NamedTuple):
    """A district, when it published, and how its latest sync ended."""

    id: str
    name: str
    launched: datetime | None
    published: datetime | None
    sync_state: str | None


SCHOOL_COLUMNS = ", ".join(SchoolRow._fields)
HAS_SIS_ID = "k.sis_id = %(related_to)s"
DISTRICT = b"""
    SELECT public_id, name,
        (SELECT published_at FROM version
         WHERE district_id = %(district)s AND number = 1),
        (SELECT published_at FROM version
         WHERE district_id = %(district)s AND number = %(version)s),
        (SELECT state FROM sync WHERE district_id = %(district)s AND NOT is_preview
         ORDER BY id DESC LIMIT 1)
    FROM district WHERE id = %(district)s
"""


def schools(
    cursor: CursorWrapper, scope: Scope, window: Window, *, sis_id: str | None = None
) -> list[SchoolRow]:
    """Up to ``window.limit`` + 1 schools, in the direction of reading; or those of one SIS id."""
    among = HAS_SIS_ID if sis_id else None
    sql = listed(SCHOOL_COLUMNS, "school", scope, window, among=among)
    return rows(cursor, SchoolRow, sql, parameters(scope, window, related_to=sis_id))


def school(cursor: CursorWrapper, scope: Scope, id_: str) -> SchoolRow | None:
    """One school by id."""
    sql = single(SCHOOL_COLUMNS, "school", shared(scope, "school"))
    return first(cursor, SchoolRow, sql, parameters(scope, id_=id_))


def district(cursor: CursorWrapper, scope: Scope) -> DistrictRow | None:
    """The district itself."""
    return first(cursor, DistrictRow, DISTRICT, parameters(scope))
