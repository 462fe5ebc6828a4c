"""Workers purge each district once a day, and free what was taken away."""

from datetime import UTC, datetime, timedelta

from kinsync.services import purge
from kinsync.store import queue, records
from kinsync.store.database import connect
from tests.jobs.crew import Crew, Uploader, until
from tests.services.pupils import school_of, uncle

SCHOOL = school_of(6)


def age(district: records.District, days: int) -> None:
    """Everything of the district happened so many days earlier."""
    with connect() as connection:
        for table, column in (
            ("version", "published_at"), ("sync", "started_at"), ("sync", "finished_at"),
            ("district", "created_at"),
        ):  # fmt: skip
            connection.execute(
                f"UPDATE {table} SET {column} = {column} - %s * interval '1 day'".encode(), (days,)
            )
        connection.commit()


def test_a_worker_purges_by_itself(crew: Crew, lakeside: Uploader) -> None:
    crew.start()
    lakeside.upload(SCHOOL)
    until(lambda: lakeside.version == 1, "the first night is published")
    lakeside.upload([line for line in SCHOOL if line != uncle(1)])
    until(lambda: lakeside.version == 2, "uncle 1 has left")
    age(lakeside.district, 61)

    until(
        lambda: (
            {"purge_district", "give_back"}
            <= {job.task for job in queue.list_jobs(state="succeeded")}
        ),
        "the purge is done, and what it freed is given back",
    )
    assert [version.purged_at is None for version in records.list_versions(lakeside.id)] == [
        True,
        False,
    ]


def test_each_district_is_purged_once_a_day(lakeside: Uploader) -> None:
    now = datetime.now(UTC)

    assert purge.queue_due(now) == 0, "it is new"
    assert purge.queue_due(now + timedelta(days=2)) == 1
    assert purge.queue_due(now + timedelta(days=2, hours=23)) == 0
    assert purge.queue_due(now + timedelta(days=9)) == 1
    assert [job.task for job in queue.list_jobs()] == ["purge_district"], "one that waits will do"
