"""Jobs for pages: what follows a published version, and answers that take longer than a page.

Somebody waits for an answer, so it goes before everything else that waits; what follows a version
goes behind.
"""

from datetime import datetime

from kinsync.store.queue import QUEUE, Cursor, one_at_a_time, rows_of

ERRAND = "do_errand"
"""Name of the task that answers what a page asked for."""
FOLLOW = "follow_version"
"""Name of the task that makes what pages show of a published version."""


def versions_to_follow(cursor: Cursor, *, limit: int) -> list[tuple[int, int]]:
    """Districts and their published versions that nobody has followed, and nobody was asked to."""
    cursor.execute(
        "SELECT district_id, number FROM version"
        " JOIN district ON district.id = district_id AND published = number"
        " WHERE alike_at IS NULL AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs"
        " WHERE task_name = %s AND args = jsonb_build_object('district_id', district_id,"
        " 'version', number)) ORDER BY district_id LIMIT %s",
        (FOLLOW, limit),
    )
    return [(int(district_id), int(number)) for district_id, number in rows_of(cursor)]


def follow(cursor: Cursor, district_id: int, version: int, at: datetime) -> None:
    """Queue what follows a version; where an earlier one still waits, that job will do."""
    one_at_a_time(cursor, district_id)
    cursor.execute(
        "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(%(queue)s, %(task)s, -1, %(lock)s, %(lock)s,"
        " jsonb_build_object('district_id', %(district)s::int, 'version', %(version)s::int),"
        " %(at)s::timestamptz)]::procrastinate_job_to_defer_v1[])"
        " WHERE NOT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE queueing_lock = %(lock)s"
        " AND status = 'todo')",
        {
            "queue": QUEUE,
            "task": FOLLOW,
            "lock": f"{FOLLOW}:{district_id}",
            "district": district_id,
            "version": version,
            "at": at,
        },
    )


def errand(cursor: Cursor, district_id: int, key: str, at: datetime) -> None:
    """Queue the answer to a question of a page, if that neither waits nor is being found.

    Of a district one is found after the other: each may read all of it.
    """
    one_at_a_time(cursor, district_id)
    cursor.execute(
        "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(%(queue)s, %(task)s, 1, %(lock)s, %(own)s,"
        " jsonb_build_object('district_id', %(district)s::int, 'key', %(key)s::text),"
        " %(at)s::timestamptz)]::procrastinate_job_to_defer_v1[])"
        " WHERE NOT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE task_name = %(task)s"
        " AND status IN ('todo', 'doing') AND args->>'key' = %(key)s)",
        {
            "queue": QUEUE,
            "task": ERRAND,
            "lock": f"{ERRAND}:{district_id}",
            "own": f"{ERRAND}:{district_id}:{key}",
            "district": district_id,
            "key": key,
            "at": at,
        },
    )
