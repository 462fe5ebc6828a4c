"""Pairs of contacts that look alike, as they were found in the published version."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from psycopg import sql

from kinsync.domain.alike import ALIKE, TURNED
from kinsync.store.copying import copy_in
from kinsync.store.database import connect, outages
from kinsync.store.gate import district_reader
from kinsync.store.intervals import STILL

LISTED = """
SELECT pair.low_id, pair.high_id, pair.score, pair.reasons, low.name, high.name, said.verdict,
    said.decided_by, said.decided_at
FROM alike_pair AS pair
JOIN LATERAL (SELECT name, until FROM contact WHERE contact.district_id = pair.district_id
    AND contact.id = pair.low_id ORDER BY since DESC LIMIT 1) AS low ON true
JOIN LATERAL (SELECT name, until FROM contact WHERE contact.district_id = pair.district_id
    AND contact.id = pair.high_id ORDER BY since DESC LIMIT 1) AS high ON true
LEFT JOIN same_person AS said ON said.district_id = pair.district_id
    AND said.low_id = pair.low_id AND said.high_id = pair.high_id AND said.undone_at IS NULL
WHERE pair.district_id = %(district)s AND pair.score <= %(score)s
AND (pair.score < %(score)s OR (pair.low_id, pair.high_id) > (%(low)s, %(high)s))
AND greatest(low.until, high.until) = %(still)s
AND coalesce(said.verdict, 'open') = ANY(%(states)s)
ORDER BY pair.score DESC, pair.low_id, pair.high_id LIMIT %(limit)s
"""
"""Of a pair one at least is there; the other may have gone as that one came."""

TURNED_SQL = """
SELECT DISTINCT old.id, new.id FROM ending
JOIN contact AS old ON old.district_id = ending.district_id AND old.id = ending.id
    AND old.until = ending.version AND old.name IS NOT NULL
JOIN relationship AS was ON was.district_id = old.district_id AND was.contact_id = old.id
    AND was.until = old.until
JOIN relationship AS tie ON tie.district_id = was.district_id AND tie.student_id = was.student_id
    AND tie.since = ending.version AND tie.contact_id <> old.id
JOIN contact AS new ON new.district_id = tie.district_id AND new.id = tie.contact_id
    AND new.created = ending.version AND new.until = %(still)s
WHERE ending.district_id = %(district)s AND ending.kind = 'contact'
AND ending.version > coalesce((SELECT max(number) + 1 FROM version
    WHERE version.district_id = %(district)s AND purged_at IS NOT NULL), 0)
AND NOT EXISTS (SELECT 1 FROM contact AS later WHERE later.district_id = old.district_id
    AND later.id = old.id AND later.since >= old.until)
AND NOT EXISTS (SELECT 1 FROM contact_merge WHERE contact_merge.district_id = old.district_id
    AND from_id = old.id)
"""

FIRST = (100, "", "")
"""Before the best pair there is."""

Key = tuple[int, str, str]
"""Score and both ids of a pair: where a list goes on."""


@dataclass(frozen=True, slots=True)
class AlikePair:
    """One pair that looks alike, the names of both, and what is decided about it."""

    low_id: str
    high_id: str
    score: int
    reasons: list[str]
    low_name: str | None
    high_name: str | None
    verdict: str | None
    decided_by: str | None
    decided_at: datetime | None

    @property
    def key(self) -> Key:
        return self.score, self.low_id, self.high_id


def turned(district_id: int) -> pl.DataFrame:
    """Who went, and who came to the same student in the same version and is there (``TURNED``).

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="looking for pairs"), contextlib.closing(connect()) as connection:
        rows = connection.execute(TURNED_SQL, {"district": district_id, "still": STILL})
        return pl.DataFrame(rows.fetchall(), schema=TURNED, orient="row")


def found_for(district_id: int) -> int:
    """The version whose pairs are kept; 0 where none were ever looked for.

    Raises:
        TryAgainLater: the database is away.
    """
    with district_reader(district_id) as cursor:
        cursor.execute(
            "SELECT coalesce(max(number), 0) FROM version"
            " WHERE district_id = %s AND alike_at IS NOT NULL",
            (district_id,),
        )
        return int(cursor.fetchone()[0])


def keep(district_id: int, version: int, pairs: pl.DataFrame, *, at: datetime) -> None:
    """Keep these pairs (``ALIKE``), and no others, as those of that version.

    Those of a later version are left as they are.

    Raises:
        TryAgainLater: the database is away; the pairs of before stay.
    """
    spelt = pl.concat_str(pl.lit("{"), pl.col("reasons").list.join(","), pl.lit("}"))
    rows = pairs.select(pl.lit(district_id).alias("district_id"), *ALIKE).with_columns(
        spelt.alias("reasons")
    )
    with outages(doing="keeping pairs"), contextlib.closing(connect()) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM district WHERE id = %s FOR NO KEY UPDATE", (district_id,))
            cursor.execute(
                "SELECT 1 FROM version WHERE district_id = %s AND number > %s"
                " AND alike_at IS NOT NULL",
                (district_id, version),
            )
            if cursor.fetchone() is not None:
                return
            cursor.execute("DELETE FROM alike_pair WHERE district_id = %s", (district_id,))
            copy_in(
                cursor,
                sql.SQL("alike_pair (district_id, low_id, high_id, score, reasons)"),
                rows,
            )
            cursor.execute(
                "UPDATE version SET alike_at = %s WHERE district_id = %s AND number = %s",
                (at, district_id, version),
            )
        connection.commit()


def page(district_id: int, *, states: Sequence[str], after: Key, limit: int) -> list[AlikePair]:
    """Up to ``limit`` pairs after a key, the best first.

    ``states`` are verdicts, or ``open`` for pairs about which nothing is decided.

    Raises:
        TryAgainLater: the database is away.
    """
    score, low, high = after
    values: dict[str, Any] = {
        "district": district_id, "states": list(states), "limit": limit,
        "score": score, "low": low, "high": high, "still": STILL,
    }  # fmt: skip
    with district_reader(district_id) as cursor:
        cursor.execute(LISTED, values)
        return [AlikePair(*row) for row in cursor.fetchall()]


def pair(district_id: int, low_id: str, high_id: str) -> tuple[int, list[str]] | None:
    """Score and reasons of one pair, where it looks alike.

    Raises:
        TryAgainLater: the database is away.
    """
    with district_reader(district_id) as cursor:
        cursor.execute(
            "SELECT score, reasons FROM alike_pair"
            " WHERE district_id = %s AND low_id = %s AND high_id = %s",
            (district_id, low_id, high_id),
        )
        row = cursor.fetchone()
    return None if row is None else (int(row[0]), list(row[1]))
