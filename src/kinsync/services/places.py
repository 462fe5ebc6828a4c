"""What an application reads about the district and its schools, within its scope."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from kinsync.services.read import Page, page_of, reader
from kinsync.store import places, queries
from kinsync.store.places import DistrictRow, SchoolRow
from kinsync.store.scope import Scope
from kinsync.store.statements import Window

__all__ = ["DistrictRow", "School", "district", "school", "school_page", "schools_of"]


class School(NamedTuple):
    """A school, with the moments of its first and latest publication."""

    row: SchoolRow
    created: datetime
    last_modified: datetime

    @property
    def id(self) -> str:
        """The id, the same in every version of the API."""
        return self.row.id


def school_page(scope: Scope, window: Window) -> Page[School]:
    """Schools, by id."""
    with reader(scope) as cursor:
        page = page_of(places.schools(cursor, scope, window), window)
        return page.mapped(lambda rows: whole_schools(cursor, scope, rows))


def school(scope: Scope, id_: str) -> School | None:
    """One school by id."""
    with reader(scope) as cursor:
        found = places.school(cursor, scope, id_)
        return whole_schools(cursor, scope, [found])[0] if found else None


def schools_of(scope: Scope, student_id: str, window: Window) -> Page[School] | None:
    """The schools of one student; None where the scope has no such student."""
    with reader(scope) as cursor:
        student = queries.student(cursor, scope, student_id)
        if student is None:
            return None
        if not student.school_sis_id:
            return Page([], has_before=False, has_after=False)
        found = places.schools(cursor, scope, window, sis_id=student.school_sis_id)
        return page_of(found, window).mapped(lambda rows: whole_schools(cursor, scope, rows))


def district(scope: Scope) -> DistrictRow | None:
    """The district itself."""
    with reader(scope) as cursor:
        return places.district(cursor, scope)


def whole_schools(cursor: CursorWrapper, scope: Scope, rows: Sequence[SchoolRow]) -> list[School]:
    numbers = {number for row in rows for number in (row.created, row.since)}
    times = queries.version_times(cursor, scope, numbers)
    return [School(row, times[row.created], times[row.since]) for row in rows]
