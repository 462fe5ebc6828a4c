"""Sending webhook messages that are due: one call, by any number of workers at once.

The event log is the truth and a webhook a hint: a message says that there are new events, never
what is in them. It is sent at least once; every repetition has the same ``webhook-id``.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import psycopg
import structlog

from kinsync import __version__
from kinsync.domain.errors import ChangeInput
from kinsync.domain.webhooks import Answer, Message, judge, signed_headers
from kinsync.store import queue, webhook_queue
from kinsync.store.database import connect, outages
from kinsync.store.sealing import Sealer
from kinsync.store.webhook_queue import Claim
from kinsync.transport.addresses import Address, Network, permitted
from kinsync.transport.post import TOTAL_SECONDS, Target, read_target

THREADS = 4
"""Attempts that one call makes side by side: nearly all of their time is waiting."""

log = structlog.get_logger()


class Send(Protocol):
    """Makes one POST: ``transport.post.Poster`` outside of tests."""

    def __call__(
        self,
        target: Target,
        addresses: Sequence[Address],
        headers: Mapping[str, str],
        body: bytes,
        *,
        seconds: float,
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a district's team has to know: an endpoint gets no messages any more."""

    district: str
    application: str
    endpoint: str
    reason: str
    at: datetime


def log_notice(notice: Notice) -> None:
    """Tell whoever reads the log. The endpoint's address stays out: it may hold a token."""
    log.warning(
        "webhook endpoint disabled",
        district=notice.district,
        application=notice.application,
        endpoint=notice.endpoint,
        reason=notice.reason,
        at=notice.at.isoformat(),
    )


@dataclass(frozen=True, slots=True)
class Tools:
    """What sending needs from outside.

    ``resolve`` answers the addresses of a name or raises OSError; ``allowed`` are networks that may
    be called though they are not of the Internet; ``chance`` is a random number from 0 to 1.
    """

    now: Callable[[], datetime]
    resolve: Callable[[str], Sequence[str]]
    send: Send
    sealer: Sealer
    chance: Callable[[], float]
    allowed: tuple[Network, ...] = ()
    notify: Callable[[Notice], None] = log_notice
    keep_days: int = 30
    """How long a finished message can be looked at and sent again."""


def deliver_due(tools: Tools, *, threads: int = THREADS) -> int:
    """Make every attempt that is due now, and answer how many were made.

    What becomes due meanwhile is left to the next call. Call it every few seconds.

    Raises:
        TryAgainLater: the database is away. What was under way is sent again when its lease ends.
        ChangeInput: a secret does not open here; its message waits.
    """
    started = tools.now()
    with outages(doing="sending webhooks"), closing(connect(autocommit=True)) as connection:
        due = webhook_queue.due_endpoints(connection, now=started)
        webhook_queue.forget_old(
            connection, now=started, before=started - timedelta(days=tools.keep_days)
        )
    if not due:
        return 0
    lanes = min(threads, due)
    with ThreadPoolExecutor(lanes, thread_name_prefix="webhook") as pool:
        made = [pool.submit(_deliver_until_none, tools, started) for _ in range(lanes)]
    return sum(one.result() for one in made)


def queue_due(at: datetime) -> bool:
    """Queue ``deliver_due`` for a worker where any message is due; whether there is one.

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="sending webhooks"), closing(connect(autocommit=True)) as connection:
        is_due = webhook_queue.due_endpoints(connection, now=at) > 0
    if is_due:
        with queue.queueing() as cursor:
            queue.deliver_webhooks(cursor, at)
    return is_due


def _deliver_until_none(tools: Tools, started: datetime) -> int:
    attempts = 0
    with outages(doing="sending webhooks"), closing(connect(autocommit=True)) as connection:
        while claim := webhook_queue.claim(connection, now=tools.now(), due=started):
            _deliver(connection, claim, tools)
            attempts += 1
    return attempts


def _deliver(connection: psycopg.Connection, claim: Claim, tools: Tools) -> None:
    """Make one attempt and record what came of it."""
    try:
        keys = open_secrets(claim.sealed, claim, tools.sealer)
    except ChangeInput:
        webhook_queue.give_back(connection, claim, at=tools.now())
        raise
    answer = attempt(claim.url, claim.message, keys, tools)
    at = tools.now()
    verdict = judge(answer, attempts=claim.attempts, at=at, chance=tools.chance())
    recorded = webhook_queue.finish(connection, claim, answer, verdict, at=at)
    if recorded and verdict.disabled:
        tools.notify(
            Notice(
                district=claim.message.district,
                application=claim.message.application,
                endpoint=claim.endpoint_id,
                reason=verdict.disabled,
                at=at,
            )
        )


def attempt(url: str, message: Message, keys: Sequence[bytes], tools: Tools) -> Answer:
    """Sign a message and send it to an address, if that may be called.

    The name is looked up now, whatever it said before, and what is found is what is called.
    """
    started = tools.now()
    try:
        target = read_target(url)
        addresses = permitted(tools.resolve(target.host), tools.allowed)
    except ChangeInput as error:
        return Answer(None, str(error).rstrip("."))
    except OSError:
        return Answer(None, "the name was not found")
    if target.scheme == "http":
        addresses = tuple(address for address in addresses if address.is_loopback)
    if not addresses:
        return Answer(None, "the name leads to no address that may be called")
    at = tools.now()
    seconds = TOTAL_SECONDS - (at - started).total_seconds()
    if seconds <= 0:
        return Answer(None, "the name was not found in time")
    body = message.body()
    headers = {
        "User-Agent": f"kinsync/{__version__}",
        **signed_headers(message.id, body, keys, at=at),
    }
    return tools.send(target, addresses, headers, body, seconds=seconds)


class Bound(Protocol):
    """Whatever a webhook's secret belongs to."""

    @property
    def district_id(self) -> int: ...

    @property
    def connection_id(self) -> int: ...


def open_secrets(sealed: Sequence[str], owner: Bound, sealer: Sealer) -> list[bytes]:
    """The keys of an endpoint.

    Raises:
        ChangeInput: one does not open here.
    """
    return [sealer.unseal(one, bound_to=binding(owner)) for one in sealed]


def binding(owner: Bound) -> tuple[str, int, int]:
    """What a sealed webhook secret is bound to."""
    return ("webhook", owner.district_id, owner.connection_id)
