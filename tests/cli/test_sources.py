"""``kinsync source`` and ``kinsync sync --source``, as an operator and a script use them."""

import io
import json
import subprocess
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kinsync.simulators.aeries import AeriesSystem
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Fault, Serving
from kinsync.store import records
from tests.cli.commands import KINSYNC, Ended, Home, kinsync

CERTIFICATE = "KINSYNC_SOURCE_CERTIFICATE"


@pytest.fixture
def aeries(home: Home) -> Iterator[Serving]:
    """A district, and a pretended Aeries that is none of its sources yet."""
    kinsync("district", "add", "Lakeside")
    with Serving(AeriesSystem(Roster(students=20, seed=5))) as serving:
        yield serving


def add(serving: Serving, *more: object) -> Ended:
    url = f"url={serving.settings['url']}"
    named = ("--connector", "aeries", "--name", "nightly", "--setting", url)
    return kinsync("source", "add", "Lakeside", *named, *more)


@pytest.fixture
def source(aeries: Serving, monkeypatch: pytest.MonkeyPatch) -> Serving:
    """The same, as a source."""
    monkeypatch.setenv(CERTIFICATE, aeries.settings["certificate"])
    assert add(aeries).code == 0
    return aeries


def test_a_source_is_looked_at_previewed_and_synced(source: Serving) -> None:
    looked = kinsync("source", "test", "Lakeside", "nightly")
    preview = kinsync("sync", "Lakeside", "--source", "nightly", "--preview", "--json")
    synced = kinsync("sync", "Lakeside", "--source", "nightly", "--json")
    again = kinsync("sync", "Lakeside", "--source", "nightly", "--json")

    assert (looked.code, preview.code, synced.code, again.code) == (0, 0, 0, 0)
    assert "schools are read" in looked.out
    assert (preview.json["state"], preview.json["created"]["student"]) == ("previewed", 20)
    assert (synced.json["state"], synced.json["version"]) == ("published", 1)
    assert again.json["state"] == "unchanged"


def test_a_secret_may_come_from_the_environment_or_a_line_of_input(
    aeries: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(aeries.settings["certificate"] + "\n"))

    assert add(aeries).code == 0
    assert kinsync("source", "test", "Lakeside", "nightly").code == 0


def test_a_secret_is_no_argument(aeries: Serving) -> None:
    told = add(aeries, "--setting", "certificate=abc")

    assert told.code == 2
    assert CERTIFICATE in told.said


def test_nothing_that_is_printed_holds_a_secret(source: Serving) -> None:
    source.fail(Fault.STATUS, "/contacts", status=403, times=1000)
    said = [
        kinsync("source", "list", "Lakeside", "--json").said,
        kinsync("sync", "Lakeside", "--source", "nightly").said,
        kinsync("source", "list", "Lakeside").said,
        kinsync("source", "test", "Lakeside", "nightly", "--json").said,
    ]

    assert [text for text in said if source.settings["certificate"] in text] == []


def test_an_incomplete_pull_asks_to_be_repeated_and_says_why(source: Serving) -> None:
    source.fail(Fault.REPEAT, "/contacts", times=1)
    source.fail(Fault.EMPTY, "/students", times=1000)
    told = kinsync("sync", "Lakeside", "--source", "nightly", "--json")
    listed = kinsync("source", "list", "Lakeside", "--json").json["sources"][0]["last_pull"]

    assert told.code == 4
    assert "no students at all" in told.json["error"]
    assert listed["state"] == "incomplete"
    assert listed["reason"] == told.json["error"]
    assert records.find_district("Lakeside").published == 0


def test_new_credentials_take_the_place_of_the_old(
    source: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(source.system, AeriesSystem)
    source.system.certificate = "0123456789abcdef0123456789ABCDEF"
    refused = kinsync("source", "test", "Lakeside", "nightly")
    monkeypatch.setenv(CERTIFICATE, source.system.certificate)
    kinsync("source", "credentials", "Lakeside", "nightly")

    assert refused.code == 2
    assert "kinsync source credentials" in refused.said
    assert kinsync("source", "test", "Lakeside", "nightly").code == 0


def test_a_source_is_removed_and_what_it_brought_stays(source: Serving) -> None:
    kinsync("sync", "Lakeside", "--source", "nightly")
    removed = kinsync("source", "remove", "Lakeside", "nightly", "--json")

    assert removed.json == {"removed": "nightly"}
    assert kinsync("source", "list", "Lakeside", "--json").json == {"sources": []}
    assert kinsync("schedule", "list", "Lakeside", "--json").json == {"schedules": []}
    assert records.find_district("Lakeside").published == 1


def test_a_file_of_a_source_that_is_not_there_is_refused(source: Serving, tmp_path: Path) -> None:
    told = kinsync("sync", "Lakeside", "--source", "nightly", "--file", tmp_path / "x.csv")

    assert told.code == 2
    assert "There is no file" in told.said


def test_what_has_to_be_installed_at_a_system_is_written_as_a_file(tmp_path: Path) -> None:
    out, mapping = tmp_path / "plugin.zip", tmp_path / "ours.toml"
    mapping.write_text('[fields]\nhome_language = { column = "u_families.language" }')

    plain = kinsync("source", "plugin", "powerschool", "--out", out, "--json")
    usual = zipfile.ZipFile(out).read("plugin.xml").decode()
    own = kinsync("source", "plugin", "powerschool", "--out", out, "--mapping", mapping)

    assert (plain.code, own.code) == (0, 0)
    assert 'table="studentcorefields" field="emerg_3_phone" access="ViewOnly"' in usual
    assert 'table="u_families" field="language"' not in usual
    assert 'table="u_families" field="language"' in zipfile.ZipFile(out).read("plugin.xml").decode()


def test_what_cannot_be_written_or_made_is_said(tmp_path: Path) -> None:
    nowhere = kinsync("source", "plugin", "powerschool", "--out", tmp_path / "no" / "plugin.zip")
    nothing = kinsync("source", "plugin", "aeries", "--out", tmp_path / "plugin.zip")

    assert (nowhere.code, nothing.code) == (2, 2)
    assert "cannot be written" in nowhere.err
    assert "Nothing is installed" in nothing.err


def test_a_pretended_system_says_where_it_is_and_lets_nights_pass() -> None:
    command = [*KINSYNC, "simulate", "aeries", "--students", "10", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        lines = iter(running.stdout.readline, "}\n")
        told = json.loads("".join(lines) + "}")
        url = told["settings"]["url"] + "/api/v5/systeminfo"
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert json.load(answer)["AeriesVersion"]
        request = urllib.request.Request(told["night"], method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
        running.terminate()
        assert running.wait(10) == 0


def test_a_quirk_that_is_unknown_is_refused_with_those_that_are_known() -> None:
    told = kinsync("simulate", "aeries", "--quirks", "two-headed")

    assert told.code == 2
    assert "two-schools" in told.said


def test_a_source_is_pulled_by_its_changes_or_in_full(source: Serving) -> None:
    first = kinsync("source", "pull", "Lakeside", "nightly", "--json")
    second = kinsync("source", "pull", "Lakeside", "nightly")
    full = kinsync("source", "pull", "Lakeside", "nightly", "--full", "--json")
    shown = kinsync("source", "show", "Lakeside", "nightly")
    told = kinsync("source", "show", "Lakeside", "nightly", "--json")

    assert (first.json["kind"], full.json["kind"]) == ("whole", "whole")
    assert first.json["read"] == full.json["read"]
    assert full.json["why_whole"] == "somebody asked for it"
    assert "changes alone" in second.out
    assert "because somebody asked for it" in " ".join(shown.out.split())
    assert [one["kind"] for one in told.json["pulls"]] == ["whole", "changes", "whole"]
    assert told.json["whole_at"] is not None
    assert source.settings["certificate"] not in shown.said + told.said
