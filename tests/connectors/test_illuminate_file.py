"""Illuminate: a custom report with the contacts of every household."""

from pathlib import Path
from typing import ClassVar

from tests.connectors.extracts import STUDENTS, ExtractSuite, take_in

NAME = "illuminate"
OWN = """
[words.relationship]
"Tribal Liaison" = "Other"
[words.type]
"Tribal Liaison" = "Other"
"""


class TestIlluminateFile(ExtractSuite):
    name: ClassVar = NAME


def test_the_primary_of_the_primary_residence_is_the_primary_contact(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path)
    primary = taken.contacts.filter(type="Primary")

    assert primary["student_sis_id"].is_unique().all()
    assert primary.height == taken.written.truth["student"].n_unique()


def test_the_primary_of_another_household_is_a_guardian(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "two-primaries")

    assert taken.pairs == taken.true_pairs
    assert taken.contacts.filter(type="Primary")["student_sis_id"].is_unique().all()
    assert taken.contacts.filter(type="Parent/Guardian").height > STUDENTS / 2


def test_a_student_who_is_a_contact_is_kept_as_one(tmp_path: Path) -> None:
    taken = take_in(NAME, tmp_path, "self-contacts")

    assert taken.pairs == taken.true_pairs
    assert set(taken.contacts.filter(relationship="Self")["type"]) == {"Other"}


def test_a_relation_of_the_district_alone_is_named_and_can_be_mapped(tmp_path: Path) -> None:
    plain = take_in(NAME, tmp_path / "plain", "own-relations", students=120)
    mapped = take_in(NAME, tmp_path / "own", "own-relations", own=OWN, students=120)

    assert "relationship-unknown" in plain.codes
    assert not mapped.codes & {"relationship-unknown", "contact-type-unknown"}
