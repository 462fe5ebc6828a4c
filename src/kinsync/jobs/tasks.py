"""What a worker can be asked to do. Names are stored in the queue: renaming one loses its jobs."""

from dataclasses import dataclass

from procrastinate import Blueprint, JobContext, RetryStrategy

from kinsync.domain.errors import Conflict, KinsyncError, TryAgainLater
from kinsync.services.arrivals import Arrivals, sync_arrived
from kinsync.services.mail import Send, report_ended
from kinsync.services.sync import Tools
from kinsync.store import queue, records

tasks = Blueprint()

AGAIN = RetryStrategy(max_attempts=50, wait=5, linear_wait=5, retry_exceptions={TryAgainLater})
"""A database, disk or SIS that is away is tried for some two hours; the rest is for a person."""

WORKSHOP = "workshop"


@dataclass(frozen=True, slots=True)
class Workshop:
    """What tasks work with."""

    tools: Tools
    arrivals: Arrivals
    send: Send


@tasks.task(name=queue.SYNC, queue=queue.QUEUE, retry=AGAIN, pass_context=True)
def sync_district(context: JobContext, district_id: int) -> None:
    """Sync what a district has delivered, if that was not done already."""
    workshop = _workshop(context)
    try:
        sync_arrived(district_id, workshop.arrivals, workshop.tools)
    except (TryAgainLater, Conflict):
        raise
    except KinsyncError:
        _report(district_id, workshop, has_failed=True)
        raise
    _report(district_id, workshop, has_failed=False)


def _report(district_id: int, workshop: Workshop, *, has_failed: bool) -> None:
    district = records.district(district_id)
    report_ended(district, workshop.send, workshop.tools.now(), has_failed=has_failed)


def _workshop(context: JobContext) -> Workshop:
    workshop: Workshop = context.additional_context[WORKSHOP]
    return workshop
