"""Frames into tables and out of them, by COPY."""

import io
from collections.abc import Iterable, Iterator, Sequence

import polars as pl
import psycopg
from psycopg import sql

ROWS_AT_ONCE = 100_000
"""Rows that are spelt out as CSV at a time: bounds memory, not speed."""

BYTES_AT_ONCE = 32_000_000
"""CSV that is gathered before it becomes a frame."""

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


def copy_out(
    connection: psycopg.Connection, select: sql.Composable, schema: pl.Schema
) -> Iterator[pl.DataFrame]:
    """The rows of a statement, some at a time. Null and '' stay apart."""
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(select)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        gathered = io.BytesIO()
        for row in copy:  # one row at a time, so that a block never ends within one
            gathered.write(row)
            if gathered.tell() >= BYTES_AT_ONCE:
                yield _frame(gathered, schema)
                gathered = io.BytesIO()
        if gathered.tell():
            yield _frame(gathered, schema)


def _frame(csv: io.BytesIO, schema: pl.Schema) -> pl.DataFrame:
    """A frame from PostgreSQL's CSV, where '' is quoted and null is not; Polars sees the quotes."""
    return pl.read_csv(csv.getvalue(), has_header=False, schema=schema, empty_string_is_null=True)
