"""Whole versions of a district: the published one, earlier ones, and the changes between them.

Some versions are kept whole as Parquet beside the database. That is a cache: its name stands in the
version's row. What is published is the newest one of these with what the tables say has come and
gone since, so a night reads what changed; where the cache is missing or damaged everything comes
from the tables.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from uuid import uuid4

import polars as pl
import psycopg
from psycopg import sql

from kinsync.domain.changes import Changes, KindChanges, Snapshot
from kinsync.domain.errors import ChangeInput, KinsyncError, NotFound
from kinsync.domain.frames import KINDS, PUBLISHED, empty
from kinsync.store.copying import copy_out
from kinsync.store.database import connect, outages
from kinsync.store.folders import remove, subfolders
from kinsync.store.intervals import STILL
from kinsync.store.storage import Frame, Storage, new_frames, scan_frames, write_frames

ROWS_A_PIECE = 250_000
"""Records of one file of a cache that is written as they come."""

MOST_BEHIND = 0.1
"""Records that came or went since a version was kept, as a share of it, until one is kept anew."""

SINCE = sql.SQL("since > {base} AND until = {still}")
CURRENT = sql.SQL("since <= {version} AND {version} < until")
BEGUN = sql.SQL("since = {version}")
ENDED = sql.SQL(
    "until = {version} AND id IN (SELECT ending.id FROM ending WHERE ending.kind = {kind}"
    " AND ending.district_id = {district} AND ending.version = {version})"
)


@dataclass(frozen=True, slots=True)
class Published:
    """What a district publishes now, not read yet: by kind, frames in ``frames.PUBLISHED``.

    ``is_kept`` says whether a cache holds nearly all of it; where not, the next publish should
    write one.
    """

    frames: Mapping[str, pl.LazyFrame]
    is_kept: bool

    def after(self, changes: Changes) -> "Published":
        """The same once these changes are published; not read yet either."""
        return Published(
            {kind: _changed(self.frames[kind], changes.kinds[kind]) for kind in KINDS}, is_kept=True
        )

    def only(self, columns: Mapping[str, Sequence[str]]) -> Snapshot:
        """All of it, with these columns alone: of millions nothing else is read."""
        return Snapshot(
            {
                kind: self.frames[kind].select(columns[kind]).collect(engine="streaming")
                for kind in KINDS
            }
        )

    def snapshot(self) -> Snapshot:
        """All of it, in the order of ids."""
        frames = {kind: frame.collect() for kind, frame in self.frames.items()}
        return Snapshot(
            {
                kind: frame if frame["id"].is_sorted() else frame.sort("id")
                for kind, frame in frames.items()
            }
        )


def _changed(frame: pl.LazyFrame, changes: KindChanges) -> pl.LazyFrame:
    if changes.is_empty:
        return frame
    gone = pl.concat([changes.previous["id"], changes.deleted["id"]])
    still = frame.filter(~pl.col("id").is_in(gone.implode()))
    return pl.concat([still, changes.updated.lazy(), changes.created.lazy()])


def load(district_id: int, *, storage: Storage) -> Snapshot:
    """What the district publishes now; nothing before its first version.

    Raises:
        TryAgainLater: the database is away.
    """
    return published(district_id, storage=storage).snapshot()


def published(district_id: int, *, storage: Storage) -> Published:
    """The same, without reading it yet. For whoever holds the district's lock.

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="loading"), contextlib.closing(connect()) as connection:
        row = connection.execute(
            "SELECT public_id, published FROM district WHERE id = %s", (district_id,)
        ).fetchone()
        if row is None:
            raise NotFound(f"There is no district {district_id}.")
        public_id, version = row
        if version == 0:
            return _whole(Snapshot.of_nothing())
        base, name = newest_cache(connection, district_id)
        kept = _from_cache(storage, public_id, name)
        if kept is None:
            return _whole(_at(connection, district_id, version))
        if base == version:
            return Published(kept, is_kept=True)
        return _with_later(connection, kept, district_id, base)


def newest_cache(connection: psycopg.Connection, district_id: int) -> tuple[int, str]:
    """The newest version that is kept whole, and the name of its folder; or 0 and nothing."""
    row = connection.execute(
        "SELECT number, cache FROM version WHERE district_id = %s AND cache <> ''"
        " ORDER BY number DESC LIMIT 1",
        (district_id,),
    ).fetchone()
    return (0, "") if row is None else (int(row[0]), str(row[1]))


def _whole(snapshot: Snapshot) -> Published:
    lazy = {kind: frame.lazy() for kind, frame in snapshot.frames.items()}
    return Published(lazy, is_kept=False)


def _with_later(
    connection: psycopg.Connection, kept: Mapping[str, pl.LazyFrame], district_id: int, base: int
) -> Published:
    """What is kept of version ``base``, without what ended since, and with what began."""
    frames = {}
    behind = whole = 0
    for kind in KINDS:
        since = SINCE.format(base=sql.Literal(base), still=sql.Literal(STILL))
        later = read_records(connection, kind, district_id, since)
        ended = connection.execute(
            "SELECT id FROM ending WHERE district_id = %s AND kind = %s AND version > %s",
            (district_id, kind, base),
        )
        gone = pl.Series("id", [id_ for (id_,) in ended], dtype=pl.String)
        behind += max(later.height, gone.len())
        whole += kept[kind].select(pl.len()).collect().item()
        still = kept[kind].filter(~pl.col("id").is_in(gone.implode())) if gone.len() else kept[kind]
        frames[kind] = pl.concat([still, later.lazy()]) if later.height else still
    return Published(frames, is_kept=behind <= MOST_BEHIND * whole)


def as_of(district_id: int, version: int) -> Snapshot:
    """What the district published as ``version``.

    Raises:
        NotFound: it has no such version.
        ChangeInput: what it was is purged.
        TryAgainLater: the database is away.
    """
    with outages(doing="loading"), contextlib.closing(connect()) as connection:
        check_version(connection, district_id, version)
        return _at(connection, district_id, version)


def of_kind(district_id: int, version: int, kind: str) -> pl.DataFrame:
    """The records of one kind that the district published as ``version``.

    Raises:
        TryAgainLater: the database is away.
    """
    condition = CURRENT.format(version=sql.Literal(version))
    with outages(doing="loading"), contextlib.closing(connect()) as connection:
        return read_records(connection, kind, district_id, condition)


def changes_of(district_id: int, version: int) -> Changes:
    """What ``version`` changed against the version before it, in the order of ids.

    Raises:
        NotFound: there is no such version.
        ChangeInput: what it was, or the one before, is purged.
        TryAgainLater: the database is away.
    """
    with outages(doing="loading"), contextlib.closing(connect()) as connection:
        check_version(connection, district_id, version)
        if version > 1:
            check_version(connection, district_id, version - 1)
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


def turned(district_id: int, changes: Changes) -> pl.DataFrame:
    """Pointers turned round (``from_id``, ``into_id``): of records that come back under the id that
    points to one which goes.

    Raises:
        TryAgainLater: the database is away.
    """
    created = pl.concat([changes.kinds[kind].created["id"] for kind in KINDS])
    deleted = pl.concat([changes.kinds[kind].deleted["id"] for kind in KINDS])
    with outages(doing="loading"), contextlib.closing(connect()) as connection:
        found = connection.execute(
            "SELECT into_id, from_id FROM contact_merge WHERE district_id = %s", (district_id,)
        ).fetchall()
    schema = {"from_id": pl.String, "into_id": pl.String}
    pointers = pl.DataFrame(found, schema=schema, orient="row").filter(
        pl.col("from_id").is_in(deleted.implode()), pl.col("into_id").is_in(created.implode())
    )
    return pointers.unique("from_id", keep="first").sort("from_id")


def cache_name(version: int, sync_id: int) -> str:
    """A folder name for one attempt to publish: no other attempt is ever mistaken for it."""
    return f"v{version}-{sync_id}-{uuid4().hex[:8]}"


def write_cache(storage: Storage, public_id: str, name: str, frames: Mapping[str, Frame]) -> None:
    """Keep the frames of a snapshot that is about to be published.

    Raises:
        TryAgainLater: the disk is full.
    """
    write_frames(storage.district(public_id) / name, frames)


@contextlib.contextmanager
def keeping(
    storage: Storage, public_id: str, name: str, records: Iterable[tuple[str, pl.DataFrame]]
) -> Iterator[Iterator[tuple[str, pl.DataFrame]]]:
    """The records of a first version (kind and frame), kept as they pass.

    At the end of the ``with`` the cache holds all that passed, or is not there.

    Raises:
        TryAgainLater: the disk is full.
    """
    with new_frames(storage.district(public_id) / name) as add:

        def passing() -> Iterator[tuple[str, pl.DataFrame]]:
            for number, (kind, piece) in enumerate(_gathered(records)):
                add(f"{kind}.{number:06d}", piece)
                yield kind, piece

        yield passing()


def kept_pieces(
    storage: Storage, public_id: str, name: str
) -> Mapping[str, Sequence[pl.LazyFrame]]:
    """What was kept there, by kind; not read yet."""
    return _by_kind(scan_frames(storage.district(public_id) / name))


def _gathered(
    records: Iterable[tuple[str, pl.DataFrame]],
) -> Iterator[tuple[str, pl.DataFrame]]:
    """The same records in fewer pieces, and at least one for each kind."""
    of_kinds = groupby(records, key=itemgetter(0))
    kind_there, of_kind = next(of_kinds, ("", iter(())))
    for kind in KINDS:
        pieces = [empty(PUBLISHED[kind])]
        while kind_there == kind:
            for _, piece in of_kind:
                pieces.append(piece)
                if sum(frame.height for frame in pieces) >= ROWS_A_PIECE:
                    yield kind, pl.concat(pieces)
                    pieces = []
            kind_there, of_kind = next(of_kinds, ("", iter(())))
        if pieces:
            yield kind, pl.concat(pieces)


def _by_kind(frames: Mapping[str, pl.LazyFrame]) -> dict[str, list[pl.LazyFrame]]:
    """Frames in the order of their names, by the kind with which these begin."""
    return {
        kind: [frames[name] for name in sorted(frames) if name.partition(".")[0] == kind]
        for kind in KINDS
    }


def forget_cache(storage: Storage, public_id: str, name: str) -> None:
    """Remove one cache that was not published."""
    remove(storage.district(public_id) / name)


def forget_caches(storage: Storage, public_id: str, version: int, *, keep: str) -> None:
    """Remove the caches up to ``version`` but one, as far as that is possible."""
    district = storage.district(public_id)
    with contextlib.suppress(KinsyncError):
        for name in subfolders(district):
            number = name[1:].partition("-")[0]
            is_cache = name.startswith("v") and number.isdigit()
            if name != keep and is_cache and int(number) <= version:
                remove(district / name)


def _from_cache(storage: Storage, public_id: str, name: str) -> Mapping[str, pl.LazyFrame] | None:
    if not name:
        return None
    with contextlib.suppress(KinsyncError, pl.exceptions.PolarsError):
        pieces = _by_kind(scan_frames(storage.district(public_id) / name))
        frames = {kind: pl.concat(pieces[kind]) for kind in KINDS if pieces[kind]}
        if {kind: frame.collect_schema() for kind, frame in frames.items()} == PUBLISHED:
            return frames
    return None


def check_version(connection: psycopg.Connection, district_id: int, version: int) -> None:
    found = connection.execute(
        "SELECT purged_at FROM version WHERE district_id = %s AND number = %s",
        (district_id, version),
    ).fetchone()
    if found is None:
        raise NotFound(f"The district has no version {version}.")
    if found[0] is not None:
        raise ChangeInput(
            f"Version {version} was purged on {found[0]:%Y-%m-%d}: the values of who was deleted "
            "or changed are not kept so long. 'kinsync versions' shows which can be restored."
        )


def _at(connection: psycopg.Connection, district_id: int, version: int) -> Snapshot:
    condition = CURRENT.format(version=sql.Literal(version))
    return Snapshot(
        {kind: read_records(connection, kind, district_id, condition) for kind in KINDS}
    )


def _changes_of_kind(
    connection: psycopg.Connection, district_id: int, version: int, kind: str
) -> KindChanges:
    """A record that begins and ends at the same version was updated."""
    values = {
        "version": sql.Literal(version),
        "district": sql.Literal(district_id),
        "kind": sql.Literal(kind),
    }
    begun = read_records(connection, kind, district_id, BEGUN.format(**values))
    ended = read_records(connection, kind, district_id, ENDED.format(**values))
    return KindChanges(
        created=begun.join(ended, on="id", how="anti", maintain_order="left"),
        updated=begun.join(ended, on="id", how="semi", maintain_order="left"),
        previous=ended.join(begun, on="id", how="semi", maintain_order="left"),
        deleted=ended.join(begun, on="id", how="anti", maintain_order="left"),
    )


def read_records(
    connection: psycopg.Connection, kind: str, district_id: int, condition: sql.Composable
) -> pl.DataFrame:
    """Records of one kind in the order of their ids, in the schema in which they are published."""
    select = sql.SQL(
        "SELECT {columns} FROM {kind} AS record WHERE district_id = {district} AND {condition}"
    ).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, PUBLISHED[kind])),
        kind=sql.Identifier(kind),
        district=sql.Literal(district_id),
        condition=condition,
    )
    schema = PUBLISHED[kind]
    blocks = [schema.to_frame(), *copy_out(connection, select, schema)]
    return pl.concat(blocks, rechunk=False).sort("id")
