"""Records that were published once and are gone, as long as their values are kept."""

import contextlib

import polars as pl
import psycopg
from psycopg import sql

from kinsync.domain.changes import Snapshot
from kinsync.domain.frames import KINDS
from kinsync.store.database import connect, outages
from kinsync.store.intervals import STILL
from kinsync.store.snapshots import read_records

GONE = sql.SQL(
    "id IN (SELECT ending.id FROM ending WHERE ending.kind = {kind}"
    " AND ending.district_id = {district} AND ending.version >= {since})"
    " AND until >= {since} AND until <= {upto}"
    " AND NOT EXISTS (SELECT 1 FROM {table} AS later WHERE later.district_id = {district}"
    " AND later.id = record.id AND later.since >= record.until)"
)


def absent(district_id: int, *, since: int) -> Snapshot:
    """Records that were published once and are gone now, as they last were.

    ``since`` is the first version whose deletions count: whoever returns later gets a new id. Of
    students and contacts those alone whose values are not purged; ``store.identities`` knows the
    others.

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="loading"), contextlib.closing(connect()) as connection:
        told = max(since, blanked(connection, district_id) + 1)
        since_when = {"student": told, "contact": told}
        return Snapshot(
            {
                kind: gone(connection, district_id, kind, since_when.get(kind, since))
                for kind in KINDS
            }
        )


def blanked(connection: psycopg.Connection, district_id: int) -> int:
    """Records whose interval ended up to this version have no values any more; 0 where none."""
    row = connection.execute(
        "SELECT max(number) + 1 FROM version WHERE district_id = %s AND purged_at IS NOT NULL",
        (district_id,),
    ).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def gone(
    connection: psycopg.Connection, district_id: int, kind: str, since: int, upto: int = STILL - 1
) -> pl.DataFrame:
    """Records of one kind that are gone since a version from ``since`` to ``upto``."""
    condition = GONE.format(
        since=sql.Literal(since),
        upto=sql.Literal(upto),
        table=sql.Identifier(kind),
        kind=sql.Literal(kind),
        district=sql.Literal(district_id),
    )
    return read_records(connection, kind, district_id, condition)
