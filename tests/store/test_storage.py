"""Files of a sync come back as they were written, or not at all."""

import stat
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from kinsync.domain.errors import ChangeInput, TryAgainLater
from kinsync.domain.frames import FINDINGS, empty
from kinsync.store import storage as files
from kinsync.store.storage import Storage
from tests.store.disk import on_disk
from tests.store.people import difference, is_same_change, same_of_all, snapshot

CHANGES = replace(
    difference(
        snapshot(same_of_all({0: 0, 1: 1, 2: 2})), snapshot(same_of_all({1: 4, 2: 2, 3: 3}))
    ),
    merged=pl.DataFrame({"from_id": ["a" * 24], "into_id": ["b" * 24]}),
)


@pytest.fixture
def folder(storage: Storage) -> Path:
    return on_disk(storage.sync("d" * 24, 12))


def test_a_held_diff_comes_back_exactly(folder: Path) -> None:
    files.save_changes(folder, CHANGES)

    assert is_same_change(files.load_changes(folder), CHANGES)


def test_a_held_diff_that_was_damaged_is_refused(folder: Path) -> None:
    files.save_changes(folder, CHANGES)
    part = folder / files.CHANGES / "contact-created.parquet"
    damaged = bytearray(part.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    part.write_bytes(damaged)

    with pytest.raises(ChangeInput, match="damaged"):
        files.load_changes(folder)


def test_a_diff_that_was_never_kept_is_refused(folder: Path) -> None:
    with pytest.raises(ChangeInput, match="missing"):
        files.load_changes(folder)


def test_findings_come_back_and_the_later_ones_count(folder: Path) -> None:
    findings = pl.DataFrame(
        [("students.csv", 2, "Contact_phone", "phone-length", "555")], FINDINGS, orient="row"
    )
    files.save_findings(folder, empty(FINDINGS))
    files.save_findings(folder, findings)

    assert files.load_findings(folder).equals(findings)


def test_nobody_else_may_enter_the_storage(storage: Storage, folder: Path) -> None:
    files.save_changes(folder, CHANGES)

    root = on_disk(storage.root)
    made = [root, *(path for path in root.rglob("*") if path.is_dir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}


def test_a_full_disk_means_try_again_and_says_why(folder: Path) -> None:
    with files.new_frames(folder / "changes") as add:
        (unfinished,) = folder.glob("*.unfinished")
        (unfinished / "contact.parquet").symlink_to("/dev/full")

        with pytest.raises(TryAgainLater, match="No space left on device"):
            add("contact", empty(FINDINGS))
