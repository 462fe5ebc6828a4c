"""Files of one night: what the district sends, and the truth about it."""

from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from kinsync.simulators.families.district import District
from kinsync.simulators.families.households import NOBODY
from kinsync.simulators.families.nights import Change, visible
from kinsync.simulators.families.rows import COLUMNS, TRUTH

TRUTH_COLUMNS = ("row", "person", "student", "change")
"""Row in students.csv as a spreadsheet counts it (blank for those who are away), who that is
(blank where the student has no contact), Student_id, what changed since the night before."""


def truth_of(rows: pl.DataFrame, first_row: int = 2) -> pl.DataFrame:
    """``TRUTH_COLUMNS``: a student's visible rows, in order, and then who went away tonight."""
    shown = visible(rows).select(*TRUTH).with_row_index("row", offset=first_row)
    away = [Change.ABSENT.value, Change.GONE.value]
    missed = rows.filter(~pl.col("here") & pl.col("change").is_in(away)).select(*TRUTH)
    missed = missed.with_columns(row=pl.lit(None, dtype=shown.schema["row"]))
    both = pl.concat([shown.select(TRUTH_COLUMNS), missed.select(TRUTH_COLUMNS)])
    return both.sort("student", maintain_order=True)


class NightFolder:
    """The files of one night, written a chunk at a time.

    One open file at a time: a chunk is appended and its file closed again.
    """

    def __init__(self, folder: Path, *, truth: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.students = folder / "students.csv"
        self.rows = 0
        self._truth = folder / "truth.csv" if truth else None
        self.students.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
        if self._truth:
            self._truth.write_text(",".join(TRUTH_COLUMNS) + "\n", encoding="utf-8")

    def append(self, district: District, rows: pl.DataFrame) -> None:
        """Writes the chunk's visible rows, and the truth about them."""
        shown = visible(rows)
        with self.students.open("ab") as file:
            _write(file, shown, _ragged(district, shown))
        if self._truth:
            with self._truth.open("ab") as file:
                truth_of(rows, self.rows + 2).write_csv(file, include_header=False)
        self.rows += shown.height


def _ragged(district: District, rows: pl.DataFrame) -> list[int]:
    """Places of the rows that have a field too many."""
    keys = (rows["student"], rows["person"].fill_null(NOBODY), rows["type_index"])
    arrays = [key.to_numpy() for key in keys]
    return np.flatnonzero(district.dice.chance(district.mess.ragged, "ragged", *arrays)).tolist()


def _write(file: BinaryIO, rows: pl.DataFrame, ragged: list[int]) -> None:
    done = 0
    cells = rows.select(COLUMNS)
    for place in ragged:
        cells[done:place].write_csv(file, include_header=False)
        line = BytesIO()
        cells[place : place + 1].write_csv(line, include_header=False)
        file.write(line.getvalue().removesuffix(b"\n") + b",\n")
        done = place + 1
    cells[done:].write_csv(file, include_header=False)
