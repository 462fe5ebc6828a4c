"""Making one new version of a district: one transaction, whole or not at all.

Records that change or go have their interval closed; records that come or change get a new one.
Readers look at the district's ``published`` number, which is flipped last. A crash before the
commit leaves nothing visible, and the same call repeats the work; a call for a sync that is
published already answers its version and does nothing.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from kinsync.domain.changes import Changes, FirstChanges, KindChanges, Snapshot
from kinsync.domain.errors import Conflict, Defect, TryAgainLater
from kinsync.domain.frames import KINDS, PUBLISHED
from kinsync.store import feeds, merging, snapshots
from kinsync.store.copying import Cursor, copy_in
from kinsync.store.database import connect, outages
from kinsync.store.first_load import Records, load_first
from kinsync.store.intervals import STILL
from kinsync.store.storage import Storage
from kinsync.store.sync_states import OPEN_STATES

STEPS = (
    "begin",
    *(f"close-{kind}" for kind in KINDS),
    *(f"insert-{kind}" for kind in KINDS),
    "merges",
    "feeds",
    "cache",
    "version",
    "flip",
    "sync",
    "before-commit",
    "after-commit",
)
"""The named moments of a publish, in order; ``step`` is told each when it is reached."""

MANY_ROWS = 50_000
"""New rows of a kind from which on the planner's statistics are refreshed at once."""

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Publication:
    """What is to become the next version of a district.

    ``changes`` carry final ids and were found against version ``base``. ``snapshot`` is what the
    district will then be, read or not; it is kept as a cache where given. ``cache`` names one that
    is kept already.
    """

    district_id: int
    sync_id: int
    base: int
    changes: Changes
    at: datetime
    origin: str = "sync"
    counts: Mapping[str, object] = field(default_factory=dict)
    snapshot: Snapshot | snapshots.Published | None = None
    cache: str = ""

    @property
    def version(self) -> int:
        return self.base + 1


def publish(publication: Publication, *, storage: Storage, step: Step = lambda _name: None) -> int:
    """Publish one version and answer its number.

    Raises:
        Conflict: the district has moved on since ``base``; compare again.
        TryAgainLater: the database or the disk is away. Nothing was published, unless the answer to
            the commit was lost; the retry finds out.
        Defect: the changes do not fit what is published.
    """
    return _publish(publication, None, storage, step).version


def publish_first(
    publication: Publication,
    records: Records,
    *,
    storage: Storage,
    step: Step = lambda _name: None,
) -> Changes:
    """Publish the first version of a district and answer its changes.

    The ``records`` are made while those before them are written, and are kept in the publication's
    ``cache`` on the way. Raises as ``publish``.
    """
    return _publish(publication, records, storage, step).changes


def _publish(
    publication: Publication, records: Records | None, storage: Storage, step: Step
) -> Publication:
    """The publication, with the changes that were written."""
    with outages(doing="publishing"), contextlib.closing(connect()) as connection:
        with connection.cursor() as cursor:
            public_id = _begin(cursor, publication)
            if _version_of(cursor, publication) is not None:
                connection.rollback()
                return publication
            _check_owner(cursor, publication)
            _check_base(cursor, publication)
            step("begin")
            if records is None:
                _write_changes(cursor, publication, step)
            else:
                publication = _write_first(cursor, publication, records, storage, public_id, step)
            merging.write(cursor, publication.district_id, publication.version, publication.changes)
            step("merges")
            _tell_connections(cursor, publication, storage)
            step("feeds")
            cache = _write_cache(publication, storage, public_id)
            step("cache")
            _write_version(cursor, publication, cache, step)
            step("before-commit")
        _commit(connection, publication)
        step("after-commit")
        _refresh_statistics(connection, publication.changes)
        _forget_caches(connection, publication, storage, public_id)
    return publication


def _forget_caches(
    connection: psycopg.Connection, publication: Publication, storage: Storage, public_id: str
) -> None:
    """Remove the caches that nobody reads any more, and those of attempts that were killed."""
    with contextlib.suppress(psycopg.Error):  # published is published
        _, kept = snapshots.newest_cache(connection, publication.district_id)
        snapshots.forget_caches(storage, public_id, publication.version, keep=kept)


def _begin(cursor: Cursor, publication: Publication) -> str:
    """Keep every other publish of the district out until the end of the transaction."""
    row = cursor.execute(
        "SELECT public_id FROM district WHERE id = %s FOR UPDATE", (publication.district_id,)
    ).fetchone()
    if row is None:
        raise Defect(f"There is no district {publication.district_id}. Nothing was published.")
    return str(row[0])


def _version_of(cursor: Cursor, publication: Publication) -> int | None:
    """The version that this sync has become already."""
    row = cursor.execute(
        "SELECT version FROM sync WHERE district_id = %s AND id = %s FOR UPDATE",
        (publication.district_id, publication.sync_id),
    ).fetchone()
    if row is None:
        raise Defect(f"There is no sync {publication.sync_id}. Nothing was published.")
    return None if row[0] is None else int(str(row[0]))


def _check_owner(cursor: Cursor, publication: Publication) -> None:
    """Refuse a sync that somebody has ended meanwhile: its process was given up for dead.

    Each attempt to sync has a row of its own, whose lock ``_version_of`` took: until the end of the
    transaction nobody else ends it.
    """
    row = cursor.execute(
        "SELECT state FROM sync WHERE district_id = %s AND id = %s",
        (publication.district_id, publication.sync_id),
    ).fetchone()
    if row is None or row[0] not in OPEN_STATES:
        raise Conflict(
            f"Sync {publication.sync_id} was ended by another process before it could publish. "
            "Nothing was published by this one. Another sync has taken its place."
        )


def _check_base(cursor: Cursor, publication: Publication) -> None:
    row = cursor.execute(
        "SELECT published FROM district WHERE id = %s", (publication.district_id,)
    ).fetchone()
    if row != (publication.base,):
        raise Conflict(
            f"Sync {publication.sync_id} was compared with version {publication.base}, and the "
            "district has published another since. Nothing was published. Sync again."
        )


def _write_changes(cursor: Cursor, publication: Publication, step: Step) -> None:
    changes = publication.changes
    for kind in KINDS:
        _close(cursor, publication, kind, changes.kinds[kind])
        step(f"close-{kind}")
    for kind in KINDS:
        _insert(cursor, publication, kind, changes.kinds[kind])
        step(f"insert-{kind}")


def _write_first(
    cursor: Cursor,
    publication: Publication,
    records: Records,
    storage: Storage,
    public_id: str,
    step: Step,
) -> Publication:
    """Write the records of a district that has none yet, and keep them on the way."""
    version = publication.version
    values = {
        "district_id": publication.district_id, "since": version, "until": STILL,
        "created": version,
    }  # fmt: skip
    with snapshots.keeping(storage, public_id, publication.cache, records) as kept:
        load_first(cursor, values, kept, step)
    pieces = snapshots.kept_pieces(storage, public_id, publication.cache)
    return replace(publication, changes=FirstChanges.of(pieces))


def _close(cursor: Cursor, publication: Publication, kind: str, changes: KindChanges) -> None:
    """End the intervals of records that change or go."""
    ids = pl.concat([changes.previous.select("id"), changes.deleted.select("id")])
    if ids.is_empty():
        return
    cursor.execute(
        'CREATE TEMPORARY TABLE closing (id varchar(24) COLLATE "C" NOT NULL) ON COMMIT DROP'
    )
    copy_in(cursor, sql.SQL("closing (id)"), ids.sort("id"))
    cursor.execute("ANALYZE closing")
    cursor.execute(
        sql.SQL(
            "WITH closed AS (UPDATE {kind} AS record SET until = %(version)s FROM closing"
            " WHERE record.district_id = %(district)s AND record.id = closing.id"
            " AND record.until = %(still)s RETURNING record.id)"
            " INSERT INTO ending (district_id, version, kind, id)"
            " SELECT %(district)s, %(version)s, %(kind)s, id FROM closed"
        ).format(kind=sql.Identifier(kind)),
        {
            "version": publication.version,
            "district": publication.district_id,
            "still": STILL,
            "kind": kind,
        },
    )
    closed = cursor.rowcount
    cursor.execute("DROP TABLE closing")
    if closed != ids.height:
        raise Defect(
            f"{ids.height} published records of kind {kind} were to change and {closed} are there. "
            "Nothing was published. Please report it."
        )


def _insert(cursor: Cursor, publication: Publication, kind: str, changes: KindChanges) -> None:
    """Begin the intervals of records that come or change."""
    frame = pl.concat([changes.created, changes.updated])
    if frame.height:
        _insert_known(cursor, publication, kind, frame)


def _insert_known(cursor: Cursor, publication: Publication, kind: str, frame: pl.DataFrame) -> None:
    """Records of which some were published before: those keep the version that created them."""
    columns = list(PUBLISHED[kind])
    cursor.execute(
        sql.SQL("CREATE TEMPORARY TABLE coming ON COMMIT DROP AS SELECT {} FROM {} LIMIT 0").format(
            _names(columns), sql.Identifier(kind)
        )
    )
    copy_in(cursor, sql.SQL("coming ({})").format(_names(columns)), frame)
    cursor.execute("ANALYZE coming")
    cursor.execute(
        sql.SQL(
            "INSERT INTO {kind} (district_id, since, until, created, {columns})"
            " SELECT %(district)s, %(version)s, %(still)s, coalesce((SELECT earlier.created"
            " FROM {kind} AS earlier WHERE earlier.district_id = %(district)s"
            " AND earlier.id = coming.id LIMIT 1), %(version)s), {columns} FROM coming ORDER BY id"
        ).format(kind=sql.Identifier(kind), columns=_names(columns)),
        {"district": publication.district_id, "version": publication.version, "still": STILL},
    )
    cursor.execute("DROP TABLE coming")


def _tell_connections(cursor: Cursor, publication: Publication, storage: Storage) -> None:
    """Every connection sees the new version, and is told what it notices of it."""
    connections = feeds.ties(cursor, publication.district_id)
    if not connections:
        return
    before = snapshots.published(publication.district_id, storage=storage)  # still the base
    changes = publication.changes
    for limits_students in sorted({tie.share.limits_students for tie in connections}):
        old, new = feeds.touched(before, changes, follow_students=limits_students)
        turn = feeds.Turn(
            district_id=publication.district_id,
            version=publication.version,
            before=old,
            after=new,
            at=publication.at,
            cause=publication.origin,
        )
        for tie in connections:
            if tie.share.limits_students == limits_students:
                feeds.tell(cursor, tie, turn, tie.share)


def _write_cache(publication: Publication, storage: Storage, public_id: str) -> str:
    """Name of the cache folder of the new version, or nothing where there is no snapshot."""
    if publication.snapshot is None:
        return publication.cache
    name = snapshots.cache_name(publication.version, publication.sync_id)
    snapshots.write_cache(storage, public_id, name, publication.snapshot.frames)
    return name


def _write_version(cursor: Cursor, publication: Publication, cache: str, step: Step) -> None:
    values = {
        "district": publication.district_id,
        "version": publication.version,
        "at": publication.at,
        "origin": publication.origin,
        "sync": publication.sync_id,
        "counts": Jsonb({**publication.counts, "changes": publication.changes.counts()}),
        "cache": cache,
    }
    cursor.execute(
        "INSERT INTO version (district_id, number, published_at, origin, sync_id, counts, cache)"
        " VALUES (%(district)s, %(version)s, %(at)s, %(origin)s, %(sync)s, %(counts)s, %(cache)s)",
        values,
    )
    step("version")
    cursor.execute("UPDATE district SET published = %(version)s WHERE id = %(district)s", values)
    step("flip")
    cursor.execute(
        "UPDATE sync SET state = 'published', version = %(version)s, finished_at = %(at)s,"
        " counts = %(counts)s"
        " WHERE district_id = %(district)s AND id = %(sync)s",
        values,
    )
    step("sync")


def _commit(connection: psycopg.Connection, publication: Publication) -> None:
    try:
        connection.commit()
    except psycopg.OperationalError:
        raise TryAgainLater(
            f"The database went away while version {publication.version} was being confirmed. "
            "Run the same command again: it finds out, and finishes where needed."
        ) from None


def _refresh_statistics(connection: psycopg.Connection, changes: Changes) -> None:
    """Tell the planner about a large load at once: the next queries may come before autovacuum.

    A tenth of the usual sample tells it what is many and what is few.
    """
    for kind, counts in changes.counts().items():
        if counts["created"] + counts["updated"] > MANY_ROWS:
            with contextlib.suppress(psycopg.Error), connection.transaction():
                connection.execute("SET LOCAL default_statistics_target = 10")
                connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(kind)))


def _names(columns: list[str]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
