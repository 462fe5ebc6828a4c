"""Files that the database names, out of storage and into it.

Those are whole uploads, and what syncs leave for people to look at. Caches (``lines-…``, snapshots)
are left out: a sync makes them again. So are uploads under way: their clients begin anew.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from kinsync.store.backup.archive import Member, Writer
from kinsync.store.folders import Folder, disk_outages, reading, remove, replacing, subfolders
from kinsync.store.staging import Shelf, Staging
from kinsync.store.storage import FINDINGS_FILE, MANIFEST, Storage

KEPT = ("uploads", "syncs")
"""Folders of a district that go into a backup, with what the database names by its number."""


def add_files(
    archive: Writer, storage: Storage, named: Mapping[str, Mapping[str, list[int]]]
) -> tuple[int, int]:
    """Add the files of those uploads and syncs; how many, and how many uploads were gone.

    What retention has taken since the moment of the database is gone.

    Raises:
        TryAgainLater: storage is away.
    """
    added, gone = 0, 0
    for district, numbers in named.items():
        for number in numbers.get("uploads", ()):
            if _add_upload(archive, storage, district, number):
                added += 1
            else:
                gone += 1
        syncs = storage.district(district) / "syncs"
        known = set(map(str, numbers.get("syncs", ())))
        for sync in sorted(known & set(subfolders(syncs)), key=int):
            added += _add_sync(archive, syncs / sync, f"files/{district}/syncs/{sync}")
    return added, gone


def _add_upload(archive: Writer, storage: Storage, district: str, number: int) -> bool:
    with Shelf(storage).reading(district, number) as path:
        return _add_file(archive, path, f"files/{district}/uploads/{number}")


def _add_sync(archive: Writer, folder: Folder, name: str) -> int:
    added = 0
    for part in sorted(subfolders(folder)):
        if not part.replace("-", "").replace("_", "").isalnum():
            continue  # one that is being written has a dot in its name
        with reading(folder / part) as found, contextlib.suppress(FileNotFoundError):
            for path in sorted(found.iterdir()):
                added += _add_file(archive, path, f"{name}/{part}/{path.name}")
    return added


def _add_file(archive: Writer, path: Path, name: str) -> bool:
    """Add a file, unless it is gone. Files are never written to once they have their names."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return False
    with file:
        archive.add(name, file, os.fstat(file.fileno()).st_size)
    return True


def put_files(storage: Storage, members: Iterator[Member]) -> int:
    """Put the files of a backup into storage; how many.

    Raises:
        TryAgainLater: storage is full, read-only or away.
    """
    by_folder = groupby(members, key=lambda member: tuple(member.parts[1:-1]))
    return sum(_put_folder(storage, folder, found) for folder, found in by_folder)


def _put_folder(storage: Storage, folder: tuple[str, ...], members: Iterator[Member]) -> int:
    district, kind, *below = folder
    if kind == "uploads":
        return sum(_put_upload(storage, district, member) for member in members)
    sync, part = below
    count = 0
    with replacing(storage.sync(district, int(sync)) / part, last=_last(part)) as unfinished:
        for member in members:
            with disk_outages():
                _write(unfinished / member.parts[-1], member)
            count += 1
    return count


def _last(part: str) -> str:
    return FINDINGS_FILE if part == "findings" else MANIFEST


def _put_upload(storage: Storage, district: str, member: Member) -> int:
    with disk_outages():
        staged = Staging(storage).folder / f"restored-{member.parts[-1]}"
        _write(staged, member)
        Shelf(storage).keep(staged, district, int(member.parts[-1]))
    return 1


def _write(path: Path, member: Member) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        for chunk in member.chunks():
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def has_files(storage: Storage) -> bool:
    """Whether storage holds anything of a district."""
    return bool(subfolders(storage.root / "districts"))


def clear_files(storage: Storage) -> None:
    """Remove what a restore that was stopped has put there."""
    remove(storage.root / "districts")
