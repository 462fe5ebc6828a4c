"""Pages of another service's API as an application saved them, read in blocks.

A file holds one JSON document, one a line, one behind the other, or an array of them; a document is
a page (``data`` is a list), one record (``data`` is an object), or the record itself.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson

from kinsync.domain.errors import ChangeInput

SMALL_BYTES = 16 << 20
"""A file up to this size is parsed at once."""
CHUNK_CHARACTERS = 4 << 20
LONGEST_DOCUMENT = 256 << 20
"""Characters of one document beyond which a file is refused: memory is bounded by it."""
RECORDS_AT_ONCE = 50_000

_BETWEEN = re.compile(r"[\s,]+|[\[\]]")
_DECODER = json.JSONDecoder()

Record = dict[str, Any]


def is_json(path: Path) -> bool:
    """Whether a file begins as JSON does, rather than as a table."""
    with path.open("rb") as file:
        start = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    return start[:1] in (b"{", b"[")


def records(
    path: Path, *, small_bytes: int = SMALL_BYTES, chunk: int = CHUNK_CHARACTERS
) -> Iterator[list[Record]]:
    """The records of a file, in order, so many at a time, each without what encloses it.

    The path under which the service has a record stands in it as ``uri``, where it was there. A
    file of more than ``small_bytes`` is read ``chunk`` characters at a time.

    Raises:
        ChangeInput: the file is not JSON, or one document of it is too large.
    """
    documents = _documents(path, small_bytes, chunk)
    found = (record for document in documents for record in _records(document))
    while block := list(islice(found, RECORDS_AT_ONCE)):
        yield block


def _records(document: object) -> Iterator[Record]:
    """What a document holds: a page's items, an array's, or itself."""
    if isinstance(document, list):
        for item in document:
            yield from _records(item)
    elif isinstance(document, dict):
        inner = document.get("data")
        if isinstance(inner, list):
            yield from _records(inner)
        elif isinstance(inner, dict):
            yield {**inner, "uri": document.get("uri")}
        else:
            yield document


def _documents(path: Path, small_bytes: int, chunk: int) -> Iterator[object]:
    if path.stat().st_size > small_bytes:
        yield from _one_by_one(path, chunk)
        return
    try:
        whole = orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:  # several documents, or none
        yield from _one_by_one(path, chunk)
    else:
        yield whole


def _one_by_one(path: Path, chunk: int) -> Iterator[object]:
    """Documents one behind the other, or within arrays, a few in memory at once."""
    reading = _Reading(path, chunk)
    with path.open(encoding="utf-8-sig") as file:
        while reading.take(file):
            yield from reading.documents()
    yield from reading.documents()
    if reading.text or reading.depth:
        raise reading.broken()


class _Reading:
    """One pass over a file. Arrays at the top are taken apart: their brackets only have to fit."""

    def __init__(self, path: Path, chunk: int) -> None:
        self._path = path
        self._chunk = self._wanted = chunk
        self._line = 1
        self.text = ""
        self.depth = 0

    def take(self, file: IO[str]) -> bool:
        """Read on; twice as much where the last piece held no whole document."""
        if len(self.text) > LONGEST_DOCUMENT:
            raise ChangeInput(
                f"One JSON document of {self._path.name} is larger than "
                f"{LONGEST_DOCUMENT >> 20} MB. Save each page on a line of its own."
            )
        try:
            more = file.read(self._wanted)
        except UnicodeDecodeError:
            raise self.broken() from None
        self.text += more
        return bool(more)

    def documents(self) -> Iterator[object]:
        """The documents that have been read to their end."""
        place = self._next(0)
        start = place
        while place < len(self.text):
            try:
                document, place = _DECODER.raw_decode(self.text, place)
            except (json.JSONDecodeError, RecursionError):
                break
            yield document
            start = place = self._next(place)
        self._wanted = self._chunk if start else 2 * self._wanted
        self._line += self.text.count("\n", 0, start)
        self.text = self.text[start:]

    def _next(self, place: int) -> int:
        """Where the next document begins."""
        while found := _BETWEEN.match(self.text, place):
            self.depth += {"[": 1, "]": -1}.get(found[0], 0)
            if self.depth < 0:
                raise self.broken()
            place = found.end()
        return place

    def broken(self) -> ChangeInput:
        return ChangeInput(
            f"{self._path.name} is not JSON as it was saved: it breaks off or goes wrong in or "
            f"behind line {self._line}. Nothing was adopted. Save the pages again."
        )
