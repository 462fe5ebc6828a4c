"""``kinsync source mapping`` and ``words``, as a district's admin meets them."""

from pathlib import Path

import polars as pl
import pytest

from kinsync.simulators.extracts import EXTRACTS, write_extract
from tests.cli.commands import Home, kinsync

PARENT = """
[fields]
contact_name = { column = "Parent_Name", turn = true, required = true }
contact_phone = { many = ["Parent_Phone", "E1_Pri_Phone"] }
contact_type = { constant = "Parent/Guardian" }
"""


@pytest.fixture
def extract(home: Home, tmp_path: Path) -> Path:
    """A district with a Skyward of parents, and what that wrote."""
    kinsync("district", "add", "Lakeside")
    kinsync("source", "add", "Lakeside", "--connector", "skyward-auto", "--name", "Skyward")
    quirks = ["parent-columns"]
    return write_extract(EXTRACTS["skyward-auto"], tmp_path, students=20, quirks=quirks).path


def toml(folder: Path, text: str, name: str = "ours.toml") -> Path:
    file = folder / name
    file.write_text(text, "utf-8")
    return file


def mapping(what: str, *arguments: object) -> list[object]:
    return ["source", "mapping", what, "Lakeside", "Skyward", *arguments]


def test_the_default_is_shown_until_there_is_another(extract: Path, tmp_path: Path) -> None:
    before = kinsync(*mapping("show"))
    kinsync(*mapping("edit", "--file", toml(tmp_path, PARENT)))
    after = kinsync(*mapping("show"))

    assert 'contact_name = { column = "E1_Full_Name"' in before.out
    assert "# Version 1" not in before.out
    assert after.out.startswith("# Version 1, by the command line")
    assert "Parent_Name" in after.out
    assert kinsync(*mapping("show", "--default")).out == before.out


def test_a_mapping_is_tried_before_it_is_saved(extract: Path, tmp_path: Path) -> None:
    file = toml(tmp_path, PARENT)
    tried = kinsync(*mapping("test", "--file", file, "--data", extract, "--json")).json

    assert tried["before"]["published"] == 0  # without it the file is refused
    assert tried["after"]["published"] == 20
    assert tried["contacts"] == {"new": 20, "gone": 0, "changed": 0}
    assert "column-missing" in tried["findings"]["lost"]
    assert kinsync(*mapping("show", "--json")).json["version"] == 0


def test_what_a_change_does_to_each_contact_is_counted(extract: Path, tmp_path: Path) -> None:
    kinsync(*mapping("edit", "--file", toml(tmp_path, PARENT)))
    other = toml(tmp_path, PARENT.replace('"Parent_Phone", ', ""), "other.toml")
    tried = kinsync(*mapping("test", "--file", other, "--data", extract, "--json")).json
    shown = kinsync(*mapping("test", "--file", other, "--data", extract)).out

    phones = pl.read_csv(extract, infer_schema=False).select("Parent_Phone", "E1_Pri_Phone")
    digits = phones.select(pl.all().str.replace_all(r"\D", ""))
    changed = digits.filter(pl.col("Parent_Phone") != pl.col("E1_Pri_Phone")).height

    assert changed > 10
    assert tried["contacts"] == {"new": 0, "gone": 0, "changed": changed}
    assert f"Contacts of students: 0 new, 0 gone, {changed} changed" in shown


def test_a_mapping_under_which_the_data_would_be_refused_says_so(
    extract: Path, tmp_path: Path
) -> None:
    file = toml(tmp_path, PARENT.replace("Parent_Name", "Parent_Nmae"))
    refused = kinsync(*mapping("test", "--file", file, "--data", extract))

    assert refused.code == 2
    assert "column-missing" in refused.err


def test_a_faulty_mapping_is_not_saved_and_every_fault_is_named(
    extract: Path, tmp_path: Path
) -> None:
    file = toml(tmp_path, '[fields]\ncontact_nmae = { column = "A" }\ncontact_phone = {}\n')
    refused = kinsync(*mapping("edit", "--file", file))

    assert refused.code == 2
    assert "line 2, column 1" in refused.err
    assert "did you mean contact_name?" in refused.err
    assert "line 3, column 1" in refused.err
    assert kinsync(*mapping("history", "--json")).json["versions"] == []


def test_every_version_is_kept_and_going_back_makes_a_new_one(
    extract: Path, tmp_path: Path
) -> None:
    other = PARENT.replace("Parent/Guardian", "Family")
    kinsync(*mapping("edit", "--file", toml(tmp_path, PARENT)))
    kinsync(*mapping("edit", "--file", toml(tmp_path, other)))
    kinsync(*mapping("revert", 1))
    kinsync(*mapping("revert", 0))
    versions = kinsync(*mapping("history", "--json")).json["versions"]

    assert [(one["version"], one["toml"]) for one in versions] == [
        (4, ""), (3, PARENT), (2, other), (1, PARENT),
    ]  # fmt: skip
    assert kinsync(*mapping("revert", 9)).code == 2
    assert "Version 4" not in kinsync(*mapping("show")).out


def test_the_mapping_of_a_source_reads_its_files(extract: Path, tmp_path: Path) -> None:
    sync = ("sync", "Lakeside", "--source", "Skyward", "--file", extract)
    refused = kinsync(*sync)
    kinsync(*mapping("edit", "--file", toml(tmp_path, PARENT)))
    done = kinsync(*sync)

    assert refused.code == 2
    assert done.code == 0
    assert "Published as version 1 of Lakeside." in done.out


def test_words_that_nothing_maps_are_listed_and_mapped_in_one_go(
    extract: Path, tmp_path: Path
) -> None:
    text = extract.read_text("utf-8").replace("MOTHER", "MATER").replace("FATHER", "PATER")
    extract.write_text(text, "utf-8")
    kinsync(*mapping("edit", "--file", toml(tmp_path, PARENT)))
    told = ("source", "words", "Lakeside", "Skyward", "--data", extract)
    words = kinsync(*told, "--json").json["words"]
    lines = kinsync(*told, "--toml").out

    assert {one["word"] for one in words} >= {"MATER"}
    assert sum(one["count"] for one in words) <= 20
    kinsync(*mapping("edit", "--file", toml(tmp_path, PARENT + lines)))
    assert kinsync(*told, "--json").json["words"] == []


def test_data_that_never_came_are_asked_for(extract: Path) -> None:
    refused = kinsync(*mapping("test"))

    assert refused.code == 2
    assert "--data" in refused.err
