"""What a worker can be asked to do. Names are stored in the queue: renaming one loses its jobs."""

from dataclasses import dataclass

from procrastinate import Blueprint, JobContext, RetryStrategy

from kinsync.domain.errors import TryAgainLater
from kinsync.services.arrivals import Arrivals, sync_arrived
from kinsync.services.sync import Tools
from kinsync.store import queue

tasks = Blueprint()

AGAIN = RetryStrategy(max_attempts=50, wait=5, linear_wait=5, retry_exceptions={TryAgainLater})
"""A database, disk or SIS that is away is tried for some two hours; the rest is for a person."""

WORKSHOP = "workshop"


@dataclass(frozen=True, slots=True)
class Workshop:
    """What tasks work with."""

    tools: Tools
    arrivals: Arrivals


@tasks.task(name=queue.SYNC, queue=queue.QUEUE, retry=AGAIN, pass_context=True)
def sync_district(context: JobContext, district_id: int) -> None:
    """Sync what a district has delivered, if that was not done already."""
    workshop = _workshop(context)
    sync_arrived(district_id, workshop.arrivals, workshop.tools)


def _workshop(context: JobContext) -> Workshop:
    workshop: Workshop = context.additional_context[WORKSHOP]
    return workshop
