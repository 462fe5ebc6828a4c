"""The header of a delimited file: where it stands, and what its columns are called."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kinsync.transport.dialect import guess_delimiter
from kinsync.transport.framing import Grammar
from kinsync.transport.survey import CHUNK_BYTES, Survey, utf8_chunks

RESERVED = "row"
"""The name of our own column: one of the file's that is called exactly so is not read."""

_BLANK_LINES = re.compile(rb"(?:[ \t\f\v\r\0,;|]*+\n)*+")
_SEPARATOR_LINE = re.compile(rb'"?sep=([,;|\t])"?[ \t]*[\r\0]?\n', re.IGNORECASE)
"""The first line by which spreadsheets are told the delimiter; they do not show or count it."""
_BLANK_BYTES = b" \t\f\v\r\n\0"


@dataclass(frozen=True, slots=True)
class Header:
    """The first record that is not blank.

    ``places`` maps each name that can be read, as written, to its position; ``width`` counts all
    fields, ``repeated`` names those left out because they stood there before. ``row`` is its own
    row, and ``end`` the offset behind it in the text as UTF-8.
    """

    places: dict[str, int]
    width: int
    repeated: tuple[str, ...]
    delimiter: str
    row: int
    end: int


@dataclass(frozen=True, slots=True)
class NoHeader:
    """Why a file has no header that can be read: the finding's code and its row, if it has one."""

    code: str
    row: int | None = None


def read_header(
    path: Path, survey: Survey, delimiter: str | None, columns: Sequence[str] = ()
) -> Header | NoHeader:
    """The header of a surveyed file; it has to stand within the first megabyte.

    ``columns`` are named for a file that has none: its first record is row 1, and the header
    ends before it.
    """
    text = b"".join(chunk for chunk, _ in islice(utf8_chunks(path, survey, CHUNK_BYTES), 2))
    text += b"\n"
    separator = _SEPARATOR_LINE.match(text)
    begin = separator.end() if separator else 0
    start = _BLANK_LINES.match(text, begin)
    skipped = start.end() if start else begin
    if skipped == len(text):
        return NoHeader("file-empty")

    row = 1 + text.count(b"\n", begin, skipped)
    told = separator[1].decode() if separator else guess_delimiter(text[skipped:])
    mark = delimiter or told
    grammar = Grammar(mark, 1)
    record = grammar.loose_record.match(text, skipped)
    if record is None:
        return NoHeader("quote-unclosed", row)
    if survey.size > CHUNK_BYTES and record.end() >= len(text):
        return NoHeader("file-no-lines")
    names = list(columns) or grammar.split(record[0].rstrip(b"\r\n\0").decode())
    return Header(
        places=_places(names),
        width=len(names),
        repeated=_repeated(names),
        delimiter=mark,
        row=row - 1 if columns else row,
        end=skipped if columns else record.end(),
    )


def has_records(path: Path, survey: Survey, header: Header) -> bool:
    """Whether anything but blanks and delimiters stands behind the header."""
    blank = _BLANK_BYTES + header.delimiter.encode()
    skip = header.end
    for chunk, _ in utf8_chunks(path, survey, CHUNK_BYTES):
        if chunk[skip:].strip(blank):
            return True
        skip = max(0, skip - len(chunk))
    return False


def _places(names: list[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        if name.strip() and name != RESERVED:
            places.setdefault(name, place)
    return places


def _repeated(names: list[str]) -> tuple[str, ...]:
    repeated = (name for place, name in enumerate(names) if name in names[:place])
    return tuple(dict.fromkeys(name for name in repeated if name.strip()))
