"""A version that was published is followed once: by one job, whoever published it."""

from kinsync.services import following
from kinsync.store import page_jobs, queue
from tests.services.office import Office
from tests.services.pupils import school_of


def waiting(office: Office) -> int:
    jobs = queue.list_jobs(state="todo")
    mine = {"district_id": office.district.id}
    return sum(
        one.task == page_jobs.FOLLOW and mine.items() <= one.arguments.items() for one in jobs
    )


def test_each_version_is_queued_once(office: Office) -> None:
    office.sync(school_of(2))
    for _ in range(2):
        following.queue_due(office.day)
    assert waiting(office) == 1
    office.sync(school_of(3))
    following.queue_due(office.day)

    assert waiting(office) == 1


def test_what_was_followed_is_not_queued_again(office: Office) -> None:
    assert following.queue_due(office.day) == 0
    office.sync(school_of(2))
    following.follow(office.district.id, office.tools)
    following.follow(office.district.id, office.tools)

    assert following.queue_due(office.day) == 0
