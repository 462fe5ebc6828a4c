"""Frames set down between steps come back as they were, and leave nothing behind."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from kinsync.domain.errors import TryAgainLater
from kinsync.transport.spool import YOUNG_SECONDS, Spool, sweep_left_folders

FIRST = pl.DataFrame({"row": [2, 3], "name": ["Zoë", None]}, schema_overrides={"row": pl.UInt32})
SECOND = FIRST.with_columns(pl.col("row") + 2)


def test_frames_come_back_in_the_order_in_which_they_were_put(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.append("rows", FIRST)
        spool.append("findings", FIRST.clear())
        spool.append("rows", SECOND)

        assert [part.rows() for part in spool.parts("rows")] == [FIRST.rows(), SECOND.rows()]
        whole = spool.read("rows")
        assert whole is not None
        assert whole.equals(pl.concat([FIRST, SECOND]))
        assert whole.schema == FIRST.schema


def test_a_frame_without_rows_keeps_its_schema(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.append("rows", FIRST.clear())
        whole = spool.read("rows")

    assert whole is not None
    assert whole.schema == FIRST.schema


def test_a_name_that_was_never_used_holds_nothing(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        assert spool.read("rows") is None
        assert list(spool.parts("rows")) == []


def test_only_the_owner_can_look_into_the_folder(tmp_path: Path) -> None:
    with Spool(tmp_path):
        (folder,) = tmp_path.iterdir()

        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_folder_is_gone_afterwards_even_after_a_failure(tmp_path: Path) -> None:
    def fail_while_it_is_open() -> None:
        with Spool(tmp_path) as spool:
            spool.append("rows", FIRST)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail_while_it_is_open()

    assert list(tmp_path.iterdir()) == []


def test_frames_that_were_read_outlive_the_folder(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.append("rows", FIRST)
        parts = list(spool.parts("rows"))

    assert parts[0].equals(FIRST)


def test_a_full_disk_means_try_again(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        (folder,) = tmp_path.iterdir()
        (folder / "rows-000000.arrow").symlink_to("/dev/full")

        with pytest.raises(TryAgainLater, match="TMPDIR"):
            spool.append("rows", FIRST)


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_has_is_not(
    tmp_path: Path,
) -> None:
    killed = subprocess.Popen(
        [sys.executable, "-c", f"""
from pathlib import Path
from kinsync.transport.spool import Spool
spool = Spool(Path({str(tmp_path)!r}))
spool.path("rows").write_text("Dolores")
print(flush=True)
input()
"""],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert killed.stdout is not None
    killed.stdout.readline()
    killed.kill()
    killed.communicate()
    with Spool(tmp_path) as spool:
        assert sweep_left_folders(tmp_path) == 0, "both are young"
        long_ago = time.time() - 2 * YOUNG_SECONDS
        for folder in tmp_path.iterdir():
            os.utime(folder, (long_ago, long_ago))

        assert sweep_left_folders(tmp_path) == 1
        assert list(tmp_path.iterdir()) == [spool.path("rows").parent]
        spool.append("rows", FIRST)
