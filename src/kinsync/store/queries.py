"""The SQL behind the pages of the API.

A page is a keyset: the records after (or before) an id, never an OFFSET. Every statement names its
district and the version it reads; a version, once published, never changes, so the statements of
one request agree with each other whatever is published meanwhile.
"""

# ruff: noqa: S608 - statements are put together from this module's own words, never from a request

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar

import psycopg
from django.db.backends.utils import CursorWrapper

from kinsync.domain.errors import Defect

Row = TypeVar("Row", bound=tuple[Any, ...])


EVERYTHING = "{}"
"""The share that leaves nothing out."""


class Scope(NamedTuple):
    """What one token may see: one district, at one published version, within one share."""

    connection_id: int
    district_id: int
    district: str
    """The district's public id, 24 hex digits."""
    version: int
    share: str = EVERYTHING
    """What the connection may see within the district, as JSON."""
    edition: int = 0
    """Which edition of what the connection sees is read; 0 where it is not kept."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which records of a list: up to ``limit`` of them, just after or just before an id."""

    limit: int
    after: str | None = None
    before: str | None = None

    @property
    def is_backward(self) -> bool:
        """Whether the page is the one that ends before ``before``."""
        return self.before is not None


class ContactRow(NamedTuple):
    """One person as published. ``created`` and ``since`` are numbers of versions."""

    id: str
    legacy_id: str
    name: str | None
    sis_id: str | None
    phone: str | None
    phone_type: str | None
    email: str | None
    created: int
    since: int


class RelationshipRow(NamedTuple):
    """What a person is, or was, to a student.

    ``touched`` is the newest version, up to the one that is read, in which it began or ended.
    """

    contact_id: str
    student_id: str
    type: str | None
    relationship: str | None
    touched: int
    is_current: bool


class StudentContactRow(NamedTuple):
    """One relationship with its person, in the source's own words where it had any."""

    id: str
    student_id: str
    type: str | None
    relationship: str | None
    name: str | None
    sis_id: str | None
    phone: str | None
    phone_type: str | None
    email: str | None


class StudentRow(NamedTuple):
    """One student as published. ``created`` and ``since`` are numbers of versions."""

    id: str
    sis_id: str
    school_sis_id: str | None
    student_number: str | None
    state_id: str | None
    last_name: str | None
    middle_name: str | None
    first_name: str | None
    grade: str | None
    gender: str | None
    graduation_year: str | None
    dob: str | None
    race: str | None
    hispanic_ethnicity: str | None
    ell_status: str | None
    frl_status: str | None
    iep_status: str | None
    street: str | None
    city: str | None
    state: str | None
    zip: str | None
    email: str | None
    username: str | None
    created: int
    since: int


class VersionRow(NamedTuple):
    """When one version was published."""

    number: int
    published_at: datetime


class SchoolRow(NamedTuple):
    """The source's id of a school, and ours."""

    sis_id: str
    id: str


class CountRow(NamedTuple):
    """A number of records."""

    number: int


STUDENT_COLUMNS = ", ".join(StudentRow._fields)
CONTACT_COLUMNS = ", ".join(ContactRow._fields)
STUDENT_CONTACT_COLUMNS = (
    "k.id, k.student_id, coalesce(k.type_source, k.type),"
    " coalesce(k.relationship_source, k.relationship), c.name, c.sis_id, c.phone,"
    " coalesce(c.phone_type_source, c.phone_type), c.email"
)
ITS_CONTACT = (
    "JOIN contact c ON c.district_id = %(district)s AND c.id = k.contact_id"
    " AND c.since <= %(version)s AND %(version)s < c.until"
)
TYPE_ORDER = "{Primary,Parent/Guardian,Secondary,Family,Emergency,Other}"
"""The order in which a student's contacts are asked, as an array of PostgreSQL."""
VERSION_TIMES = (
    b"SELECT number, published_at FROM version WHERE district_id = %(district)s"
    b" AND number = ANY(string_to_array(%(numbers)s, ',')::int[])"
)
SCHOOL_IDS = (
    b"SELECT sis_id, id FROM school WHERE district_id = %(district)s AND sis_id = ANY(%(sis_ids)s)"
    b" AND since <= %(version)s AND %(version)s < until"
)
PUBLISHED_AT: dict[tuple[str, int], datetime] = {}
"""By public id of the district, which is never given twice, and version."""


def shared(scope: Scope, kind: str) -> str:
    """The condition that keeps a query of one kind of record within the connection's share.

    An empty share is everything. Whatever cannot be kept to is refused, never ignored.
    """
    if scope.share != EVERYTHING:
        raise Defect(f"A share that limits {kind} records cannot be served yet.")
    return "TRUE"


def contacts(
    cursor: CursorWrapper, scope: Scope, window: Window, *, of_student: str | None = None
) -> list[ContactRow]:
    """Up to ``window.limit`` + 1 people, in the direction of reading; of one student if named."""
    among = _related("contact_id", "student_id") if of_student else "TRUE"
    sql = _page(CONTACT_COLUMNS, "contact", f"{among} AND {shared(scope, 'contact')}", window)
    return _rows(cursor, ContactRow, sql, _parameters(scope, window, related_to=of_student))


def students(
    cursor: CursorWrapper, scope: Scope, window: Window, *, of_contact: str | None = None
) -> list[StudentRow]:
    """Up to ``window.limit`` + 1 students, in the direction of reading; of one contact if named."""
    among = _related("student_id", "contact_id") if of_contact else "TRUE"
    sql = _page(STUDENT_COLUMNS, "student", f"{among} AND {shared(scope, 'student')}", window)
    return _rows(cursor, StudentRow, sql, _parameters(scope, window, related_to=of_contact))


def student_contacts(
    cursor: CursorWrapper, scope: Scope, window: Window, *, of_student: str | None = None
) -> list[StudentContactRow]:
    """Up to ``window.limit`` + 1 relationships with their people, in the direction of reading."""
    among = "k.student_id = %(related_to)s" if of_student else "TRUE"
    condition = f"{among} AND {shared(scope, 'relationship')}"
    sql = _page(STUDENT_CONTACT_COLUMNS, "relationship", condition, window, join=ITS_CONTACT)
    return _rows(cursor, StudentContactRow, sql, _parameters(scope, window, related_to=of_student))


def contact(cursor: CursorWrapper, scope: Scope, id_: str) -> ContactRow | None:
    """One person by the v3 id."""
    sql = _single(CONTACT_COLUMNS, "contact", shared(scope, "contact"))
    return _first(_rows(cursor, ContactRow, sql, _parameters(scope, id_=id_)))


def student(cursor: CursorWrapper, scope: Scope, id_: str) -> StudentRow | None:
    """One student by id, the same in every version of the API."""
    sql = _single(STUDENT_COLUMNS, "student", shared(scope, "student"))
    return _first(_rows(cursor, StudentRow, sql, _parameters(scope, id_=id_)))


def student_contact(cursor: CursorWrapper, scope: Scope, id_: str) -> StudentContactRow | None:
    """One relationship with its person, by the relationship's id."""
    condition = shared(scope, "relationship")
    sql = _single(STUDENT_CONTACT_COLUMNS, "relationship", condition, join=ITS_CONTACT)
    return _first(_rows(cursor, StudentContactRow, sql, _parameters(scope, id_=id_)))


def relationships(
    cursor: CursorWrapper, scope: Scope, contact_ids: Iterable[str]
) -> list[RelationshipRow]:
    """What these people are to students, and were: by person, then as a student's are asked."""
    return _rows(
        cursor,
        RelationshipRow,
        _relationships(shared(scope, "relationship")),
        {**_parameters(scope), "ids": ",".join(contact_ids)},
    )


def version_times(cursor: CursorWrapper, scope: Scope, numbers: set[int]) -> dict[int, datetime]:
    """When these versions of the district were published.

    Remembered per process: what was published once was published then.
    """
    known = {number: PUBLISHED_AT.get((scope.district, number)) for number in numbers}
    if unknown := [str(number) for number, moment in known.items() if moment is None]:
        parameters = {**_parameters(scope), "numbers": ",".join(unknown)}
        for number, moment in _rows(cursor, VersionRow, VERSION_TIMES, parameters):
            known[number] = PUBLISHED_AT[scope.district, number] = moment
    return {number: moment for number, moment in known.items() if moment is not None}


def school_ids(cursor: CursorWrapper, scope: Scope, sis_ids: Iterable[str]) -> dict[str, str]:
    """The ids of these schools, by the ids that the source gave them."""
    parameters = {**_parameters(scope), "sis_ids": list(sis_ids)}
    return dict(_rows(cursor, SchoolRow, SCHOOL_IDS, parameters))


def count(cursor: CursorWrapper, scope: Scope, kind: str, *, related_to: str | None = None) -> int:
    """How many current records of a kind the scope sees; of one student's, if it is named."""
    among = "k.student_id = %(related_to)s" if related_to else "TRUE"
    sql = _count(kind, f"{among} AND {shared(scope, kind)}")
    [(number,)] = _rows(cursor, CountRow, sql, _parameters(scope, related_to=related_to))
    return number


@cache
def _relationships(condition: str) -> bytes:
    return (
        "SELECT contact_id, student_id, type, relationship,"
        " CASE WHEN until <= %(version)s THEN until ELSE since END, %(version)s < until"
        " FROM relationship k WHERE district_id = %(district)s"
        " AND contact_id = ANY(string_to_array(%(ids)s, ','))"
        f" AND since <= %(version)s AND {condition}"
        f" ORDER BY contact_id, array_position('{TYPE_ORDER}'::text[], type), id"
    ).encode()


def _page(columns: str, table: str, condition: str, window: Window, *, join: str = "") -> bytes:
    comparison = "<" if window.is_backward else ">"
    bound = window.before if window.is_backward else window.after
    return _page_sql(columns, table, condition, comparison if bound else "", join)


@cache
def _page_sql(columns: str, table: str, condition: str, comparison: str, join: str) -> bytes:
    bound = f" AND k.id {comparison} %(bound)s" if comparison else ""
    direction = " DESC" if comparison == "<" else ""
    return (
        f"SELECT {columns} FROM {table} k {join} WHERE k.district_id = %(district)s{bound}"
        f" AND k.since <= %(version)s AND %(version)s < k.until AND {condition}"
        f" ORDER BY k.id{direction} LIMIT %(limit)s"
    ).encode()


@cache
def _single(columns: str, table: str, condition: str, *, join: str = "") -> bytes:
    return (
        f"SELECT {columns} FROM {table} k {join} WHERE k.district_id = %(district)s"
        f" AND k.id = %(id)s AND k.since <= %(version)s AND %(version)s < k.until AND {condition}"
    ).encode()


@cache
def _count(table: str, condition: str) -> bytes:
    return (
        f"SELECT count(*) FROM {table} k WHERE k.district_id = %(district)s"
        f" AND k.since <= %(version)s AND %(version)s < k.until AND {condition}"
    ).encode()


def _related(wanted: str, given: str) -> str:
    return (
        f"k.id IN (SELECT {wanted} FROM relationship WHERE district_id = %(district)s"
        f" AND {given} = %(related_to)s AND since <= %(version)s AND %(version)s < until)"
    )


def _parameters(
    scope: Scope,
    window: Window | None = None,
    *,
    related_to: str | None = None,
    id_: str | None = None,
) -> dict[str, Any]:
    given: dict[str, Any] = {"district": scope.district_id, "version": scope.version}
    if window is not None:
        given |= {"bound": window.before or window.after, "limit": window.limit + 1}
    return given | {"related_to": related_to, "id": id_}


def _rows(
    cursor: CursorWrapper, kind: type[Row], sql: bytes, parameters: dict[str, Any]
) -> list[Row]:
    """Run a statement on the gate's connection, past Django's wrapper: it costs a fifth more."""
    make = partial(tuple.__new__, kind)
    with psycopg.Cursor(cursor.connection, row_factory=lambda _cursor: make) as direct:
        rows: list[Row] = direct.execute(sql, parameters).fetchall()
    return rows


def _first(rows: list[Row]) -> Row | None:
    return rows[0] if rows else None
