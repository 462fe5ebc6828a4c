"""A first pass over the bytes of a file: what they are, before anything is read from them.

Everything here runs at the speed of memory search, in chunks of a megabyte, so that looking at
the whole file first costs a fraction of reading it.
"""

import codecs
import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from kinsync.transport.dialect import BYTE_ORDER_MARKS

CHUNK_BYTES = 1 << 20
FALLBACK_ENCODING = "cp1252"

_NOT_TEXT = (
    b"PK\x03\x04",  # zip, xlsx
    b"PK\x05\x06",  # an empty zip
    b"\xd0\xcf\x11\xe0",  # OLE2: xls, and encrypted xlsx
    b"\x1f\x8b",  # gzip
    b"BZh",
    b"7z\xbc\xaf\x27\x1c",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",  # zstd
    b"Rar!",
    b"%PDF",
    b"{\\rtf",
    b"-----BEGIN PGP",
    b"Salted__",  # openssl enc
    b"age-encryption.org/",
)
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|\?xml|table)\b", re.IGNORECASE)
_CONTROL = bytes([*range(1, 9), *range(14, 26), 27, 127])
_UNDEFINED = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")  # what Windows-1252 leaves open
_LONE_CR = re.compile(rb"\r(?!\n)")
_LONE_CR_MARK = b"\0\n"


@dataclass(frozen=True, slots=True)
class Survey:
    """What the bytes of one file are.

    ``encoding`` is a Python codec and ``bom_bytes`` the length of the mark before the text.
    ``refusal`` is the code of the finding for which the file cannot be read at all.
    ``cut_bytes`` is how many bytes at the end are only the beginning of a character.
    """

    size: int
    sha256: str
    encoding: str
    bom_bytes: int = 0
    refusal: str | None = None
    is_guessed: bool = False
    cut_bytes: int = 0
    has_lone_cr: bool = False


def survey_file(path: Path, encoding: str | None = None) -> Survey:
    """Read the whole file once, in bounded memory. ``encoding`` is only checked where given."""
    digest = hashlib.sha256()
    with path.open("rb") as file, ThreadPoolExecutor(1, thread_name_prefix="hash") as beside:
        head = file.read(CHUNK_BYTES)
        hashed = beside.submit(digest.update, head)
        mark, marked = _byte_order_mark(head)
        seen = _Seen(encoding or marked or "utf-8", is_sure=bool(encoding or marked))
        refusal = _refusal_of_head(head[len(mark) :])
        chunk, size = head[len(mark) :], len(head)
        while True:
            if refusal is None:
                seen.look_at(chunk)
            if not (chunk := file.read(CHUNK_BYTES)):
                break
            hashed.result()
            hashed = beside.submit(digest.update, chunk)
            size += len(chunk)
    if refusal is None:
        seen.finish()
    return Survey(
        size=size,
        sha256=digest.hexdigest(),
        encoding=seen.encoding,
        bom_bytes=len(mark),
        refusal=refusal or seen.refusal,
        is_guessed=seen.is_guessed,
        cut_bytes=seen.cut_bytes,
        has_lone_cr=seen.has_lone_cr,
    )


def utf8_chunks(path: Path, survey: Survey, chunk_bytes: int) -> Iterator[tuple[bytes, int]]:
    r"""The text of a surveyed file as UTF-8, and how many bytes of the file it took so far.

    A carriage return that ends a line alone comes as ``\0\n`` (a surveyed file has no NUL), so
    that every line ends in a line feed and the other one can be told where it was quoted.
    """
    decoder = None
    if survey.encoding != "utf-8":
        decoder = codecs.getincrementaldecoder(survey.encoding)()
    held = b""
    with path.open("rb") as file:
        file.seek(survey.bom_bytes)
        end = survey.size - survey.cut_bytes
        while chunk := file.read(min(chunk_bytes, end - file.tell())):
            text = decoder.decode(chunk).encode() if decoder else chunk
            if survey.has_lone_cr:
                text, held = _mark_lone_cr(held + text)
            yield text, file.tell()
        if held:
            yield _LONE_CR_MARK, survey.size


def _mark_lone_cr(text: bytes) -> tuple[bytes, bytes]:
    """Text with its lone carriage returns marked, and a last one that may not be alone."""
    held = b"\r" if text.endswith(b"\r") else b""
    return _LONE_CR.sub(_LONE_CR_MARK, text[: len(text) - len(held)]), held


def _byte_order_mark(head: bytes) -> tuple[bytes, str | None]:
    for mark, encoding in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return mark, encoding
    return b"", None


def _refusal_of_head(head: bytes) -> str | None:
    """Why a file that begins like this cannot be read, or None."""
    if head.startswith(_NOT_TEXT) or _MARKUP.match(head):
        return "file-not-text"
    if len(head) - len(head.translate(None, _CONTROL)) > len(head) // 50:
        return "file-not-text"
    is_endless = len(head) > CHUNK_BYTES - 4 and b"\n" not in head and b"\r" not in head
    if is_endless:
        return "file-not-text" if _is_binary(head) else "file-no-lines"
    return None


def _is_binary(head: bytes) -> bool:
    return b"\0" in head and not head.isascii()


class _Seen:
    """What has been seen of a file so far, chunk by chunk."""

    def __init__(self, encoding: str, *, is_sure: bool) -> None:
        self.encoding = encoding
        self.refusal: str | None = None
        self.is_guessed = False
        self.cut_bytes = 0
        self.has_lone_cr = False
        self._is_sure = is_sure
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._has_undefined = False
        self._has_characters = False
        self._ends_in_cr = False

    def look_at(self, chunk: bytes) -> None:
        text = chunk if self.encoding in ("utf-8", FALLBACK_ENCODING) else b""
        if not chunk.isascii():
            self._has_undefined |= any(byte in chunk for byte in _UNDEFINED)
        if self.encoding != FALLBACK_ENCODING or self._is_sure:
            decoded = self._decode(chunk, is_last=False)
            text = text or decoded.encode()
        if b"\0" in text:
            self.refusal = self.refusal or "file-not-text"
        self._look_for_lone_cr(text)

    def finish(self) -> None:
        """What can be said only at the end of the file."""
        self.has_lone_cr |= self._ends_in_cr
        pending = self._decoder.getstate()[0]
        if pending and self.encoding == "utf-8" and self._has_characters:
            self.cut_bytes = len(pending)
        elif pending:
            self._decode(b"", is_last=True)
        if self.is_guessed and self._has_undefined and self.refusal is None:
            self.refusal = "file-encoding"

    def _decode(self, chunk: bytes, *, is_last: bool) -> str:
        """The text of a chunk; of one that cannot be decoded, nothing."""
        if self.encoding == "utf-8" and chunk.isascii() and not self._decoder.getstate()[0]:
            return ""
        try:
            text = self._decoder.decode(chunk, is_last)
        except UnicodeDecodeError:
            self._give_up()
            return ""
        self._has_characters |= not text.isascii()
        return text

    def _give_up(self) -> None:
        """Not the encoding that it seemed: the fallback, unless the file or a person said so."""
        self._decoder.reset()
        if self._is_sure:
            self.refusal = self.refusal or "file-encoding"
        else:
            self.encoding = FALLBACK_ENCODING
            self.is_guessed = True

    def _look_for_lone_cr(self, text: bytes) -> None:
        if not text:
            return
        if self._ends_in_cr and not text.startswith(b"\n"):
            self.has_lone_cr = True
        self._ends_in_cr = text.endswith(b"\r")
        if not self.has_lone_cr and b"\r" in text:
            alone = text.count(b"\r") - text.count(b"\r\n") - self._ends_in_cr
            self.has_lone_cr = alone > 0
