"""Storage in a bucket: what one machine wrote, another reads; they share the bucket alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from kinsync import bootstrap
from kinsync.domain.errors import ChangeInput, TryAgainLater
from kinsync.domain.frames import FINDINGS
from kinsync.domain.settings import Settings
from kinsync.store import storage as files
from kinsync.store.folders import subfolders
from kinsync.store.storage import Storage
from tests.buckets import an_empty_bucket
from tests.services.pupils import as_csv, mother, school_of
from tests.store.test_storage import CHANGES

SCHOOL = school_of(12)


@pytest.fixture
def bucket() -> Iterator[str]:
    """The setting that names an empty bucket of a server on this machine."""
    with an_empty_bucket() as setting:
        yield setting


@pytest.fixture
def machines(bucket: str, tmp_path: Path) -> list[Storage]:
    """The storage as two machines see it, each with a home of its own."""
    return [
        bootstrap.storage(Settings(home=tmp_path / name, storage=bucket)) for name in ("one", "two")
    ]


def test_what_one_machine_keeps_the_other_reads(machines: list[Storage]) -> None:
    here, there = machines
    here.check()
    files.save_changes(here.sync("d" * 24, 1), CHANGES)
    finding = ("students.csv", 2, "Contact_phone", "phone-length", "555")
    findings = pl.DataFrame([finding], FINDINGS, orient="row")
    files.save_findings(here.sync("d" * 24, 1), findings)

    assert files.load_changes(there.sync("d" * 24, 1)).counts() == CHANGES.counts()
    assert files.load_findings(there.sync("d" * 24, 1)).equals(findings)
    assert not here.home.exists()


def test_what_was_never_kept_or_is_gone_is_told_apart_from_a_bucket_that_is_away(
    machines: list[Storage], bucket: str, tmp_path: Path
) -> None:
    with pytest.raises(ChangeInput, match="missing"):
        files.load_changes(machines[0].sync("d" * 24, 1))

    elsewhere = bootstrap.storage(Settings(home=tmp_path, storage="s3://nobodys-bucket"))
    with pytest.raises(TryAgainLater, match="KINSYNC_STORAGE"):
        elsewhere.check()


def test_a_folder_is_replaced_whole(machines: list[Storage]) -> None:
    folder = machines[0].district("d" * 24) / "v1"
    one = pl.DataFrame({"a": [1]})
    files.write_frames(folder, {"first": one, "second": one})
    files.write_frames(folder, {"third": one})

    assert set(files.read_frames(folder)) == {"third"}


def test_a_check_leaves_nothing_behind(machines: list[Storage]) -> None:
    machines[0].check()

    assert subfolders(machines[0].root) == []


def test_a_district_is_synced_by_machines_that_share_a_bucket_alone(
    database: None, machines: list[Storage], tmp_path: Path
) -> None:
    from kinsync.services.arrivals import sync_arrived
    from kinsync.services.arrived import Arrivals
    from kinsync.services.holds import approve
    from kinsync.services.sync import Tools
    from kinsync.store import records
    from kinsync.store.staging import Shelf
    from tests.services.uploader import upload_whole

    here, there = machines
    district = records.add_district("Lakeside", at=bootstrap.now())
    changed = [replace(mother(0), phone="4255550199"), *SCHOOL[1:]]
    for taker, worker, lines in ((here, there, SCHOOL), (there, here, changed)):
        upload_whole(taker, district, as_csv(lines))
        outcome = sync_arrived(district.id, Arrivals(Shelf(worker)), Tools(worker, bootstrap.now))
        assert outcome is not None
        assert outcome.sync.state == "published"
    upload_whole(here, district, as_csv(SCHOOL[:12]))
    held = sync_arrived(district.id, Arrivals(Shelf(there)), Tools(there, bootstrap.now))

    assert held is not None
    assert held.sync.state == "held"
    approved = approve(records.district(district.id), Tools(here, bootstrap.now))
    assert approved.version == 3
    left = [path for path in (here.home / "storage").rglob("*") if path.is_file()]
    assert left == [], "what one machine keeps to itself, another misses"
    caches = [name for name in subfolders(here.district(district.public_id)) if name[0] == "v"]
    assert len(caches) <= 1


@pytest.mark.parametrize("place", ["gs://bucket", "s3://", "https://example.org"])
def test_what_is_no_storage_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(ChangeInput, match="KINSYNC_STORAGE"):
        bootstrap.storage(Settings(home=tmp_path, storage=place))
