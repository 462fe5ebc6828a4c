"""Files beside the database: caches of snapshots, and what a sync leaves for people to look at.

Everything lies under ``<home>/storage``, in folders that the owner alone may enter, or in a bucket.
A folder of frames is there whole or not at all: see ``store.folders``.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from kinsync.domain.changes import Changes, KindChanges
from kinsync.domain.errors import ChangeInput
from kinsync.domain.frames import FINDINGS as FINDING_ROWS
from kinsync.domain.frames import KINDS, PUBLISHED, empty
from kinsync.store.folders import Folder, check_writable, disk_outages, reading, replacing

if TYPE_CHECKING:
    from kinsync.store.buckets import BucketFolder

CHANGES = "changes"
FINDINGS = "findings"
FINDINGS_FILE = "findings.parquet"
MANIFEST = "manifest.json"
Frame = pl.DataFrame | pl.LazyFrame
PARTS = ("created", "updated", "previous", "deleted")


@dataclass(frozen=True, slots=True)
class Storage:
    """The storage of one home, on its disk. Districts and syncs are named by their ids."""

    home: Path

    @property
    def root(self) -> Folder:
        return self.home / "storage"

    def check(self) -> None:
        """See that something can be written.

        Raises:
            TryAgainLater: storage is full, read-only or away.
        """
        check_writable(self.root)

    def district(self, public_id: str) -> Folder:
        """Folder of one district; may not exist yet."""
        return self.root / "districts" / public_id

    def sync(self, public_id: str, sync_id: int) -> Folder:
        """Folder of one sync of a district; may not exist yet."""
        return self.district(public_id) / "syncs" / str(sync_id)

    def tables(self, public_id: str, source_id: int) -> Folder:
        """Folder of the tables that were pulled last of a source; may not exist yet."""
        return self.district(public_id) / "tables" / str(source_id)


@dataclass(frozen=True, slots=True)
class BucketStorage(Storage):
    """The same in a bucket that all machines reach; the home keeps nothing that others need."""

    bucket: "BucketFolder"

    @property
    def root(self) -> Folder:
        return self.bucket


def write_frames(folder: Folder, frames: Mapping[str, Frame]) -> None:
    """Replace ``folder`` by one Parquet file per frame, and a manifest of their checksums.

    Raises:
        TryAgainLater: storage is full or away; ``folder`` is then as it was, or gone.
    """
    with new_frames(folder) as add:
        for name, frame in frames.items():
            add(name, frame)


@contextlib.contextmanager
def new_frames(folder: Folder) -> Iterator[Callable[[str, Frame], None]]:
    """Replace ``folder``, one frame after the other, so that all need not be there at once.

    The folder has them all at the end of the ``with``, or none.

    Raises:
        TryAgainLater: storage is full or away; ``folder`` is then as it was, or gone.
    """
    manifest: dict[str, str] = {}
    with replacing(folder, last=MANIFEST) as unfinished:

        def add(name: str, frame: Frame) -> None:
            with disk_outages():
                manifest[name] = _write(unfinished / f"{name}.parquet", frame)

        yield add
        with disk_outages():
            _write_durably(unfinished / MANIFEST, json.dumps(manifest).encode())


def read_frames(folder: Folder) -> dict[str, pl.DataFrame]:
    """What ``write_frames`` wrote there, exactly.

    Raises:
        ChangeInput: a file is missing or not as it was written.
    """
    with _damage(folder), reading(folder) as found:
        return {name: frame.collect() for name, frame in _checked(found).items()}


def scan_frames(folder: Folder) -> dict[str, pl.LazyFrame]:
    """The same without reading it yet; that every file is as it was written is known now.

    What lies in a bucket is read at once: its copy on this machine does not stay.

    Raises:
        ChangeInput: a file is missing or not as it was written.
    """
    if not isinstance(folder, Path):
        return {name: frame.lazy() for name, frame in read_frames(folder).items()}
    with _damage(folder):
        return _checked(folder)


@contextlib.contextmanager
def open_frames(folder: Folder) -> Iterator[dict[str, pl.LazyFrame]]:
    """The same, not read yet, as long as the context lasts; a bucket's copy lies on this disk.

    Raises:
        ChangeInput: a file is missing or not as it was written.
        TryAgainLater: storage is away.
    """
    with reading(folder) as found:
        with _damage(folder):
            frames = _checked(found)
        yield frames


def _checked(folder: Path) -> dict[str, pl.LazyFrame]:
    manifest: dict[str, str] = json.loads((folder / MANIFEST).read_bytes())
    for name, checksum in manifest.items():
        if _sha256(folder / f"{name}.parquet") != checksum:
            raise ValueError("a file is not as it was written")
    return {name: pl.scan_parquet(folder / f"{name}.parquet", glob=False) for name in manifest}


@contextlib.contextmanager
def _damage(folder: Folder) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise ChangeInput(
            f"The files in {folder.name} are missing or damaged. Nothing was published. "
            "Sync the district's file again."
        ) from error


def save_changes(folder: Folder, changes: Changes) -> None:
    """Keep what a held or previewed sync would publish, in the sync's folder."""
    frames = {
        f"{kind}-{part}": getattr(changes.kinds[kind], part) for kind in KINDS for part in PARTS
    }
    frames["merged"] = changes.merged
    if changes.parts is not None:
        frames["parts"] = changes.parts
    write_frames(folder / CHANGES, frames)


def load_changes(folder: Folder) -> Changes:
    """The changes that ``save_changes`` kept there, exactly.

    Raises:
        ChangeInput: a file is missing or not as it was written.
    """
    frames = read_frames(folder / CHANGES)
    if any(frames[f"{kind}-{part}"].schema != PUBLISHED[kind] for kind in KINDS for part in PARTS):
        raise ChangeInput(
            "What this sync would change was found by an earlier version of Kinsync. Nothing was "
            "published. Sync the district's file again."
        )
    return Changes(
        {kind: KindChanges(*(frames[f"{kind}-{part}"] for part in PARTS)) for kind in KINDS},
        frames["merged"],
        frames.get("parts"),
    )


def save_findings(folder: Folder, findings: pl.DataFrame) -> None:
    """Keep a sync's findings in its folder, replacing earlier ones."""
    with replacing(folder / FINDINGS, last=FINDINGS_FILE) as unfinished, disk_outages():
        _write(unfinished / FINDINGS_FILE, findings)


def load_findings(folder: Folder) -> pl.DataFrame:
    """The findings of a sync.

    Raises:
        ChangeInput: they are not kept any more.
    """
    try:
        with reading(folder / FINDINGS) as found:
            return pl.read_parquet((found / FINDINGS_FILE).read_bytes())
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ChangeInput(f"The findings of sync {folder.name} are not kept any more.") from error


@contextlib.contextmanager
def scan_findings(folder: Folder) -> Iterator[pl.LazyFrame]:
    """The findings of a sync, not read yet; none where they are not kept any more."""
    with reading(folder / FINDINGS) as found:
        path = found / FINDINGS_FILE
        is_there = path.is_file()
        yield pl.scan_parquet(path, glob=False) if is_there else empty(FINDING_ROWS).lazy()


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
