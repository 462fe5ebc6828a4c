"""What an application reads: pages of contacts and students, and single ones, within its scope."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from django.db.backends.utils import CursorWrapper

from kinsync.store import places, queries
from kinsync.store.gate import district_reader
from kinsync.store.queries import ContactRow, RelationshipRow, StudentContactRow, StudentRow
from kinsync.store.scope import Scope
from kinsync.store.statements import Window

__all__ = ["Contact", "Page", "Scope", "Student", "StudentContactRow", "Window"]

T = TypeVar("T")
R = TypeVar("R")

V3, V2 = "id", "legacy_id"
"""What a contact is called: the ``key`` of a person in v3.x and in v2.x."""


class Contact(NamedTuple):
    """A person, with what they are to each student, in the order in which they are asked."""

    row: ContactRow
    relationships: Sequence[RelationshipRow]
    created: datetime
    last_modified: datetime

    @property
    def id(self) -> str:
        """The v3 id."""
        return self.row.id


class Student(NamedTuple):
    """A student, with the id of the school; None where the district sent no such school."""

    row: StudentRow
    school_id: str | None
    created: datetime
    last_modified: datetime

    @property
    def id(self) -> str:
        """The id, the same in every version of the API."""
        return self.row.id


User: TypeAlias = Contact | Student


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page in ascending order of ids, and whether there is more on either side."""

    records: Sequence[T]
    has_before: bool
    has_after: bool

    def mapped(self, build: "Callable[[Sequence[T]], Sequence[R]]") -> "Page[R]":
        """The same page, of what is built of its records."""
        return Page(build(self.records), self.has_before, self.has_after)


def contact_page(scope: Scope, window: Window, *, key: str = V3) -> Page[Contact]:
    """People, by the id that ``key`` names."""
    with reader(scope) as cursor:
        page = page_of(queries.contacts(cursor, scope, window, key=key), window)
        return page.mapped(lambda rows: whole_contacts(cursor, scope, rows))


def student_page(scope: Scope, window: Window) -> Page[Student]:
    """Students, by id."""
    with reader(scope) as cursor:
        page = page_of(queries.students(cursor, scope, window), window)
        return page.mapped(lambda rows: whole_students(cursor, scope, rows))


def user_page(scope: Scope, window: Window) -> Page[User]:
    """People and students together, by id, as v3 lists them when no role is named."""
    with reader(scope) as cursor:
        rows: list[ContactRow | StudentRow] = [
            *queries.contacts(cursor, scope, window),
            *queries.students(cursor, scope, window),
        ]
        rows.sort(key=attrgetter("id"), reverse=window.is_backward)
        page = page_of(rows[: window.limit + 1], window)
        return page.mapped(lambda kept: _users(cursor, scope, kept))


def contacts_of(
    scope: Scope, student_id: str, window: Window, *, key: str = V3
) -> Page[Contact] | None:
    """The people of one student; None where the scope has no such student, or user in v3."""
    with reader(scope) as cursor:
        rows = queries.contacts(cursor, scope, window, of_student=student_id, key=key)
        if not rows and not _has(cursor, scope, student_id, key):
            return None
        return page_of(rows, window).mapped(lambda kept: whole_contacts(cursor, scope, kept))


def students_of(
    scope: Scope, contact_id: str, window: Window, *, key: str = V3
) -> Page[Student] | None:
    """The students of one person; None where the scope has no such person, or user in v3."""
    with reader(scope) as cursor:
        person = _contact(cursor, scope, contact_id, key)
        if person is None:
            is_student = key == V3 and queries.student(cursor, scope, contact_id)
            return Page([], has_before=False, has_after=False) if is_student else None
        rows = queries.students(cursor, scope, window, of_contact=person.id)
        return page_of(rows, window).mapped(lambda kept: whole_students(cursor, scope, kept))


def students_in(scope: Scope, school_id: str, window: Window) -> Page[Student] | None:
    """The students of one school; None where the scope has no such school."""
    with reader(scope) as cursor:
        school = places.school(cursor, scope, school_id)
        if school is None:
            return None
        page = page_of(queries.students_in(cursor, scope, window, school.sis_id), window)
        return page.mapped(lambda rows: whole_students(cursor, scope, rows))


def user(scope: Scope, id_: str) -> User | None:
    """The person or student with this v3 id; the person who one with this id turned out to be."""
    with reader(scope) as cursor:
        if found := queries.student(cursor, scope, id_):
            return whole_students(cursor, scope, [found])[0]
        person = _contact(cursor, scope, id_, V3)
        return whole_contacts(cursor, scope, [person])[0] if person else None


def contact(scope: Scope, id_: str, *, key: str = V3) -> Contact | None:
    """The person with this id, or who one with this id turned out to be."""
    with reader(scope) as cursor:
        person = _contact(cursor, scope, id_, key)
        return whole_contacts(cursor, scope, [person])[0] if person else None


def student(scope: Scope, id_: str) -> Student | None:
    """The student with this id."""
    with reader(scope) as cursor:
        found = queries.student(cursor, scope, id_)
        return whole_students(cursor, scope, [found])[0] if found else None


def student_contact_page(scope: Scope, window: Window) -> Page[StudentContactRow]:
    """Contacts as v1.2 has them, one per relationship, by the relationship's id."""
    with reader(scope) as cursor:
        return page_of(queries.student_contacts(cursor, scope, window), window)


def student_contacts_of(
    scope: Scope, student_id: str, limit: int
) -> tuple[Page[StudentContactRow], int] | None:
    """The first contacts of one student as v1.2 has them, and how many there are in all.

    None where the scope has no such student.
    """
    window = Window(limit)
    with reader(scope) as cursor:
        if queries.student(cursor, scope, student_id) is None:
            return None
        page = page_of(
            queries.student_contacts(cursor, scope, window, of_student=student_id), window
        )
        if not page.has_after:
            return page, len(page.records)
        return page, queries.count(cursor, scope, "relationship", related_to=student_id)


def student_contact(scope: Scope, id_: str) -> StudentContactRow | None:
    """One contact as v1.2 has it, by the relationship's id."""
    with reader(scope) as cursor:
        return queries.student_contact(cursor, scope, id_)


@lru_cache(maxsize=1024)
def count(scope: Scope, kind: str) -> int:
    """How many current records of a kind the scope sees.

    Kept per process: within a published version and a share, the answer never changes.
    """
    with reader(scope) as cursor:
        return queries.count(cursor, scope, kind)


def count_students_in(scope: Scope, school_id: str) -> int:
    """How many students of a school the scope sees."""
    with reader(scope) as cursor:
        school = places.school(cursor, scope, school_id)
        if school is None:
            return 0
        return queries.count(cursor, scope, "student", related_to=school.sis_id)


def reader(scope: Scope) -> AbstractContextManager[CursorWrapper]:
    """A cursor behind the gate, which lets through what the scope sees and nothing else."""
    return district_reader(scope.district_id, scope.sight)


def _contact(cursor: CursorWrapper, scope: Scope, id_: str, key: str) -> ContactRow | None:
    return queries.contact(cursor, scope, id_, key=key) or queries.merged_contact(
        cursor, scope, id_, key=key
    )


def _has(cursor: CursorWrapper, scope: Scope, id_: str, key: str) -> bool:
    """Whether there is such a student or, in v3, such a user."""
    found = queries.student(cursor, scope, id_)
    return found is not None or (key == V3 and _contact(cursor, scope, id_, key) is not None)


def page_of(rows: list[T], window: Window) -> Page[T]:
    """A page of rows that were read one further than asked, in the direction of reading."""
    has_more = len(rows) > window.limit
    kept = rows[: window.limit]
    if window.is_backward:
        return Page(kept[::-1], has_before=has_more, has_after=True)
    return Page(kept, has_before=window.after is not None, has_after=has_more)


def whole_contacts(
    cursor: CursorWrapper, scope: Scope, rows: Sequence[ContactRow]
) -> list[Contact]:
    """People with what they are to students, as the scope sees them."""
    current: dict[str, list[RelationshipRow]] = {row.id: [] for row in rows}
    touched = {row.id: row.since for row in rows}
    for relationship in queries.relationships(cursor, scope, current):
        person = relationship.contact_id
        if relationship.is_current:
            current[person].append(relationship)
        if relationship.touched > touched[person]:
            touched[person] = relationship.touched
    times = _times(cursor, scope, (*touched.values(), *(row.created for row in rows)))
    return [
        Contact(row, current[row.id], times[row.created], times[touched[row.id]]) for row in rows
    ]


def whole_students(
    cursor: CursorWrapper, scope: Scope, rows: Sequence[StudentRow]
) -> list[Student]:
    """Students with the ids of their schools."""
    named = {row.school_sis_id for row in rows if row.school_sis_id}
    schools = queries.school_ids(cursor, scope, named)
    times = _times(cursor, scope, (number for row in rows for number in (row.created, row.since)))
    return [
        Student(row, schools.get(row.school_sis_id or ""), times[row.created], times[row.since])
        for row in rows
    ]


def _users(
    cursor: CursorWrapper, scope: Scope, rows: Sequence[ContactRow | StudentRow]
) -> list[User]:
    people: list[User] = [
        *whole_contacts(cursor, scope, [row for row in rows if isinstance(row, ContactRow)]),
        *whole_students(cursor, scope, [row for row in rows if isinstance(row, StudentRow)]),
    ]
    return sorted(people, key=attrgetter("id"))


def _times(cursor: CursorWrapper, scope: Scope, numbers: Iterable[int]) -> Mapping[int, datetime]:
    return queries.version_times(cursor, scope, set(numbers))
