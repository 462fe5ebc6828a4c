"""SchoolInsight: a report of Query Builder, whatever a district has put into it."""

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import polars as pl

from kinsync.domain.flags import read
from tests.connectors.extracts import ExtractSuite, take_in

NAME = "schoolinsight"


class TestSchoolInsightFile(ExtractSuite):
    name: ClassVar = NAME

    def unknown_when_renamed(self, headers: Iterable[str]) -> Iterable[str]:
        return ()  # its mapping knows them as other names of the same


def test_parents_are_parents_and_the_flag_makes_the_others_emergency_contacts(
    tmp_path: Path,
) -> None:
    taken = take_in(NAME, tmp_path, students=120)
    told = set(taken.contacts.select("relationship_source", "type").iter_rows())

    assert ("Mother", "Parent/Guardian") in told
    assert ("Aunt", "Emergency") in told
    assert not any(t == "Parent/Guardian" for word, t in told if word.startswith("Grand"))


def test_somebody_who_must_not_be_contacted_is_restricted(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "restricted")
    barred = taken.contacts.filter(pl.col("restricted") == "Y")

    assert set(barred["name"]) == {"Barred Person"}
    assert barred.height > 20
    assert sorted(set(taken.pairs) - set(barred.select("student_sis_id", "name").rows())) == (
        taken.true_pairs
    )


def test_order_and_emergency_are_kept_as_flags(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path)
    flags = [read(text) for text in taken.contacts["flags"]]

    assert {one["order"] for one in flags} >= {1, 2}
    assert {one["emergency"] for one in flags} == {"Y", "N"}


def test_an_organisation_has_one_name(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "organisations")

    assert taken.pairs == taken.true_pairs
    assert "Bright Steps" in {name for _, name in taken.pairs}


def test_several_emails_of_a_cell_are_all_kept(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "several-emails")

    assert taken.pairs == taken.true_pairs
    assert not taken.contacts["more_emails"].has_nulls()


def test_a_row_twice_is_counted_once(tmp_path: Path) -> None:
    before = take_in(NAME, tmp_path).counts.collapsed
    taken = take_in(NAME, tmp_path, "repeated")

    assert taken.counts.collapsed == before + 3
    assert taken.pairs == taken.true_pairs


def test_columns_that_a_report_leaves_out_are_not_missed(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "few-columns")

    assert taken.pairs == taken.true_pairs
    assert taken.codes <= TestSchoolInsightFile.allowed


def test_an_id_that_a_spreadsheet_rewrote_holds_its_row(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "damaged-ids")

    assert taken.findings.filter(code="student-id-damaged")["row"].to_list() == [2]
    assert taken.counts.held == 1


def test_a_column_without_a_name_is_nothing(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "blank-columns")

    assert taken.pairs == taken.true_pairs
