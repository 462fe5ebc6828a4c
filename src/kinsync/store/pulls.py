"""Pulls: each attempt to read a source, and what came of it.

Pulls are numbered as uploads are and take their *turns* with them, so that of whatever a district
delivers the newest is known, and bytes of both lie on the same shelf.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from kinsync.domain.errors import Conflict
from kinsync.store import models
from kinsync.store.database import outages
from kinsync.store.parts import in_use

RUNNING, COMPLETE, INCOMPLETE = "running", "complete", "incomplete"
WHOLE, CHANGES = "whole", "changes"
"""What a pull read: everything, or what changed alone."""


@dataclass(frozen=True, slots=True)
class Pull:
    """One attempt to read a source. ``reason`` is what was missing, never a value of a row;
    ``turn`` ascends with each pull and upload that is whole, None where it is not.

    ``kind`` says whether everything was read or the changes alone, ``why`` why everything, where
    changes might have done, ``read`` how many rows the system gave; ``rows`` are those of the
    source table that came of it, which is the whole either way.
    """

    id: int
    district_id: int
    source_id: int
    state: str
    reason: str
    rows: int
    size: int
    sha256: str
    turn: int | None
    started_at: datetime
    finished_at: datetime | None
    kind: str = ""
    read: int = 0
    why: str = ""


def begin(district_id: int, source_id: int, *, at: datetime) -> int:
    """The number of a pull that runs from now on; ones that never ended are ended first."""
    with outages(doing="recording a pull"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pull SET state = %s, reason = %s, finished_at = %s"
            " WHERE district_id = %s AND source_id = %s AND state = %s",
            (INCOMPLETE, ABANDONED, at, district_id, source_id, RUNNING),
        )
        cursor.execute(
            "INSERT INTO pull (district_id, id, source_id, state, reason, rows, size, sha256, kind,"
            " read, why, started_at)"
            " VALUES (%s, nextval('upload_id'), %s, %s, '', 0, 0, '', '', 0, '', %s) RETURNING id",
            (district_id, source_id, RUNNING, at),
        )
        return int(cursor.fetchone()[0])


ABANDONED = "the process stopped while it pulled"


def fail(district_id: int, pull_id: int, reason: str, *, at: datetime) -> None:
    """Say what was missing."""
    with outages(doing="recording a pull"):
        models.Pull.objects.filter(district_id=district_id, id=pull_id, state=RUNNING).update(
            state=INCOMPLETE, reason=reason, finished_at=at
        )


def complete(
    district_id: int,
    source_id: int,
    pull_id: int,
    *,
    kind: str,
    read: int,
    why: str,
    rows: int,
    size: int,
    sha256: str,
    source_state: Mapping[str, Any],
    at: datetime,
    on_complete: Callable[[CursorWrapper, int, int, datetime], None],
) -> int:
    """A pull is whole; its turn.

    In the same transaction the source takes ``source_state``, where its next pull goes on, and
    ``on_complete`` is called, as of uploads.

    Raises:
        Conflict: another pull of the source has begun meanwhile.
    """
    with (
        outages(doing="recording a pull"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE pull SET state = %s, kind = %s, read = %s, why = %s, rows = %s, size = %s,"
            " sha256 = %s, finished_at = %s, turn = nextval('upload_turn')"
            " WHERE district_id = %s AND id = %s AND state = %s RETURNING turn",
            (COMPLETE, kind, read, why, rows, size, sha256, at, district_id, pull_id, RUNNING),
        )
        found = cursor.fetchone()
        if found is None:
            raise Conflict("Another pull of this source has begun meanwhile. Nothing was done.")
        cursor.execute(
            "UPDATE source SET state = %s WHERE district_id = %s AND id = %s",
            (json.dumps(dict(source_state)), district_id, source_id),
        )
        on_complete(cursor, district_id, pull_id, at)
        return int(found[0])


def newest(district_id: int, sources: Collection[int]) -> Pull | None:
    """The newest whole pull of these sources whose bytes are kept."""
    rows = models.Pull.objects.filter(
        district_id=district_id, source_id__in=list(sources), state=COMPLETE, discarded_at=None
    )
    with outages(doing="looking for pulls"):
        row = rows.order_by("-turn").first()
    return None if row is None else _pull(row)


def are_changes(district_id: int, numbers: Collection[int]) -> bool:
    """Whether one of these arrivals is a pull that read changes alone."""
    with outages(doing="looking at pulls"):
        rows = models.Pull.objects.filter(district_id=district_id, id__in=numbers)
        return rows.filter(kind=CHANGES).exists()


def recent(district_id: int, source_id: int, *, limit: int = 50) -> list[Pull]:
    """The latest pulls of a source, whole or not, newest first."""
    rows = models.Pull.objects.filter(district_id=district_id, source_id=source_id).order_by("-id")
    with outages(doing="listing pulls"):
        return [_pull(row) for row in rows[:limit]]


def kept_before(before: datetime, *, limit: int = 1000) -> list[tuple[int, str, int]]:
    """Pulls that ended before then and whose bytes are kept: district, its public id, pull.

    Not one that stands behind what is published of several sources.
    """
    rows = models.Pull.objects.filter(discarded_at=None, finished_at__lt=before)
    rows = rows.exclude(id__in=in_use())
    with outages(doing="looking for old pulls"):
        found = rows.values_list("district_id", "district__public_id", "id")[:limit]
        return [(district, public_id, pull) for district, public_id, pull in found]


def discard(district_id: int, pull_id: int, *, at: datetime) -> None:
    """Note that the bytes of a pull are gone."""
    with outages(doing="forgetting a pull"):
        models.Pull.objects.filter(district_id=district_id, id=pull_id).update(discarded_at=at)


def _pull(row: models.Pull) -> Pull:
    return Pull(
        id=row.id,
        district_id=row.district_id,
        source_id=row.source_id,
        state=row.state,
        reason=row.reason,
        rows=row.rows,
        size=row.size,
        sha256=row.sha256,
        turn=row.turn,
        started_at=row.started_at,
        finished_at=row.finished_at,
        kind=row.kind,
        read=row.read,
        why=row.why,
    )
