"""Frames to disk and back between steps, so that memory stays bounded."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl

from kinsync.domain.errors import TryAgainLater

PREFIX = "kinsync-data-"
LOCK = ".in-use"
YOUNG_SECONDS = 60.0
"""A folder that is so young may be one that is just being made, and not locked yet."""


class PrivateFolder(tempfile.TemporaryDirectory[str]):
    """A temporary folder with personal data: its owner alone may enter it, and it is removed on
    exit. One whose process was killed is told by its lock, which died too."""

    def __init__(self, parent: Path | None = None) -> None:
        super().__init__(prefix=PREFIX, dir=parent)
        self._lock = os.open(Path(self.name) / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def cleanup(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        super().cleanup()


def sweep_left_folders(parent: Path | None = None) -> int:
    """Remove temporary folders of this account whose process was killed; how many."""
    count = 0
    for folder in Path(parent or tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # in use, another account's, or gone meanwhile
            found = folder.stat()
            is_young = time.time() - found.st_mtime < YOUNG_SECONDS
            if found.st_uid == os.geteuid() and not is_young and not _is_in_use(folder):
                shutil.rmtree(folder)
                count += 1
    return count


def _is_in_use(folder: Path) -> bool:
    if not (folder / LOCK).exists():
        return False
    with (folder / LOCK).open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


class Spool:
    """A temporary folder of named sequences of frames, removed on exit.

    It holds personal data, so only its owner can look into it.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._folder = PrivateFolder(parent)
        self._counts: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

    def held(self) -> Self:
        """The same, removed as soon as nobody has it any more, where that is no context."""
        weakref.finalize(self, self._folder.cleanup)
        return self

    def append(self, name: str, frame: pl.DataFrame) -> None:
        """Put a frame behind the others of that name.

        Raises:
            TryAgainLater: the disk is full.
        """
        number = self._counts.get(name, 0)
        try:
            frame.write_ipc(self._part(name, number), compression="uncompressed")
        except (OSError, pl.exceptions.PolarsError) as error:
            raise TryAgainLater(
                f"The temporary folder {self._folder.name} cannot be written. Nothing was "
                "published. Make room on the disk, or name another folder with TMPDIR, and try "
                "again."
            ) from error
        self._counts[name] = number + 1

    def path(self, name: str) -> Path:
        """Where a file of that name may stand, as long as the spool is there."""
        return Path(self._folder.name) / name

    def parts(self, name: str) -> Iterator[pl.DataFrame]:
        """The frames of that name, in the order in which they came."""
        for number in range(self._counts.get(name, 0)):
            yield pl.read_ipc(self._part(name, number))

    def scan(self, name: str) -> pl.LazyFrame | None:
        """All frames of that name as one, read when they are needed; None where there is none."""
        paths = [self._part(name, number) for number in range(self._counts.get(name, 0))]
        return pl.scan_ipc(paths) if paths else None

    def pick(self, name: str, wanted: pl.Schema, where: pl.Expr) -> pl.DataFrame:
        """Those columns of the rows where a condition holds; no row where there is no frame."""
        frames = self.scan(name)
        if frames is None:
            return wanted.to_frame()
        return frames.filter(where).select(wanted.names()).collect()

    def read(self, name: str) -> pl.DataFrame | None:
        """All frames of that name as one; None where there is none."""
        parts = list(self.parts(name))
        return pl.concat(parts) if parts else None

    def _part(self, name: str, number: int) -> Path:
        return Path(self._folder.name) / f"{name}-{number:06d}.arrow"
