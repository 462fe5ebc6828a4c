"""The students of a delivery: of each what its first row says, or the first source that does."""

from collections.abc import Iterator

import polars as pl

from kinsync.domain.frames import FINDINGS, STUDENT_DETAILS, STUDENTS, empty
from kinsync.domain.priority import STUDENT, Priority
from kinsync.pipeline import priority as several
from kinsync.pipeline import snapshot
from kinsync.pipeline.check import check_repeated_details
from kinsync.pipeline.evidence import joint
from kinsync.pipeline.fingerprints import row_hash
from kinsync.pipeline.map import Columns
from kinsync.services.numbering import Numbering
from kinsync.transport.spool import Spool

PUPILS = pl.Schema({"row": pl.UInt32(), **STUDENTS})
"""One row is a row of the file that says who a student is: frames called ``students`` on disk."""

_NONE = pl.Series("row", dtype=pl.UInt32)


class Students:
    """Who is named by rows that wait on disk."""

    def __init__(self, spool: Spool, numbering: Numbering, priority: Priority) -> None:
        self.rows = _NONE
        """The row of each student that tells of it, where one does."""
        self.firsts, self.later = _NONE, _NONE
        """The first row of each student in each source, and rows behind them."""
        self._spool = spool
        self._numbering = numbering
        self._priority = priority
        self._shared = _NONE

    def choose(self, firsts: pl.DataFrame) -> pl.Series:
        """The hashes of all students, from the first rows of each in its block."""
        is_first = firsts["student"].is_first_distinct()
        self.rows = self.firsts = firsts["row"].filter(is_first)
        if is_first.all():
            return firsts["student"]
        is_first_here = is_first
        if not self._priority.is_of_one:
            told = firsts.with_columns(self._numbering.source_of(firsts["row"]))
            is_first_here = joint(told, "student", "source", seed=170).is_first_distinct()
            self.firsts = firsts["row"].filter(is_first_here)
            self._shared = self._told_differently(firsts.filter(is_first_here))
            self.rows = self.rows.filter(~self.rows.is_in(self._shared.implode()))
        self.later = firsts["row"].filter(~is_first_here)
        return firsts["student"].filter(is_first)

    def _told_differently(self, firsts: pl.DataFrame) -> pl.Series:
        """Rows of those of whom several sources do not say the same."""
        shared = firsts.filter(pl.col("student").is_duplicated())
        waiting = self._spool.scan("students")
        if waiting is None or shared.is_empty():
            return _NONE
        said = (
            waiting.filter(pl.col("row").is_in(shared["row"].implode()))
            .select("row", said=row_hash(list(STUDENT_DETAILS)))
            .collect()
        )
        told = shared.join(said, on="row")
        is_unlike = pl.col("said").min().over("student") != pl.col("said").max().over("student")
        return told.filter(is_unlike)["row"]

    def differing(self, number: int, columns: Columns, *, file: str) -> pl.DataFrame:
        """Findings about students of one file whose rows are far apart and differ."""
        later, firsts = (
            rows.filter(self._numbering.file_of(rows) == number)
            for rows in (self.later, self.firsts)
        )
        if later.is_empty():
            return empty(FINDINGS)
        again = self.pick(pl.col("row").is_in(later.implode()))
        named = pl.col("sis_id").is_in(again["sis_id"].unique().implode())
        first = self.pick(named & pl.col("row").is_in(firsts.implode()))
        again, first = (rows.rename({"sis_id": "student_sis_id"}) for rows in (again, first))
        place = (pl.col("row") - self._numbering.starts[number]) // columns.slots
        return check_repeated_details(
            again.with_columns(place), first, file=file, header=columns.header
        )

    @property
    def count(self) -> int:
        """How many there are."""
        if self._shared.is_empty():
            return self.rows.len()
        shared = self.pick(pl.col("row").is_in(self._shared.implode()))
        return self.rows.len() + shared["sis_id"].n_unique()

    def pieces(self) -> Iterator[pl.DataFrame]:
        """The students (``frames.STUDENTS``), in pieces."""
        rows = self.rows.implode()
        for piece in self._spool.parts("students"):
            chosen = piece.filter(pl.col("row").is_in(rows))
            if not self._priority.is_of_one:
                chosen = chosen.with_columns(self._numbering.source_of(chosen["row"]))
                chosen = chosen.with_columns(several.of_one_source(STUDENT, self._priority))
            yield chosen.select(STUDENTS.names())
        if self._shared.len():
            shared = self.pick(pl.col("row").is_in(self._shared.implode())).sort("row")
            shared = shared.with_columns(self._numbering.source_of(shared["row"]))
            yield several.students(shared, self._priority)

    def whole(self) -> pl.DataFrame:
        """All of them (``frames.STUDENTS``)."""
        return pl.concat([empty(STUDENTS), *self.pieces()])

    def schools(self) -> pl.DataFrame:
        """The schools that they name (``frames.SCHOOLS``)."""
        named = pl.Schema({"school_sis_id": STUDENTS["school_sis_id"]})
        if self._shared.len():
            told = [piece.select(named.names()) for piece in self.pieces()]
            return snapshot.schools(pl.concat(told))
        is_chosen = pl.col("row").is_in(self.rows.implode())
        return snapshot.schools(self._spool.pick("students", named, is_chosen))

    def pick(self, wanted: pl.Expr) -> pl.DataFrame:
        """The waiting rows (``PUPILS``) that are wanted."""
        return self._spool.pick("students", PUPILS, wanted)
