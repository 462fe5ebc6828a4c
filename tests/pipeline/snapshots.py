"""Small districts, written down as people: what *link* would hand to *match*."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from kinsync.domain.changes import Changes, Matched, Snapshot
from kinsync.domain.frames import CONTACTS, KINDS, RELATIONSHIPS, SCHOOLS, STUDENTS
from kinsync.domain.vocabulary import default_vocabulary
from kinsync.pipeline.diff import diff
from kinsync.pipeline.match import match

WORDS = default_vocabulary()


@dataclass(frozen=True, slots=True)
class Tie:
    """What a person is to one student."""

    student: str
    type: str | None = "Primary"
    relationship: str | None = "Parent"
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """One contact, with its ties; ``truth`` is who that is, whatever the data say."""

    truth: str
    name: str
    ties: tuple[Tie, ...] = (Tie("S1"),)
    phone: str | None = None
    email: str | None = None
    sis_id: str | None = None
    details: dict[str, str] = field(default_factory=dict)


def incoming(people: Sequence[Person], students: Sequence[str] = ()) -> dict[str, pl.DataFrame]:
    """The frames before match; rows in the order given."""
    ids = dict.fromkeys([*students, *(tie.student for one in people for tie in one.ties)])
    contacts = [
        {
            "contact": place,
            "sis_id": one.sis_id,
            "name": one.name,
            "phone": one.phone,
            "email": one.email,
            **one.details,
        }
        for place, one in enumerate(people)
    ]
    ties = [
        {
            "contact": place,
            "student_sis_id": tie.student,
            "type": tie.type,
            "relationship": tie.relationship,
            "relationship_source": tie.source,
        }
        for place, one in enumerate(people)
        for tie in one.ties
    ]
    return {
        "school": pl.DataFrame([{"sis_id": "H1", "name": "Lakeside"}], schema=SCHOOLS),
        "student": pl.DataFrame(
            [{"sis_id": student, "school_sis_id": "H1"} for student in ids], schema=STUDENTS
        ),
        "contact": pl.DataFrame(contacts, schema=CONTACTS),
        "relationship": pl.DataFrame(ties, schema=RELATIONSHIPS),
    }


def counter(start: int = 1) -> Callable[[int], pl.Series]:
    """Ids as the store gives them: 24 hex digits, ascending."""
    given = start

    def more(count: int) -> pl.Series:
        nonlocal given
        given += count
        return pl.Series(
            [f"{number:024x}" for number in range(given - count, given)], dtype=pl.String
        )

    return more


@dataclass
class District:
    """A district night after night: every sync publishes, and nothing is guarded."""

    published: Snapshot = field(default_factory=Snapshot.of_nothing)
    absent: Snapshot = field(default_factory=Snapshot.of_nothing)
    new_ids: Callable[[int], pl.Series] = field(default_factory=counter)
    matched: Matched | None = None

    def sync(self, people: Sequence[Person], students: Sequence[str] = ()) -> Changes:
        self.matched = match(
            incoming(people, students), self.published, self.absent, self.new_ids, WORDS
        )
        changes = diff(self.matched.snapshot, self.published, self.matched.merged)
        self.absent = _absent_after(self.absent, self.matched.snapshot, changes)
        self.published = self.matched.snapshot
        return changes

    def ids(self) -> dict[str, str]:
        """The id of each name; people of one name need another way."""
        return dict(self.published.frames["contact"].select("name", "id").iter_rows())

    def legacy_ids(self) -> dict[str, str]:
        return dict(self.published.frames["contact"].select("name", "legacy_id").iter_rows())

    def relationship_ids(self) -> set[str]:
        return set(self.published.frames["relationship"]["id"])


def _absent_after(absent: Snapshot, now: Snapshot, changes: Changes) -> Snapshot:
    frames = {}
    for kind in KINDS:
        gone = pl.concat([absent.frames[kind], changes.kinds[kind].deleted])
        frames[kind] = gone.join(now.frames[kind], on="id", how="anti")
    return Snapshot(frames)


def ids_by_truth(people: Sequence[Person], matched: Matched) -> dict[str, str]:
    """The id that each person got, by truth, found through what identifies a row in a test.

    Raises:
        AssertionError: two people of the test cannot be told apart.
    """
    frame = matched.snapshot.frames["contact"]
    found: dict[str, str] = {}
    for one in people:
        same = frame.filter(
            pl.col("name") == one.name,
            pl.col("phone").eq_missing(pl.lit(one.phone)),
            pl.col("email").eq_missing(pl.lit(one.email)),
            pl.col("sis_id").eq_missing(pl.lit(one.sis_id)),
        )
        assert same.height == 1, "people of a test must differ in something"
        found[one.truth] = same["id"].item()
    return found
