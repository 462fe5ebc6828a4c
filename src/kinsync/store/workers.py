"""Workers in the database: who lives, whose jobs are taken over, and how a zombie is kept out.

A worker that has not been heard of is given up: its sessions are ended and its jobs wait again, in
one transaction. What it had begun to publish is rolled back with its sessions; and should it wake
up, ``store.publish`` refuses syncs that another has ended meanwhile.
"""

from datetime import datetime

from kinsync.store.queue import Cursor, queueing, rows_of, wait_again

FORGOTTEN_AT_ONCE = 100
"""So few are looked at each time that a look costs nothing."""


def register_worker(worker_id: int, session: str, at: datetime) -> None:
    """Remember which sessions are a worker's, and take back what it left under earlier numbers."""
    with queueing(doing="registering a worker") as cursor:
        _hand_back_all(cursor, session)
        cursor.execute("INSERT INTO worker VALUES (%s, %s, %s)", (worker_id, session, at))


def beat(worker_id: int) -> bool:
    """Say that the worker lives; False where the others have given it up."""
    with queueing(doing="a heartbeat") as cursor:
        cursor.execute(
            "UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = %s", (worker_id,)
        )
        return cursor.rowcount > 0


def take_over(stale_seconds: float) -> list[int]:
    """Give up workers that have not been heard of for that long; their jobs wait again.

    First their sessions are ended: a frozen worker keeps locks in the database, and must not go on
    with a transaction that it had begun. Answers the numbers of those workers.
    """
    with queueing(doing="looking for dead workers") as cursor:
        cursor.execute(
            "SELECT id FROM procrastinate_workers"
            " WHERE last_heartbeat < now() - %s * interval '1 second' FOR UPDATE SKIP LOCKED",
            (stale_seconds,),
        )
        stale = [int(row[0]) for row in rows_of(cursor)]
        for worker_id in stale:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM worker JOIN pg_stat_activity"
                " ON application_name = session AND usename = current_user"
                " WHERE worker.id = %s AND pid <> pg_backend_pid()",
                (worker_id,),
            )
            _hand_back(cursor, worker_id)
        cursor.execute(
            "SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL"
            " FOR UPDATE SKIP LOCKED"
        )
        for (job_id,) in rows_of(cursor):
            wait_again(cursor, job_id)
        return stale


def forget_old_jobs(*, before: datetime) -> int:
    """Delete jobs that ended before then, a few at a time; failed ones stay for a person."""
    with queueing(doing="forgetting old jobs") as cursor:
        cursor.execute(
            "DELETE FROM procrastinate_jobs WHERE id IN (SELECT id FROM"
            " (SELECT id FROM procrastinate_jobs"
            " WHERE status IN ('succeeded', 'cancelled', 'aborted')"
            " ORDER BY id LIMIT %s) AS oldest"
            " WHERE (SELECT max(at) FROM procrastinate_events WHERE job_id = oldest.id) < %s)",
            (FORGOTTEN_AT_ONCE, before),
        )
        return cursor.rowcount


def hand_back(worker_id: int) -> None:
    """What a worker that stops has not finished waits for another."""
    with queueing(doing="handing back jobs") as cursor:
        _hand_back(cursor, worker_id)


def hand_back_all(session: str) -> None:
    """The same for everything that a process has under any number."""
    with queueing(doing="handing back jobs") as cursor:
        _hand_back_all(cursor, session)


def end_job(job_id: int, worker_id: int, state: str) -> None:
    """Say how a job ended; says nothing where it is another worker's by now."""
    with queueing(doing="ending a job") as cursor:
        cursor.execute(
            f"SELECT procrastinate_finish_job_v1(id, %s, false) {_OWN}", (state, job_id, worker_id)
        )


def postpone_job(job_id: int, worker_id: int, at: datetime) -> None:
    """Let a job that could not be done wait until then, if it is this worker's still."""
    with queueing(doing="postponing a job") as cursor:
        cursor.execute(f"SELECT id {_OWN}", (job_id, worker_id))
        if cursor.fetchone():
            wait_again(cursor, job_id, at)


_OWN = (
    "FROM (SELECT id FROM procrastinate_jobs WHERE id = %s AND worker_id = %s"
    " AND status = 'doing' FOR UPDATE) AS own"
)


def _hand_back_all(cursor: Cursor, session: str) -> None:
    cursor.execute("SELECT id FROM worker WHERE session = %s FOR UPDATE", (session,))
    for (worker_id,) in rows_of(cursor):
        _hand_back(cursor, worker_id)


def _hand_back(cursor: Cursor, worker_id: int) -> None:
    cursor.execute(
        "SELECT id FROM procrastinate_jobs WHERE worker_id = %s AND status = 'doing' FOR UPDATE",
        (worker_id,),
    )
    for (job_id,) in rows_of(cursor):
        wait_again(cursor, job_id)
    cursor.execute("DELETE FROM procrastinate_workers WHERE id = %s", (worker_id,))
    cursor.execute("DELETE FROM worker WHERE id = %s", (worker_id,))
