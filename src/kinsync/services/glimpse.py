"""What an application would receive about one student, under a share that nobody has saved yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from kinsync.domain.changes import Snapshot
from kinsync.domain.errors import NotFound
from kinsync.domain.share import Share
from kinsync.pipeline.visible import visible
from kinsync.services import read
from kinsync.services.read import Contact, Scope, Student, Window
from kinsync.store import feed_queries, records
from kinsync.store.queries import StudentRow

MOST = 200
"""Contacts of one student that are looked at."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One student and the contacts, as an application would be served them.

    ``contacts`` have the relationships alone that the application would see; ``hidden`` are those
    of whom it would see nothing as this student's.
    """

    student: Student
    is_seen: bool
    contacts: Sequence[Contact]
    hidden: Sequence[Contact]

    @property
    def ids(self) -> list[str]:
        """Everybody who is named."""
        people = (*self.contacts, *self.hidden)
        return [self.student.id, *(one.id for one in people)]


def of_student(district: records.District, share: Share, student_id: str) -> Glimpse:
    """One student of the published version, seen through a share.

    Raises:
        NotFound: the version has no such student.
        TryAgainLater: the database is away.
    """
    scope = Scope(0, district.id, district.public_id, district.published)
    student = read.student(scope, student_id)
    page = read.contacts_of(scope, student_id, Window(MOST)) if student else None
    if student is None or page is None:
        raise NotFound("The district has no such student now.")
    people = page.records
    named = {tie.student_id for one in people for tie in one.relationships} | {student.id}
    with read.reader(scope) as cursor:
        rows = feed_queries.students(cursor, scope, sorted(named))
    seen = visible(_family(rows, people), share).frames
    kept = set(seen["relationship"]["id"].to_list())
    shown = [_kept(one, kept) for one in people]
    is_theirs = [any(tie.student_id == student.id for tie in one.relationships) for one in shown]
    return Glimpse(
        student,
        student.id in set(seen["student"]["id"].to_list()),
        [one for one, is_one in zip(shown, is_theirs, strict=True) if is_one],
        [one for one, is_one in zip(people, is_theirs, strict=True) if not is_one],
    )


def _family(students: Sequence[StudentRow], people: Sequence[Contact]) -> Snapshot:
    """As much of these records as says what a share shows of them."""
    ties = [
        {
            "id": _name(one, number),
            "contact_id": one.id,
            "student_id": tie.student_id,
            "type": tie.type,
            "relationship": tie.relationship,
        }
        for one in people
        for number, tie in enumerate(one.relationships)
    ]
    columns = ("id", "school_sis_id", "grade")
    rows = [{name: getattr(one, name) for name in columns} for one in students]
    return Snapshot(
        {
            "school": _frame([], ("sis_id",)),
            "student": _frame(rows, columns),
            "contact": _frame([{"id": one.id} for one in people], ("id",)),
            "relationship": _frame(
                ties, ("id", "contact_id", "student_id", "type", "relationship")
            ),
        }
    )


def _frame(rows: Sequence[Mapping[str, str | None]], columns: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String))


def _name(contact: Contact, number: int) -> str:
    return f"{contact.id}:{number}"


def _kept(contact: Contact, kept: set[str]) -> Contact:
    ties = [
        tie for number, tie in enumerate(contact.relationships) if _name(contact, number) in kept
    ]
    return contact._replace(relationships=ties)
