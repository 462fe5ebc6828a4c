"""What an application would receive about one student, under a share that nobody has saved yet."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from kinsync.domain.changes import Snapshot
from kinsync.domain.errors import NotFound
from kinsync.domain.frames import KINDS
from kinsync.domain.share import Share
from kinsync.pipeline.visible import visible
from kinsync.services import read
from kinsync.services.read import Contact, Scope, Student, Window
from kinsync.store import browsing, excerpts, records
from kinsync.store.gate import district_reader

MOST = 200
"""Contacts of one student that are looked at."""
TIE = ("contact_id", "student_id", "type", "relationship")
"""What tells the relationships of one contact apart."""
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
    whole = _family(district, sorted(named), [one.id for one in people])
    seen = visible(whole, share).frames
    kept = set(seen["relationship"].select(TIE).iter_rows())
    shown = [_kept(one, kept) for one in people]
    is_theirs = [any(tie.student_id == student.id for tie in one.relationships) for one in shown]
    return Glimpse(
        student,
        student.id in set(seen["student"]["id"].to_list()),
        [one for one, is_one in zip(shown, is_theirs, strict=True) if is_one],
        [one for one, is_one in zip(people, is_theirs, strict=True) if not is_one],
    )


def _family(district: records.District, students: Sequence[str], people: Sequence[str]) -> Snapshot:
    """These students and people as they are published, and what they are to one another."""
    with district_reader(district.id) as cursor:
        ties = browsing.ties_at(cursor, district.id, people, district.published)
    ids = {
        "school": [],
        "student": students,
        "contact": people,
        "relationship": [id_ for id_, _contact, _student in ties],
    }
    return Snapshot({kind: excerpts.some(district.id, kind, ids[kind]) for kind in KINDS})


def _kept(contact: Contact, kept: set[tuple[object, ...]]) -> Contact:
    ties = [
        tie
        for tie in contact.relationships
        if (contact.id, tie.student_id, tie.type, tie.relationship) in kept
    ]
    return contact._replace(relationships=ties)
