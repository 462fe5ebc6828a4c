"""What a worker can be asked to do. Names are stored in the queue: renaming one loses its jobs."""

import logging
from dataclasses import dataclass

from procrastinate import Blueprint, JobContext, RetryStrategy

from kinsync.domain.errors import ChangeInput, Conflict, KinsyncError, TryAgainLater
from kinsync.services.arrivals import Arrivals, sync_arrived
from kinsync.services.errands import do
from kinsync.services.following import follow
from kinsync.services.following import queue_due as queue_due_following
from kinsync.services.mail import Send, report_ended, report_given_up
from kinsync.services.pulls import PullTools, pull
from kinsync.services.purge import Tools as PurgeTools
from kinsync.services.purge import give_back, purge_district
from kinsync.services.sync import Tools
from kinsync.services.webhooks import Tools as WebhookTools
from kinsync.services.webhooks import deliver_due
from kinsync.services.webhooks import queue_due as queue_due_webhooks
from kinsync.services.whence import find_all
from kinsync.store import page_jobs, queue, records
from kinsync.store.sources import source

log = logging.getLogger("kinsync.worker")

tasks = Blueprint()

ATTEMPTS = 50
"""After so many in vain nobody tries again."""
AGAIN = RetryStrategy(
    max_attempts=ATTEMPTS, wait=5, linear_wait=5, retry_exceptions={TryAgainLater}
)
"""A database, disk or SIS that is away is tried for some two hours; the rest is for a person."""

AGAIN_SLOWLY = RetryStrategy(
    max_attempts=6, wait=120, linear_wait=300, retry_exceptions={TryAgainLater}
)
"""A source that does not give the whole is asked again for some hour and a half, and then at its
next time."""

WORKSHOP = "workshop"


@dataclass(frozen=True, slots=True)
class Workshop:
    """What tasks work with."""

    tools: Tools
    arrivals: Arrivals
    send: Send
    webhooks: WebhookTools
    pulls: PullTools
    purging: PurgeTools


@tasks.task(name=queue.SYNC, queue=queue.QUEUE, retry=AGAIN, pass_context=True)
def sync_district(context: JobContext, district_id: int) -> None:
    """Sync what a district has delivered, if that was not done already."""
    workshop = _workshop(context)
    try:
        sync_arrived(district_id, workshop.arrivals, workshop.tools)
    except TryAgainLater as error:
        if context.job.attempts >= ATTEMPTS:
            _report_given_up(district_id, workshop, str(error))
        raise
    except Conflict:
        raise
    except KinsyncError:
        _report(district_id, workshop, has_failed=True)
        raise
    queue_due_webhooks(workshop.tools.now())
    queue_due_following(workshop.tools.now())
    _report(district_id, workshop, has_failed=False)


@tasks.task(name=page_jobs.FOLLOW, queue=queue.QUEUE, retry=AGAIN, pass_context=True)
def follow_version(context: JobContext, district_id: int, version: int) -> None:
    """Make what pages show beside the records; of a newer version, where there is one by now."""
    del version
    tools = _workshop(context).tools
    follow(district_id, tools)
    find_all(district_id, tools.storage)


@tasks.task(name=page_jobs.ERRAND, queue=queue.QUEUE, retry=AGAIN, pass_context=True)
def do_errand(context: JobContext, district_id: int, key: str) -> None:
    """Answer what a page asked for, if nobody has."""
    do(district_id, key, _workshop(context).tools)


@tasks.task(name=queue.PULL, queue=queue.QUEUE, retry=AGAIN_SLOWLY, pass_context=True)
def pull_source(context: JobContext, district_id: int, source_id: int) -> None:
    """Read a whole source; its sync is queued with the record that it is whole."""
    pull(records.district(district_id), source(district_id, source_id), _workshop(context).pulls)


@tasks.task(name=queue.WEBHOOKS, queue=queue.QUEUE, retry=AGAIN, pass_context=True)
def deliver_webhooks(context: JobContext) -> None:
    """Tell applications of new events, as far as messages are due."""
    try:
        deliver_due(_workshop(context).webhooks)
    except ChangeInput as error:  # a secret that does not open here: its messages wait
        log.warning("%s", error)


@tasks.task(name=queue.PURGE, queue=queue.QUEUE, retry=AGAIN, pass_context=True)
def purge(context: JobContext, district_id: int) -> None:
    """Take away what a district keeps too long."""
    tools = _workshop(context).purging
    if purge_district(district_id, tools).has_freed:
        with queue.queueing() as cursor:
            queue.give_back(cursor, tools.now())


@tasks.task(name=queue.GIVE_BACK, queue=queue.QUEUE, retry=AGAIN, pass_context=True)
def free(context: JobContext) -> None:
    """Free what purges have taken away."""
    give_back(_workshop(context).purging)


def _report_given_up(district_id: int, workshop: Workshop, why: str) -> None:
    """Tell the team that a sync is not tried any more, as far as that can be told."""
    try:
        district = records.district(district_id)
        report_given_up(district, workshop.send, workshop.tools.now(), why=why)
    except KinsyncError as error:
        log.warning("%s", error)


def _report(district_id: int, workshop: Workshop, *, has_failed: bool) -> None:
    district = records.district(district_id)
    report_ended(district, workshop.send, workshop.tools.now(), has_failed=has_failed)


def _workshop(context: JobContext) -> Workshop:
    workshop: Workshop = context.additional_context[WORKSHOP]
    return workshop
