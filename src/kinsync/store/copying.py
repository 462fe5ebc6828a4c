"""Frames into tables, by COPY."""

import polars as pl
import psycopg
from psycopg import sql

ROWS_AT_ONCE = 100_000
"""Rows that are spelt out as CSV at a time: bounds memory, not speed."""

Cursor = psycopg.Cursor[tuple[object, ...]]


def copy_in(
    cursor: Cursor, target: sql.Composable, frame: pl.DataFrame, first: list[pl.Expr] | None = None
) -> None:
    """Copy a frame, with constant columns before its own where given. Null and '' stay apart."""
    statement = sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(target)
    with cursor.copy(statement) as copy:
        for block in frame.iter_slices(ROWS_AT_ONCE):
            copy.write(_csv(block.select(*(first or []), pl.all())))


def _csv(block: pl.DataFrame) -> bytes:
    return block.write_csv(include_header=False, null_value="", quote_style="necessary").encode()
