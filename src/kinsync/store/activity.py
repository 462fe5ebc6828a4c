"""Counts for those who watch over the service: no query here reads a name."""

from collections.abc import Sequence
from datetime import datetime

from kinsync.store.queue import STATES, queueing, rows_of


def count_jobs() -> dict[str, int]:
    """Jobs by state."""
    with queueing(doing="counting jobs") as cursor:
        cursor.execute("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY 1")
        return dict.fromkeys(STATES, 0) | dict(rows_of(cursor))


def count_workers() -> int:
    """Workers that have not been given up."""
    with queueing(doing="counting workers") as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_workers")
        return int(cursor.fetchone()[0])


def longest_wait_seconds(at: datetime) -> float:
    """How long the job that is due longest has waited; 0 where none is due."""
    with queueing(doing="looking at the queue") as cursor:
        cursor.execute(
            "SELECT coalesce(max(extract(epoch FROM %s - scheduled_at)), 0)"
            " FROM procrastinate_jobs WHERE status = 'todo' AND scheduled_at < %s",
            (at, at),
        )
        return float(cursor.fetchone()[0])


def sync_durations(
    since: datetime, bounds_seconds: Sequence[float]
) -> list[tuple[str, list[int], float]]:
    """By state of the syncs that began since then: how many took no longer than each bound, how
    many there are (the last number), and how long they took together."""
    took = "extract(epoch FROM coalesce(finished_at, now()) - started_at)"
    bounds = ", ".join(f"count(*) FILTER (WHERE {took} <= {float(one)})" for one in bounds_seconds)
    with queueing(doing="counting syncs") as cursor:
        cursor.execute(
            f"SELECT state, ARRAY[{bounds}, count(*)], sum({took})::float FROM sync"  # noqa: S608
            " WHERE started_at >= %s AND NOT is_preview GROUP BY state ORDER BY state",
            (since,),
        )
        return [(state, list(counts), seconds) for state, counts, seconds in rows_of(cursor)]
