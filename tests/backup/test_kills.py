"""A backup or a restore that is killed in the middle: nothing half is taken for whole."""

import os
from pathlib import Path

import psycopg
import pytest

from kinsync.store import records
from kinsync.store.backup.unfinished import MARK
from kinsync.store.storage import Storage
from tests.backup.machines import Machine, until
from tests.cli.busy import make_busy
from tests.cli.commands import ended, kinsync
from tests.services.pupils import as_csv, school_of
from tests.services.uploader import upload_whole


@pytest.fixture
def busy(used: Machine) -> Machine:
    """A machine with a district of two versions and an upload."""
    make_busy()
    upload_whole(Storage(used.home.folder), records.find_district("Lakeside"), as_csv(school_of(3)))
    return used


@pytest.fixture
def backup(busy: Machine, tmp_path: Path) -> Path:
    """A backup of it."""
    out = tmp_path / "all.tar.gz"
    assert kinsync("backup", "--out", out).code == 0
    return out


def test_a_killed_backup_leaves_nothing_of_its_name_and_the_next_one_is_whole(
    busy: Machine, empty: Machine, tmp_path: Path
) -> None:
    out = tmp_path / "all.tar.gz"
    [upload] = (busy.home.folder / "storage" / "districts").glob("*/uploads/*")
    content = upload.read_bytes()
    upload.unlink()
    os.mkfifo(upload)  # reading it waits for ever: the backup stands in the middle
    halved = busy.home.start("backup", "--out", out)
    until(out.with_name("all.tar.gz.unfinished").exists, "the backup has begun")

    halved.kill()
    ended(halved)

    assert not out.exists()
    assert busy.ask("SELECT * FROM backup") == []
    upload.unlink()
    upload.write_bytes(content)
    assert busy.home.run("backup", "--out", out).code == 0
    assert not out.with_name("all.tar.gz.unfinished").exists()
    assert empty.home.run("restore-backup", out).code == 0


def test_two_backups_do_not_write_one_file(busy: Machine, tmp_path: Path) -> None:
    out = tmp_path / "all.tar.gz"
    [upload] = (busy.home.folder / "storage" / "districts").glob("*/uploads/*")
    upload.unlink()
    os.mkfifo(upload)
    first = busy.home.start("backup", "--out", out)
    until(out.with_name("all.tar.gz.unfinished").exists, "the first has begun")

    second = busy.home.run("backup", "--out", out)

    first.kill()
    ended(first)
    assert (second.code, "Another backup is being written" in second.err) == (2, True)


def test_a_restore_that_is_killed_says_what_to_do_and_is_begun_anew(
    backup: Path, migrated: Machine
) -> None:
    with psycopg.connect(migrated.database) as blocking:
        blocking.execute("LOCK TABLE contact IN ACCESS SHARE MODE")  # rows wait, files do not
        halved = migrated.home.start("restore-backup", backup)
        until(lambda: is_waiting(migrated), "the files are there and the rows are to come")
        halved.kill()
        ended(halved)

    assert migrated.files() != {}
    for command in (("district", "list"), ("backup", "--out", backup.with_name("no")), ("serve",)):
        refused = migrated.home.run(*command)
        assert refused.code == 2
        assert "run 'kinsync restore-backup' with the same file again" in refused.err
    assert migrated.ask("SELECT * FROM district") == []
    done = migrated.home.run("restore-backup", backup, "--json")
    assert done.code == 0, done.said
    assert done.json["was_there"] is False
    assert [
        row["name"] for row in migrated.home.run("district", "list", "--json").json["districts"]
    ]


def is_waiting(machine: Machine) -> bool:
    return bool(
        machine.ask(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND query LIKE 'TRUNCATE%%' AND datname = current_database()"
        )
    )


def test_a_restore_that_is_killed_after_its_last_row_is_finished(
    backup: Path, migrated: Machine
) -> None:
    assert migrated.home.run("restore-backup", backup).code == 0
    [(restored,)] = migrated.ask("SELECT id FROM backup")
    mark = migrated.home.folder / MARK
    mark.write_text(f"{restored}\n")  # as a kill at that moment leaves it
    empty_files = migrated.files()

    done = migrated.home.run("restore-backup", backup, "--json")

    assert (done.code, done.json["was_there"]) == (0, True)
    assert not mark.exists()
    assert migrated.files() == empty_files


def test_a_half_restored_home_takes_another_backup(
    backup: Path, migrated: Machine, tmp_path: Path
) -> None:
    later = tmp_path / "later.tar.gz"
    assert kinsync("backup", "--out", later).code == 0
    migrated.home.folder.mkdir()
    (migrated.home.folder / MARK).write_text("0123\n")
    stale = migrated.home.folder / "storage" / "districts" / ("0" * 24) / "uploads" / "7"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"of the first try")

    assert migrated.home.run("restore-backup", later).code == 0

    assert not stale.exists()
