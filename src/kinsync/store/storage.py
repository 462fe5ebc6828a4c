"""Files beside the database: caches of snapshots, and what a sync leaves for people to look at.

Everything lies under ``<home>/storage``, in folders that the owner alone may enter. A folder of
frames is written beside its place and renamed, so it is there whole or not at all.
"""

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import polars as pl

from kinsync.domain.changes import Changes, KindChanges
from kinsync.domain.errors import ChangeInput, TryAgainLater
from kinsync.domain.frames import KINDS

CHANGES = "changes"
FINDINGS = "findings.parquet"
MANIFEST = "manifest.json"
Frame = pl.DataFrame | pl.LazyFrame
PARTS = ("created", "updated", "previous", "deleted")


@dataclass(frozen=True, slots=True)
class Storage:
    """The storage of one home. Districts and syncs are named by their ids."""

    home: Path

    @property
    def root(self) -> Path:
        return self.home / "storage"

    def district(self, public_id: str) -> Path:
        """Folder of one district; may not exist yet."""
        return self.root / "districts" / public_id

    def sync(self, public_id: str, sync_id: int) -> Path:
        """Folder of one sync of a district, made where missing."""
        return make_private(self.district(public_id) / "syncs" / str(sync_id))


def make_private(folder: Path) -> Path:
    """That folder and those above it, closed to others where they are new.

    Raises:
        TryAgainLater: the disk is full or read-only.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    with disk_outages():
        for path in reversed(missing):
            path.mkdir(mode=0o700, exist_ok=True)
    return folder


def write_frames(folder: Path, frames: Mapping[str, Frame]) -> None:
    """Replace ``folder`` by one Parquet file per frame, and a manifest of their checksums.

    Raises:
        TryAgainLater: the disk is full or read-only; ``folder`` is then as it was, or gone.
    """
    with new_frames(folder) as add:
        for name, frame in frames.items():
            add(name, frame)


@contextlib.contextmanager
def new_frames(folder: Path) -> Iterator[Callable[[str, Frame], None]]:
    """Replace ``folder``, one frame after the other, so that all need not be there at once.

    The folder has them all at the end of the ``with``, or none.

    Raises:
        TryAgainLater: the disk is full or read-only; ``folder`` is then as it was, or gone.
    """
    make_private(folder.parent)
    unfinished = folder.with_name(f"{folder.name}.{uuid4().hex}.unfinished")
    manifest: dict[str, str] = {}

    def add(name: str, frame: Frame) -> None:
        with disk_outages():
            manifest[name] = _write(unfinished / f"{name}.parquet", frame)

    try:
        with disk_outages():
            unfinished.mkdir(mode=0o700)
        yield add
        with disk_outages():
            _write_durably(unfinished / MANIFEST, json.dumps(manifest).encode())
            shutil.rmtree(folder, ignore_errors=True)
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def read_frames(folder: Path) -> dict[str, pl.DataFrame]:
    """What ``write_frames`` wrote there, exactly.

    Raises:
        ChangeInput: a file is missing or not as it was written.
    """
    with _damage(folder):
        return {name: frame.collect() for name, frame in _checked(folder).items()}


def scan_frames(folder: Path) -> dict[str, pl.LazyFrame]:
    """The same without reading it yet; that every file is as it was written is known now.

    Raises:
        ChangeInput: a file is missing or not as it was written.
    """
    with _damage(folder):
        return _checked(folder)


def _checked(folder: Path) -> dict[str, pl.LazyFrame]:
    manifest: dict[str, str] = json.loads((folder / MANIFEST).read_bytes())
    for name, checksum in manifest.items():
        if _sha256(folder / f"{name}.parquet") != checksum:
            raise ValueError("a file is not as it was written")
    return {name: pl.scan_parquet(folder / f"{name}.parquet", glob=False) for name in manifest}


@contextlib.contextmanager
def _damage(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise ChangeInput(
            f"The files in {folder} are missing or damaged. Nothing was published. "
            "Sync the district's file again."
        ) from error


def save_changes(folder: Path, changes: Changes) -> None:
    """Keep what a held or previewed sync would publish, in the sync's folder."""
    frames = {
        f"{kind}-{part}": getattr(changes.kinds[kind], part) for kind in KINDS for part in PARTS
    }
    write_frames(folder / CHANGES, {**frames, "merged": changes.merged})


def load_changes(folder: Path) -> Changes:
    """The changes that ``save_changes`` kept there, exactly.

    Raises:
        ChangeInput: a file is missing or not as it was written.
    """
    frames = read_frames(folder / CHANGES)
    return Changes(
        {kind: KindChanges(*(frames[f"{kind}-{part}"] for part in PARTS)) for kind in KINDS},
        frames["merged"],
    )


def save_findings(folder: Path, findings: pl.DataFrame) -> None:
    """Keep a sync's findings in its folder, replacing earlier ones."""
    unfinished = folder / f"{FINDINGS}.unfinished"
    with disk_outages():
        _write(unfinished, findings)
        unfinished.replace(folder / FINDINGS)


def load_findings(folder: Path) -> pl.DataFrame:
    """The findings of a sync.

    Raises:
        ChangeInput: they are not kept any more.
    """
    try:
        return pl.read_parquet(folder / FINDINGS)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ChangeInput(f"The findings in {folder} are not kept any more.") from error


def _write(path: Path, frame: Frame) -> str:
    """Write a frame through to the disk and answer its SHA-256."""
    frame.lazy().sink_parquet(path, compression="lz4", mkdir=False)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return _sha256(path)


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def disk_outages() -> Iterator[None]:
    """Say what it means when a file cannot be written.

    Raises:
        TryAgainLater: the disk is full or read-only.
    """
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        raise TryAgainLater(
            f"The storage folder cannot be written ({_reason(error)}). Nothing was published. "
            "Make room on the disk, or let this account write there, and try again."
        ) from error


def _reason(error: Exception) -> str:
    """The system's word for it; the engine has it in its text alone, beside what it was doing."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return os.strerror(errno.ENOSPC) if f"os error {errno.ENOSPC}" in str(error) else "disk"
