"""Webhook messages: what they say, how they are signed, and when they are tried again.

Source:
    The Standard Webhooks specification, version 1.0.0.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

EVENTS_AVAILABLE = "events.available"
TEST = "webhook.test"

SECRET_PREFIX = "whsec_"  # noqa: S105
SECRET_BYTES = 32
"""Random bytes of a secret; the specification asks for 24 to 64."""

SCHEDULE = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long after the attempt before it each attempt is made; the first is made at once."""

JITTER = 0.2
"""Up to this share is added to each delay, so that a receiver's bad hour does not repeat itself."""

LONGEST_RETRY_AFTER = timedelta(hours=24)
"""However long a receiver asks to be left alone, it is tried again after this."""

HEARD = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
"""Answers whose ``Retry-After`` is honoured."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one endpoint: a hint that there are events, without any of their content.

    ``id`` stays the same however often it is sent. ``district`` and ``application`` are public ids,
    ``connection`` is the number of the tie between them. A test has no events.
    """

    id: str
    type: str
    at: datetime
    district: str
    application: str
    connection: int
    first_event: str | None = None
    last_event: str | None = None
    count: int = 0

    def body(self) -> bytes:
        """The JSON that is signed and sent: the same bytes at every attempt."""
        data: dict[str, object] = {
            "district": self.district,
            "application": self.application,
            "connection": str(self.connection),
        }
        if self.first_event is not None:
            data |= {
                "first_event": self.first_event,
                "last_event": self.last_event,
                "count": self.count,
                "url": f"/v3.1/events?starting_after={id_before(self.first_event)}",
            }
        at = self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told = {"type": self.type, "timestamp": at, "data": data}
        return json.dumps(told, separators=(",", ":")).encode()


def id_before(id_: str) -> str:
    """The id just below one: a cursor from which a list begins with that very record."""
    return f"{max(int(id_, 16) - 1, 0):0{len(id_)}x}"


def spell_secret(key: bytes) -> str:
    """A secret as it is shown: base64 behind its prefix."""
    return SECRET_PREFIX + base64.b64encode(key).decode()


def signed_headers(
    id_: str, body: bytes, keys: Sequence[bytes], *, at: datetime
) -> Mapping[str, str]:
    """The three headers of an attempt that is made ``at``; one signature for each key."""
    seconds = int(at.timestamp())
    content = b"%b.%d.%b" % (id_.encode(), seconds, body)
    signatures = [hmac.new(key, content, hashlib.sha256).digest() for key in keys]
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in signatures),
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt. ``status`` is None where nobody answered; ``reason`` says why, in
    words of ours. ``retry_after`` is the header of that name as it was sent."""

    status: int | None
    reason: str = ""
    retry_after: str = ""

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a message after an attempt, and of its endpoint.

    A message is *delivered*, *failed*, or *waiting* until ``due_at``. An endpoint gets nothing at
    all before ``wait_until``, and nothing any more where ``disabled`` says why.
    """

    state: str
    due_at: datetime | None = None
    wait_until: datetime | None = None
    disabled: str = ""


def judge(answer: Answer, *, attempts: int, at: datetime, chance: float) -> Verdict:
    """What an answer means.

    Args:
        attempts: how many have been made, this one among them.
        chance: from 0 to 1, spreads the next attempt.
    """
    if answer.is_success:
        return Verdict("delivered")
    if answer.status == HTTPStatus.GONE:
        return Verdict("failed", disabled="It answered 410 Gone.")
    if attempts >= len(SCHEDULE):
        reason = f"Attempt {attempts}, the last one, failed: {answer.reason}."
        return Verdict("failed", disabled=reason)
    due_at = at + SCHEDULE[attempts] * (1 + JITTER * chance)
    wait = retry_after(answer.retry_after, at=at) if answer.status in HEARD else None
    if wait is None:
        return Verdict("waiting", due_at)
    return Verdict("waiting", max(due_at, at + wait), at + wait)


def retry_after(header: str, *, at: datetime) -> timedelta | None:
    """How long a receiver asks to be left alone, within limits; None where it does not say.

    Source:
        RFC 9110, 10.2.3: seconds, or a date.
    """
    if header.isdecimal() and header.isascii():
        wait = timedelta(seconds=min(int(header[:9]), LONGEST_RETRY_AFTER.total_seconds()))
    else:
        try:
            wait = parsedate_to_datetime(header) - at
        except (ValueError, TypeError):
            return None
    return min(max(wait, timedelta(0)), LONGEST_RETRY_AFTER)
