"""Feed: the events of one connection, each with its record as it was then and before."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TypeAlias

from django.db.backends.utils import CursorWrapper

from kinsync.domain.retention import TOLD_DAYS
from kinsync.services.places import School, whole_schools
from kinsync.services.read import (
    Contact,
    Page,
    Student,
    StudentContactRow,
    page_of,
    reader,
    whole_contacts,
    whole_students,
)
from kinsync.store import feed_queries as queries
from kinsync.store import places
from kinsync.store.feed_queries import EditionRow, EventRow, MergeRow
from kinsync.store.gate import look_at
from kinsync.store.scope import EVERYTHING, RESTRICTED, Scope
from kinsync.store.statements import Window

__all__ = ["TOLD_DAYS", "Event", "Record", "event", "event_page"]

Record: TypeAlias = Contact | Student | StudentContactRow | School


@dataclass(frozen=True, slots=True)
class Event:
    """One change as it is told to one application.

    ``record`` is the record after the change, or as it last was where it was deleted;
    ``previous`` is the record before an update. ``share`` and ``previous_share`` are what the
    application was shared then, as JSON.
    """

    id: str
    act: str
    kind: str
    at: datetime
    record: Record
    share: str
    previous: Record | None = None
    previous_share: str = EVERYTHING
    is_restricted: bool = False
    """Whether the record is restricted now, and hidden from this application."""
    merged: Sequence[Contact] = ()
    """Who a deleted contact turned out to be; who, now gone, turned out to be an updated one; or of
    whom a created one was part before."""


def event_page(
    scope: Scope,
    window: Window,
    kinds: Sequence[str],
    *,
    now: datetime,
    record_id: str | None = None,
    school_id: str | None = None,
) -> Page[Event]:
    """Events of these kinds of record, the oldest first.

    A cursor that points to what is not told any more goes on with what is left.
    """
    with reader(scope) as cursor:
        floor = queries.floor(cursor, scope, now - timedelta(days=TOLD_DAYS))
        school = _school(cursor, scope, school_id) if school_id else None
        if floor is None or (school_id and school is None):
            return Page([], has_before=window.after is not None, has_after=window.is_backward)
        rows = queries.events(
            cursor, scope, window, kinds, floor=floor, record_id=record_id, school=school
        )
        return page_of(rows, window).mapped(lambda kept: _events(cursor, scope, kept))


def event(scope: Scope, id_: str, kinds: Sequence[str], *, now: datetime) -> Event | None:
    """One event, if it is still told."""
    with reader(scope) as cursor:
        floor = queries.floor(cursor, scope, now - timedelta(days=TOLD_DAYS))
        found = queries.event(cursor, scope, id_, kinds)
        if found is None or floor is None or found.id <= floor:
            return None
        return _events(cursor, scope, [found])[0]


@lru_cache(maxsize=1024)
def count(scope: Scope, kinds: tuple[str, ...], record_id: str | None = None) -> int:
    """How many events of these kinds, or of one record, the application was told.

    Kept per process: within an edition the answer never changes.
    """
    with reader(scope) as cursor:
        return queries.count(cursor, scope, kinds, record_id=record_id)


def _school(cursor: CursorWrapper, scope: Scope, school_id: str) -> tuple[str, str] | None:
    """Id and SIS id of a school that the scope sees."""
    found = places.school(cursor, scope, school_id)
    return (found.id, found.sis_id) if found else None


def _events(cursor: CursorWrapper, scope: Scope, rows: Sequence[EventRow]) -> list[Event]:
    """Events with their records. Each edition is looked at once, as it was seen then."""
    merges = _Merges(cursor, scope, rows)
    hidden = _restricted(cursor, scope, rows)
    wanted = _wanted(rows, merges)
    numbers = {row.edition - back for row in rows for back in (0, 1)}
    editions = {found.number: found for found in queries.editions(cursor, scope, numbers)}
    seen = {
        number: _records(cursor, _as_of(scope, edition), wanted[number])
        for number, edition in sorted(editions.items())
        if number in wanted
    }
    return [_event(row, editions, seen, merges, hidden) for row in rows]


def _restricted(cursor: CursorWrapper, scope: Scope, rows: Sequence[EventRow]) -> frozenset[str]:
    """Ids of records in these events that are restricted now, and hidden."""
    if scope.sight.restricted:
        return frozenset()
    found: frozenset[str] = frozenset()
    for kind in RESTRICTED:
        ids = {row.record_id for row in rows if row.kind == kind}
        found |= queries.restricted(cursor, scope, kind, ids) if ids else frozenset()
    return found


def _event(
    row: EventRow,
    editions: Mapping[int, EditionRow],
    seen: Mapping[int, Mapping[str, Record]],
    merges: "_Merges",
    hidden: Collection[str],
) -> Event:
    edition, earlier = editions[row.edition], editions.get(row.edition - 1)
    previous_share = earlier.share if earlier else EVERYTHING
    now, before = (seen.get(number, {}) for number in (row.edition, row.edition - 1))
    others = [(before if row.act == "updated" else now).get(id_) for id_ in merges.of(row)]
    return Event(
        id=row.id,
        act=row.act,
        kind=row.kind,
        at=edition.at,
        record=(before if row.act == "deleted" else now)[row.record_id],
        share=previous_share if row.act == "deleted" else edition.share,
        previous_share=previous_share,
        previous=before[row.record_id] if row.act == "updated" else None,
        is_restricted=row.record_id in hidden,
        merged=[other for other in others if isinstance(other, Contact)],
    )


class _Merges:
    """Of contacts in these events, who turned out to be whom, and who was part of whom."""

    def __init__(self, cursor: CursorWrapper, scope: Scope, rows: Sequence[EventRow]) -> None:
        ids = [row.record_id for row in rows if row.kind == "contact"]
        new = [row.record_id for row in rows if (row.kind, row.act) == ("contact", "created")]
        found = queries.merges(cursor, scope, ids) if ids else []
        self._parts: dict[str, list[str]] = {}
        for split in queries.splits(cursor, scope, new) if new else []:
            self._parts.setdefault(split.from_id, []).append(split.into_id)
        self._into: dict[str, list[MergeRow]] = {}
        self._from: dict[str, list[MergeRow]] = {}
        for merge in found:
            self._into.setdefault(merge.from_id, []).append(merge)
            self._from.setdefault(merge.into_id, []).append(merge)

    def of(self, row: EventRow) -> list[str]:
        """Ids of the others that an event speaks of."""
        if row.kind != "contact":
            return []
        if row.act == "created":
            return self._parts.get(row.record_id, [])
        if row.act == "deleted":
            return [merge.into_id for merge in self._into.get(row.record_id, ())]
        return [merge.from_id for merge in self._from.get(row.record_id, ())]


def _wanted(rows: Iterable[EventRow], merges: _Merges) -> Mapping[int, Mapping[str, set[str]]]:
    """By edition and kind, the ids of records to be read as that edition saw them."""
    wanted: dict[int, dict[str, set[str]]] = {}
    for row in rows:
        both = {"created": (0,), "updated": (0, 1), "deleted": (0, 1)}[row.act]
        for back in both:
            ids = wanted.setdefault(row.edition - back, {}).setdefault(row.kind, set())
            ids.update((row.record_id, *merges.of(row)))
    return wanted


def _as_of(scope: Scope, edition: EditionRow) -> Scope:
    return scope._replace(version=edition.version, share=edition.share, edition=edition.number)


def _records(
    cursor: CursorWrapper, scope: Scope, wanted: Mapping[str, set[str]]
) -> dict[str, Record]:
    """Records as one edition of the connection saw them, by id."""
    look_at(cursor, scope.sight)
    found: dict[str, Record] = {}
    for kind, ids in wanted.items():
        found |= {record.id: record for record in _of_kind(cursor, scope, kind, sorted(ids))}
    return found


def _of_kind(
    cursor: CursorWrapper, scope: Scope, kind: str, ids: Sequence[str]
) -> Sequence[Record]:
    if kind == "contact":
        return whole_contacts(cursor, scope, queries.contacts(cursor, scope, ids))
    if kind == "student":
        return whole_students(cursor, scope, queries.students(cursor, scope, ids))
    if kind == "school":
        return whole_schools(cursor, scope, queries.schools(cursor, scope, ids))
    return queries.student_contacts(cursor, scope, ids)
