"""Files beside the database: caches of snapshots, and what a sync leaves for people to look at.

Everything lies under ``<home>/storage``, in folders that the owner alone may enter, or in a bucket.
A folder of frames is there whole or not at all: see ``store.folders``.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from kinsync.domain.changes import Changes, KindChanges
from kinsync.domain.errors import ChangeInput
from kinsync.domain.frames import KINDS
from kinsync.store.folders import Folder, check_writable, reading, replacing

if TYPE_CHECKING:
    from kinsync.store.buckets import BucketFolder

CHANGES = "changes"
FINDINGS = "findings"
FINDINGS_FILE = "findings.parquet"
MANIFEST = "manifest.json"
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


@dataclass(frozen=True, slots=True)
class BucketStorage(Storage):
    """The same in a bucket that all machines reach; the home keeps nothing that others need."""

    bucket: "BucketFolder"

    @property
    def root(self) -> Folder:
        return self.bucket


def write_frames(folder: Folder, frames: Mapping[str, pl.DataFrame]) -> None:
    """Replace ``folder`` by one Parquet file per frame, and a manifest of their checksums.

    Raises:
        TryAgainLater: storage is full or away; ``folder`` is then as it was, or gone.
    """
    with replacing(folder, last=MANIFEST) as unfinished:
        manifest = {name: _write(unfinished / f"{name}.parquet", frames[name]) for name in frames}
        _write_durably(unfinished / MANIFEST, json.dumps(manifest).encode())


def read_frames(folder: Folder) -> dict[str, pl.DataFrame]:
    """What ``write_frames`` wrote there, exactly.

    Raises:
        ChangeInput: a file is missing or not as it was written.
    """
    try:
        with reading(folder) as found:
            manifest: dict[str, str] = json.loads((found / MANIFEST).read_bytes())
            return {name: _read(found / f"{name}.parquet", manifest[name]) for name in manifest}
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
    write_frames(folder / CHANGES, {**frames, "merged": changes.merged})


def load_changes(folder: Folder) -> Changes:
    """The changes that ``save_changes`` kept there, exactly.

    Raises:
        ChangeInput: a file is missing or not as it was written.
    """
    frames = read_frames(folder / CHANGES)
    return Changes(
        {kind: KindChanges(*(frames[f"{kind}-{part}"] for part in PARTS)) for kind in KINDS},
        frames["merged"],
    )


def save_findings(folder: Folder, findings: pl.DataFrame) -> None:
    """Keep a sync's findings in its folder, replacing earlier ones."""
    with replacing(folder / FINDINGS, last=FINDINGS_FILE) as unfinished:
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


def _write(path: Path, frame: pl.DataFrame) -> str:
    """Write a frame through to the disk and answer its SHA-256."""
    with path.open("w+b") as file:
        frame.write_parquet(file, compression="lz4")
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path, checksum: str) -> pl.DataFrame:
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != checksum:
            raise ValueError("a file is not as it was written")
        return pl.read_parquet(path)
