"""What an application would receive about one student, under a share that nobody has saved yet."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from kinsync.domain.changes import Snapshot
from kinsync.domain.errors import NotFound
from kinsync.domain.share import Share
from kinsync.pipeline.visible import visible
from kinsync.services import read
from kinsync.services.read import Contact, Scope, Student, Window
from kinsync.store import browsing, feed_queries, records
from kinsync.store.queries import StudentRow

MOST = 200
"""Contacts of one student that are looked at."""
TO_US = json.dumps(Share(restricted=True).as_json())
"""The share of somebody who sees everybody, restricted people as well."""


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
    scope = Scope(0, district.id, district.public_id, district.published, TO_US)
    student = read.student(scope, student_id)
    page = read.contacts_of(scope, student_id, Window(MOST)) if student else None
    if student is None or page is None:
        raise NotFound("The district has no such student now.")
    people = page.records
    named = {tie.student_id for one in people for tie in one.relationships} | {student.id}
    with read.reader(scope) as cursor:
        rows = feed_queries.students(cursor, scope, sorted(named))
        at = {"district": district.id, "version": district.published}
        ties = browsing.ties(cursor, at, "contact", [one.id for one in people])
    seen = visible(_family(rows, people, ties), share).frames
    kept = set(seen["relationship"]["id"].to_list())
    shown = [_kept(one, kept) for one in people]
    is_theirs = [any(tie.student_id == student.id for tie in one.relationships) for one in shown]
    return Glimpse(
        student,
        student.id in set(seen["student"]["id"].to_list()),
        [one for one, is_one in zip(shown, is_theirs, strict=True) if is_one],
        [one for one, is_one in zip(people, is_theirs, strict=True) if not is_one],
    )


def _family(
    students: Sequence[StudentRow], people: Sequence[Contact], ties: Sequence[Mapping[str, Any]]
) -> Snapshot:
    """As much of these records as says what a share shows of them."""
    columns = ("id", "school_sis_id", "grade")
    rows = [{name: getattr(one, name) for name in columns} for one in students]
    barred = {tie["contact_id"]: True for tie in ties}
    for tie in ties:
        barred[tie["contact_id"]] &= tie["restricted"] is not None
    contacts = [{"id": one.id, "restricted": "Y" if barred.get(one.id) else None} for one in people]
    of_tie = ("contact_id", "student_id", "type", "relationship", "flags", "restricted")
    told = [{"id": _name(tie), **{name: tie[name] for name in of_tie}} for tie in ties]
    return Snapshot(
        {
            "school": _frame([], ("sis_id",)),
            "student": _frame(rows, columns),
            "contact": _frame(contacts, ("id", "restricted")),
            "relationship": _frame(told, ("id", *of_tie)),
        }
    )


def _frame(rows: Sequence[Mapping[str, str | None]], columns: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String))


def _name(tie: Mapping[str, Any]) -> str:
    """What tells a relationship from every other: there is one for each kind."""
    of = ("contact_id", "student_id", "type", "relationship")
    return "\0".join(tie[name] or "" for name in of)


def _kept(contact: Contact, kept: set[str]) -> Contact:
    ties = [tie for tie in contact.relationships if _name(tie._asdict()) in kept]
    return contact._replace(relationships=ties)
