"""Told apart: rows of two people of one name go to whom they speak of, or to neither."""

import polars as pl
import pytest
from tests.pipeline.snapshots import WORDS, Person, Tie, counter, incoming
from tests.pipeline.tables import kept

from kinsync.domain.changes import Snapshot
from kinsync.pipeline.evidence import keys_of
from kinsync.pipeline.link import Linked, link
from kinsync.pipeline.match import match
from kinsync.pipeline.people import People
from kinsync.pipeline.told_apart import Anchors, told_apart

LANDLINE = "5035550142"
SON = Person("son", "John Ek", (Tie("S1", "Secondary", "Parent"),), LANDLINE, "jr@example.org")
FATHER = Person("father", "John Ek", (Tie("S2", "Emergency", "Grandparent"),), LANDLINE)


def anchors(*people: Person) -> Anchors:
    nothing = Snapshot.of_nothing()
    frames = match(incoming(people), nothing, nothing, counter(), WORDS).snapshot.frames
    ids = frames["contact"].with_row_index("who").select("who", "id", face_id="id")
    students = frames["student"].select(student_id="id", student_sis_id="sis_id")
    known = People.published(frames["contact"], frames["relationship"], WORDS)
    return Anchors.of(known, ids, students)


def linked(*given_rows: dict[str, str | None]) -> Linked:
    return link(told_apart(keys_of(kept(*given_rows), WORDS), anchors(SON, FATHER)))


def persons(*given_rows: dict[str, str | None]) -> list[int]:
    """The person of each row, numbered as they come."""
    found = linked(*given_rows).rows["person"].to_list()
    return [list(dict.fromkeys(found)).index(person) for person in found]


def row(student: str, **changed: str | None) -> dict[str, str | None]:
    return {"student_sis_id": student, "name": "John Ek", "phone": LANDLINE, **changed}


def test_rows_of_each_students_go_to_the_one_whom_the_student_has() -> None:
    assert persons(row("S1"), row("S2")) == [0, 1]


@pytest.mark.parametrize(
    "changed",
    [{"name": "EK, John"}, {"phone": "5035550999"}, {"email": "jr@example.org"}, {"sis_id": "C1"}],
)
def test_a_row_that_was_edited_still_goes_to_its_own(changed: dict[str, str | None]) -> None:
    assert persons(row("S1", **changed), row("S2")) == [0, 1]


def test_a_new_students_row_goes_to_the_one_whose_mailbox_it_has() -> None:
    rows = row("S1"), row("S2"), row("S3", email="jr@example.org")

    assert persons(*rows) == [0, 1, 0]


def test_a_row_that_could_be_of_either_is_neither_and_says_so() -> None:
    found = linked(row("S1"), row("S2"), row("S3"))

    assert found.rows["person"].n_unique() == 3
    assert found.places.filter(pl.col("code") == "link-conflict")["row"].to_list() == [4]


def test_at_one_student_the_kind_tells_who_is_who() -> None:
    both = Person("both", "John Ek", (Tie("S1", "Emergency", "Grandparent"),), LANDLINE)
    keys = keys_of(
        kept(
            row("S1", type="Secondary", relationship="Father"),
            row("S1", type="Emergency", relationship="Grandfather"),
        ),
        WORDS,
    )

    found = link(told_apart(keys, anchors(SON, both)))

    assert found.rows["person"].n_unique() == 2


def test_the_rows_of_everybody_else_are_linked_as_ever() -> None:
    wife = {"name": "Ida Ek", "phone": LANDLINE}

    assert persons(row("S1"), row("S2"), row("S1", **wife), row("S2", **wife)) == [0, 1, 2, 2]
