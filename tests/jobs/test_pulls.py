"""A worker reads a source when its time has come, and syncs what it read."""

from datetime import UTC, datetime

from kinsync.domain.settings import Settings
from kinsync.simulators.aeries import AeriesSystem
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Fault, Serving
from kinsync.store import models, pulls, queue
from kinsync.store.sealing import open_sealer
from kinsync.store.sources import Source
from tests.jobs.crew import Crew, Uploader, until


def make_source(lakeside: Uploader, serving: Serving) -> Source:
    from kinsync.services.sources import Reach, add_source

    home = Settings(home=lakeside.home).home
    reach = Reach(open_sealer(home, ""), lambda: datetime.now(UTC))
    return add_source(lakeside.district, "nightly", "aeries", dict(serving.settings), reach)


def be_due(source: Source) -> None:
    """The time of the source has come."""
    models.Schedule.objects.filter(district_id=source.district_id).update(next_at=datetime.now(UTC))


def test_a_source_whose_time_has_come_is_read_and_published(crew: Crew, lakeside: Uploader) -> None:
    with Serving(AeriesSystem(Roster(students=20, seed=5))) as serving:
        source = make_source(lakeside, serving)
        crew.start()
        be_due(source)
        until(lambda: lakeside.version == 1, "published")

    (pull,) = pulls.recent(lakeside.id, source.id)
    assert pull.state == "complete"
    assert lakeside.syncs() == [("published", 1)]


def test_an_incomplete_pull_waits_to_be_repeated(crew: Crew, lakeside: Uploader) -> None:
    with Serving(AeriesSystem(Roster(students=20, seed=5))) as serving:
        serving.fail(Fault.EMPTY, "/students", times=1000)
        source = make_source(lakeside, serving)
        crew.start()
        be_due(source)
        until(lambda: pulls.recent(lakeside.id, source.id), "asked")
        until(lambda: queue.list_jobs()[0].attempts == 1, "tried")
        until(lambda: queue.list_jobs()[0].state == "todo", "waiting")

    (job,) = queue.list_jobs()
    assert job.task == queue.PULL
    assert job.scheduled_at is not None
    assert job.scheduled_at > datetime.now(UTC)
    assert lakeside.syncs() == []
