"""Frames to disk and back between steps, so that memory stays bounded."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl

from kinsync.domain.errors import TryAgainLater


class Spool:
    """A temporary folder of named sequences of frames, removed on exit.

    It holds personal data, so only its owner can look into it.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kinsync-", dir=parent)
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

    def pick(self, name: str, columns: Sequence[str], where: pl.Expr) -> pl.DataFrame | None:
        """Those columns of the rows where a condition holds; None where there is no frame."""
        frames = self.scan(name)
        return None if frames is None else frames.filter(where).select(columns).collect()

    def read(self, name: str) -> pl.DataFrame | None:
        """All frames of that name as one; None where there is none."""
        parts = list(self.parts(name))
        return pl.concat(parts) if parts else None

    def _part(self, name: str, number: int) -> Path:
        return Path(self._folder.name) / f"{name}-{number:06d}.arrow"
