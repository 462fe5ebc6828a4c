"""A database whose disk is full: nothing is torn, and the retry finishes once there is room."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from kinsync.store.embedded import EmbeddedServer
from tests.cli.commands import Home

ROOM_MB, SPARE_BYTES = 400, 3 << 20
STUDENTS, FIRST_LINES = "4000", 60


@pytest.fixture
def disk() -> Iterator[Path]:
    """A file system of its own, that can be made smaller and larger."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a file system is made by root, on Linux")
    folder = Path(tempfile.mkdtemp(prefix="kinsync-disk-"))
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM_MB}m,mode=711", "kinsync", str(folder)],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        folder.rmdir()
        pytest.skip("this machine lets nobody make a file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def resize(disk: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


def contacts(home: Path) -> list[tuple[int, int]]:
    """How many contacts there are by the version since when; everybody's, published or not."""
    hold = EmbeddedServer(home).hold()
    try:
        with closing(psycopg.connect(hold.conninfo)) as connection:
            asked = "SELECT since, count(*)::int FROM contact GROUP BY 1 ORDER BY 1"
            return connection.execute(asked).fetchall()
    finally:
        hold.release()


def test_a_full_disk_means_try_again_and_the_retry_finishes_once_there_is_room(
    disk: Path, tmp_path: Path
) -> None:
    home = Home(disk / "home", {"KINSYNC_STORAGE": str(tmp_path / "storage")})
    assert home.run("generate", "--students", STUDENTS, "--out", tmp_path).code == 0
    second = tmp_path / "night1" / "students.csv"
    first = tmp_path / "first.csv"
    first.write_text("".join(second.read_text("utf-8").splitlines(True)[:FIRST_LINES]), "utf-8")
    assert home.run("district", "add", "Lakeside").code == 0
    assert home.run("sync", "Lakeside", "--file", first).code in (0, 1)
    before = contacts(home.folder)
    resize(disk, shutil.disk_usage(disk).used + SPARE_BYTES)

    full = home.run("sync", "Lakeside", "--file", second)
    resize(disk, ROOM_MB << 20)
    after = contacts(home.folder)
    again = home.run("sync", "Lakeside", "--file", second, "--json")

    assert full.code == 4, full.said
    assert "Nothing was published" in full.err
    assert "ry again" in full.err
    assert after == before
    assert [since for since, _ in before] == [1]
    assert again.code in (0, 1), again.said
    assert again.json["version"] == 2
    came = again.json["created"]["contact"] + again.json["updated"]["contact"]
    assert dict(contacts(home.folder))[2] == came
