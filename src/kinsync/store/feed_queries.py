"""The SQL behind an application's feed of events, and the records as they were then."""

# ruff: noqa: S608 - statements are put together from this module's own words, never from a request

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from kinsync.store.gate import EVERYTHING, look_at
from kinsync.store.places import SCHOOL_COLUMNS, SchoolRow
from kinsync.store.queries import (
    CONTACT_COLUMNS,
    ITS_CONTACT,
    STUDENT_COLUMNS,
    STUDENT_CONTACT_COLUMNS,
    ContactRow,
    StudentContactRow,
    StudentRow,
)
from kinsync.store.scope import Scope, parameters
from kinsync.store.statements import CURRENT, CountRow, Row, Window, first, rows


class EventRow(NamedTuple):
    """One event of one connection."""

    id: str
    edition: int
    act: str
    kind: str
    record_id: str


class EditionRow(NamedTuple):
    """What a connection saw from one moment on. ``share`` is JSON."""

    number: int
    version: int
    share: str
    at: datetime


class MergeRow(NamedTuple):
    """A contact who turned out to be another one, in ``version``."""

    from_id: str
    into_id: str
    version: int


class IdRow(NamedTuple):
    """A record."""

    id: str


class Floor(NamedTuple):
    """An id: every event that is still told has a greater one."""

    id: str


EVENT_COLUMNS = ", ".join(f"e.{name}" for name in EventRow._fields)
EDITIONS = (
    b"SELECT number, version, share::text, at FROM edition WHERE district_id = %(district)s"
    b" AND connection_id = %(connection)s"
    b" AND number = ANY(string_to_array(%(numbers)s, ',')::int[])"
)
FLOOR = (
    b"SELECT floor FROM edition WHERE district_id = %(district)s"
    b" AND connection_id = %(connection)s AND at >= %(since)s ORDER BY number LIMIT 1"
)
MERGES = (
    b"SELECT from_id, into_id, version FROM contact_merge WHERE district_id = %(district)s"
    b" AND (from_id = ANY(%(ids)s) OR into_id = ANY(%(ids)s))"
)
SPLITS = b"""
SELECT DISTINCT new.id, old.id, new.created FROM contact new
JOIN relationship mine ON mine.district_id = new.district_id AND mine.contact_id = new.id
    AND mine.since = new.created
JOIN relationship theirs ON theirs.district_id = new.district_id
    AND theirs.student_id = mine.student_id AND theirs.contact_id <> new.id
    AND theirs.since < new.created AND new.created <= theirs.until
JOIN contact old ON old.district_id = new.district_id AND old.id = theirs.contact_id
    AND old.since <= new.created AND new.created < old.until AND old.created < new.created
    AND lower(old.name) = lower(new.name)
WHERE new.district_id = %(district)s AND new.id = ANY(%(ids)s) AND new.since = new.created
"""
"""New contacts, and the one of their name whom a student of theirs had the version before, and has
still: what was one is two from then on."""
OF_SCHOOL = """(
    SELECT id FROM student WHERE district_id = %(district)s AND school_sis_id = %(school)s
)"""
IN_SCHOOL = f""" AND (
    (e.kind = 'school' AND e.record_id = %(school_id)s)
    OR (e.kind = 'student' AND e.record_id IN {OF_SCHOOL})
    OR (e.kind = 'contact' AND e.record_id IN (
        SELECT contact_id FROM relationship WHERE district_id = %(district)s
        AND student_id IN {OF_SCHOOL}))
    OR (e.kind = 'relationship' AND e.record_id IN (
        SELECT id FROM relationship WHERE district_id = %(district)s
        AND student_id IN {OF_SCHOOL}))
)"""
"""Of a school, then or now: itself, its students, and whoever is, or was, theirs."""


def events(
    cursor: CursorWrapper,
    scope: Scope,
    window: Window,
    kinds: Sequence[str],
    *,
    floor: str,
    record_id: str | None = None,
    school: tuple[str, str] | None = None,
) -> list[EventRow]:
    """Up to ``window.limit`` + 1 events above ``floor``, in the direction of reading.

    ``record_id`` picks those of one record, ``school`` (id and SIS id) those of a school.
    """
    more = " AND e.record_id = %(record_id)s" if record_id else ""
    more += IN_SCHOOL if school else ""
    given = {
        **parameters(scope),
        "kinds": list(kinds),
        "after": max(floor, window.after or floor),
        "before": window.before,
        "limit": window.limit + 1,
        "record_id": record_id,
        "school_id": school and school[0],
        "school": school and school[1],
    }
    return rows(cursor, EventRow, _events(more, window.is_backward), given)


def event(cursor: CursorWrapper, scope: Scope, id_: str, kinds: Sequence[str]) -> EventRow | None:
    """One event of the connection."""
    given = {**parameters(scope), "id": id_, "kinds": list(kinds)}
    statement = (
        f"SELECT {EVENT_COLUMNS} FROM event e WHERE {_OWN} AND e.id = %(id)s"
        " AND e.kind = ANY(%(kinds)s)"
    ).encode()
    return first(cursor, EventRow, statement, given)


def count(
    cursor: CursorWrapper, scope: Scope, kinds: Sequence[str], *, record_id: str | None = None
) -> int:
    """How many events of these kinds there are, of one record if it is named."""
    more = " AND e.record_id = %(record_id)s" if record_id else ""
    statement = (
        f"SELECT count(*) FROM event e WHERE {_OWN} AND e.kind = ANY(%(kinds)s){more}"
    ).encode()
    given = {**parameters(scope), "kinds": list(kinds), "record_id": record_id}
    [(number,)] = rows(cursor, CountRow, statement, given)
    return number


def floor(cursor: CursorWrapper, scope: Scope, since: datetime) -> str | None:
    """The floor of the oldest edition from ``since`` on; None where nothing happened since."""
    found = first(cursor, Floor, FLOOR, {**parameters(scope), "since": since})
    return found.id if found else None


def editions(cursor: CursorWrapper, scope: Scope, numbers: Iterable[int]) -> list[EditionRow]:
    """These editions of the connection."""
    listed = ",".join(map(str, sorted(numbers)))
    return rows(cursor, EditionRow, EDITIONS, {**parameters(scope), "numbers": listed})


def contacts(cursor: CursorWrapper, scope: Scope, ids: Sequence[str]) -> list[ContactRow]:
    """These people, as the scope sees them."""
    return _picked(cursor, scope, ContactRow, _pick(CONTACT_COLUMNS, "contact"), ids)


def students(cursor: CursorWrapper, scope: Scope, ids: Sequence[str]) -> list[StudentRow]:
    """These students, as the scope sees them."""
    return _picked(cursor, scope, StudentRow, _pick(STUDENT_COLUMNS, "student"), ids)


def schools(cursor: CursorWrapper, scope: Scope, ids: Sequence[str]) -> list[SchoolRow]:
    """These schools, as the scope sees them."""
    return _picked(cursor, scope, SchoolRow, _pick(SCHOOL_COLUMNS, "school"), ids)


def student_contacts(
    cursor: CursorWrapper, scope: Scope, ids: Sequence[str]
) -> list[StudentContactRow]:
    """These relationships with their people, as the scope sees them."""
    statement = _pick(STUDENT_CONTACT_COLUMNS, "relationship", ITS_CONTACT)
    return _picked(cursor, scope, StudentContactRow, statement, ids)


def merges(cursor: CursorWrapper, scope: Scope, contact_ids: Sequence[str]) -> list[MergeRow]:
    """Which of these people turned out to be somebody else, or somebody else to be them."""
    return rows(cursor, MergeRow, MERGES, {**parameters(scope), "ids": list(contact_ids)})


def restricted(
    cursor: CursorWrapper, scope: Scope, kind: str, ids: Iterable[str]
) -> frozenset[str]:
    """Which contacts or relationships are restricted now, or were when they were last published.

    Who that is, and nothing else, is read past the wall that hides them.
    """
    look_at(cursor, EVERYTHING)
    found = rows(cursor, IdRow, _restricted(kind), {**parameters(scope), "ids": list(ids)})
    look_at(cursor, scope.sight)
    return frozenset(id_ for (id_,) in found)


def splits(cursor: CursorWrapper, scope: Scope, contact_ids: Sequence[str]) -> list[MergeRow]:
    """Of which earlier contact (``into_id``) these were part when they came to be."""
    return rows(cursor, MergeRow, SPLITS, {**parameters(scope), "ids": list(contact_ids)})


_OWN = "e.district_id = %(district)s AND e.connection_id = %(connection)s"


@cache
def _events(more: str, is_backward: bool) -> bytes:
    bound = " AND e.id < %(before)s" if is_backward else ""
    direction = " DESC" if is_backward else ""
    return (
        f"SELECT {EVENT_COLUMNS} FROM event e WHERE {_OWN} AND e.id > %(after)s{bound}"
        f" AND e.kind = ANY(%(kinds)s){more} ORDER BY e.id{direction} LIMIT %(limit)s"
    ).encode()


@cache
def _restricted(kind: str) -> bytes:
    return (
        f"SELECT k.id FROM {kind} k WHERE k.district_id = %(district)s AND k.id = ANY(%(ids)s)"
        " AND k.restricted IS NOT NULL AND k.since <= %(version)s AND NOT EXISTS ("
        f" SELECT FROM {kind} later WHERE later.district_id = k.district_id AND later.id = k.id"
        " AND later.since > k.since AND later.since <= %(version)s)"
    ).encode()


@cache
def _pick(columns: str, table: str, join: str = "") -> bytes:
    return (
        f"SELECT {columns} FROM {table} k {join} WHERE k.district_id = %(district)s"
        f" AND k.id = ANY(%(ids)s) AND {CURRENT}"
    ).encode()


def _picked(
    cursor: CursorWrapper, scope: Scope, row: type[Row], statement: bytes, ids: Sequence[str]
) -> list[Row]:
    return rows(cursor, row, statement, {**parameters(scope), "ids": list(ids)})
