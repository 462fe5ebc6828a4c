"""Excerpts: some records of a district, where all of them would be too much."""

import contextlib
from collections.abc import Sequence

import polars as pl
from psycopg import sql

from kinsync.domain.changes import Snapshot
from kinsync.domain.frames import KINDS
from kinsync.store.database import connect, outages
from kinsync.store.intervals import STILL
from kinsync.store.snapshots import SINCE, check_version, read_records

GONE_SINCE = sql.SQL(
    "since <= {version} AND {version} < until AND until < {still} AND id IN (SELECT ending.id"
    " FROM ending WHERE ending.kind = {kind} AND ending.district_id = {district}"
    " AND ending.version > {version})"
)
SOME = sql.SQL("id = ANY({ids}) AND until = {still}")
SAME_TIES = sql.SQL("since <= {version} AND until = {still} AND contact_id = ANY({people})")


def between(district_id: int, version: int) -> tuple[Snapshot, Snapshot]:
    """What differs between an earlier version and what is published now: as it was, and as it is.

    With restricted people come all their relationships, also those that are the same.

    Raises:
        NotFound: the district has no such version.
        ChangeInput: what it was is purged.
        TryAgainLater: the database is away.
    """
    values = {
        "version": sql.Literal(version),
        "base": sql.Literal(version),
        "still": sql.Literal(STILL),
        "district": sql.Literal(district_id),
    }
    with outages(doing="loading"), contextlib.closing(connect()) as connection:
        check_version(connection, district_id, version)
        then, now = (
            {
                kind: read_records(
                    connection,
                    kind,
                    district_id,
                    condition.format(**values, kind=sql.Literal(kind)),
                )
                for kind in KINDS
            }
            for condition in (GONE_SINCE, SINCE)
        )
        ties = pl.concat([then["relationship"], now["relationship"]])
        people = ties.filter(pl.col("restricted").is_not_null())["contact_id"].unique().to_list()
        same = SAME_TIES.format(**values, people=sql.Literal(people))
        more = read_records(connection, "relationship", district_id, same)
    for frames in (then, now):
        frames["relationship"] = pl.concat([frames["relationship"], more]).sort("id")
    return Snapshot(then), Snapshot(now)


def some(district_id: int, kind: str, ids: Sequence[str]) -> pl.DataFrame:
    """These records as they are published now, in the order of ids; not those that are not there.

    Raises:
        TryAgainLater: the database is away.
    """
    condition = SOME.format(ids=sql.Literal(list(ids)), still=sql.Literal(STILL))
    with outages(doing="loading"), contextlib.closing(connect()) as connection:
        return read_records(connection, kind, district_id, condition)
