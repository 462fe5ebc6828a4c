"""The records of a district that has none yet: straight into the tables."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import groupby
from operator import itemgetter

import polars as pl
from psycopg import sql

from kinsync.domain.frames import PUBLISHED
from kinsync.store.copying import Cursor, copy_texts, made_ahead, spelt

Records = Iterable[tuple[str, pl.DataFrame]]
"""The records of a first version: a kind and a frame at a time, in the order of ``KINDS``."""


def load_first(
    cursor: Cursor, values: Mapping[str, int], records: Records, step: Callable[[str], None]
) -> None:
    """Copy records into the tables of their kinds, with ``values`` before their own.

    They are made and spelt out in a thread while the database takes those before them.
    """
    with closing(made_ahead(_spelt(records, values))) as texts:
        for kind, of_kind in groupby(texts, key=itemgetter(0)):
            target = sql.SQL("{} ({})").format(
                sql.Identifier(kind),
                sql.SQL(", ").join(map(sql.Identifier, [*values, *PUBLISHED[kind]])),
            )
            copy_texts(cursor, target, (text for _, text in of_kind))
            step(f"insert-{kind}")


def _spelt(records: Records, values: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
    """Records as CSV, a kind and some rows at a time."""
    first = [pl.lit(value).alias(name) for name, value in values.items()]
    for kind, piece in records:
        for text in spelt(piece, first):
            yield kind, text
