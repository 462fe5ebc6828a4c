"""Bytes that a purge has freed, and that PostgreSQL still has on its disk.

A deleted row stays in its page until that is overwritten, in indexes and statistics, and in the
write-ahead log. VACUUM makes the room free for others. Rewriting makes new files without it; the
old ones go at the next checkpoint. While a table is rewritten, nobody reads it.
"""

import contextlib
from dataclasses import dataclass

import psycopg
from psycopg import sql

from kinsync.store.database import connect, outages

TABLES = (
    "student",
    "contact",
    "relationship",
    "school",
    "ending",
    "identity",
    "adopted",
    "sync",
    "upload",
    "sftp_name",
    "event",
    "edition",
    "visible",
    "disclosure",
    "search_key",
    "dashboard_act",
    "webhook_message",
    "same_person_part",
)
"""Of which a purge takes rows or values away."""

STATISTICS = "pg_catalog.pg_statistic"
"""What the planner knows of columns: the commonest values, as they are."""
LOCK_TIMEOUT = "5s"
"""How long a rewriting waits for readers; whoever comes after it waits as well."""
MOST_SEGMENTS = 512
"""Files of the log, of 16 MB, that are written over at most."""


@dataclass(frozen=True, slots=True)
class Tidied:
    """What became of the freed bytes."""

    is_rewritten: bool
    """Whether tables, indexes and statistics were made anew."""
    is_log_clean: bool
    """Whether the write-ahead log, too, holds nothing from before."""


def tidy(*, rewrite_mb: int, is_ours: bool) -> Tidied:
    """Free what a purge has left, and rewrite the tables where they are no larger than that.

    Args:
        rewrite_mb: up to which size of all these tables together.
        is_ours: whether the server is the embedded one: its log is ours to clean.

    Raises:
        TryAgainLater: the database is away, or somebody has been reading all the while.
    """
    with outages(doing="freeing space"), contextlib.closing(connect(autocommit=True)) as connection:
        is_rewriting = _size(connection) <= rewrite_mb << 20
        if not is_rewriting:
            connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(_tables(*TABLES)))
            return Tidied(is_rewritten=False, is_log_clean=False)
        connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        connection.execute(sql.SQL("VACUUM (FULL, ANALYZE) {}").format(_tables(*TABLES)))
        connection.execute(f"VACUUM FULL {STATISTICS}")
        return Tidied(is_rewritten=True, is_log_clean=is_ours and _clean_log(connection))


def _tables(*names: str) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _size(connection: psycopg.Connection) -> int:
    row = connection.execute(
        "SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(%s::text[]) AS name",
        (list(TABLES),),
    ).fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _clean_log(connection: psycopg.Connection) -> bool:
    """Remove old files of the log, and write over those that wait, with old bytes, to be used.

    A file that is no longer needed is kept for later use as it is, unless that is switched off; one
    that waits is used up, and filled with zeros, by a switch to the next.
    """
    if not connection.execute(
        "SELECT rolsuper FROM pg_roles WHERE rolname = current_user AND rolsuper"
    ).fetchone():
        return False
    connection.execute("ALTER SYSTEM SET wal_recycle = off")
    connection.execute("SELECT pg_reload_conf()")
    try:
        connection.execute("CHECKPOINT")
        for _ in range(min(_segments(connection), MOST_SEGMENTS)):
            connection.execute("SELECT pg_logical_emit_message(false, 'kinsync', '')")
            connection.execute("SELECT pg_switch_wal()")
        connection.execute("CHECKPOINT")
    finally:
        connection.execute("ALTER SYSTEM RESET wal_recycle")
        connection.execute("SELECT pg_reload_conf()")
    return True


def _segments(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM pg_ls_waldir()").fetchone()
    return int(row[0]) + 1 if row else 1
