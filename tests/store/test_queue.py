"""What waits in the queue: one sync a district, when it has been quiet, whoever asks at once."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from kinsync.domain.errors import ChangeInput, Conflict, NotFound
from kinsync.store import queue, records, workers
from kinsync.store.database import connect

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def district(database: None) -> records.District:
    return records.add_district("Lakeside", at=NOON)


def upload(district: records.District, at: datetime) -> None:
    """Record a complete upload as the door does: the job is part of its transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        queue.sync_when_quiet(cursor, district.id, 1, at)


def due() -> list[datetime | None]:
    return [job.scheduled_at for job in queue.list_jobs(state="todo")]


def begin_job() -> int:
    """Take the one job as a worker does; answers the worker's number."""
    with contextlib.closing(connect(autocommit=True)) as own:
        row = own.execute("SELECT worker_id FROM procrastinate_register_worker_v1()").fetchone()
        assert row is not None
        own.execute("SELECT procrastinate_fetch_job_v2(NULL, %s)", row)
    return int(row[0])


def test_a_sync_waits_until_the_district_has_been_quiet(district: records.District) -> None:
    upload(district, NOON)

    assert due() == [NOON + 5 * MINUTE]


def test_more_files_of_an_upload_put_the_same_sync_off(district: records.District) -> None:
    upload(district, NOON)
    upload(district, NOON + MINUTE)
    with queue.queueing() as cursor:
        queue.note_activity(cursor, district.id, NOON + 2 * MINUTE)
        queue.note_activity(cursor, district.id, NOON)

    assert due() == [NOON + 7 * MINUTE]


def test_activity_alone_queues_nothing(district: records.District) -> None:
    with queue.queueing() as cursor:
        queue.note_activity(cursor, district.id, NOON)

    assert due() == []


def test_a_district_has_a_quiet_period_of_its_own(district: records.District) -> None:
    records.change_settings(district.id, {"quiet_seconds": 60})
    upload(district, NOON)

    assert due() == [NOON + MINUTE]


def test_whoever_asks_at_once_does_not_wait(district: records.District) -> None:
    upload(district, NOON)
    with queue.queueing() as cursor:
        queue.sync_at_once(cursor, district.id, NOON)

    assert due() == [NOON]


def test_the_job_of_an_upload_that_is_not_recorded_is_not_there(
    district: records.District,
) -> None:
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        with connection.cursor() as cursor:
            queue.sync_when_quiet(cursor, district.id, 1, NOON)
        raise ZeroDivisionError

    assert queue.list_jobs() == []


def test_a_plain_cursor_will_do(district: records.District) -> None:
    with contextlib.closing(connect()) as own:
        queue.sync_when_quiet(own.cursor(), district.id, 1, NOON)
        assert due() == []
        own.commit()

    assert due() == [NOON + 5 * MINUTE]


def test_an_upload_during_a_sync_is_the_next_one(district: records.District) -> None:
    with queue.queueing() as cursor:
        queue.sync_at_once(cursor, district.id, NOON - timedelta(days=365))
    begin_job()

    upload(district, NOON)

    assert [job.state for job in queue.list_jobs()] == ["todo", "doing"]
    assert queue.waiting_sync(district.id) == queue.list_jobs()[1]


def test_a_dead_workers_job_waits_again_unless_a_newer_one_does(
    district: records.District,
) -> None:
    with queue.queueing() as cursor:
        queue.sync_at_once(cursor, district.id, NOON - timedelta(days=365))
    first = begin_job()
    assert workers.take_over(stale_seconds=0) == [first]
    assert [job.state for job in queue.list_jobs()] == ["todo"]

    second = begin_job()
    upload(district, NOON)
    workers.take_over(stale_seconds=0)

    assert [job.state for job in queue.list_jobs()] == ["todo", "aborted"]
    assert not workers.beat(second)


def test_a_worker_that_was_given_up_cannot_end_a_job_of_another(
    district: records.District,
) -> None:
    with queue.queueing() as cursor:
        queue.sync_at_once(cursor, district.id, NOON - timedelta(days=365))
    zombie = begin_job()
    workers.take_over(stale_seconds=0)
    owner = begin_job()
    (job,) = queue.list_jobs()

    workers.end_job(job.id, zombie, "failed")
    workers.postpone_job(job.id, zombie, NOON)
    assert queue.find_job(job.id).state == "doing"

    workers.end_job(job.id, owner, "succeeded")
    assert queue.find_job(job.id).state == "succeeded"


def test_a_job_that_failed_can_be_retried_and_one_that_waits_cancelled(
    district: records.District,
) -> None:
    with queue.queueing() as cursor:
        queue.sync_at_once(cursor, district.id, NOON - timedelta(days=365))
    (job,) = queue.list_jobs()
    with pytest.raises(ChangeInput, match="only one that failed"):
        queue.retry_job(job.id)
    workers.end_job(job.id, begin_job(), "failed")

    with pytest.raises(ChangeInput, match="only one that waits"):
        queue.cancel_job(job.id)
    assert queue.retry_job(job.id).state == "todo"
    assert queue.cancel_job(job.id).state == "cancelled"
    with pytest.raises(NotFound):
        queue.find_job(job.id + 1)


def test_a_job_is_not_retried_beside_a_newer_one(district: records.District) -> None:
    with queue.queueing() as cursor:
        queue.sync_at_once(cursor, district.id, NOON - timedelta(days=365))
    (job,) = queue.list_jobs()
    workers.end_job(job.id, begin_job(), "failed")
    upload(district, NOON)

    with pytest.raises(Conflict, match="waits already"):
        queue.retry_job(job.id)


def test_jobs_that_ended_long_ago_are_forgotten_and_failed_ones_stay(
    district: records.District,
) -> None:
    for end in ("succeeded", "failed"):
        with queue.queueing() as cursor:
            queue.sync_at_once(cursor, district.id, NOON - timedelta(days=365))
        (job,) = queue.list_jobs(state="todo")
        workers.end_job(job.id, begin_job(), end)
    now = datetime.now(UTC)

    assert workers.forget_old_jobs(before=now - timedelta(days=30)) == 0
    assert workers.forget_old_jobs(before=now + timedelta(days=1)) == 1
    assert [job.state for job in queue.list_jobs()] == ["failed"]


def test_arguments_of_jobs_are_ids_alone(district: records.District) -> None:
    upload(district, NOON)

    assert [job.arguments for job in queue.list_jobs()] == [{"district_id": district.id}]
