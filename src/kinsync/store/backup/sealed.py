"""A file sealed under a passphrase, in chunks, so that neither side ever holds it whole.

    header   the mark of the format, and 16 bytes of salt
    chunks   AES-256-GCM of 1 MiB each; the last is shorter, or empty

The key follows from passphrase and salt by argon2id, and seals this one file. A chunk's nonce is
its number and whether it is the last, and the header is bound to each: a chunk that was changed,
moved, repeated or left out does not open, nor does a file without its end.
"""

import io
import secrets
from typing import BinaryIO

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kinsync.domain.errors import ChangeInput

MARK = b"kinsync sealed backup 1\n"
SALT_BYTES = 16
CHUNK_BYTES = 1 << 20
TAG_BYTES = 16
LAST, MORE = b"\x01", b"\x00"


class Damaged(ChangeInput):
    """The file is not as it was written, or not opened by this passphrase."""


class SealedWriter(io.RawIOBase):
    """Seals what is written into ``file``; whole once ``close`` has returned."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        salt = secrets.token_bytes(SALT_BYTES)
        self._header = MARK + salt
        self._cipher = _cipher(passphrase, salt)
        self._file = file
        self._waiting = bytearray()
        self._number = 0
        file.write(self._header)

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]
        self._waiting += data
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), MORE)
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def finish(self) -> None:
        """Write the last chunk: without it the file does not open."""
        self._seal(bytes(self._waiting), LAST)
        self._waiting.clear()

    def _seal(self, chunk: bytes, end: bytes) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, end), chunk, self._header))
        self._number += 1


class SealedReader(io.RawIOBase):
    """What was sealed in ``file``, which stands behind its mark.

    Raises:
        Damaged: from each read, where the next chunk does not open.
    """

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        salt = file.read(SALT_BYTES)
        self._header = MARK + salt
        self._cipher = _cipher(passphrase, salt)
        self._file = file
        self._next = file.read(CHUNK_BYTES + TAG_BYTES)
        self._opened = memoryview(b"")
        self._number = 0
        self._is_at_end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        while not self._opened and not self._is_at_end:
            self._open()
        taken = min(len(buffer), len(self._opened))
        buffer[:taken] = self._opened[:taken]
        self._opened = self._opened[taken:]
        return taken

    def _open(self) -> None:
        chunk, self._next = self._next, self._file.read(CHUNK_BYTES + TAG_BYTES)
        self._is_at_end = not self._next
        nonce = _nonce(self._number, LAST if self._is_at_end else MORE)
        try:
            self._opened = memoryview(self._cipher.decrypt(nonce, chunk, self._header))
        except (InvalidTag, ValueError):
            raise Damaged(
                "The backup does not open: the passphrase is another one, or the file was changed "
                "or cut. Nothing was restored."
                if self._number == 0
                else "The backup was changed or cut after it was made. Nothing was restored."
            ) from None
        self._number += 1


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    """The second recommendation of RFC 9106: 64 MiB of memory, a tenth of a second."""
    key = hash_secret_raw(
        passphrase.encode(), salt.ljust(SALT_BYTES, b"\0"),
        time_cost=3, memory_cost=64 << 10, parallelism=4, hash_len=32, type=Type.ID,
    )  # fmt: skip
    return AESGCM(key)


def _nonce(number: int, end: bytes) -> bytes:
    return number.to_bytes(11, "big") + end
