"""Ids: 24 hex digits that ascend in order of creation, handed out in blocks.

Eight digits are the second of the hand-out, sixteen a counter that never goes back. The clock of a
machine may: the seconds of an id are never less than those of the id before. Ids that came from
elsewhere (``store.adopted``) may lie anywhere, ahead of the clock too: a block that would meet one
is left out.
"""

import contextlib
import time

import numpy as np
import polars as pl
import psycopg

from kinsync.domain.errors import Defect
from kinsync.store.database import connect, outages

TAKE = """
UPDATE id_clock
SET seconds = greatest(seconds, %(now)s), counter = counter + %(count)s
WHERE id = 1
RETURNING seconds, counter
"""
SPOKEN_FOR = """
SELECT EXISTS (SELECT FROM adopted WHERE id BETWEEN %(first)s AND %(last)s)
    OR EXISTS (SELECT FROM adopted WHERE legacy_id BETWEEN %(first)s AND %(last)s)
"""
HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


def allocate(count: int, *, now: float | None = None) -> pl.Series:
    """``count`` new ids, ascending, as one text column.

    They are taken in a transaction of their own: a sync that fails leaves a gap, never a repeat.

    Raises:
        TryAgainLater: the database is away.
    """
    if count == 0:
        return pl.Series("id", [], dtype=pl.String)
    seconds = int(time.time() if now is None else now)
    with outages(doing="numbering"), contextlib.closing(connect(autocommit=True)) as connection:
        while True:
            ids = _take(connection, seconds, count)
            block = {"first": ids[0], "last": ids[-1]}
            if connection.execute(SPOKEN_FOR, block).fetchone() == (False,):
                return ids


def _take(connection: psycopg.Connection, seconds: int, count: int) -> pl.Series:
    row = connection.execute(TAKE, {"now": seconds, "count": count}).fetchone()
    if row is None:
        raise Defect("The id clock is missing. Nothing was published. Please report it.")
    return _spell(row[0], row[1] - count + 1, count)


def allocate_one() -> str:
    """One new id, for a district or an application."""
    return str(allocate(1)[0])


def _spell(seconds: int, first: int, count: int) -> pl.Series:
    """Ids of ``count`` consecutive numbers from ``first`` on, in the order of the numbers."""
    numbers = np.arange(first, first + count, dtype=np.uint64)
    digits = np.empty((count, 24), dtype=np.uint8)
    digits[:, :8] = np.frombuffer(b"%08x" % seconds, dtype=np.uint8)
    for place in range(16):
        nibble = (numbers >> np.uint64(4 * (15 - place))) & np.uint64(15)
        digits[:, 8 + place] = HEX[nibble.astype(np.intp)]
    fixed = digits.reshape(-1).view("S24")
    return pl.Series("id", fixed).cast(pl.Binary).cast(pl.String)
