"""Hashes by which those are known again whose values were purged."""

import contextlib

import polars as pl
import psycopg
from psycopg import sql

from kinsync.store.absences import blanked
from kinsync.store.copying import copy_in
from kinsync.store.database import connect, outages

KEPT = pl.Schema(
    {
        "hash": pl.String(),
        "id": pl.String(),
        "kind": pl.String(),
        "role": pl.String(),
        "is_household": pl.Boolean(),
    }
)
"""One row is one thing by which a student or contact is known again."""

KNOWN = """
SELECT DISTINCT identity.hash, identity.id, identity.is_household FROM identity
JOIN told ON told.hash = identity.hash
WHERE identity.district_id = %(district)s AND EXISTS (
    SELECT 1 FROM {kind} AS record WHERE record.district_id = identity.district_id
    AND record.id = identity.id AND record.until >= %(since)s)
AND NOT EXISTS (
    SELECT 1 FROM {kind} AS record WHERE record.district_id = identity.district_id
    AND record.id = identity.id AND record.until > %(blanked)s)
AND identity.kind = %(kind)s
"""

SKELETONS = """
SELECT DISTINCT record.id, record.legacy_id, EXISTS (
    SELECT 1 FROM identity WHERE identity.district_id = record.district_id
    AND identity.id = record.id AND identity.role = 'sis_id')
FROM contact AS record WHERE record.district_id = %(district)s AND record.id = ANY(%(ids)s)
"""


def keep(cursor: psycopg.Cursor[tuple[object, ...]], district_id: int, rows: pl.DataFrame) -> None:
    """Remember these (``KEPT``)."""
    cursor.execute(
        "CREATE TEMPORARY TABLE known ON COMMIT DROP AS"
        " SELECT hash, id, kind, role, is_household FROM identity LIMIT 0"
    )
    copy_in(
        cursor,
        sql.SQL("known (hash, id, kind, role, is_household)"),
        rows.select(list(KEPT)),
    )
    cursor.execute(
        "INSERT INTO identity (district_id, hash, id, kind, role, is_household)"
        " SELECT %s, hash, id, kind, role, bool_or(is_household) FROM known"
        " GROUP BY hash, id, kind, role ON CONFLICT DO NOTHING",
        (district_id,),
    )
    cursor.execute("DROP TABLE known")


def are_kept(district_id: int) -> bool:
    """Whether anybody of the district is known by hashes alone."""
    with outages(doing="loading identities"), contextlib.closing(connect()) as connection:
        found = connection.execute(
            "SELECT 1 FROM identity WHERE district_id = %s LIMIT 1", (district_id,)
        ).fetchone()
    return found is not None


def known(district_id: int, hashes: pl.Series, *, since: int) -> pl.DataFrame:
    """Who of those without values has one of these hashes: ``hash``, ``id``, ``is_household``.

    ``since`` is the first version whose deletions count.

    Raises:
        TryAgainLater: the database is away.
    """
    values: dict[str, object] = {"district": district_id, "since": since}
    with outages(doing="loading identities"), contextlib.closing(connect()) as connection:
        cursor = connection.cursor()
        cursor.execute('CREATE TEMPORARY TABLE told (hash varchar(32) COLLATE "C") ON COMMIT DROP')
        copy_in(cursor, sql.SQL("told (hash)"), hashes.unique().to_frame("hash"))
        cursor.execute("ANALYZE told")
        values["blanked"] = blanked(connection, district_id)
        rows = []
        for kind in ("student", "contact"):
            statement = sql.SQL(KNOWN).format(kind=sql.Identifier(kind))
            rows += cursor.execute(statement, {**values, "kind": kind}).fetchall()
    schema = {"hash": pl.String, "id": pl.String, "is_household": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def skeletons(district_id: int, ids: pl.Series) -> pl.DataFrame:
    """``id``, ``legacy_id``, ``has_sis_id`` of contacts without values.

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="loading identities"), contextlib.closing(connect()) as connection:
        rows = connection.execute(
            SKELETONS, {"district": district_id, "ids": ids.to_list()}
        ).fetchall()
    schema = {"id": pl.String, "legacy_id": pl.String, "has_sis_id": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")
