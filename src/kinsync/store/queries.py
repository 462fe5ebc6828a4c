"""The SQL behind the pages of the API.

A page is a keyset: the records after (or before) an id, never an OFFSET. Every statement names its
district and the version it reads; a version, once published, never changes, so the statements of
one request agree with each other whatever is published meanwhile.
"""

# ruff: noqa: S608 - statements are put together from this module's own words, never from a request

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from kinsync.store.scope import Scope, counted, listed, parameters, shared, shared_so_far
from kinsync.store.statements import (
    CURRENT,
    CountRow,
    Window,
    first,
    rows,
    single,
)


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
    contact_id: str


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
    home_language: str | None
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


class SchoolIdRow(NamedTuple):
    """The source's id of a school, and ours."""

    sis_id: str
    id: str


STUDENT_COLUMNS = ", ".join(StudentRow._fields)
CONTACT_COLUMNS = ", ".join(ContactRow._fields)
STUDENT_CONTACT_COLUMNS = (
    "k.id, k.student_id, coalesce(k.type_source, k.type),"
    " coalesce(k.relationship_source, k.relationship), c.name, c.sis_id, c.phone,"
    " coalesce(c.phone_type_source, c.phone_type), c.email, k.contact_id"
)
AT_SCHOOL = "k.school_sis_id = %(related_to)s"
ITS_CONTACT = (
    "JOIN contact c ON c.district_id = %(district)s AND c.id = k.contact_id"
    " AND c.since <= %(version)s AND %(version)s < c.until"
)
RELATED_TO = {"relationship": "k.student_id = %(related_to)s", "student": AT_SCHOOL}
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
FARTHEST = 32
"""Merges that are followed one after another."""
PUBLISHED_AT: dict[tuple[str, int], datetime] = {}
"""By public id of the district, which is never given twice, and version."""


def contacts(
    cursor: CursorWrapper,
    scope: Scope,
    window: Window,
    *,
    of_student: str | None = None,
    key: str = "id",
) -> list[ContactRow]:
    """Up to ``window.limit`` + 1 people, in the direction of reading; of one student if named.

    ``key`` is what orders and pages them: ``id``, or ``legacy_id`` for v2.x.
    """
    among = _related(scope, "contact_id", "student_id") if of_student else None
    sql = listed(CONTACT_COLUMNS, "contact", scope, window, among=among, key=key)
    return rows(cursor, ContactRow, sql, parameters(scope, window, related_to=of_student))


def students(
    cursor: CursorWrapper, scope: Scope, window: Window, *, of_contact: str | None = None
) -> list[StudentRow]:
    """Up to ``window.limit`` + 1 students, in the direction of reading; of one contact if named."""
    among = _related(scope, "student_id", "contact_id") if of_contact else None
    sql = listed(STUDENT_COLUMNS, "student", scope, window, among=among)
    return rows(cursor, StudentRow, sql, parameters(scope, window, related_to=of_contact))


def students_in(
    cursor: CursorWrapper, scope: Scope, window: Window, school_sis_id: str
) -> list[StudentRow]:
    """Up to ``window.limit`` + 1 students of one school, in the direction of reading."""
    sql = listed(STUDENT_COLUMNS, "student", scope, window, among=AT_SCHOOL)
    return rows(cursor, StudentRow, sql, parameters(scope, window, related_to=school_sis_id))


def student_contacts(
    cursor: CursorWrapper, scope: Scope, window: Window, *, of_student: str | None = None
) -> list[StudentContactRow]:
    """Up to ``window.limit`` + 1 relationships with their people, in the direction of reading."""
    among = "k.student_id = %(related_to)s" if of_student else None
    columns = STUDENT_CONTACT_COLUMNS
    sql = listed(columns, "relationship", scope, window, among=among, join=ITS_CONTACT)
    return rows(cursor, StudentContactRow, sql, parameters(scope, window, related_to=of_student))


def contact(cursor: CursorWrapper, scope: Scope, id_: str, *, key: str = "id") -> ContactRow | None:
    """One person by the v3 id; by the v2 id where ``key`` is ``legacy_id``."""
    sql = single(CONTACT_COLUMNS, "contact", shared(scope, "contact"), key=key)
    return first(cursor, ContactRow, sql, parameters(scope, id_=id_))


def merged_contact(
    cursor: CursorWrapper, scope: Scope, id_: str, *, key: str = "id"
) -> ContactRow | None:
    """The person who somebody turned out to be, by the id that this one had before."""
    sql = _merged(shared(scope, "contact"), key)
    return first(cursor, ContactRow, sql, parameters(scope, id_=id_))


def student(cursor: CursorWrapper, scope: Scope, id_: str) -> StudentRow | None:
    """One student by id, the same in every version of the API."""
    sql = single(STUDENT_COLUMNS, "student", shared(scope, "student"))
    return first(cursor, StudentRow, sql, parameters(scope, id_=id_))


def student_contact(cursor: CursorWrapper, scope: Scope, id_: str) -> StudentContactRow | None:
    """One relationship with its person, by the relationship's id."""
    condition = shared(scope, "relationship")
    sql = single(STUDENT_CONTACT_COLUMNS, "relationship", condition, join=ITS_CONTACT)
    return first(cursor, StudentContactRow, sql, parameters(scope, id_=id_))


def relationships(
    cursor: CursorWrapper, scope: Scope, contact_ids: Iterable[str]
) -> list[RelationshipRow]:
    """What these people are to students, and were: by person, then by the order that the source
    says, then as a student's are asked."""
    return rows(
        cursor,
        RelationshipRow,
        _relationships(shared_so_far(scope)),
        {**parameters(scope), "ids": ",".join(contact_ids)},
    )


def version_times(cursor: CursorWrapper, scope: Scope, numbers: set[int]) -> dict[int, datetime]:
    """When these versions of the district were published.

    Remembered per process: what was published once was published then.
    """
    known = {number: PUBLISHED_AT.get((scope.district, number)) for number in numbers}
    if unknown := [str(number) for number, moment in known.items() if moment is None]:
        given = {**parameters(scope), "numbers": ",".join(unknown)}
        for number, moment in rows(cursor, VersionRow, VERSION_TIMES, given):
            known[number] = PUBLISHED_AT[scope.district, number] = moment
    return {number: moment for number, moment in known.items() if moment is not None}


def school_ids(cursor: CursorWrapper, scope: Scope, sis_ids: Iterable[str]) -> dict[str, str]:
    """The ids of these schools, by the ids that the source gave them."""
    given = {**parameters(scope), "sis_ids": list(sis_ids)}
    return dict(rows(cursor, SchoolIdRow, SCHOOL_IDS, given))


def count(cursor: CursorWrapper, scope: Scope, kind: str, *, related_to: str | None = None) -> int:
    """How many current records of a kind the scope sees.

    ``related_to`` narrows relationships to one student's, by id, and students to one school's, by
    the source's id of it.
    """
    sql = counted(kind, scope, among=RELATED_TO[kind] if related_to else None)
    [(number,)] = rows(cursor, CountRow, sql, parameters(scope, related_to=related_to))
    return number


@cache
def _relationships(condition: str) -> bytes:
    return (
        "SELECT contact_id, student_id, type, relationship,"
        " CASE WHEN until <= %(version)s THEN until ELSE since END, %(version)s < until"
        " FROM relationship k WHERE district_id = %(district)s"
        " AND contact_id = ANY(string_to_array(%(ids)s, ','))"
        f" AND since <= %(version)s AND {condition}"
        f" ORDER BY contact_id, (flags::jsonb -> 'order')::int,"
        f" array_position('{TYPE_ORDER}'::text[], type), id"
    ).encode()


@cache
def _merged(condition: str, key: str) -> bytes:
    """By pointers to the nearest who is there; it ends, even in a circle."""
    return (
        "WITH RECURSIVE step(id, far) AS ("
        " SELECT into_id, 1 FROM contact_merge WHERE district_id = %(district)s"
        f" AND from_{key} = %(id)s AND version <= %(version)s"
        " UNION SELECT m.into_id, far + 1 FROM contact_merge m JOIN step ON m.from_id = step.id"
        f" WHERE m.district_id = %(district)s AND m.version <= %(version)s AND far < {FARTHEST})"
        f" SELECT {', '.join('k.' + name for name in ContactRow._fields)}"
        " FROM contact k JOIN step ON k.id = step.id"
        f" WHERE k.district_id = %(district)s AND {CURRENT} AND {condition} ORDER BY far LIMIT 1"
    ).encode()


def _related(scope: Scope, wanted: str, given: str) -> str:
    return (
        f"k.id IN (SELECT {wanted} FROM relationship r WHERE r.district_id = %(district)s"
        f" AND {given} = %(related_to)s AND r.since <= %(version)s AND %(version)s < r.until"
        f" AND {shared(scope, 'relationship', 'r')})"
    )
