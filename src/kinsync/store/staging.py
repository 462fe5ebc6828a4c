"""Bytes of an upload while they are received, on the disk of the machine that receives them.

    <district>-<upload>.part   being received; its process holds a lock on it, however that ends
    <district>-<upload>.kept   given up by a client that may come back: the bytes without a gap

Both lie in ``<home>/storage/incoming``, beside the place where a whole upload is moved to, unless
that is a bucket.
"""

import errno
import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kinsync.store.folders import Folder, make_private, reading, remove, sync_folder
from kinsync.store.storage import Storage

CHUNK_BYTES = 1 << 20
MOST_RANGES = 1000
"""Pieces with gaps between them that a file may be in. Clients write in order, or nearly so."""
PART, KEPT = ".part", ".kept"
CONTENT = "upload"
"""Name of an upload's one file in a bucket."""


class Staged:
    """One upload that is being received: an open, locked file.

    ``write`` and ``truncate`` belong to one thread. ``catch_up`` may run in another one meanwhile.
    """

    def __init__(self, path: Path, descriptor: int, size: int = 0) -> None:
        self.path = path
        self.size = size
        """The highest byte that was written or announced, and one."""
        self.is_changed = False
        """Whether anything was written or cut."""
        self._file = descriptor
        self._ranges = [(0, size)] if size else []
        self._digest = hashlib.sha256()
        self._digested = 0
        self._is_digest_stale = False
        self._catching_up = threading.Lock()

    @property
    def prefix(self) -> int:
        """How many bytes from the first on are there without a gap."""
        return self._ranges[0][1] if self._ranges and self._ranges[0][0] == 0 else 0

    @property
    def is_whole(self) -> bool:
        """Whether every byte up to the highest one was written."""
        return self.prefix == self.size

    def write(self, offset: int, data: bytes) -> None:
        """Write bytes at their place.

        Raises:
            OSError: the disk is full, or will not write.
        """
        end = offset + len(data)
        if len(self._ranges) > MOST_RANGES:
            raise OSError(errno.EFBIG, "the file is written in too many pieces")
        self.is_changed = True
        self._is_digest_stale |= offset < self.prefix  # what another thread may be hashing
        self.size = max(self.size, end)
        written = 0
        while written < len(data):
            written += os.pwrite(self._file, data[written:] if written else data, offset + written)
        self._add(offset, end)

    def _add(self, start: int, end: int) -> None:
        last = self._ranges[-1] if self._ranges else (0, 0)
        if start == last[1]:  # the usual case: the bytes that follow
            self._ranges[-1:] = [(last[0], end)]
            return
        merged: list[tuple[int, int]] = []
        for low, high in sorted([*self._ranges, (start, end)]):
            if merged and low <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], high))
            else:
                merged.append((low, high))
        self._ranges = merged

    def read(self, offset: int, size: int) -> bytes:
        """Bytes that were written before."""
        return os.pread(self._file, size, offset)

    def truncate(self, size: int) -> None:
        """Cut or announce: what is announced and not written is a gap."""
        self.is_changed = True
        self._is_digest_stale |= size < self.prefix
        os.ftruncate(self._file, min(size, self.size))
        self._ranges = [(low, min(high, size)) for low, high in self._ranges if low < size]
        self.size = size

    def catch_up(self) -> None:
        """Hash and sync what has been received by now, so that little is left for the end."""
        with self._catching_up:
            upto = self.prefix
            os.fdatasync(self._file)
            if not self._is_digest_stale:
                self._hash(upto)

    def seal(self) -> str:
        """Sync everything to the disk and answer the SHA-256, as 64 hex digits."""
        with self._catching_up:
            if self._is_digest_stale:
                self._digest, self._digested, self._is_digest_stale = hashlib.sha256(), 0, False
            self._hash(self.size)
            os.fsync(self._file)
            if self._digested != self.size:
                raise OSError(errno.EIO, "the staged file is shorter than what was received")
            return self._digest.hexdigest()

    def _hash(self, upto: int) -> None:
        while self._digested < upto:
            data = os.pread(self._file, min(CHUNK_BYTES, upto - self._digested), self._digested)
            if not data:
                return
            self._digest.update(data)
            self._digested += len(data)

    def keep(self) -> int:
        """Leave the bytes without a gap for a client that resumes, and say how many."""
        with self._catching_up:
            prefix = self.prefix
            os.ftruncate(self._file, prefix)
            os.fsync(self._file)
            self.path.rename(self.path.with_suffix(KEPT))
            os.close(self._file)
            return prefix

    def drop(self) -> None:
        """Forget the bytes."""
        with self._catching_up:
            self.path.unlink(missing_ok=True)
            os.close(self._file)

    def let_go(self) -> None:
        """The bytes have moved: nothing of them is ours any more."""
        with self._catching_up:
            os.close(self._file)


@dataclass(frozen=True, slots=True)
class Staging:
    """The folder in which this machine receives uploads."""

    storage: Storage

    @property
    def folder(self) -> Path:
        return make_private(self.storage.home / "storage" / "incoming")

    def free_bytes(self) -> int:
        """Room on its disk, for accounts without privileges."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def begin(self, district_id: int, upload_id: int) -> Staged:
        """A new file.

        Raises:
            OSError: the disk will not have it.
        """
        path = self._path(district_id, upload_id, PART)
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                return Staged(path, descriptor)
            os.close(descriptor)  # it was taken for a dead one before it was locked

    def resume(self, district_id: int, upload_id: int) -> Staged | None:
        """The bytes that were kept; None where they are gone, elsewhere, or being resumed."""
        kept = self._path(district_id, upload_id, KEPT)
        try:
            descriptor = os.open(kept, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path = kept.with_suffix(PART)
            kept.rename(path)
            return Staged(path, descriptor, os.fstat(descriptor).st_size)
        except OSError:
            os.close(descriptor)
            return None

    def discard(self, district_id: int, upload_id: int) -> None:
        """Forget kept bytes."""
        self._path(district_id, upload_id, KEPT).unlink(missing_ok=True)

    def forget_district(self, district_id: int) -> None:
        """Remove every file of a district, also one that is being received."""
        for path in self.folder.glob(f"{district_id}-*"):
            path.unlink(missing_ok=True)

    def dead(self) -> Iterator[tuple[int, int]]:
        """District and upload of files whose process has died; they are removed."""
        return self._unlocked(PART, older_than_seconds=0)

    def old(self, *, older_than_seconds: float) -> Iterator[tuple[int, int]]:
        """District and upload of kept bytes that nobody came back for; they are removed."""
        return self._unlocked(KEPT, older_than_seconds=older_than_seconds)

    def _unlocked(self, suffix: str, *, older_than_seconds: float) -> Iterator[tuple[int, int]]:
        for path in sorted(self.folder.glob(f"*{suffix}")):
            try:
                with path.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if time.time() - os.fstat(file.fileno()).st_mtime < older_than_seconds:
                        continue
                    path.unlink()
            except OSError:
                continue  # being received, or gone meanwhile
            district_id, upload_id = map(int, path.stem.split("-"))
            yield district_id, upload_id

    def _path(self, district_id: int, upload_id: int, suffix: str) -> Path:
        return self.folder / f"{district_id}-{upload_id}{suffix}"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where whole uploads lie: with their district, named by the upload's number.

    On a disk that is a file; in a bucket a folder with one file.
    """

    storage: Storage

    def keep(self, staged: Path, public_id: str, upload_id: int) -> None:
        """Move a synced file to its place; once this returns, it outlives a power cut.

        Raises:
            OSError: the disk will not have it.
            TryAgainLater: the bucket will not.
        """
        place = self._place(public_id, upload_id)
        if not isinstance(place, Path):
            place.upload(staged, CONTENT)
            staged.unlink()
            return
        is_new = not place.parent.exists()
        make_private(place.parent)
        staged.rename(place)
        sync_folder(place.parent)
        if is_new:
            sync_folder(place.parent.parent)

    @contextmanager
    def reading(self, public_id: str, upload_id: int) -> Iterator[Path]:
        """A file of this machine with the bytes of an upload, until the context ends.

        Raises:
            TryAgainLater: the bucket is away.
        """
        place = self._place(public_id, upload_id)
        if isinstance(place, Path):
            yield place
            return
        with reading(place) as files:
            yield files / CONTENT

    def remove(self, public_id: str, upload_id: int) -> None:
        """Forget the bytes of an upload."""
        place = self._place(public_id, upload_id)
        if isinstance(place, Path):
            place.unlink(missing_ok=True)
        else:
            remove(place)

    def _place(self, public_id: str, upload_id: int) -> Folder:
        return self.storage.district(public_id) / "uploads" / str(upload_id)
