"""The queue of jobs in the database: what is to be done, by whom, and who has stopped doing it.

Jobs wait in procrastinate's tables and are put there by its own SQL functions, in the transaction
of whatever makes them necessary. Arguments are ids alone. ``kinsync.jobs`` runs them.

A district has at most one sync waiting (its *queueing lock*) and one running (its *lock*). So has
the sending of webhooks, of all districts together: a slow receiver never keeps two places of a
worker that syncs want.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db import connection, transaction

from kinsync.domain.errors import ChangeInput, Conflict, NotFound
from kinsync.store.database import LOCK_SPACE, outages

SYNC = "sync_district"
"""Name of the task that syncs what a district has delivered."""
WEBHOOKS = "deliver_webhooks"
"""Name of the task that sends the webhook messages that are due."""
PULL = "pull_source"
"""Name of the task that pulls a source."""
PURGE = "purge_district"
"""Name of the task that takes away what a district keeps too long."""
GIVE_BACK = "give_back"
"""Name of the task that frees what purges have taken away."""
QUEUE = "kinsync"
QUIET_SECONDS = 300
"""How long a district must have been quiet before its files are taken as one upload."""
QUEUEING_SPACE = LOCK_SPACE + 1
"""First half of the advisory locks under which a district's jobs are queued one at a time."""
STATES = ("todo", "doing", "succeeded", "failed", "cancelled", "aborted")
LONGEST_TRANSACTION = "10s"
"""A worker that is frozen between two statements must not keep what others wait for."""


class Cursor(Protocol):
    """What is used of a cursor, be it psycopg's or Django's."""

    def execute(self, query: Any, params: Any = None, /) -> Any: ...
    def fetchone(self) -> Any: ...

    @property
    def rowcount(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Job:
    """One job. ``district`` is the name of whose it is, ``scheduled_at`` when it may begin."""

    id: int
    task: str
    state: str
    arguments: Mapping[str, object]
    district: str | None
    attempts: int
    queued_at: datetime | None
    scheduled_at: datetime | None
    worker: int | None


def sync_when_quiet(cursor: Cursor, district_id: int, upload_id: int, at: datetime) -> None:
    """Queue the sync of a district, for when it has been quiet since ``at``.

    The port of whoever records a complete upload: the job is there when that transaction is.
    ``upload_id`` is for the record alone, for the sync reads whatever is newest when it begins.
    """
    del upload_id
    one_at_a_time(cursor, district_id)
    if not _move(cursor, district_id, at, is_later=True):
        _add_sync(cursor, district_id, at, is_quiet=False)


def note_activity(cursor: Cursor, district_id: int, at: datetime) -> None:
    """Put off a sync that waits, if there is one: the district is still sending."""
    _move(cursor, district_id, at, is_later=True)


def sync_at_once(cursor: Cursor, district_id: int, at: datetime) -> None:
    """Queue the sync of a district for now, whether or not it has been quiet."""
    one_at_a_time(cursor, district_id)
    if not _move(cursor, district_id, at, is_later=False):
        _add_sync(cursor, district_id, at, is_quiet=True)
    cursor.execute("SELECT pg_notify('procrastinate_any_queue_v1', %s)", (_WAKE,))


_WAKE = '{"type": "job_inserted", "job_id": 0}'
"""What makes workers look for jobs now and not at their next turn."""

_QUIET = "coalesce((settings->>'quiet_seconds')::float, %(quiet)s) * interval '1 second'"


def one_at_a_time(cursor: Cursor, district_id: int) -> None:
    cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (QUEUEING_SPACE, district_id))


def _move(cursor: Cursor, district_id: int, at: datetime, *, is_later: bool) -> bool:
    """Say anew when the waiting sync of a district may begin; False where none waits."""
    when = f"greatest(job.scheduled_at, %(at)s + {_QUIET})" if is_later else "%(at)s"
    cursor.execute(
        f"UPDATE procrastinate_jobs AS job SET scheduled_at = {when} FROM district"  # noqa: S608
        " WHERE district.id = %(district)s AND queueing_lock = %(lock)s AND status = 'todo'",
        {
            "at": at,
            "quiet": QUIET_SECONDS,
            "district": district_id,
            "lock": f"{SYNC}:{district_id}",
        },
    )
    return cursor.rowcount > 0


def _add_sync(cursor: Cursor, district_id: int, at: datetime, *, is_quiet: bool) -> None:
    when = "%(at)s::timestamptz" if is_quiet else f"%(at)s::timestamptz + {_QUIET}"
    cursor.execute(
        "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(%(queue)s, %(task)s, 0, %(lock)s,"  # noqa: S608
        " %(queueing)s, jsonb_build_object('district_id', id),"
        f" {when})]::procrastinate_job_to_defer_v1[]) FROM district WHERE id = %(district)s",
        {
            "queue": QUEUE,
            "task": SYNC,
            "lock": f"district:{district_id}",
            "queueing": f"{SYNC}:{district_id}",
            "at": at,
            "quiet": QUIET_SECONDS,
            "district": district_id,
        },
    )


def pull_at_once(cursor: Cursor, district_id: int, source_id: int, at: datetime) -> None:
    """Queue the pull of a source, if that does not wait already. One at a time is pulled of it."""
    one_at_a_time(cursor, district_id)
    cursor.execute(
        "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(%(queue)s, %(task)s, 0, %(lock)s, %(lock)s,"
        " jsonb_build_object('district_id', %(district)s::int, 'source_id', %(source)s::bigint),"
        " %(at)s::timestamptz)]::procrastinate_job_to_defer_v1[])"
        " WHERE NOT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = %(lock)s"
        " AND status = 'todo')",
        {
            "queue": QUEUE,
            "task": PULL,
            "lock": f"{PULL}:{source_id}",
            "district": district_id,
            "source": source_id,
            "at": at,
        },
    )


def deliver_webhooks(cursor: Cursor, at: datetime) -> None:
    """Queue the sending of webhook messages, if that does not wait already."""
    _add_once(cursor, WEBHOOKS, at)


def give_back(cursor: Cursor, at: datetime) -> None:
    """Queue the freeing of what purges took away, if that does not wait already."""
    _add_once(cursor, GIVE_BACK, at)


def _add_once(cursor: Cursor, task: str, at: datetime) -> None:
    """Queue something for all districts together, one at a time."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", (QUEUEING_SPACE,))
    cursor.execute(
        "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(%(queue)s, %(task)s, 0, %(task)s, %(task)s,"
        " '{}'::jsonb, %(at)s::timestamptz)]::procrastinate_job_to_defer_v1[])"
        " WHERE NOT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = %(task)s"
        " AND status = 'todo')",
        {"queue": QUEUE, "task": task, "at": at},
    )


def districts_to_purge(cursor: Cursor, at: datetime, *, before: datetime, limit: int) -> list[int]:
    """Districts whose last purge was queued before then; from now on it was queued at ``at``."""
    cursor.execute(
        "UPDATE district SET purge_queued_at = %s WHERE id IN (SELECT id FROM district"
        " WHERE coalesce(purge_queued_at, created_at) < %s ORDER BY id LIMIT %s"
        " FOR NO KEY UPDATE SKIP LOCKED) RETURNING id",
        (at, before, limit),
    )
    return [int(row[0]) for row in rows_of(cursor)]


def purge(cursor: Cursor, district_id: int, at: datetime) -> None:
    """Queue the purge of a district, if that does not wait already; never beside its sync."""
    one_at_a_time(cursor, district_id)
    cursor.execute(
        "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(%(queue)s, %(task)s, 0, %(lock)s, %(own)s,"
        " jsonb_build_object('district_id', %(district)s::int), %(at)s::timestamptz)]"
        "::procrastinate_job_to_defer_v1[]) WHERE NOT EXISTS (SELECT 1 FROM procrastinate_jobs"
        " WHERE queueing_lock = %(own)s AND status = 'todo')",
        {
            "queue": QUEUE,
            "task": PURGE,
            "lock": f"district:{district_id}",
            "own": f"{PURGE}:{district_id}",
            "district": district_id,
            "at": at,
        },
    )


@contextmanager
def queueing(*, doing: str = "queueing a job") -> Iterator[Cursor]:
    """A cursor in a transaction of its own, for whoever has none."""
    with outages(doing=doing), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{LONGEST_TRANSACTION}'")
        yield cursor


def wait_again(cursor: Cursor, job_id: int, at: datetime | None = None) -> None:
    """A job without a worker waits again; where a newer one like it waits, that one will do."""
    _one_of_a_job_at_a_time(cursor, job_id)
    if _is_doubled(cursor, job_id):
        cursor.execute("SELECT procrastinate_finish_job_v1(%s, 'aborted', false)", (job_id,))
    else:
        _retry(cursor, job_id, at)


def _one_of_a_job_at_a_time(cursor: Cursor, job_id: int) -> None:
    cursor.execute(
        "SELECT pg_advisory_xact_lock(%s, coalesce((args->>'district_id')::int, 0))"
        " FROM procrastinate_jobs WHERE id = %s",
        (QUEUEING_SPACE, job_id),
    )


def _is_doubled(cursor: Cursor, job_id: int) -> bool:
    """Whether a job like this one waits."""
    cursor.execute(
        "SELECT 1 FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock ="
        " (SELECT queueing_lock FROM procrastinate_jobs WHERE id = %s)",
        (job_id,),
    )
    return cursor.fetchone() is not None


def _retry(cursor: Cursor, job_id: int, at: datetime | None = None) -> None:
    cursor.execute(
        "SELECT procrastinate_retry_job_v2(%s, coalesce(%s, now()), NULL, NULL, NULL)",
        (job_id, at),
    )
    cursor.execute("SELECT pg_notify('procrastinate_any_queue_v1', %s)", (_WAKE,))


_JOBS = (
    "SELECT job.id, task_name, status::text, args, district.name, attempts,"
    " (SELECT min(at) FROM procrastinate_events WHERE job_id = job.id AND type = 'deferred'),"
    " scheduled_at, worker_id FROM procrastinate_jobs AS job"
    " LEFT JOIN district ON district.id = (args->>'district_id')::int"
)


def list_jobs(*, state: str | None = None, limit: int = 50) -> list[Job]:
    """The latest jobs, newest first; of one state where that is asked for."""
    with queueing(doing="listing jobs") as cursor:
        cursor.execute(
            f"{_JOBS} WHERE %(state)s::text IS NULL OR status::text = %(state)s"
            " ORDER BY job.id DESC LIMIT %(limit)s",
            {"state": state, "limit": limit},
        )
        return [_job(row) for row in rows_of(cursor)]


def find_job(job_id: int) -> Job:
    """One job.

    Raises:
        NotFound: there is none of that number.
    """
    with queueing(doing="looking up a job") as cursor:
        return _find(cursor, job_id)


def retry_job(job_id: int) -> Job:
    """Let a job that failed wait again, to be run at once.

    Raises:
        NotFound, ChangeInput: there is none, or it has not failed.
        Conflict: one like it waits already.
    """
    with queueing(doing="retrying a job") as cursor:
        job = _find(cursor, job_id)
        if job.state != "failed":
            raise ChangeInput(f"Job {job_id} is {job.state}; only one that failed can be retried.")
        _one_of_a_job_at_a_time(cursor, job_id)
        if _is_doubled(cursor, job_id):
            raise Conflict(f"A newer job like job {job_id} waits already. Nothing was done.")
        _retry(cursor, job_id)
        return _find(cursor, job_id)


def cancel_job(job_id: int) -> Job:
    """Take a waiting job out of the queue.

    Raises:
        NotFound, ChangeInput: there is none, or it does not wait.
    """
    with queueing(doing="cancelling a job") as cursor:
        job = _find(cursor, job_id)
        if job.state != "todo":
            raise ChangeInput(f"Job {job_id} is {job.state}; only one that waits can be cancelled.")
        cursor.execute("SELECT procrastinate_cancel_job_v1(%s, false, false)", (job_id,))
        return _find(cursor, job_id)


def waiting_sync(district_id: int) -> Job | None:
    """The sync of a district that waits or runs, the running one first."""
    with queueing(doing="looking up a job") as cursor:
        cursor.execute(
            f"{_JOBS} WHERE task_name = %s AND district.id = %s AND status IN ('todo', 'doing')"
            " ORDER BY job.status DESC LIMIT 1",
            (SYNC, district_id),
        )
        row = cursor.fetchone()
        return _job(row) if row else None


def waiting_pull(source_id: int) -> Job | None:
    """The pull of a source that waits or runs, the running one first."""
    with queueing(doing="looking up a job") as cursor:
        cursor.execute(
            f"{_JOBS} WHERE job.lock = %s AND status IN ('todo', 'doing')"
            " ORDER BY job.status DESC LIMIT 1",
            (f"{PULL}:{source_id}",),
        )
        row = cursor.fetchone()
        return _job(row) if row else None


def _find(cursor: Cursor, job_id: int) -> Job:
    cursor.execute(f"{_JOBS} WHERE job.id = %s", (job_id,))
    row = cursor.fetchone()
    if row is None:
        raise NotFound(f"There is no job {job_id}. 'kinsync jobs list' shows the latest.")
    return _job(row)


def _job(row: tuple[Any, ...]) -> Job:
    number, task, state, arguments, *rest = row
    known = json.loads(arguments) if isinstance(arguments, str) else arguments  # Django's is text
    return Job(number, task, state, known, *rest)


def rows_of(cursor: Cursor) -> list[Any]:
    """Every row of the last statement."""
    return list(iter(cursor.fetchone, None))
