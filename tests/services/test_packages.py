"""Packages: an archive of several files that are one delivery, by SFTP or from a folder."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kinsync.domain.errors import Refused
from kinsync.services.arrivals import sync_arrived
from kinsync.services.arrived import Arrivals
from kinsync.services.pulls import PullTools, pull
from kinsync.services.sources import Reach, add_source, look_at
from kinsync.services.sync import Outcome
from kinsync.simulators.extracts import EXTRACTS, write_extract
from kinsync.store.sealing import open_sealer
from kinsync.store.sources import Source
from kinsync.store.staging import Shelf, Staging
from kinsync.store.storage import Storage
from tests.services.office import Office
from tests.services.uploader import upload_whole

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
STUDENTS = 150


def reach(office: Office) -> Reach:
    return Reach(open_sealer(office.home, ""), lambda: NOW)


def source(office: Office, **settings: str) -> Source:
    return add_source(office.district, "Roster", "oneroster-csv", settings, reach(office))


def package(folder: Path, *quirks: str, night: int = 1) -> Path:
    made = EXTRACTS["oneroster-csv"]
    path = write_extract(made, folder, students=STUDENTS, night=night, quirks=quirks).path
    os.utime(path, (NOW.timestamp() - 3600, NOW.timestamp() - 3600))
    return path


def upload(office: Office, path: Path) -> None:
    upload_whole(Storage(office.home), office.district, path.read_bytes(), path="roster/night.zip")


def sync(office: Office) -> Outcome | None:
    return sync_arrived(office.id, Arrivals(Shelf(Storage(office.home))), office.tools)


def test_a_package_in_the_folder_of_a_source_is_synced_and_so_is_the_next_night(
    office: Office, tmp_path: Path
) -> None:
    source(office)
    upload(office, package(tmp_path / "1"))
    first = sync(office)
    upload(office, package(tmp_path / "2", night=2))
    second = sync(office)

    assert first is not None
    assert first.report is not None
    assert first.report.counts.students == STUDENTS
    assert second is not None
    assert second.changes is not None
    assert (first.sync.version, second.sync.version) == (1, 2)
    assert 0 < sum(second.changes.counts()["contact"].values()) < STUDENTS


def test_a_package_of_changes_alone_is_refused_and_what_was_published_stays(
    office: Office, tmp_path: Path
) -> None:
    source(office)
    upload(office, package(tmp_path / "1"))
    sync(office)
    upload(office, package(tmp_path / "2", "delta", night=2))
    done = sync(office)

    assert done is not None
    assert done.report is not None
    assert done.sync.state == "refused"
    assert [rule.code for rule in done.report.rules] == ["package-delta"]
    assert office.version == 1


def test_a_package_in_a_folder_of_this_machine_is_pulled(office: Office, tmp_path: Path) -> None:
    made = source(office, folder=str(tmp_path))
    package(tmp_path)
    storage = Storage(office.home)
    pulled = pull(office.district, made, PullTools(reach(office), Staging(storage), Shelf(storage)))
    done = sync(office)

    assert pulled.state == "complete"
    assert done is not None
    assert done.report is not None
    assert done.report.counts.students == STUDENTS


def test_a_first_look_says_what_a_package_is_or_what_is_wrong_with_it(
    office: Office, tmp_path: Path
) -> None:
    made = source(office, folder=str(tmp_path))
    package(tmp_path)
    said = " ".join(look_at(made, reach(office)))

    assert "whole package of OneRoster 1.2" in said
    package(tmp_path, "delta")
    with pytest.raises(Refused, match="only what has changed"):
        list(look_at(made, reach(office)))
