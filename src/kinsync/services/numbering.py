"""Numbering: rows of a delivery are numbered through, a file's rows go on behind the last one's."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl


@dataclass(slots=True)
class Numbering:
    """Which file and which source the rows of a delivery are of.

    ``sources`` has for each file the number of its source; ``starts`` the row behind which its own
    begin, for those that were begun.
    """

    sources: Sequence[int]
    starts: list[int] = field(default_factory=list)

    def file_of(self, rows: pl.Series) -> pl.Series:
        """The place of the file of each row, counted from 0."""
        return pl.Series(self.starts[1:], dtype=pl.UInt32).search_sorted(rows).alias("file")

    def source_of(self, rows: pl.Series) -> pl.Series:
        """The number of the source of each row."""
        numbers = pl.Series("source", self.sources, dtype=pl.UInt32)
        return numbers.gather(self.file_of(rows))

    def counted(self, rows: pl.Series) -> list[int]:
        """How many of these rows are of each file; each counts once."""
        if len(self.sources) == 1:
            return [rows.n_unique()]
        counts = dict(self.file_of(rows.unique()).value_counts().iter_rows())
        return [counts.get(place, 0) for place in range(len(self.sources))]
