"""What is kept for a while goes: values first, the rest later.

For whoever holds the district's lock.

*Values* of a record go when the version in which it was deleted or changed is older than they are
kept. Its id, and who stood to whom, stay as long as there is a record of events and reads, which
name nobody but by id. Everything happens in one transaction, which also tells what would happen.
"""

# ruff: noqa: S608 - statements are put together from this module's own words

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import polars as pl
import psycopg
from psycopg import sql

from kinsync.domain.errors import NotFound
from kinsync.domain.frames import KINDS, PUBLISHED
from kinsync.domain.retention import Periods
from kinsync.store import absences, identities, search, snapshots
from kinsync.store.copying import Cursor
from kinsync.store.database import connect, outages
from kinsync.store.records import OLD_VERSION

VALUES = {
    "student": [name for name in PUBLISHED["student"] if name != "id"],
    "contact": [name for name in PUBLISHED["contact"] if name not in ("id", "legacy_id")],
    "relationship": ["type_source", "relationship_source"],
}
"""What a source said about people, by kind. A relationship keeps our words, such as Parent."""

Hashed = Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]
"""Takes students and contacts (``frames.PUBLISHED``); answers ``identities.KEPT``."""

ENDED = """
FROM (SELECT DISTINCT id FROM ending WHERE district_id = %(district)s AND kind = {kind}
    AND version > %(done)s AND version <= %(upto)s) AS ended
WHERE record.district_id = %(district)s AND record.id = ended.id
AND record.until > %(done)s AND record.until <= %(upto)s
"""

BLANK = "UPDATE {table} AS record SET {blanks} " + ENDED
FORGET = (
    """
DELETE FROM search_key AS key USING {table} AS record, """
    + ENDED.strip().removeprefix("FROM ")
    + """
AND key.district_id = record.district_id AND key.id = record.id AND key.since = record.since
"""
)
"""By what somebody was found is as much as who they were."""
DELETE = "DELETE FROM {table} AS record USING " + ENDED.strip().removeprefix("FROM ")

EVIDENCE = """
UPDATE adopted SET is_waiting = false, sis_id = NULL, name = NULL, phone = NULL, email = NULL,
    students = NULL, type = NULL, relationship = NULL
WHERE district_id = %(district)s AND is_waiting AND kept_at <= %(deleted)s
"""
"""Ids of another service that nobody came for stay spoken for, without what was said of whom."""

HOLDS = """
UPDATE sync SET state = 'discarded', finished_at = %(at)s, error = %(why)s
WHERE district_id = %(district)s AND state = 'held' AND started_at <= %(findings)s
"""

OLD_EDITIONS = """
(SELECT connection_id, max(number) AS number FROM edition
    WHERE district_id = %(district)s AND at <= %(record)s GROUP BY connection_id) AS old
"""
"""By connection, what it saw when the record begins: that edition stays, with what it showed."""

BY_EDITION = """
DELETE FROM {table} AS told USING {old} WHERE told.district_id = %(district)s
AND told.connection_id = old.connection_id AND told.{column} {than} old.number
"""

ACTS = "DELETE FROM dashboard_act WHERE district_id = %(district)s AND at <= %(record)s"
DISCLOSURES = "DELETE FROM disclosure WHERE district_id = %(district)s AND at <= %(record)s"

SYNCS = """
DELETE FROM sync WHERE district_id = %(district)s AND finished_at <= %(record)s
AND state NOT IN ('running', 'held')
AND version IS DISTINCT FROM (SELECT published FROM district WHERE id = %(district)s)
AND turn IS DISTINCT FROM (SELECT max(turn) FROM sync WHERE district_id = %(district)s)
"""

UPLOADS = """
DELETE FROM upload WHERE district_id = %(district)s AND touched_at <= %(record)s
AND discarded_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sftp_name
    WHERE sftp_name.district_id = upload.district_id AND upload_id = upload.id)
"""

MESSAGES = """
DELETE FROM webhook_message WHERE district_id = %(district)s
AND (finished_at <= %(messages)s OR occurred_at <= %(record)s)
"""

PARTS = """
DELETE FROM same_person_part WHERE district_id = %(district)s AND until <= %(upto)s
"""
"""Who stood behind a face, as they were: values all of it."""

IDENTITIES = """
DELETE FROM identity WHERE district_id = %(district)s AND NOT EXISTS (
    SELECT 1 FROM {kind} AS record WHERE record.district_id = identity.district_id
    AND record.id = identity.id)
AND kind = %(kind)s
"""
BACK = """
DELETE FROM identity WHERE district_id = %(district)s AND kind = %(kind)s AND EXISTS (
    SELECT 1 FROM {kind} AS record WHERE record.district_id = identity.district_id
    AND record.id = identity.id AND record.until > %(blanked)s)
"""
"""Who is back has values again, and is hashed anew by whatever they then are."""


@contextlib.contextmanager
def transaction(*, is_dry: bool = False) -> Iterator[psycopg.Connection]:
    """A connection whose changes are kept at the end of the context, unless it ``is_dry``."""
    with outages(doing="purging"), contextlib.closing(connect()) as connection:
        yield connection
        if is_dry:
            connection.rollback()
        else:
            connection.commit()


def purge(
    district_id: int, periods: Periods, hash_traits: Hashed, *, at: datetime, is_dry: bool = False
) -> dict[str, int]:
    """Purge what a district's tables hold beyond its periods; how many rows, by what they are.

    Raises:
        NotFound: there is no such district.
        TryAgainLater: the database is away; nothing was purged.
    """
    with transaction(is_dry=is_dry) as connection, connection.cursor() as cursor:
        search.take_turn(cursor, district_id)
        values = _values(cursor, district_id, periods, at)
        return {
            "values": _blank(connection, cursor, values, hash_traits),
            "caches": _forget_caches(cursor, values),
            "evidence": _run(cursor, EVIDENCE, values),
            "holds": _run(cursor, HOLDS, values),
            "events": _by_edition(cursor, "event", "edition", "<=", values),
            "seen": _by_edition(cursor, "visible", "until", "<=", values),
            "editions": _by_edition(cursor, "edition", "number", "<", values),
            "disclosures": _run(cursor, DISCLOSURES, values),
            "acts": _run(cursor, ACTS, values),
            "messages": _run(cursor, MESSAGES, values),
            "syncs": _run(cursor, SYNCS, values),
            "uploads": _run(cursor, UPLOADS, values),
            "records": _delete(cursor, values),
        }


def _values(cursor: Cursor, district_id: int, periods: Periods, at: datetime) -> dict[str, object]:
    """The district's row is locked: no share is changed meanwhile."""
    if not cursor.execute(
        "SELECT 1 FROM district WHERE id = %s FOR UPDATE", (district_id,)
    ).fetchone():
        raise NotFound(f"There is no district {district_id}.")
    return {
        "district": district_id,
        "at": at,
        "why": f"Nobody decided within {periods.of_findings} days.",
        "deleted": at - timedelta(days=periods.deleted),
        "findings": at - timedelta(days=periods.of_findings),
        "record": at - timedelta(days=periods.record),
        "messages": at - timedelta(days=periods.messages),
    }


def _run(cursor: Cursor, statement: str, values: dict[str, object]) -> int:
    return cursor.execute(statement.encode(), values).rowcount


def _version_at(cursor: Cursor, values: dict[str, object], moment: str) -> int:
    row = cursor.execute(OLD_VERSION, {**values, "moment": values[moment]}).fetchone()
    return int(str(row[0])) if row else 0


def _blank(
    connection: psycopg.Connection,
    cursor: Cursor,
    values: dict[str, object],
    hash_traits: Hashed,
) -> int:
    """Take the values of records that ended up to the version which was published then."""
    district_id = int(str(values["district"]))
    done = absences.blanked(connection, district_id)
    upto = _version_at(cursor, values, "deleted")
    count = 0
    if upto > max(done, 1):
        gone = [absences.gone(connection, district_id, kind, done + 1, upto)
                for kind in ("student", "contact")]  # fmt: skip
        identities.keep(cursor, district_id, hash_traits(*gone))
        _forget_keys(cursor, {**values, "done": done, "upto": upto})
        for kind, names in VALUES.items():
            blanks = sql.SQL(", ").join(
                sql.SQL("{} = NULL").format(sql.Identifier(name)) for name in names
            )
            count += _of_ended(cursor, BLANK, kind, {**values, "done": done, "upto": upto}, blanks)
        count += _run(cursor, PARTS, {**values, "upto": upto})
        cursor.execute(
            "UPDATE version SET purged_at = %(at)s WHERE district_id = %(district)s"
            " AND number < %(upto)s AND purged_at IS NULL",
            {**values, "upto": upto},
        )
        for kind in ("student", "contact"):
            statement = sql.SQL(BACK).format(kind=sql.Identifier(kind))
            cursor.execute(statement, {**values, "kind": kind, "blanked": upto})
    return count


def _forget_keys(cursor: Cursor, values: dict[str, object]) -> None:
    """Let nobody be found any more by what is blanked: in one look at the district's keys, and not
    in one for each record, which the planner prefers where it expects few."""
    cursor.execute("SET LOCAL enable_nestloop = off")
    for kind in ("student", "contact"):
        _of_ended(cursor, FORGET, kind, values)
    cursor.execute("SET LOCAL enable_nestloop = on")


def _forget_caches(cursor: Cursor, values: dict[str, object]) -> int:
    """Read no copy any more of a version that is purged: it has values of who went since, and who
    they are is known from the tables only as long as these say so."""
    upto = _version_at(cursor, values, "deleted")
    return cursor.execute(
        "UPDATE version SET cache = '' WHERE district_id = %s AND number < %s AND cache <> ''",
        (values["district"], upto),
    ).rowcount


def _delete(cursor: Cursor, values: dict[str, object]) -> int:
    """Forget records that ended before the record begins, and the ids of those who are gone."""
    given = {**values, "done": 0, "upto": _version_at(cursor, values, "record")}
    count = sum(_of_ended(cursor, DELETE, kind, given) for kind in KINDS)
    cursor.execute(
        "DELETE FROM ending WHERE district_id = %(district)s AND version <= %(upto)s", given
    )
    for kind in ("student", "contact") if count else ():
        statement = sql.SQL(IDENTITIES).format(kind=sql.Identifier(kind))
        cursor.execute(statement, {**given, "kind": kind})
    return count


def _of_ended(
    cursor: Cursor,
    statement: str,
    kind: str,
    values: dict[str, object],
    blanks: sql.Composable | None = None,
) -> int:
    parts = {
        "table": sql.Identifier(kind),
        "kind": sql.Literal(kind),
        "blanks": blanks or sql.SQL(""),
    }
    return cursor.execute(sql.SQL(statement).format(**parts), values).rowcount


def _by_edition(
    cursor: Cursor, table: str, column: str, than: str, values: dict[str, object]
) -> int:
    parts = {
        "table": sql.Identifier(table),
        "column": sql.Identifier(column),
        "than": sql.SQL(than),
        "old": sql.SQL(OLD_EDITIONS),
    }
    return cursor.execute(sql.SQL(BY_EDITION).format(**parts), values).rowcount


def note_cache(district_id: int, version: int, name: str) -> None:
    """That version is kept whole from now on, under this name."""
    with transaction() as connection:
        connection.execute(
            "UPDATE version SET cache = %s WHERE district_id = %s AND number = %s",
            (name, district_id, version),
        )


def cache_of(district_id: int) -> str:
    """Name of the kept copy of what is published; '' where there is none."""
    with transaction() as connection:
        return snapshots.newest_cache(connection, district_id)[1]
