"""What pages show beside the records is made by a worker, once for each version."""

from datetime import UTC, datetime

from kinsync.services import following
from kinsync.store import alike, page_jobs, quality, queue, reach
from kinsync.store.gate import district_reader
from kinsync.store.search import is_behind
from tests.jobs.crew import Crew, Uploader, until
from tests.services.pupils import school_of


def follows(uploader: Uploader) -> list[str]:
    return [
        job.state
        for job in queue.list_jobs()
        if job.task == page_jobs.FOLLOW and job.arguments["district_id"] == uploader.id
    ]


def test_a_worker_follows_whatever_was_published(crew: Crew, lakeside: Uploader) -> None:
    lakeside.upload(school_of(3))
    crew.start()
    until(lambda: alike.found_for(lakeside.id) == 1, "pairs are found")

    assert sorted(reach.of_versions(lakeside.id)) == [1]
    counted = quality.newest(lakeside.id)
    assert counted is not None
    assert counted.version == 1
    with district_reader(lakeside.id) as cursor:
        assert not is_behind(cursor, lakeside.id, 1)
    until(lambda: follows(lakeside) == ["succeeded"], "the job is done")
    assert following.queue_due(datetime.now(UTC)) == 0
