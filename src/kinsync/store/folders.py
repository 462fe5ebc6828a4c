"""Folders of files that all machines share: on a disk, or in a bucket (``store.buckets``).

A folder is replaced whole: what is written appears at once on a disk, and in a bucket with its
``last`` file, by which readers know that the others are there.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

import polars as pl

from kinsync.domain.errors import TryAgainLater
from kinsync.transport.spool import LOCK, PrivateFolder

if TYPE_CHECKING:
    from kinsync.store.buckets import BucketFolder


Folder: TypeAlias = "Path | BucketFolder"


@contextmanager
def replacing(folder: Folder, *, last: str) -> Iterator[Path]:
    """A folder of this machine to write into; when the context ends it takes ``folder``'s place.

    Who writes there says by ``disk_outages`` what it means when that cannot be done.

    Raises:
        TryAgainLater: storage is full, read-only or away; ``folder`` is then as it was, or gone.
    """
    if isinstance(folder, Path):
        with _replacing_on_disk(folder) as unfinished:
            yield unfinished
        return
    with PrivateFolder() as name:
        yield Path(name)
        folder.remove()
        paths = [path for path in Path(name).iterdir() if path.name != LOCK]
        for path in sorted(paths, key=lambda path: (path.name == last, path.name)):
            folder.upload(path)


@contextmanager
def _replacing_on_disk(folder: Path) -> Iterator[Path]:
    make_private(folder.parent)
    unfinished = folder.with_name(f"{folder.name}.{uuid4().hex}.unfinished")
    try:
        with disk_outages():
            unfinished.mkdir(mode=0o700)
        yield unfinished
        with disk_outages():
            shutil.rmtree(folder, ignore_errors=True)
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def reading(folder: Folder) -> Iterator[Path]:
    """The files of a folder on this machine, until the context ends; there may be none.

    Raises:
        TryAgainLater: storage is away.
    """
    if isinstance(folder, Path):
        yield folder
        return
    with PrivateFolder() as name:
        folder.download(Path(name))
        yield Path(name)


def subfolders(folder: Folder) -> list[str]:
    """Names of the folders in a folder; none where it is not there."""
    if not isinstance(folder, Path):
        return folder.subfolders()
    with disk_outages():
        return [path.name for path in folder.iterdir()] if folder.exists() else []


def remove(folder: Folder) -> None:
    """Remove a folder and what is in it, as far as that is possible."""
    if isinstance(folder, Path):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        folder.remove()


def check_writable(folder: Folder) -> None:
    """See that something can be written.

    Raises:
        TryAgainLater: it cannot.
    """
    probe = folder / f"probe-{uuid4().hex}"
    with replacing(probe, last="") as files, disk_outages():
        (files / "probe").touch()
    remove(probe)


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


def sync_folder(folder: Path) -> None:
    """See that the names in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
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
