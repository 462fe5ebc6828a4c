"""Frames into tables and out of them, by COPY."""

import io
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import polars as pl
import psycopg
from psycopg import sql

ROWS_AT_ONCE = 100_000
"""Rows that are spelt out as CSV at a time: bounds memory, not speed."""

BYTES_AT_ONCE = 32_000_000
"""CSV that is gathered before it becomes a frame."""

AHEAD = 8
"""Blocks that are spelt out while the database takes one."""

Piece = TypeVar("Piece")
Cursor = psycopg.Cursor[tuple[object, ...]]


def copy_in(cursor: Cursor, target: sql.Composable, frame: pl.DataFrame) -> None:
    """Copy a frame into ``target``, a table with its columns. Null and '' stay apart."""
    copy_texts(cursor, target, spelt(frame))


def copy_texts(cursor: Cursor, target: sql.Composable, texts: Iterable[bytes]) -> None:
    """Copy rows that are spelt already into ``target``, a table with its columns."""
    statement = sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(target)
    with cursor.copy(statement) as copy:
        for text in texts:
            copy.write(text)


def spelt(frame: pl.DataFrame, first: Sequence[pl.Expr] = ()) -> Iterator[bytes]:
    """A frame as CSV, some rows at a time, with constant columns before its own where given."""
    for block in frame.iter_slices(ROWS_AT_ONCE):
        rows = block.select(*first, pl.all())
        yield rows.write_csv(include_header=False, null_value="", quote_style="necessary").encode()


def made_ahead(pieces: Iterable[Piece]) -> Generator[Piece, None, None]:
    """The same pieces, the next few made in a thread while one is being used.

    Close it where it may be left early: then nothing more is made.
    """
    making = iter(pieces)
    pool = ThreadPoolExecutor(1, thread_name_prefix="ahead")
    try:
        coming = deque(pool.submit(next, making, None) for _ in range(AHEAD))
        while (piece := coming.popleft().result()) is not None:
            coming.append(pool.submit(next, making, None))
            yield piece
    finally:
        pool.shutdown(cancel_futures=True)


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
