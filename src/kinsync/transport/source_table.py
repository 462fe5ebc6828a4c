"""A source table: what came of a system page by page, set down as one delimited file.

Rows wait on disk as text, sorted into *lots* by a checksum of their student, so that a lot holds
all about its students. Lot by lot they are joined and written, or all at once where students are
few: memory stays bounded, and the same rows make the same bytes however the system shuffled them.
A row is a line: breaks within a value become blanks.

What changed since can be laid over the rows of the pull before: of a table, rows that came anew
stand in the place of those with the same key, and rows that went are taken out.

What names no student, such as a person who stands to several, is handed out at last: a copy of it
to each lot with a student whose link names it.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from kinsync.domain.errors import IncompletePull, TryAgainLater
from kinsync.pipeline.map import header_key
from kinsync.transport.spool import Spool

LOTS = 64
"""As many for every system: another number would put the rows into another order."""
ROWS_IN_HAND = 500
"""Rows of a lot that are set down together."""
LOTS_IN_HAND = 8
"""Lots of rows of before that are in memory at a time."""
LOT = "~lot"
"""The column in which kept rows have their lot."""
FEW_STUDENTS = 2_000
"""So many are joined and written at once, whatever lots they are in."""
GROUPS = 16
"""Into so many parts a table is sorted that is handed out: one at a time is in memory."""

Join = Callable[[Mapping[str, pl.LazyFrame]], pl.LazyFrame]


@dataclass(frozen=True, slots=True)
class Table:
    """One list of a system.

    A table that has the student's key is sorted into lots; any other is to be small, such as a set
    of codes: it is there for every lot. ``key`` names the columns that tell its rows apart: the
    same row of two pages counts once. ``columns`` are all that are kept, ``certain`` those that
    every row has, if with nothing in it: where one is missing, the system's interface has changed.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    certain: tuple[str, ...] = ()
    called: str = ""
    """What stands before its columns, and a dot, in the source table."""
    made: tuple[str, ...] = ()
    """What stands there under its name besides: the join makes it."""
    via: tuple[str, str] | None = None
    """The table that names its students, and the column by which: both tables have it. Then its
    rows go to each of these, with the student's key beside them."""

    @property
    def file(self) -> str:
        """Its name as one of a file; a system may have names that are paths."""
        return self.name.replace("/", ".")

    def widened(self, named: Iterable[str]) -> "Table":
        """The table with what a mapping names of it beside its own columns."""
        known = {header_key(column) for column in (*self.columns, *self.made)}
        wanted: dict[str, str] = {}
        for name in named:
            called, _, column = name.strip().partition(".")
            if column and header_key(called) == header_key(self.called):
                wanted.setdefault(header_key(column), column)
        more = [column for key, column in wanted.items() if key not in known]
        return replace(self, columns=(*self.columns, *more))

    def shown(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Its rows, with the columns under the names that they have in the source table."""
        return rows.rename(lambda name: f"{self.called}.{name}")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a table, as they came."""

    table: str
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Gone:
    """Rows of before that are there no more: all with one of these values in these columns."""

    table: str
    columns: tuple[str, ...]
    values: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: rows without the header, and students, each as often as it has contacts."""

    rows: int
    students: int


class SourceTable:
    """The tables of one pull, gathering on disk."""

    def __init__(
        self, tables: Sequence[Table], student_key: str, spool: Spool, *, who: str
    ) -> None:
        """The first of ``tables`` lists the students; ``who`` is what messages call the system."""
        self._tables = {table.name: table for table in tables}
        self._spine = tables[0].name
        self._student_key = student_key
        self._spool = spool
        self._who = who
        self._in_hand: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
        self._gone: dict[str, list[pl.DataFrame]] = {}
        self.rows = dict.fromkeys(self._tables, 0)

    def add(self, piece: Piece) -> None:
        """Set down some rows.

        Raises:
            IncompletePull: they lack what every row of the table has.
            TryAgainLater: the disk is full.
        """
        table = self._tables[piece.table]
        self._check(table, piece.rows)
        for row in piece.rows:
            lot = self._lot(table, row)
            waiting = self._in_hand.setdefault((table.name, lot), [])
            waiting.append({name: row.get(name) for name in table.columns})
            if len(waiting) == ROWS_IN_HAND:
                self._set_down(table, lot)
        self.rows[table.name] += len(piece.rows)

    def drop(self, gone: Gone) -> None:
        """Leave some rows of before out, where others are laid over them."""
        cells = [[_text(value) for value in values] for values in gone.values]
        schema = dict.fromkeys(gone.columns, pl.String)
        frame = pl.DataFrame(cells, schema=schema, orient="row")
        self._gone.setdefault(gone.table, []).append(frame)

    def lay_over(self, before: Mapping[str, pl.LazyFrame]) -> None:
        """Lay what came over the tables of before (``kept``).

        Raises:
            TryAgainLater: the disk is full.
        """
        self._set_all_down()
        for table in filter(self._is_kept, self._tables.values()):
            anew = [
                part.select(table.key) for lot in range(LOTS) for part in self._parts(table, lot)
            ]
            gone = [*anew, *self._gone.get(table.name, ())]
            for first in range(0, LOTS, LOTS_IN_HAND):
                is_theirs = pl.col(LOT).is_between(first, first + LOTS_IN_HAND - 1)
                rows = before[table.file].filter(is_theirs)
                for columns, values in _by_columns(gone).items():
                    rows = rows.join(values.lazy(), on=columns, how="anti")
                stay = rows.select(LOT, *table.columns).collect()
                lots = stay.partition_by(LOT, as_dict=True, include_key=False)
                for (lot,), theirs in lots.items():
                    self._spool.append(f"{table.file}-{lot}", theirs)

    def kept(self) -> Iterator[tuple[str, pl.LazyFrame]]:
        """The tables as they stand, by their files: over these the next changes can be laid.

        Small ones are left out: they come whole every time.
        """
        self._set_all_down()
        for table in filter(self._is_kept, self._tables.values()):
            schema = {LOT: pl.Int32, **dict.fromkeys(table.columns, pl.String)}
            lots = [
                rows.select(pl.lit(lot, pl.Int32).alias(LOT), *table.columns)
                for lot in range(LOTS)
                if (rows := self._spool.scan(f"{table.file}-{lot}")) is not None
            ]
            yield table.file, pl.concat([pl.LazyFrame(schema=schema), *lots])

    def _is_kept(self, table: Table) -> bool:
        return bool(table.via) or self._student_key in table.columns

    def _parts(self, table: Table, lot: int) -> Iterator[pl.DataFrame]:
        return self._spool.parts(f"{table.file}-{lot}")

    def _check(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        found_by = table.via[1:] if table.via else ()
        for name in (*table.key, *table.certain, *found_by):
            if not all(name in row for row in rows) or (
                name in table.key and any(row[name] in (None, "") for row in rows)
            ):
                raise IncompletePull(
                    f"{self._who} gave {table.name} without {name}. Nothing was published. Where "
                    "it stays so, the system's interface has changed."
                )

    def _lot(self, table: Table, row: Mapping[str, Any]) -> int:
        """In which lot a row lies; all of them lie in the first where no student is named."""
        if table.via:
            return zlib.crc32(str(_text(row[table.via[1]])).encode()) % GROUPS
        if self._student_key not in table.columns:
            return 0
        return zlib.crc32(str(_text(row[self._student_key])).encode()) % LOTS

    def _set_all_down(self) -> None:
        for name, lot in list(self._in_hand):
            self._set_down(self._tables[name], lot)

    def _set_down(self, table: Table, lot: int) -> None:
        rows = self._in_hand.pop((table.name, lot), [])
        columns = {name: [_text(row[name]) for row in rows] for name in table.columns}
        frame = pl.DataFrame(columns, schema=dict.fromkeys(table.columns, pl.String))
        self._spool.append(f"{table.file}-{lot}", frame)

    def write(self, path: Path, join: Join) -> Written:
        """Write the whole as one file, and let go of the rows.

        Raises:
            TryAgainLater: the disk is full.
        """
        self._set_all_down()
        for link, by in {table.via for table in self._tables.values() if table.via}:
            pairs = self._pairs(self._tables[link], by)
            for table in self._tables.values():
                if table.via == (link, by):
                    self._hand_out(table, pairs, by)
        rows = students = 0
        try:
            with path.open("wb") as file:
                for lots in self._together():
                    spine = self._of(self._tables[self._spine], lots)
                    if spine.is_empty() and lots[0]:
                        continue  # the first one has the header
                    theirs = {name: self._of(table, lots) for name, table in self._tables.items()}
                    frame = join({name: rows.lazy() for name, rows in theirs.items()}).collect()
                    _write(file, frame, has_header=lots[0] == 0)
                    rows += frame.height
                    students += spine.height
        except OSError as error:
            raise TryAgainLater(
                "The temporary folder cannot be written. Nothing was published. Make room on the "
                "disk, or name another folder with TMPDIR, and try again."
            ) from error
        return Written(rows, students)

    def _together(self) -> list[range]:
        """The lots that are joined at once. It follows from the students alone, and not from how
        often or in which order they came: the same rows make the same bytes."""
        students = self._of(self._tables[self._spine], range(LOTS)).height
        step = LOTS if students <= FEW_STUDENTS else 1
        return [range(lot, lot + step) for lot in range(0, LOTS, step)]

    def _of(self, table: Table, lots: range) -> pl.DataFrame:
        """The rows of some lots, each once."""
        if table.via:
            names = [f"{table.file}~{lot}" for lot in lots]
            return self._read(names, (self._student_key, *table.columns))
        places = lots if self._student_key in table.columns else range(1)
        names = [f"{table.file}-{place}" for place in places]
        return _each_once(self._read(names, table.columns), table.key)

    def _read(self, names: Iterable[str], columns: Sequence[str]) -> pl.DataFrame:
        nothing = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        return pl.concat([nothing, *(part for name in names for part in self._spool.parts(name))])

    def _pairs(self, link: Table, by: str) -> pl.DataFrame:
        """Which students are named beside what ``by`` holds, and in which lot each is."""
        named = [
            self._of(link, range(lot, lot + 1)).select(self._student_key, by, lot=lot)
            for lot in range(LOTS)
        ]
        return pl.concat(named).drop_nulls().unique()

    def _hand_out(self, table: Table, pairs: pl.DataFrame, by: str) -> None:
        """Copy the rows of a table to the lots of the students whose they are."""
        waiting: dict[int, list[pl.DataFrame]] = {}
        count = 0
        for group in range(GROUPS):
            rows = _each_once(self._read([f"{table.file}-{group}"], table.columns), table.key)
            met = pairs.join(rows, on=by).select("lot", self._student_key, *table.columns)
            for (lot,), theirs in met.partition_by("lot", as_dict=True, include_key=False).items():
                waiting.setdefault(lot, []).append(theirs)
            count += met.height
            if count > LOTS * ROWS_IN_HAND or group == GROUPS - 1:
                for lot, frames in waiting.items():
                    self._spool.append(f"{table.file}~{lot}", pl.concat(frames))
                waiting, count = {}, 0


def _by_columns(frames: Iterable[pl.DataFrame]) -> dict[tuple[str, ...], pl.DataFrame]:
    """Frames of values, those with the same columns together."""
    found: dict[tuple[str, ...], list[pl.DataFrame]] = {}
    for frame in frames:
        found.setdefault(tuple(frame.columns), []).append(frame)
    return {columns: pl.concat(some).unique() for columns, some in found.items()}


def _each_once(rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Of rows with the same key the least one, whatever the order in which they came."""
    is_doubled = rows.select(key).is_duplicated()
    if not is_doubled.any():
        return rows
    doubled = rows.filter(is_doubled).sort(pl.all()).unique(key, keep="first", maintain_order=True)
    return pl.concat([rows.filter(~is_doubled), doubled])


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
