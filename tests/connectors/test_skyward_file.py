"""Skyward Auto Sync: one contact of each student, and the columns that a district chooses."""

import json
from pathlib import Path
from typing import ClassVar

import polars as pl

from tests.connectors.extracts import STUDENTS, ExtractSuite, read_back, take_in
from tests.conventions.pages import DOCS, blocks

NAME = "skyward-auto"
PARENT = next(
    block.text
    for block in blocks((DOCS / "mapping.md").read_text("utf-8"))
    if block.title == "parents.toml"
)
"""The worked example of the page."""


class TestSkywardFile(ExtractSuite):
    name: ClassVar = NAME


def test_the_only_contact_is_an_emergency_contact_with_both_phones(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path)

    assert set(taken.contacts["type"]) == {"Emergency"}
    assert taken.contacts["phone_type"].unique().to_list() == ["Cell"]
    assert taken.contacts["more_phones"].str.contains('"type":"Home"').all()


def test_the_address_of_the_contact_comes_along(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path)
    written = taken.written.table.filter(pl.col("E1_Full_Name") != "")

    told = {json.loads(text)["street"] for text in taken.contacts["address"].drop_nulls()}
    assert told <= set(written["E1_Street_Addr"])
    assert len(told) > 10


def test_a_student_who_is_listed_twice_has_one_contact_all_the_same(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "listed-twice")
    again = taken.written.table.height - STUDENTS

    assert again > 5
    assert taken.pairs == taken.true_pairs
    assert taken.counts.excluded == again
    assert taken.counts.students == STUDENTS


def test_parent_name_and_parent_phone_can_take_the_place_of_the_first_contact(
    tmp_path: Path,
) -> None:
    without = take_in(NAME, tmp_path / "without", "parent-columns")
    taken = take_in(NAME, tmp_path / "with", "parent-columns", own=PARENT)

    assert without.is_refused
    assert without.findings.filter(code="column-missing")["column"].to_list() == ["E1_Full_Name"]
    assert taken.pairs == taken.true_pairs
    assert set(taken.contacts["type"]) == {"Parent/Guardian"}
    assert not taken.contacts["phone"].has_nulls()


def test_names_as_last_first_are_turned(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "last-first")

    assert taken.pairs == taken.true_pairs


def test_a_relation_that_is_cut_is_understood(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "cut", students=200)

    assert taken.codes <= {"column-unknown"}
    assert all(len(name) <= 20 for _, name in taken.pairs)


def test_a_name_without_anything_else_is_a_contact_and_an_address_alone_is_none(
    tmp_path: Path,
) -> None:
    taken = take_in(NAME, tmp_path, students=3)
    path = taken.written.path
    path.write_text(
        "Student_ID,School_ID,Last_Name,First_Name,E1_Full_Name,E1_Cell_Phone,E1_Street_Addr\n"
        "40117,101,Brandvold,Tess,Ingrid Brandvold,,\n"
        "40119,101,Pell,Jory,,,9 Quarry Rd\n",
        "utf-8",
    )
    again = read_back(NAME, taken.written)

    assert again.pairs == [("40117", "Ingrid Brandvold")]
    assert (again.counts.published, again.counts.students) == (2, 2)
