"""Backups that are taken while syncs publish, and hold one version whole."""

import os
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

from kinsync.store import records
from kinsync.store.storage import Storage
from tests.backup.machines import Machine, listed, until
from tests.cli.commands import ended, kinsync
from tests.services.pupils import school_of, write
from tests.services.uploader import upload_whole

STUDENTS = 60


def night(number: int) -> list[str]:
    """The phones that every contact has in one version."""
    return [f"206{number:03}{line:04}" for line in range(2 * STUDENTS)]


def test_what_is_published_once_a_backup_has_begun_is_not_in_it(
    used: Machine, migrated: Machine, tmp_path: Path
) -> None:
    school = school_of(3)
    night = [replace(school[0], phone="2065559999"), *school[1:]]
    first, second = write(tmp_path / "1.csv", school), write(tmp_path / "2.csv", night)
    kinsync("district", "add", "Lakeside")
    kinsync("sync", "Lakeside", "--file", first)
    upload_whole(Storage(used.home.folder), records.find_district("Lakeside"), b"")
    [upload] = (used.home.folder / "storage" / "districts").glob("*/uploads/*")
    upload.unlink()
    os.mkfifo(upload)  # reading it waits: the moment is taken, and no row is read yet
    out = tmp_path / "all.tar.gz"
    backing_up = used.home.start("backup", "--out", out)
    until(out.with_name("all.tar.gz.unfinished").exists, "the backup has begun")

    synced = kinsync("sync", "Lakeside", "--file", second)
    upload.open("w").close()

    assert (ended(backing_up).code, synced.code) == (0, 0), synced.said
    assert used.ask("SELECT published FROM district") == [(2,)]
    assert migrated.home.run("restore-backup", out).code == 0
    assert migrated.ask("SELECT published FROM district") == [(1,)]
    assert migrated.ask("SELECT 1 FROM contact WHERE phone = '2065559999'") == []
    assert migrated.ask("SELECT count(*) FROM sync") == [(1,)]


def test_a_backup_taken_while_syncs_publish_is_one_version_whole(
    used: Machine, migrated: Machine, tmp_path: Path
) -> None:
    kinsync("district", "add", "Lakeside")
    kinsync("app", "add", "Reader")
    kinsync("connect", "Lakeside", "Reader")
    token = kinsync("token", "Lakeside", "Reader").out.strip()
    stop = threading.Event()
    published: list[int] = []

    def publish() -> None:
        number = 200
        while not stop.is_set():
            number += 1
            lines = [
                replace(line, phone=phone)
                for line, phone in zip(school_of(STUDENTS), night(number), strict=True)
            ]
            path = write(tmp_path / f"{number}.csv", lines)
            done = used.home.run("sync", "Lakeside", "--file", path, "--json")
            if done.code == 3:
                done = used.home.run("hold", "approve", "Lakeside", "--json")
            assert done.code == 0, done.said
            published.append(number)

    publishing = threading.Thread(target=publish)
    publishing.start()
    try:
        until(lambda: len(published) >= 1, "something is published")
        backups: list[Path] = []
        while len(published) < 4:
            out = tmp_path / f"{len(backups)}.tar.gz"
            made = used.home.run("backup", "--out", out, "--json")
            assert made.code == 0, made.said
            backups.append(out)
    finally:
        stop.set()
        publishing.join()

    done = migrated.home.run("restore-backup", backups[len(backups) // 2], "--json")
    assert done.code == 0, done.said
    with migrated.serving(token) as api:
        phones = sorted(one["roles"]["contact"]["phone"] for one in listed(api, "contact"))
    assert len({phone[3:6] for phone in phones}) == 1, Counter(phone[3:6] for phone in phones)
    assert phones == sorted(night(int(phones[0][3:6])))
    events = "SELECT count(*) FROM event WHERE connection_id = 1"
    assert migrated.ask(events)[0][0] <= used.ask(events)[0][0]
