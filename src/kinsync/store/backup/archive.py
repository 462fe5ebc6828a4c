"""The members of a backup in their order, written and read one after the other.

    manifest.json                              what it is, the migrations of its tables, sequences
    keys/seal.key                              in sealed backups alone
    files/<district>/uploads/<upload>          whole uploads
    files/<district>/syncs/<sync>/<folder>/…   findings, and what held syncs would publish
    tables/<table>/<part>                      rows in PostgreSQL's text format, some MiB a part
    end.json                                   how many rows and files there are

A plain backup is an ordinary ``.tar.gz``: the checksum of gzip tells damage by accident. A sealed
one (``store.backup.sealed``) also tells damage on purpose.
"""

import contextlib
import fcntl
import gzip
import io
import json
import os
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from kinsync.domain.errors import ChangeInput, TryAgainLater
from kinsync.store.backup.sealed import CHUNK_BYTES, MARK, Damaged, SealedReader, SealedWriter
from kinsync.store.folders import sync_folder

FORMAT = 1
MANIFEST, KEYS, END = "manifest.json", "keys/seal.key", "end.json"
COMPRESSION = 1
"""The fastest: a backup should not take longer than reading what it holds."""
NAMES = re.compile(
    r"manifest\.json|keys/seal\.key|end\.json"
    r"|files/[0-9a-f]{24}/(?:uploads/\d+|syncs/\d+/[\w-]+/[\w.-]+)"
    r"|tables/\w+/\d+"
)
"""Every name that a member may have: none leads out of the storage."""
LARGEST_NOTE_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is. Names no district and no person, and no key."""

    id: str
    made_at: datetime
    release: str
    migrations: list[list[str]]
    """App and name of each migration that its tables have had."""
    tables: dict[str, list[str]]
    """Columns by table, in the order in which rows have them."""
    sequences: dict[str, int]
    seal_keys: list[str]
    """Ids of the keys that secrets may be sealed under; they tell nothing about the keys."""
    format: int = FORMAT


class Writer:
    """Adds members, in the order of the module's docstring."""

    def __init__(self, tar: tarfile.TarFile, at: datetime) -> None:
        self._tar = tar
        self._at = at.timestamp()

    def add(self, name: str, content: BinaryIO, size: int) -> None:
        """A member of exactly so many bytes."""
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = size, self._at, 0o600
        self._tar.addfile(member, content)

    def add_bytes(self, name: str, content: bytes) -> None:
        self.add(name, io.BytesIO(content), len(content))

    def add_note(self, name: str, note: Mapping[str, object]) -> None:
        self.add_bytes(name, json.dumps(note, default=datetime.isoformat).encode())

    def add_manifest(self, manifest: Manifest) -> None:
        self.add_note(MANIFEST, asdict(manifest))


@contextlib.contextmanager
def writing(out: Path, passphrase: str, at: datetime) -> Iterator[Writer]:
    """A backup that has its name once it is whole and on the disk; sealed if there is a passphrase.

    Raises:
        ChangeInput: something is there already, or the folder is not.
        TryAgainLater: it cannot be written; nothing is left of it.
    """
    with _new_file(out) as file:
        sealed = SealedWriter(file, passphrase) if passphrase else None
        with (
            gzip.GzipFile(
                "", "wb", COMPRESSION, cast(BinaryIO, sealed or file), mtime=at.timestamp()
            ) as packed,
            tarfile.open(fileobj=packed, mode="w|", bufsize=CHUNK_BYTES) as tar,
        ):
            yield Writer(tar, at)
        if sealed:
            sealed.finish()


@contextlib.contextmanager
def _new_file(out: Path) -> Iterator[BinaryIO]:
    if out.exists():
        raise ChangeInput(f"{out} is there already. Give the backup another name.")
    if not out.parent.is_dir():
        raise ChangeInput(
            f"There is no folder {out.parent} for the backup. Make it, or name another."
        )
    unfinished = out.with_name(f"{out.name}.unfinished")
    try:
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            _claim(file, unfinished)
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                unfinished.rename(out)
            except BaseException:
                unfinished.unlink(missing_ok=True)
                raise
        sync_folder(out.parent)
    except OSError as error:
        raise TryAgainLater(
            f"{out} cannot be written ({error.strerror or type(error).__name__}). No backup was "
            "made. Make room, or let this account write there, and try again."
        ) from error


def _claim(file: BinaryIO, unfinished: Path) -> None:
    """Begin anew what a backup left that was killed; not what another is writing."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ChangeInput(f"Another backup is being written to {unfinished}.") from None
    file.truncate(0)


def is_sealed(path: Path) -> bool:
    """Whether a passphrase opens that file.

    Raises:
        ChangeInput: it cannot be read.
    """
    with _readable(path) as file:
        return file.read(len(MARK)) == MARK


@dataclass(frozen=True, slots=True)
class Member:
    """One member, to be read before the next one is asked for."""

    name: str
    size: int
    content: BinaryIO

    @property
    def parts(self) -> list[str]:
        return self.name.split("/")

    def chunks(self) -> Iterator[bytes]:
        while chunk := self.content.read(CHUNK_BYTES):
            yield chunk

    def note(self) -> dict[str, object]:
        """The object of a ``.json`` member."""
        if self.size > LARGEST_NOTE_BYTES:
            raise Damaged(
                f"{self.name} of the backup is too large to be one. Nothing was restored."
            )
        found = json.loads(self.content.read())
        if not isinstance(found, dict):
            raise Damaged(f"{self.name} of the backup cannot be read. Nothing was restored.")
        return found


@contextlib.contextmanager
def reading(path: Path, passphrase: str) -> Iterator[Iterator[Member]]:
    """The members of a backup; that its end is there is known once they have all been asked for.

    Raises:
        ChangeInput: the file cannot be read, or is no backup.
        Damaged: it is not as it was written; also while members are read.
    """
    with _readable(path) as file, _damage():
        if file.read(len(MARK)) == MARK:
            source: BinaryIO = cast(
                BinaryIO, io.BufferedReader(SealedReader(file, passphrase), CHUNK_BYTES)
            )
        else:
            file.seek(0)
            source = file
        with gzip.GzipFile(fileobj=source, mode="rb") as packed:
            yield _members(packed)


def _members(packed: gzip.GzipFile) -> Iterator[Member]:
    with tarfile.open(fileobj=packed, mode="r|", bufsize=CHUNK_BYTES) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            if content is None or not NAMES.fullmatch(member.name):
                raise Damaged("The file holds what no backup holds. Nothing was restored.")
            yield Member(member.name, member.size, cast(BinaryIO, content))
    while packed.read(CHUNK_BYTES):
        pass  # to the checksum behind the last byte


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise ChangeInput(f"{path} cannot be read ({error.strerror}).") from error
    with file:
        yield file


@contextlib.contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except (
        gzip.BadGzipFile,
        EOFError,
        zlib.error,
        tarfile.TarError,
        json.JSONDecodeError,
    ) as error:
        raise Damaged(
            f"The file is no backup, or was changed or cut ({type(error).__name__}). "
            "Nothing was restored."
        ) from None
