"""Carry: a held row deletes nobody."""

import polars as pl
from tests.pipeline.snapshots import WORDS, District, Person, Tie, incoming

from kinsync.domain.changes import Matched
from kinsync.domain.frames import HELD
from kinsync.pipeline.carry import carry
from kinsync.pipeline.match import match

ANNA = Person("anna", "Anna Smith", phone="5035550101", email="anna@example.org")
BOB = Person("bob", "Bob Smith", (Tie("S1", "Secondary"),), phone="5035550102")
CAROL = Person("carol", "Carol Jones", (Tie("S2"),), phone="5035550103", sis_id="C3")
NIGHT = [ANNA, BOB, CAROL]


def held(**row: str) -> pl.DataFrame:
    return pl.DataFrame([{"row": 7, **row}], schema=HELD)


def after(people: list[Person], rows: pl.DataFrame, *, defer: bool = False) -> set[str]:
    """Names of the contacts that are there after a night with held rows."""
    return set(carried(people, rows, defer=defer).snapshot.frames["contact"]["name"])


def carried(people: list[Person], rows: pl.DataFrame, *, defer: bool = False) -> Matched:
    district = District()
    district.sync(NIGHT)
    matched = match(incoming(people), district.published, district.absent, district.new_ids, WORDS)
    return carry(matched, district.published, rows, WORDS, defer_deletions=defer)


def test_without_held_rows_who_is_missing_is_deleted() -> None:
    assert after([ANNA, CAROL], HELD.to_frame()) == {"Anna Smith", "Carol Jones"}


def test_the_same_student_and_name_keeps_the_contact_and_the_relationship() -> None:
    result = carried([ANNA, CAROL], held(student_sis_id="S1", contact_name="SMITH, BOB"))

    assert result.snapshot.frames["contact"].height == 3
    assert result.snapshot.frames["relationship"].height == 3


def test_another_name_at_the_student_keeps_nobody() -> None:
    rows = held(student_sis_id="S1", contact_name="Zoe Smith")

    assert after([ANNA, CAROL], rows) == {"Anna Smith", "Carol Jones"}


def test_the_same_sis_id_keeps_the_contact_and_her_student() -> None:
    result = carried([ANNA, BOB], held(contact_sis_id="C3"))

    assert set(result.snapshot.frames["contact"]["name"]) == {one.name for one in NIGHT}
    assert set(result.snapshot.frames["student"]["sis_id"]) == {"S1", "S2"}


def test_a_name_with_its_phone_keeps_the_contact() -> None:
    rows = held(contact_name="Carol Jones", contact_phone="15035550103")

    assert "Carol Jones" in after([ANNA, BOB], rows)


def test_a_name_alone_keeps_nobody() -> None:
    assert "Carol Jones" not in after([ANNA, BOB], held(contact_name="Carol Jones"))


def test_a_phone_at_the_same_student_keeps_the_contact() -> None:
    rows = held(student_sis_id="S1", contact_phone="5035550102")

    assert "Bob Smith" in after([ANNA, CAROL], rows)


def test_a_row_of_which_only_the_student_can_be_read_keeps_all_of_the_students_contacts() -> None:
    assert after([CAROL], held(student_sis_id="S1")) == {one.name for one in NIGHT}


def test_a_row_about_another_student_does_not_bring_a_relationship_back() -> None:
    both = Person("anna", "Anna Smith", (Tie("S1"), Tie("S2")), phone="5035550101")
    district = District()
    district.sync([both, BOB])
    people = [Person("anna", "Anna Smith", (Tie("S1"),), phone="5035550101"), BOB]
    matched = match(incoming(people), district.published, district.absent, district.new_ids, WORDS)

    rows = held(student_sis_id="S1", contact_name="Anna Smith", contact_phone="5035550101")
    result = carry(matched, district.published, rows, WORDS)

    assert result.snapshot.frames["relationship"].height == 2


def test_a_student_named_by_a_held_row_stays_without_any_contact() -> None:
    district = District()
    district.sync([ANNA], ["S1", "S2"])
    matched = match(incoming([ANNA]), district.published, district.absent, district.new_ids, WORDS)

    result = carry(matched, district.published, held(student_sis_id="S2"), WORDS)

    assert set(result.snapshot.frames["student"]["sis_id"]) == {"S1", "S2"}


def test_where_the_student_cannot_be_read_nobody_is_deleted() -> None:
    assert after([ANNA], HELD.to_frame(), defer=True) == {one.name for one in NIGHT}


def test_deferred_deletions_let_a_merge_through() -> None:
    one = Person("anna", "Anna Smith", (Tie("S1"),), phone="5035550101")
    other = Person("anna", "Anna Smith", (Tie("S2"),), email="anna@example.org")
    district = District()
    district.sync([one, other])
    joined = Person("anna", "Anna Smith", (Tie("S1"), Tie("S2")), "5035550101", "anna@example.org")
    matched = match(
        incoming([joined]), district.published, district.absent, district.new_ids, WORDS
    )

    result = carry(matched, district.published, HELD.to_frame(), WORDS, defer_deletions=True)

    assert result.snapshot.frames["contact"].height == 1
    assert result.merged.height == 1
