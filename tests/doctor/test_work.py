"""Troubles of work: workers, jobs, backups, districts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kinsync import bootstrap
from kinsync.services import pause, schedules
from kinsync.services.doctor import work
from kinsync.services.doctor.said import Look
from kinsync.store import backups, queue, records
from kinsync.store.database import connect
from tests.cli.commands import Home, kinsync
from tests.doctor.test_machine import said


def now() -> datetime:
    return datetime.now(UTC)


def plant(statement: str, *values: object) -> None:
    with connect(autocommit=True) as owner:
        owner.execute(statement.encode(), values)


def district(*, days_ago: float = 0) -> records.District:
    return records.add_district("Lakeside", at=now() - timedelta(days=days_ago))


def due_job(*, minutes: float = 0) -> None:
    with queue.queueing() as cursor:
        queue.sync_at_once(cursor, district().id, now() - timedelta(minutes=minutes))


def test_nobody_who_works_is_a_problem_once_something_waits(home: Home) -> None:
    assert said("workers")[0] == "note"

    due_job(minutes=1)

    state, words = said("workers")
    assert (state, "kinsync serve" in words) == ("problem", True)


def test_a_worker_that_was_not_heard_of_is_dead(home: Home) -> None:
    plant("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
    assert said("workers")[0] == "ok"

    plant("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '5 minutes'")

    assert said("workers")[0] == "problem"


@pytest.mark.parametrize(("minutes", "state"), [(0, "ok"), (5, "note"), (30, "problem")])
def test_a_job_that_waits_long_is_named(home: Home, minutes: int, state: str) -> None:
    due_job(minutes=minutes)

    assert said("queue")[0] == state


@pytest.mark.parametrize(
    ("status", "words"),
    [("failed", "kinsync jobs list --state failed"), ("doing", "takes them over")],
)
def test_jobs_that_are_given_up_or_left_half_done_are_named(
    home: Home, status: str, words: str
) -> None:
    due_job()
    assert said("jobs")[0] == "ok"

    plant("UPDATE procrastinate_jobs SET status = %s::text::procrastinate_job_status", status)

    state, told = said("jobs")
    assert (state, words in told) == ("problem", True)


@pytest.mark.parametrize(
    ("days", "state"), [(None, "note"), (0, "ok"), (1.5, "ok"), (3, "note"), (30, "note")]
)
def test_an_old_backup_is_named(home: Home, days: float | None, state: str) -> None:
    if days is not None:
        at = now() - timedelta(days=days)
        backups.record_backup("b" * 32, made_at=at, size=1, is_sealed=True)

    told, words = said("backup")

    assert told == state
    assert ("kinsync backup --encrypt" in words) is (state != "ok")


def test_an_embedded_database_without_a_backup_is_a_problem(home: Home) -> None:
    settings = replace(bootstrap.read_settings(), database_url="")
    look = Look(settings, bootstrap.storage(settings), now(), lambda: None)

    assert work.backup(look).state == "problem"


def test_a_district_that_misses_two_of_its_times_is_named(home: Home) -> None:
    lakeside = district(days_ago=3)
    assert said("districts")[0] == "ok"

    schedules.set_schedule(lakeside, "sync", "30 2 * * *", at=now())

    state, words = said("districts")
    assert (state, "Lakeside" in words) == ("problem", True)
    sync = records.start_sync(lakeside, at=now())
    records.finish_sync(sync, "unchanged", at=now())
    assert said("districts")[0] == "ok"


def test_a_district_that_is_paused_need_not_deliver(home: Home) -> None:
    lakeside = district(days_ago=30)
    state, words = said("districts")
    assert (state, "Lakeside" in words) == ("note", True)

    pause.pause(lakeside, None, now())

    assert said("districts")[0] == "ok"


def test_what_doctor_says_is_an_exit_code_and_lines_for_a_person(home: Home) -> None:
    due_job(minutes=30)

    done = kinsync("doctor")

    assert done.code == 1
    assert "problem queue" in done.out
    assert "Run more workers" in done.out
    assert done.out.splitlines()[-1].endswith("problems")
