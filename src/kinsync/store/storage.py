"""Files beside the database: caches of snapshots, and what a sync leaves for people to look at.

Everything lies under ``<home>/storage``, in folders that the owner alone may enter. A folder of
frames is written beside its place and renamed, so it is there whole or not at all.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
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
PARTS = ("created", "updated", "previous", "deleted")


@dataclass(frozen=True, slots=True)
class Storage:
    """The storage of one home. Districts and syncs are named by their ids."""

    home: Path

    @property
    def root(self) -> Path:
        return self.home / "storage"

    def check(self) -> None:
        """See that something can be written.

        Raises:
            TryAgainLater: the disk is full or read-only.
        """
        probe = make_private(self.root) / f"probe-{uuid4().hex}"
        try:
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise _disk(error) from error

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
    try:
        for path in reversed(missing):
            path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _disk(error) from error
    return folder


def write_frames(folder: Path, frames: Mapping[str, pl.DataFrame]) -> None:
    """Replace ``folder`` by one Parquet file per frame, and a manifest of their checksums.

    Raises:
        TryAgainLater: the disk is full or read-only; ``folder`` is then as it was, or gone.
    """
    make_private(folder.parent)
    unfinished = folder.with_name(f"{folder.name}.{uuid4().hex}.unfinished")
    try:
        unfinished.mkdir(mode=0o700)
        manifest = {name: _write(unfinished / f"{name}.parquet", frames[name]) for name in frames}
        _write_durably(unfinished / MANIFEST, json.dumps(manifest).encode())
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    except OSError as error:
        raise _disk(error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def read_frames(folder: Path) -> dict[str, pl.DataFrame]:
    """What ``write_frames`` wrote there, exactly.

    Raises:
        ChangeInput: a file is missing or not as it was written.
    """
    try:
        manifest: dict[str, str] = json.loads((folder / MANIFEST).read_bytes())
        return {name: _read(folder / f"{name}.parquet", manifest[name]) for name in manifest}
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
    try:
        _write(unfinished, findings)
        unfinished.replace(folder / FINDINGS)
    except OSError as error:
        raise _disk(error) from error


def load_findings(folder: Path) -> pl.DataFrame:
    """The findings of a sync.

    Raises:
        ChangeInput: they are not kept any more.
    """
    try:
        return pl.read_parquet(folder / FINDINGS)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ChangeInput(f"The findings in {folder} are not kept any more.") from error


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


def _disk(error: OSError) -> TryAgainLater:
    return TryAgainLater(
        f"The storage folder cannot be written ({error.strerror}). Nothing was published. "
        "Make room on the disk and try again."
    )
