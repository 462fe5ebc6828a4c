"""Whole versions of a district: the published one, earlier ones, and the changes between them.

The published version is kept as Parquet beside the database. That is a cache: its name stands in
the version's row, and where it is missing or damaged the same frames come from the tables.
"""

import contextlib
import io
from uuid import uuid4

import polars as pl
import psycopg
from psycopg import sql

from kinsync.domain.changes import Changes, KindChanges, Snapshot
from kinsync.domain.errors import KinsyncError, NotFound
from kinsync.domain.frames import KINDS, PUBLISHED
from kinsync.store.database import connect, outages
from kinsync.store.folders import remove, subfolders
from kinsync.store.intervals import STILL
from kinsync.store.storage import Storage, read_frames, write_frames

BYTES_AT_ONCE = 32_000_000
"""CSV that is gathered before it becomes a frame."""

CURRENT = sql.SQL("since <= {version} AND {version} < until")
BEGUN = sql.SQL("since = {version}")
ENDED = sql.SQL(
    "until = {version} AND id IN (SELECT ending.id FROM ending WHERE ending.kind = {kind}"
    " AND ending.district_id = {district} AND ending.version = {version})"
)
GONE = sql.SQL(
    "id IN (SELECT ending.id FROM ending WHERE ending.kind = {kind}"
    " AND ending.district_id = {district} AND ending.version >= {since})"
    " AND until >= {since} AND until < {still}"
    " AND NOT EXISTS (SELECT 1 FROM {table} AS later WHERE later.district_id = {district}"
    " AND later.id = record.id AND later.since >= record.until)"
)


def load(district_id: int, *, storage: Storage) -> Snapshot:
    """What the district publishes now; nothing before its first version.

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="loading"), contextlib.closing(connect()) as connection:
        row = connection.execute(
            "SELECT public_id, published, coalesce(cache, '') FROM district LEFT JOIN version"
            " ON district_id = district.id AND number = published WHERE district.id = %s",
            (district_id,),
        ).fetchone()
        if row is None:
            raise NotFound(f"There is no district {district_id}.")
        public_id, published, cache = row
        if published == 0:
            return Snapshot.of_nothing()
        return _from_cache(storage, public_id, cache) or _at(connection, district_id, published)


def as_of(district_id: int, version: int) -> Snapshot:
    """What the district published as ``version``.

    Raises:
        NotFound: it has no such version.
        TryAgainLater: the database is away.
    """
    with outages(doing="loading"), contextlib.closing(connect()) as connection:
        _check_version(connection, district_id, version)
        return _at(connection, district_id, version)


def changes_of(district_id: int, version: int) -> Changes:
    """What ``version`` changed against the version before it, in the order of ids.

    Raises:
        NotFound: there is no such version.
        TryAgainLater: the database is away.
    """
    with outages(doing="loading"), contextlib.closing(connect()) as connection:
        _check_version(connection, district_id, version)
        kinds = {kind: _changes_of_kind(connection, district_id, version, kind) for kind in KINDS}
        merged = pl.DataFrame(
            connection.execute(
                "SELECT from_id, into_id FROM contact_merge"
                " WHERE district_id = %s AND version = %s ORDER BY from_id",
                (district_id, version),
            ).fetchall(),
            schema={"from_id": pl.String, "into_id": pl.String},
            orient="row",
        )
        return Changes(kinds, merged)


def absent(district_id: int, *, since: int) -> Snapshot:
    """Records that were published once and are gone now, as they last were.

    ``since`` is the first version whose deletions count: whoever returns later gets a new id.

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="loading"), contextlib.closing(connect()) as connection:
        return Snapshot({kind: _absent(connection, district_id, since, kind) for kind in KINDS})


def cache_name(version: int, sync_id: int) -> str:
    """A folder name for one attempt to publish: no other attempt is ever mistaken for it."""
    return f"v{version}-{sync_id}-{uuid4().hex[:8]}"


def write_cache(storage: Storage, public_id: str, name: str, snapshot: Snapshot) -> None:
    """Keep a snapshot that is about to be published.

    Raises:
        TryAgainLater: the disk is full.
    """
    write_frames(storage.district(public_id) / name, snapshot.frames)


def forget_caches(storage: Storage, public_id: str, version: int, *, keep: str) -> None:
    """Remove the caches up to ``version`` but one, as far as that is possible."""
    district = storage.district(public_id)
    with contextlib.suppress(KinsyncError):
        for name in subfolders(district):
            number = name[1:].partition("-")[0]
            is_cache = name.startswith("v") and number.isdigit()
            if name != keep and is_cache and int(number) <= version:
                remove(district / name)


def _from_cache(storage: Storage, public_id: str, name: str) -> Snapshot | None:
    if not name:
        return None
    with contextlib.suppress(KinsyncError):
        frames = read_frames(storage.district(public_id) / name)
        if all(frames.get(kind, pl.DataFrame()).schema == PUBLISHED[kind] for kind in KINDS):
            return Snapshot(frames)
    return None


def _check_version(connection: psycopg.Connection, district_id: int, version: int) -> None:
    found = connection.execute(
        "SELECT 1 FROM version WHERE district_id = %s AND number = %s", (district_id, version)
    ).fetchone()
    if found is None:
        raise NotFound(f"The district has no version {version}.")


def _at(connection: psycopg.Connection, district_id: int, version: int) -> Snapshot:
    condition = CURRENT.format(version=sql.Literal(version))
    return Snapshot({kind: _read(connection, kind, district_id, condition) for kind in KINDS})


def _changes_of_kind(
    connection: psycopg.Connection, district_id: int, version: int, kind: str
) -> KindChanges:
    """A record that begins and ends at the same version was updated."""
    values = {
        "version": sql.Literal(version),
        "district": sql.Literal(district_id),
        "kind": sql.Literal(kind),
    }
    begun = _read(connection, kind, district_id, BEGUN.format(**values))
    ended = _read(connection, kind, district_id, ENDED.format(**values))
    return KindChanges(
        created=begun.join(ended, on="id", how="anti", maintain_order="left"),
        updated=begun.join(ended, on="id", how="semi", maintain_order="left"),
        previous=ended.join(begun, on="id", how="semi", maintain_order="left"),
        deleted=ended.join(begun, on="id", how="anti", maintain_order="left"),
    )


def _absent(
    connection: psycopg.Connection, district_id: int, since: int, kind: str
) -> pl.DataFrame:
    condition = GONE.format(
        since=sql.Literal(since),
        still=sql.Literal(STILL),
        table=sql.Identifier(kind),
        kind=sql.Literal(kind),
        district=sql.Literal(district_id),
    )
    return _read(connection, kind, district_id, condition)


def _read(
    connection: psycopg.Connection, kind: str, district_id: int, condition: sql.Composable
) -> pl.DataFrame:
    """Records of one kind in the order of their ids, in the schema in which they are published."""
    statement = sql.SQL(
        "COPY (SELECT {columns} FROM {kind} AS record WHERE district_id = {district}"
        " AND {condition}) TO STDOUT (FORMAT csv)"
    ).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, PUBLISHED[kind])),
        kind=sql.Identifier(kind),
        district=sql.Literal(district_id),
        condition=condition,
    )
    blocks = [PUBLISHED[kind].to_frame()]
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        gathered = io.BytesIO()
        for row in copy:  # one row at a time, so that a block never ends within one
            gathered.write(row)
            if gathered.tell() >= BYTES_AT_ONCE:
                blocks.append(_frame(gathered, kind))
                gathered = io.BytesIO()
        if gathered.tell():
            blocks.append(_frame(gathered, kind))
    return pl.concat(blocks, rechunk=False).sort("id")


def _frame(csv: io.BytesIO, kind: str) -> pl.DataFrame:
    """A frame from PostgreSQL's CSV, where '' is quoted and null is not; Polars sees the quotes."""
    return pl.read_csv(
        csv.getvalue(), has_header=False, schema=PUBLISHED[kind], empty_string_is_null=True
    )
