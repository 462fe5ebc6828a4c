"""Frames into tables, by COPY."""

from collections.abc import Iterable, Sequence

import polars as pl
import psycopg
from psycopg import sql

ROWS_AT_ONCE = 100_000
"""Rows that are spelt out as CSV at a time: bounds memory, not speed."""

Cursor = psycopg.Cursor[tuple[object, ...]]


def copy_in(
    cursor: Cursor,
    target: sql.Composable,
    frames: Iterable[pl.DataFrame],
    first: Sequence[pl.Expr] = (),
) -> None:
    """Copy frames, with constant columns before their own where given. Null and '' stay apart."""
    statement = sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(target)
    with cursor.copy(statement) as copy:
        for frame in frames:
            for block in frame.iter_slices(ROWS_AT_ONCE):
                copy.write(_csv(block.select(*first, pl.all())))


def _csv(block: pl.DataFrame) -> bytes:
    return block.write_csv(include_header=False, null_value="", quote_style="necessary").encode()
