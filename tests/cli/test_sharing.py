"""What a person is told who shares a district's contacts with an application."""

from pathlib import Path

import pytest

from tests.cli.commands import Home, kinsync
from tests.services.pupils import mother, school_of, uncle, write
from tests.services.test_withholding import barring, told

SCHOOL = school_of(4)
AT = ("connect", "Lakeside", "Reader", "--preview")


@pytest.fixture(autouse=True)
def lakeside(home: Home) -> None:
    """A district that nobody reads yet."""
    kinsync("district", "add", "Lakeside")
    kinsync("app", "add", "Reader")


def publish(folder: Path, content: bytes) -> None:
    assert kinsync("sync", "Lakeside", "--file", write(folder / "students.csv", content)).code == 0


def test_a_share_that_leaves_students_without_anybody_warns(tmp_path: Path) -> None:
    publish(tmp_path, told(SCHOOL, "Contact_pick_up", {mother(1): "Y"}))

    assert (
        "Warning: this removes every contact of 3 students."
        in kinsync(*AT, "--flags", "pick_up").out
    )
    assert kinsync(*AT, "--flags", "pick-up", "--json").json["students_without_contacts"] == 3
    assert "Warning" not in kinsync(*AT).out
    wrong = kinsync(*AT, "--flags", "pickup")
    assert (wrong.code, "Did you mean 'pick_up'?" in wrong.err) == (2, True)


def test_restricted_people_are_counted_and_shown_where_that_is_said(tmp_path: Path) -> None:
    publish(tmp_path, barring(SCHOOL, uncle(2)))

    usual, trusted = kinsync(*AT).out, kinsync(*AT, "--restricted", "--json").json
    assert "Restricted, and kept from it: 1 relationships." in usual
    assert trusted["receives"]["contact"] == 8
    assert trusted["share"] == {"restricted": True}
    kinsync("connect", "Lakeside", "Reader", "--restricted")
    assert kinsync(*AT, "--json").json["share"] == {"restricted": True}
    assert kinsync(*AT, "--no-restricted", "--json").json["receives"]["contact"] == 7
