"""Messages leaving: which is next, who has it, what came of it, for any number of senders at once.

An attempt leases the *endpoint*, so an endpoint gets one message at a time, in order, and a slow
one holds up no other. A lease ends by itself: when a sender dies, another makes the attempt again.
A sender whose lease has ended cannot record anything any more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from kinsync.domain.webhooks import EVENTS_AVAILABLE, Answer, Message, Verdict
from kinsync.store.copying import Cursor
from kinsync.store.database import outages

LEASE = timedelta(seconds=90)
"""An attempt is over long before. Machines whose clocks differ by less than the rest do no harm."""

PATIENCE = 3
"""Attempts during which later messages wait for an earlier one: at once, 5 seconds, 5 minutes.
After those they pass it, so that one message never stops an endpoint."""

NEXT = """
SELECT message.id FROM webhook_message AS message
WHERE message.district_id = endpoint.district_id AND message.endpoint_id = endpoint.id
AND message.state = 'waiting' AND message.due_at <= %(due)s
AND NOT EXISTS (
    SELECT FROM webhook_message AS earlier
    WHERE earlier.district_id = message.district_id AND earlier.endpoint_id = message.endpoint_id
    AND earlier.state = 'waiting' AND earlier.id < message.id
    AND earlier.attempts < %(patience)s AND earlier.due_at > %(due)s)
"""
"""The messages of ``endpoint`` that may go now. The lowest of them is next."""

FREE = """
endpoint.disabled_at IS NULL
AND (endpoint.leased_until IS NULL OR endpoint.leased_until <= %(now)s)
AND (endpoint.wait_until IS NULL OR endpoint.wait_until <= %(now)s)
"""

COUNT = f"SELECT count(*) FROM webhook_endpoint AS endpoint WHERE {FREE} AND EXISTS ({NEXT})"  # noqa: S608

TAKE_ENDPOINT = f"""
SELECT endpoint.district_id, endpoint.id FROM webhook_endpoint AS endpoint
WHERE {FREE} AND EXISTS ({NEXT})
ORDER BY endpoint.attempted_at NULLS FIRST, endpoint.id
LIMIT 1 FOR NO KEY UPDATE OF endpoint SKIP LOCKED
"""  # noqa: S608
"""The lock is one that a publish, which refers to endpoints from its messages, does not hold up."""

BEGIN_ATTEMPT = f"""
UPDATE webhook_message SET attempts = attempts + 1, attempted_at = %(now)s
WHERE district_id = %(district_id)s AND id = (
    SELECT next.id FROM webhook_endpoint AS endpoint, LATERAL ({NEXT} ORDER BY id LIMIT 1) AS next
    WHERE endpoint.district_id = %(district_id)s AND endpoint.id = %(endpoint_id)s)
RETURNING id AS number, webhook_id, type, occurred_at, first_event, last_event, count, attempts
"""  # noqa: S608

LEASE_ENDPOINT = """
UPDATE webhook_endpoint AS endpoint
SET lease = lease + 1, leased_until = %(until)s, attempted_at = %(now)s
FROM connection, application, district
WHERE endpoint.district_id = %(district_id)s AND endpoint.id = %(endpoint_id)s
AND connection.id = endpoint.connection_id AND application.id = connection.application_id
AND district.id = endpoint.district_id
RETURNING endpoint.lease, endpoint.url, endpoint.connection_id,
endpoint.secret, endpoint.old_secret, endpoint.old_ends_at,
district.public_id AS district, application.public_id AS application
"""

END_LEASE = """
UPDATE webhook_endpoint
SET leased_until = NULL, wait_until = %(wait_until)s,
    disabled_at = coalesce(disabled_at, CASE WHEN %(disabled)s <> '' THEN %(at)s END),
    disabled_reason = CASE WHEN disabled_at IS NULL THEN %(disabled)s ELSE disabled_reason END
WHERE district_id = %(district_id)s AND id = %(endpoint_id)s AND lease = %(lease)s
"""

END_ATTEMPT = """
UPDATE webhook_message
SET state = %(state)s, due_at = coalesce(%(due_at)s, due_at), status = %(status)s,
    reason = %(reason)s, finished_at = CASE WHEN %(state)s <> 'waiting' THEN %(at)s END
WHERE district_id = %(district_id)s AND id = %(number)s
"""

UNDO_ATTEMPT = """
UPDATE webhook_message SET attempts = attempts - 1
WHERE district_id = %(district_id)s AND id = %(number)s
"""

FORGET_MESSAGES = "DELETE FROM webhook_message WHERE finished_at < %(before)s"
FORGET_SECRETS = """
UPDATE webhook_endpoint SET old_secret = '', old_ends_at = NULL WHERE old_ends_at <= %(now)s
"""


def enqueue(
    cursor: Cursor,
    *,
    district_id: int,
    connection_id: int,
    first_event: str,
    last_event: str,
    count: int,
    at: datetime,
) -> int:
    """Leave one message for each enabled endpoint of a connection; answers how many.

    Belongs into the transaction that writes the events, so that neither is there without the
    other. One statement, which writes nothing where nobody listens.

    Args:
        first_event: id of the first new event (24 hex digits), ``last_event`` that of the last.
        count: how many new events there are.
        at: when they were written.
    """
    cursor.execute(
        "INSERT INTO webhook_message (district_id, endpoint_id, webhook_id, type, occurred_at,"
        " first_event, last_event, count, state, due_at, attempts, reason)"
        " SELECT district_id, id, 'msg_' || replace(gen_random_uuid()::text, '-', ''), %(type)s,"
        " %(at)s, %(first)s, %(last)s, %(count)s, 'waiting', %(at)s, 0, ''"
        " FROM webhook_endpoint WHERE district_id = %(district)s"
        " AND connection_id = %(connection)s AND disabled_at IS NULL ORDER BY id",
        {
            "type": EVENTS_AVAILABLE,
            "at": at,
            "first": first_event,
            "last": last_event,
            "count": count,
            "district": district_id,
            "connection": connection_id,
        },
    )
    return cursor.rowcount


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt that is this sender's to make, until ``lease`` ends.

    ``number`` is the message's in the database; ``attempts`` counts this one; ``sealed`` are the
    secrets that sign, the current one first.
    """

    district_id: int
    endpoint_id: str
    connection_id: int
    lease: int
    number: int
    attempts: int
    url: str
    sealed: tuple[str, ...]
    message: Message


def due_endpoints(connection: psycopg.Connection, *, now: datetime) -> int:
    """How many endpoints have a message that may go now."""
    with outages(doing="looking for webhook messages"):
        values = {"now": now, "due": now, "patience": PATIENCE}
        found = connection.execute(COUNT, values).fetchone()
    return int(found[0]) if found else 0


def claim(connection: psycopg.Connection, *, now: datetime, due: datetime) -> Claim | None:
    """Lease the endpoint that has waited longest, and begin the attempt of its next message.

    Args:
        due: messages that become due later are left.

    Returns:
        None where nothing is due that nobody else has.
    """
    values: dict[str, Any] = {
        "now": now, "due": due, "until": now + LEASE, "patience": PATIENCE,
    }  # fmt: skip
    with outages(doing="taking a webhook message"):
        while True:
            with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
                taken = cursor.execute(TAKE_ENDPOINT, values).fetchone()
                if taken is None:
                    return None
                values |= {"district_id": taken["district_id"], "endpoint_id": taken["id"]}
                # A new statement sees what others did to the messages before the lock was ours.
                begun = cursor.execute(BEGIN_ATTEMPT, values).fetchone()
                if begun is not None:
                    leased = cursor.execute(LEASE_ENDPOINT, values).fetchone()
                    return _claim(values, {**begun, **(leased or {})})


def finish(
    connection: psycopg.Connection,
    claimed: Claim,
    answer: Answer,
    verdict: Verdict,
    *,
    at: datetime,
) -> bool:
    """Record what came of an attempt and give the endpoint back.

    Returns:
        False where the lease had ended: another sender has the endpoint, nothing was recorded.
    """
    values = {
        **_key(claimed),
        "at": at,
        "state": verdict.state,
        "due_at": verdict.due_at,
        "wait_until": verdict.wait_until,
        "disabled": verdict.disabled,
        "status": answer.status,
        "reason": answer.reason,
    }
    with outages(doing="recording a webhook attempt"), connection.transaction():
        is_ours = connection.execute(END_LEASE, values).rowcount == 1
        if is_ours:
            connection.execute(END_ATTEMPT, values)
    return is_ours


def give_back(connection: psycopg.Connection, claimed: Claim, *, at: datetime) -> None:
    """Undo a claim of which no attempt was made."""
    values = {**_key(claimed), "at": at, "wait_until": None, "disabled": ""}
    with outages(doing="giving a webhook message back"), connection.transaction():
        if connection.execute(END_LEASE, values).rowcount == 1:
            connection.execute(UNDO_ATTEMPT, values)


def forget_old(connection: psycopg.Connection, *, now: datetime, before: datetime) -> None:
    """Drop messages that were finished before then, and old secrets that sign no more."""
    values = {"now": now, "before": before}
    with outages(doing="forgetting old webhook messages"), connection.transaction():
        connection.execute(FORGET_MESSAGES, values)
        connection.execute(FORGET_SECRETS, values)


def _key(claimed: Claim) -> dict[str, Any]:
    return {
        "district_id": claimed.district_id,
        "endpoint_id": claimed.endpoint_id,
        "lease": claimed.lease,
        "number": claimed.number,
    }


def _claim(values: dict[str, Any], found: dict[str, Any]) -> Claim:
    has_old = found["old_ends_at"] is not None and found["old_ends_at"] > values["now"]
    return Claim(
        district_id=values["district_id"],
        endpoint_id=values["endpoint_id"],
        connection_id=found["connection_id"],
        lease=found["lease"],
        number=found["number"],
        attempts=found["attempts"],
        url=found["url"],
        sealed=(found["secret"], found["old_secret"]) if has_old else (found["secret"],),
        message=Message(
            id=found["webhook_id"],
            type=found["type"],
            at=found["occurred_at"],
            district=found["district"],
            application=found["application"],
            connection=found["connection_id"],
            first_event=found["first_event"],
            last_event=found["last_event"],
            count=found["count"],
        ),
    )
