"""``kinsync jobs``: what waits, runs, or has failed."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected

if TYPE_CHECKING:
    from kinsync.store.queue import Job

STATES = ("todo", "doing", "succeeded", "failed", "cancelled", "aborted")


@click.group()
def jobs() -> None:
    """Look at, retry and cancel jobs."""


@jobs.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only jobs in this state.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
def jobs_list(state: str | None, limit: int, as_json: bool) -> None:
    """The latest jobs, newest first."""
    connected()
    from kinsync.store import activity, queue

    found = queue.list_jobs(state=state, limit=limit)
    if not found and not as_json:
        say("There are no such jobs.")
    elif as_json:
        say_json({"counts": activity.count_jobs(), "jobs": [_as_json(job) for job in found]})
        return
    show_table(
        ("job", "task", "district", "state", "attempts", "may begin", "worker"),
        [
            (job.id, job.task, job.district, job.state, job.attempts, _time(job.scheduled_at),
             job.worker)
            for job in found
        ],
    )  # fmt: skip


@jobs.command("show")
@click.argument("job_id", metavar="JOB", type=int)
@json_option
def jobs_show(job_id: int, as_json: bool) -> None:
    """One job."""
    connected()
    from kinsync.store import queue

    _show(queue.find_job(job_id), as_json=as_json)


@jobs.command("retry")
@click.argument("job_id", metavar="JOB", type=int)
@json_option
def jobs_retry(job_id: int, as_json: bool) -> None:
    """Let a job that failed run again, at once."""
    connected()
    from kinsync.store import queue

    _show(queue.retry_job(job_id), as_json=as_json)


@jobs.command("cancel")
@click.argument("job_id", metavar="JOB", type=int)
@json_option
def jobs_cancel(job_id: int, as_json: bool) -> None:
    """Take a job that waits out of the queue."""
    connected()
    from kinsync.store import queue

    _show(queue.cancel_job(job_id), as_json=as_json)


def _show(job: "Job", *, as_json: bool) -> None:
    if as_json:
        say_json(_as_json(job))
        return
    whose = f" of {job.district}" if job.district else ""
    say(f"Job {job.id}: {job.task}{whose} is {job.state} after {job.attempts} attempts.")
    say(f"Queued {_time(job.queued_at)}; may begin {_time(job.scheduled_at) or 'at once'}.")
    if job.worker is not None:
        say(f"Worker {job.worker} has it.")


def _as_json(job: "Job") -> dict[str, object]:
    return {
        "job": job.id,
        "task": job.task,
        "district": job.district,
        "state": job.state,
        "attempts": job.attempts,
        "queued_at": job.queued_at and job.queued_at.isoformat(),
        "scheduled_at": job.scheduled_at and job.scheduled_at.isoformat(),
        "worker": job.worker,
        "arguments": dict(job.arguments),
    }


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""
