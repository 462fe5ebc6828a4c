"""Feeds: what each connection sees, and what it is told when that changes.

Whatever changes what a connection sees, a publish or another share, makes its next *edition* in
the same transaction: its events, and for a limited share the records that enter or leave it. The
district's row is locked meanwhile, so editions of a connection follow one another.
"""

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from psycopg import sql
from psycopg.types.json import Jsonb

from kinsync.domain.changes import Changes, FirstChanges, Snapshot
from kinsync.domain.errors import NotFound
from kinsync.domain.frames import KINDS, PUBLISHED, empty
from kinsync.domain.share import EVERYTHING, Share
from kinsync.pipeline.visible import events, noticed, seen, visible
from kinsync.store import ids, snapshots, webhook_queue
from kinsync.store.copying import Cursor, copy_in
from kinsync.store.database import connect, outages
from kinsync.store.intervals import STILL
from kinsync.store.snapshots import Published
from kinsync.store.storage import Storage


@dataclass(frozen=True, slots=True)
class Turn:
    """What connections go through: from one state of a district's records to another.

    Of both, it is enough to hold what they may notice.
    """

    district_id: int
    version: int
    before: Snapshot
    after: Snapshot
    at: datetime
    cause: str


@dataclass(frozen=True, slots=True)
class Tie:
    """One connection as it is before a turn: its newest edition, and the share that it had."""

    connection_id: int
    edition: int
    share: Share


@dataclass(frozen=True, slots=True)
class Settled:
    """A connection after its share was set. ``events`` (``frames.EVENTS``) is what it was told."""

    connection_id: int
    events: pl.DataFrame


def ties(cursor: Cursor, district_id: int) -> list[Tie]:
    """The connections of a district that stand."""
    rows = cursor.execute(
        "SELECT id, edition, share FROM connection WHERE district_id = %s AND ended_at IS NULL"
        " ORDER BY id",
        (district_id,),
    )
    return [Tie(int(str(id_)), int(str(number)), _share(share)) for id_, number, share in rows]


def settle(
    district_id: int, application_id: int, share: Share, *, at: datetime, storage: Storage
) -> Settled:
    """Tie an application to a district under this share, or change the share that it has.

    Raises:
        NotFound: there is no such district.
        TryAgainLater: the database is away; nothing was changed.
    """
    with outages(doing="changing a share"), contextlib.closing(connect()) as connection:
        with connection.cursor() as cursor:
            version = _lock(cursor, district_id)
            published = snapshots.load(district_id, storage=storage)
            tie, before = _tie(cursor, district_id, application_id, published, at)
            turn = Turn(district_id, version, before, published, at, "share")
            told = tell(cursor, tie, turn, share)
        connection.commit()
    return Settled(tie.connection_id, told)


def touched(
    before: Published, changes: Changes, *, follow_students: bool
) -> tuple[Snapshot, Snapshot]:
    """Of what was published and of what will be, the part of which anything may be noticed.

    A first version is noticed whole. ``follow_students`` says whether people are seen by where
    their students are.
    """
    if isinstance(changes, FirstChanges):
        frames = {
            kind: pl.concat([empty(PUBLISHED[kind]), *changes.created(kind)]) for kind in KINDS
        }
        return Snapshot.of_nothing(), Snapshot(frames)
    return noticed(
        before.frames, before.after(changes).frames, changes, follow_students=follow_students
    )


def foreseen(
    district_id: int, before: Published, changes: Changes, *, one: Collection[str] = ()
) -> list[tuple[str, dict[str, dict[str, int]]]]:
    """What each connection would be told of these changes: its application, and how many events.

    The people of ``one`` are withheld together.

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="looking ahead"), contextlib.closing(connect()) as connection:
        found = ties(connection.cursor(), district_id)
        named = connection.execute(
            "SELECT connection.id, name FROM connection JOIN application"
            " ON application.id = application_id WHERE district_id = %s",
            (district_id,),
        )
        names = {int(id_): str(name) for id_, name in named}
    return [(names[tie.connection_id], _foreseen(tie, before, changes, one)) for tie in found]


def _foreseen(
    tie: Tie, before: Published, changes: Changes, one: Collection[str]
) -> dict[str, dict[str, int]]:
    old, new = touched(before, changes, follow_students=tie.share.limits_students)
    counts: dict[str, dict[str, int]] = {}
    share = tie.share.withholding_with(one)
    told = events(old, new, tie.share, share).group_by("kind", "act").len().sort("kind", "act")
    for kind, act, count in told.iter_rows():
        counts.setdefault(kind, {})[act] = count
    return counts


def tell(cursor: Cursor, tie: Tie, turn: Turn, share: Share) -> pl.DataFrame:
    """Make the next edition of a connection, under this share; answer what it is told."""
    told = events(turn.before, turn.after, tie.share, share)
    numbered = _write_events(cursor, tie, turn, share, told)
    _write_visible(cursor, tie, turn, share, told)
    if numbered.height:
        webhook_queue.enqueue(
            cursor,
            district_id=turn.district_id,
            connection_id=tie.connection_id,
            first_event=numbered["id"][0],
            last_event=numbered["id"][-1],
            count=numbered.height,
            at=turn.at,
        )
    return numbered


def _lock(cursor: Cursor, district_id: int) -> int:
    """Keep every publish and every other share of the district out; answer what is published."""
    row = cursor.execute(
        "SELECT published FROM district WHERE id = %s FOR UPDATE", (district_id,)
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no district {district_id}.")
    return int(str(row[0]))


def _tie(
    cursor: Cursor, district_id: int, application_id: int, published: Snapshot, at: datetime
) -> tuple[Tie, Snapshot]:
    """The connection, made where missing, and the records of which it saw something so far."""
    row = cursor.execute(
        "SELECT id, edition, share FROM connection"
        " WHERE district_id = %s AND application_id = %s AND ended_at IS NULL",
        (district_id, application_id),
    ).fetchone()
    if row is not None:
        return Tie(int(str(row[0])), int(str(row[1])), _share(row[2])), published
    made = cursor.execute(
        "INSERT INTO connection (district_id, application_id, share, created_at)"
        " VALUES (%s, %s, '{}', %s) RETURNING id",
        (district_id, application_id, at),
    ).fetchone()
    assert made is not None
    return Tie(int(str(made[0])), 0, EVERYTHING), Snapshot.of_nothing()


def _write_events(
    cursor: Cursor, tie: Tie, turn: Turn, share: Share, told: pl.DataFrame
) -> pl.DataFrame:
    """The edition with its events, numbered in the order in which they are told."""
    given = ids.allocate(told.height + 1)
    numbered = told.with_columns(given.tail(told.height).alias("id"))
    values = {
        "district": turn.district_id,
        "connection": tie.connection_id,
        "edition": tie.edition + 1,
        "version": turn.version,
        "share": Jsonb(share.as_json()),
        "at": turn.at,
        "cause": turn.cause,
        "floor": given[0],
        "events": told.height,
    }
    cursor.execute(
        "INSERT INTO edition"
        " (district_id, connection_id, number, version, share, at, cause, floor, events)"
        " VALUES (%(district)s, %(connection)s, %(edition)s, %(version)s, %(share)s, %(at)s,"
        " %(cause)s, %(floor)s, %(events)s)",
        values,
    )
    cursor.execute(
        "UPDATE connection SET edition = %(edition)s, share = %(share)s WHERE id = %(connection)s",
        values,
    )
    _copy(
        cursor, tie, turn, "event (district_id, connection_id, edition, id, act, kind, record_id)",
        numbered.select("id", "act", "kind", "record_id"),
    )  # fmt: skip
    return numbered


def _write_visible(cursor: Cursor, tie: Tie, turn: Turn, share: Share, told: pl.DataFrame) -> None:
    """What enters and what leaves a limited share."""
    entering = pl.DataFrame(schema={"kind": pl.String, "record_id": pl.String})
    if not share.is_open and tie.share.is_open:
        entering = seen(visible(turn.after, share))
    elif not share.is_open:
        entering = _with_legacy_ids(told.filter(pl.col("act") == "created"), turn.after)
    if not tie.share.is_open:
        leaving = None if share.is_open else told.filter(pl.col("act") == "deleted")
        _close(cursor, tie, turn, leaving)
    if entering.height:
        _copy(
            cursor, tie, turn,
            "visible (district_id, connection_id, since, kind, record_id, legacy_id, until)",
            entering.with_columns(until=pl.lit(STILL)),
        )  # fmt: skip


def _with_legacy_ids(entering: pl.DataFrame, after: Snapshot) -> pl.DataFrame:
    legacy = after.frames["contact"].select("legacy_id", record_id="id")
    both = entering.join(legacy, on="record_id", how="left")
    return both.select("kind", "record_id", "legacy_id")


def _close(cursor: Cursor, tie: Tie, turn: Turn, leaving: pl.DataFrame | None) -> None:
    """End what the connection saw of these records; of all where none are named."""
    values = {
        "district": turn.district_id,
        "connection": tie.connection_id,
        "edition": tie.edition + 1,
        "still": STILL,
    }
    statement = (
        "UPDATE visible SET until = %(edition)s WHERE visible.district_id = %(district)s"
        " AND connection_id = %(connection)s AND until = %(still)s"
    )
    if leaving is None:
        cursor.execute(statement, values)
        return
    if leaving.is_empty():
        return
    cursor.execute(
        'CREATE TEMPORARY TABLE leaving (kind text COLLATE "C", id varchar(24) COLLATE "C")'
        " ON COMMIT DROP"
    )
    copy_in(cursor, sql.SQL("leaving (kind, id)"), leaving.select("kind", "record_id"))
    cursor.execute("ANALYZE leaving")
    cursor.execute(
        "UPDATE visible SET until = %(edition)s FROM leaving"
        " WHERE visible.district_id = %(district)s AND connection_id = %(connection)s"
        " AND visible.kind = leaving.kind AND record_id = leaving.id AND until = %(still)s",
        values,
    )
    cursor.execute("DROP TABLE leaving")


def _copy(cursor: Cursor, tie: Tie, turn: Turn, target: str, frame: pl.DataFrame) -> None:
    """Copy rows of a connection's next edition, whose first three columns are the same for all."""
    numbers = (turn.district_id, tie.connection_id, tie.edition + 1)
    first = [pl.lit(number).alias(f"_{place}") for place, number in enumerate(numbers)]
    copy_in(cursor, sql.SQL(target), frame.select(*first, pl.all()))


def _share(given: object) -> Share:
    assert isinstance(given, Mapping)
    return Share.from_json(given)
