"""``kinsync same-person``, as somebody at a terminal meets it."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.commands import Ended, Home, kinsync
from tests.services.pupils import mother, school_of, write

LOLA = replace(mother(1), student="S901", name="Lola Baptiste", phone="")


@pytest.fixture
def pair(home: Home) -> list[str]:
    """The one pair of a district that looks alike."""
    kinsync("district", "add", "Lakeside")
    kinsync("sync", "Lakeside", "--file", write(Path("students.csv"), [*school_of(12), LOLA]))
    [found] = run("list", "--json").json["pairs"]
    ids: list[str] = found["pair"]
    return ids


def run(command: str, *arguments: str) -> Ended:
    return kinsync("same-person", command, "Lakeside", *arguments)


def test_a_pair_is_listed_with_its_reasons(pair: list[str]) -> None:
    listed = run("list")

    assert listed.code == 0
    assert "Dolores Baptiste" in listed.out
    assert "Lola Baptiste" in listed.out
    assert "nickname, same-mailbox" in listed.out


def test_a_pair_is_shown_with_what_a_decision_would_change(pair: list[str]) -> None:
    kinsync("app", "add", "Reading Room")
    kinsync("connect", "Lakeside", "Reading Room")

    shown = run("show", *pair)
    told = run("show", *pair, "--json").json

    assert "Both have the same e-mail address." in shown.out
    assert "Reading Room would be told: 1 contacts deleted, 1 contacts updated" in shown.out
    assert told["changes"]["contact"] == {"created": 0, "updated": 0, "deleted": 1}
    assert [len(told[when]) for when in ("before", "after")] == [2, 1]
    assert kinsync("district", "show", "Lakeside", "--json").json["version"] == 1


def test_a_decision_is_made_and_taken_back(pair: list[str]) -> None:
    same = run("decide", *pair, "same", "--by", "Ada")
    assert "same. Published as version 2." in same.out
    assert run("list", "--json").json == {"pairs": [], "after": None}

    undone = run("undo", *pair, "--json").json

    assert undone["version"] == 3
    assert undone["changes"]["contact"]["created"] == 1
    [found] = run("list", "--json").json["pairs"]
    assert found["pair"] == pair


def test_a_contact_is_parted_by_its_students(pair: list[str]) -> None:
    run("decide", *pair, "different")
    [one] = [row for row in run("show", *pair, "--json").json["before"] if row["id"] == pair[0]]
    assert [tie["student"] for tie in one["students"]] == ["S001"]

    refused = run("part", pair[0], "S001")

    assert refused.code == 2
    assert "Nobody would be left" in refused.err


def test_who_is_not_there_cannot_be_decided_about(pair: list[str]) -> None:
    refused = run("decide", pair[0], "f" * 24, "same")

    assert refused.code == 2
    assert "No contact of Lakeside has, or had, the id" in refused.err
