"""A SIS and a list beside it, as an operator sets them up: ``kinsync source priority`` …"""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.commands import Home, kinsync
from tests.services.pupils import as_csv, school_of

SCHOOL = [replace(line, email="") for line in school_of(6)]
LIST = (
    "student_id,type,first_name,last_name,relationship,phone,phone_type,email,contact_id\n"
    "S000,Family,Dolores,Abbott,,4255550111,,dolores@example.org,\n"
    "S001,Other,Imani,Okafor,,4255550177,Cell,imani@example.org,\n"
)


@pytest.fixture
def sources(home: Home, tmp_path: Path) -> Path:
    """A district with two sources, each read from a folder of this machine."""
    kinsync("district", "add", "Lakeside")
    for name, connector, file, content in (
        ("sis", "students-file", "students.csv", as_csv(SCHOOL)),
        ("office", "contacts-file", "contacts.csv", LIST.encode()),
    ):
        folder = tmp_path / name
        folder.mkdir()
        write(folder / file, content)
        made = ("--connector", connector, "--name", name, "--setting", f"folder={folder}")
        assert kinsync("source", "add", "Lakeside", *made).code == 0
    return tmp_path


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    an_hour_ago = time.time() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))


def test_two_sources_are_ordered_synced_together_and_parted_again(sources: Path) -> None:
    alone = kinsync("sync", "Lakeside", "--source", "sis", "--json").json
    both = kinsync("sync", "Lakeside", "--source", "office", "--json").json
    shown = kinsync("source", "priority", "Lakeside", "--json").json
    said = kinsync("source", "priority", "Lakeside", "--field", "phones=office,sis", "--json").json
    preview = kinsync("sync", "Lakeside", "--preview", "--json").json
    synced = kinsync("sync", "Lakeside", "--json").json
    nothing = kinsync("sync", "Lakeside", "--json").json

    assert alone["findings"]["source-not-arrived"]["count"] == 1
    assert (both["created"]["contact"], both["updated"]["contact"]) == (1, 1)
    assert [(one["name"], one["rows"]) for one in both["sources"]] == [
        ("Students file (sis)", len(SCHOOL)),
        ("Contacts file (office)", 2),
    ]
    assert (shown["order"], shown["fields"], shown["changes"]) == (["sis", "office"], {}, [])
    assert said["fields"] == {"phones": ["office", "sis"]}
    assert preview["updated"]["contact"] == synced["updated"]["contact"] == 1
    assert nothing == {"state": "nothing-new"}


def test_what_goes_with_a_source_is_shown_before_it_goes(sources: Path) -> None:
    kinsync("sync", "Lakeside", "--source", "sis")
    kinsync("sync", "Lakeside", "--source", "office")
    shown = kinsync("source", "remove", "Lakeside", "office", "--preview", "--json").json
    refused = kinsync("source", "remove", "Lakeside", "office")
    paused = kinsync("source", "pause", "Lakeside", "office", "--json").json
    kept = kinsync("source", "list", "Lakeside", "--json").json["sources"]
    resumed = kinsync("source", "resume", "Lakeside", "office")
    removed = kinsync("source", "remove", "Lakeside", "office", "--yes", "--json").json
    synced = kinsync("sync", "Lakeside", "--json").json

    assert shown["preview"]["deleted"]["contact"] == 1
    assert (refused.code, "--preview" in refused.err) == (2, True)
    assert paused == {"paused": "office", "contacts": 2}
    assert [one["paused_at"] is None for one in kept] == [True, False]
    assert resumed.code == 0
    assert removed["removed"] == "office"
    assert synced["deleted"]["contact"] == 1


def test_an_order_that_cannot_be_is_refused_in_words(sources: Path) -> None:
    unknown = kinsync("source", "priority", "Lakeside", "--order", "sis,nightly")
    field = kinsync("source", "priority", "Lakeside", "--field", "mobile=sis")

    assert (unknown.code, "no source 'nightly'" in unknown.err) == (2, True)
    assert (field.code, "phones" in field.err) == (2, True)


def test_a_mapping_of_a_list_is_tried_on_the_students_of_the_others(
    sources: Path, tmp_path: Path
) -> None:
    kinsync("sync", "Lakeside", "--source", "sis")
    kinsync("sync", "Lakeside", "--source", "office")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[fields]\ncontact_type = { constant = "Emergency" }\n', "utf-8")
    tried = kinsync(
        "source", "mapping", "test", "Lakeside", "office", "--file", mapping, "--json"
    ).json

    assert tried["contacts"] == {"new": 0, "gone": 0, "changed": 2}
    assert tried["before"]["students"] == tried["after"]["students"] == 6
