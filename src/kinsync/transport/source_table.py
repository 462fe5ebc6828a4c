"""A source table: what came of a system page by page, set down as one delimited file.

The pages of every table wait on disk as text. Written down are some thousand students at a time, in
the order of their keys, so that memory stays bounded, and the same rows make the same bytes however
the system shuffled them. A row is a line: breaks within a value become blanks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from kinsync.domain.errors import IncompletePull, TryAgainLater
from kinsync.transport.spool import Spool

STUDENTS_AT_ONCE = 20_000

Join = Callable[[Mapping[str, pl.LazyFrame]], pl.LazyFrame]


@dataclass(frozen=True, slots=True)
class Table:
    """One list of a system.

    ``key`` names the columns that tell its rows apart: the same row of two pages counts once.
    ``columns`` are all that are kept, ``certain`` those that every row has, if with nothing in it:
    where one is missing, the system's interface has changed.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    certain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a table, as they came."""

    table: str
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: rows without the header, and students, each as often as it has contacts."""

    rows: int
    students: int


class SourceTable:
    """The tables of one pull, gathering on disk."""

    def __init__(
        self,
        tables: Sequence[Table],
        student_key: str,
        spool: Spool,
        *,
        who: str,
        students_at_once: int = STUDENTS_AT_ONCE,
    ) -> None:
        """The first of ``tables`` lists the students; ``who`` is what messages call the system."""
        self._tables = {table.name: table for table in tables}
        self._spine = tables[0].name
        self._student_key = student_key
        self._spool = spool
        self._who = who
        self._at_once = students_at_once
        self.rows = dict.fromkeys(self._tables, 0)

    def add(self, piece: Piece) -> None:
        """Set down some rows.

        Raises:
            IncompletePull: they lack what every row of the table has.
            TryAgainLater: the disk is full.
        """
        table = self._tables[piece.table]
        for name in (*table.key, *table.certain):
            if not all(name in row for row in piece.rows):
                raise IncompletePull(
                    f"{self._who} gave {table.name} without {name}. Nothing was published. Where "
                    "it stays so, the system's interface has changed."
                )
        columns = {name: [_text(row.get(name)) for row in piece.rows] for name in table.columns}
        frame = pl.DataFrame(columns, schema=dict.fromkeys(table.columns, pl.String))
        self._spool.append(table.name, frame)
        self.rows[table.name] += frame.height

    def write(self, path: Path, join: Join) -> Written:
        """Write the whole as one file, its students in the order of their keys.

        Raises:
            TryAgainLater: the disk is full.
        """
        listed = self._scan(self._spine).select(pl.col(self._student_key).unique())
        students = listed.collect(engine="streaming").to_series().sort()
        rows = 0
        try:
            with path.open("wb") as file:
                for start in range(0, max(1, students.len()), self._at_once):
                    some = students.slice(start, self._at_once)
                    theirs = {name: self._of(name, some) for name in self._tables}
                    frame = join(theirs).collect(engine="streaming")
                    _write(file, frame, has_header=start == 0)
                    rows += frame.height
        except (OSError, pl.exceptions.ComputeError) as error:
            raise TryAgainLater(
                "The temporary folder cannot be written. Nothing was published. Make room on the "
                "disk, or name another folder with TMPDIR, and try again."
            ) from error
        return Written(rows, students.len())

    def _of(self, name: str, students: pl.Series) -> pl.LazyFrame:
        """The rows of these students, each once; all rows of a table that is not of students."""
        table, frame = self._tables[name], self._scan(name)
        if self._student_key in table.columns and students.len():
            first, last = pl.lit(students[0]), pl.lit(students[-1])
            frame = frame.filter(pl.col(self._student_key).is_between(first, last))
        return frame.sort(pl.all()).unique(table.key, keep="first", maintain_order=True)

    def _scan(self, name: str) -> pl.LazyFrame:
        found = self._spool.scan(name)
        columns = dict.fromkeys(self._tables[name].columns, pl.String)
        return pl.LazyFrame(schema=columns) if found is None else found


def _text(value: object) -> str | None:
    """A value of JSON as text; what is nested is the connector's to take apart."""
    if value is None or type(value) is str:
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _write(file: BinaryIO, frame: pl.DataFrame, *, has_header: bool) -> None:
    cells = pl.all().str.replace_all(r"[\r\n\x00\x0b\x0c\x85\u2028\u2029]+", " ")
    frame.select(cells).write_csv(file, include_header=has_header)
