"""Folders of files that all machines share: on a disk, or in a bucket (``store.buckets``).

A folder is replaced whole: what is written appears at once on a disk, and in a bucket with its
``last`` file, by which readers know that the others are there.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from kinsync.domain.errors import TryAgainLater

if TYPE_CHECKING:
    from kinsync.store.buckets import BucketFolder


Folder: TypeAlias = "Path | BucketFolder"


@contextmanager
def replacing(folder: Folder, *, last: str) -> Iterator[Path]:
    """A folder of this machine to write into; when the context ends it takes ``folder``'s place.

    Raises:
        TryAgainLater: storage is full, read-only or away; ``folder`` is then as it was, or gone.
    """
    with _outages():
        if isinstance(folder, Path):
            with _replacing_on_disk(folder) as unfinished:
                yield unfinished
            return
        with tempfile.TemporaryDirectory(prefix="kinsync-") as name:
            yield Path(name)
            folder.remove()
            paths = sorted(Path(name).iterdir(), key=lambda path: (path.name == last, path.name))
            for path in paths:
                folder.upload(path)


@contextmanager
def _replacing_on_disk(folder: Path) -> Iterator[Path]:
    make_private(folder.parent)
    unfinished = folder.with_name(f"{folder.name}.{uuid4().hex}.unfinished")
    try:
        unfinished.mkdir(mode=0o700)
        yield unfinished
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
    with tempfile.TemporaryDirectory(prefix="kinsync-") as name:
        folder.download(Path(name))
        yield Path(name)


def subfolders(folder: Folder) -> list[str]:
    """Names of the folders in a folder; none where it is not there."""
    if not isinstance(folder, Path):
        return folder.subfolders()
    with _outages():
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
    with replacing(probe, last="") as files:
        (files / "probe").touch()
    remove(probe)


def make_private(folder: Path) -> Path:
    """That folder and those above it, closed to others where they are new.

    Raises:
        TryAgainLater: the disk is full or read-only.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    with _outages():
        for path in reversed(missing):
            path.mkdir(mode=0o700, exist_ok=True)
    return folder


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise TryAgainLater(
            f"The storage folder cannot be written ({reason}). Nothing was published. "
            "Make room on the disk and try again."
        ) from error
