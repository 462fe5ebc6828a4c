"""Infinite Campus Auto Sync: nine fields of every contact, repeated rows, and the student's own."""

from pathlib import Path
from typing import ClassVar

import polars as pl

from tests.connectors.extracts import STUDENTS, ExtractSuite, take_in

NAME = "infinite-campus-auto"


class TestInfiniteCampusFile(ExtractSuite):
    name: ClassVar = NAME


def test_a_guardian_is_one_and_priority_makes_the_others_emergency_contacts(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path)

    assert set(taken.contacts["type"]) <= {"Parent/Guardian", "Primary", "Secondary", "Emergency"}
    assert taken.contacts.filter(type="Emergency").height > 5


def test_cell_household_and_work_phone_are_all_there_in_this_order(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path)
    shape = pl.List(pl.Struct({"phone": pl.String, "extension": pl.String, "type": pl.String}))
    more = taken.contacts["more_phones"].drop_nulls().str.json_decode(shape).to_list()

    assert set(taken.contacts["phone_type"]) == {"Cell"}
    assert {tuple(phone["type"] for phone in phones) for phones in more} <= {
        ("Home", "Work"),
        ("Work",),  # whose household phone is the cell
    }
    assert all(phones[-1]["extension"] == "44" for phones in more)
    assert len(more) > STUDENTS


def test_a_row_of_the_student_itself_is_excluded_and_counted(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "self-rows")

    assert taken.pairs == taken.true_pairs
    assert taken.counts.excluded == STUDENTS
    assert taken.counts.students == STUDENTS


def test_rows_of_the_student_itself_can_be_kept(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "self-rows", own='contact_where = ""')
    selves = taken.contacts.filter(relationship="Self")

    assert selves.height == STUDENTS
    assert set(selves["type"]) == {"Other"}
    assert taken.counts.excluded == 0


def test_a_contact_of_two_households_is_one_with_both_phones(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "two-households")

    assert taken.pairs == taken.true_pairs
    assert taken.contacts["more_phones"].str.contains('"7635550190"').sum() > STUDENTS / 2


def test_without_flags_the_relationship_says_the_type(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "no-flags", students=120)
    by_word = dict(taken.contacts.select("relationship_source", "type").iter_rows())

    assert taken.pairs == taken.true_pairs
    assert by_word["Mother"] == "Parent/Guardian"
    assert by_word["Grandmother"] == by_word["Aunt"] == "Family"


def test_the_nine_fields_alone_are_enough(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "nine-fields")

    assert taken.pairs == taken.true_pairs
    assert taken.contacts["sis_id"].null_count() == taken.contacts.height


def test_a_household_stands_in_for_a_name_that_is_blank(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "household-names")

    assert taken.pairs == taken.true_pairs
    assert sum(name.endswith("/Voss") for _, name in taken.pairs) > STUDENTS / 2
