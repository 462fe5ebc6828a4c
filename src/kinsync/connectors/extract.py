"""Routes whose files arrive: an extract that a system writes, by SFTP or into a folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

import polars as pl

from kinsync.connectors.connector import Given, Route, Setting
from kinsync.domain.errors import ChangeInput
from kinsync.transport.dialect import Dialect
from kinsync.transport.spool import Spool

ENCODINGS = ("utf-8", "cp1252", "utf-16")
_SPELLED = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}


@runtime_checkable
class Extract(Route, Protocol):
    """A route that reads a file of a system: one row is one contact, or one student, of it.

    Which of its columns is what, is all the mapping's business; so a class has nothing to do.
    """

    file: ClassVar[str]
    """The usual name of the file, with ``*`` for what differs."""
    cadence: ClassVar[str]
    """The timetable on which a folder is looked at (``services.schedules``)."""


class NotWhole(Exception):
    """A package of which nothing can be read: the code of a file finding, and where."""

    def __init__(self, code: str, column: str | None = None, row: int | None = None) -> None:
        super().__init__(code)
        self.code, self.column, self.row = code, column, row


@runtime_checkable
class Package(Extract, Protocol):
    """A route whose file is an archive of several: these are put together into one table."""

    def look(self, path: Path) -> Iterator[str]:
        """What a package is, in plain words.

        Raises:
            NotWhole: nothing of it can be read.
        """

    def unpack(self, path: Path, given: Given, spool: Spool) -> tuple[Path, pl.DataFrame]:
        """The table, a delimited file in the spool, and what was found (``frames.FINDINGS``).

        Raises:
            NotWhole: nothing of it can be read.
            TryAgainLater: the disk is full.
        """


def file_settings(file: str) -> Sequence[Setting]:
    """The settings that every route of files has: which file, and where."""
    return (
        Setting("file", "name of the file; * stands for anything, such as a date", file),
        Setting(
            "folder",
            "folder of this machine to read it from; blank: it comes by SFTP",
            "",
            is_local=True,
        ),
    )


def layout_settings(file: str) -> Sequence[Setting]:
    """These, and how the file is written."""
    return (
        *file_settings(file),
        Setting("delimiter", "comma, semicolon, tab or bar; blank: found out", ""),
        Setting("columns", "names of its columns, comma between, if it has no header", ""),
        Setting("widths", "characters of each column, comma between, if these are fixed", ""),
        Setting("encoding", f"{', '.join(ENCODINGS)}; blank: found out", ""),
    )


def dialect_of(given: Given) -> Dialect:
    """How the file of a source is written.

    Raises:
        ChangeInput: a setting says what cannot be, each of them named.
    """
    faults = []
    delimiter = _SPELLED.get(given["delimiter"].strip().lower(), given["delimiter"])
    if delimiter and delimiter not in _SPELLED.values():
        faults.append(f"delimiter is {', '.join(_SPELLED)}")
    encoding = given["encoding"].strip().lower()
    if encoding and encoding not in ENCODINGS:
        faults.append(f"encoding is {', '.join(ENCODINGS)}")
    columns, widths = given.listed("columns"), given.listed("widths")
    if not all(width.isdecimal() and int(width) for width in widths):
        faults.append("widths are numbers of characters, such as 10,20,20")
    elif columns and widths and len(columns) != len(widths):
        faults.append(f"there are {len(columns)} columns and {len(widths)} widths")
    if faults:
        raise ChangeInput(f"The layout of the file cannot be so: {'; '.join(faults)}.")
    return Dialect(encoding or None, delimiter or None, columns, tuple(map(int, widths)))
