"""Webhook endpoints of a connection, and the messages that wait for them or have been sent.

``enqueue`` is called where events are written; ``store.webhook_queue`` is where messages leave.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from django.db import IntegrityError
from django.db.models import Count, F, Q, QuerySet

from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.store import models
from kinsync.store.database import outages

Cursor = psycopg.Cursor[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address that is told about a connection's new events. Its secrets stay where they are;
    ``old_ends_at`` is set while the key before the current one signs too."""

    id: str
    district_id: int
    connection_id: int
    url: str
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str
    attempted_at: datetime | None
    old_ends_at: datetime | None
    waiting: int
    failed: int

    @property
    def is_enabled(self) -> bool:
        return self.disabled_at is None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one endpoint, and how far it came. ``due_at`` is None once it is finished."""

    id: str
    endpoint_id: str
    type: str
    occurred_at: datetime
    count: int
    state: str
    attempts: int
    attempted_at: datetime | None
    status: int | None
    reason: str
    due_at: datetime | None


def add_endpoint(
    id_: str, *, district_id: int, connection_id: int, url: str, sealed: str, at: datetime
) -> Endpoint:
    """A new endpoint, enabled. ``sealed`` is its secret, sealed.

    Raises:
        ChangeInput: the connection has an endpoint of that address.
    """
    with outages(doing="adding a webhook endpoint"):
        try:
            models.WebhookEndpoint.objects.create(
                district_id=district_id,
                id=id_,
                connection_id=connection_id,
                url=url,
                secret=sealed,
                created_at=at,
            )
        except IntegrityError:
            raise ChangeInput(
                "That address is an endpoint of this connection already: 'kinsync webhook list'."
            ) from None
    return find_endpoint(district_id, connection_id, id_)


def list_endpoints(district_id: int, connection_id: int) -> list[Endpoint]:
    """Every endpoint of a connection, oldest first."""
    with outages(doing="listing webhook endpoints"):
        rows = list(
            models.WebhookEndpoint.objects.filter(
                district_id=district_id, connection_id=connection_id
            ).order_by("id")
        )
        counted = (
            models.WebhookMessage.objects.filter(
                district_id=district_id, endpoint_id__in=[row.id for row in rows]
            )
            .exclude(state="delivered")
            .values_list("endpoint_id", "state")
            .annotate(messages=Count("id"))
        )
        counts = {(endpoint, state): messages for endpoint, state, messages in counted}
    return [_endpoint(row, counts) for row in rows]


def find_endpoint(district_id: int, connection_id: int, reference: str) -> Endpoint:
    """The endpoint of that id or address.

    Raises:
        NotFound: the connection has none.
    """
    found = [
        endpoint
        for endpoint in list_endpoints(district_id, connection_id)
        if reference in (endpoint.id, endpoint.url)
    ]
    if not found:
        raise NotFound("The connection has no such endpoint. 'kinsync webhook list' shows them.")
    return found[0]


def sealed_secrets(endpoint: Endpoint, *, at: datetime) -> Sequence[str]:
    """The sealed secrets that sign at that time, the current one first."""
    with outages(doing="reading a webhook endpoint"):
        row = _rows(endpoint).get()
    has_old = row.old_ends_at is not None and row.old_ends_at > at
    return (row.secret, row.old_secret) if has_old else (row.secret,)


def replace_secret(endpoint: Endpoint, sealed: str, *, old_ends_at: datetime) -> None:
    """Sign with a new secret, and with the one before it until ``old_ends_at``."""
    with outages(doing="rotating a webhook secret"):
        _rows(endpoint).update(old_secret=F("secret"), old_ends_at=old_ends_at, secret=sealed)


def enable_endpoint(endpoint: Endpoint, *, at: datetime) -> None:
    """Send to an endpoint again; what still waits for it begins its schedule anew."""
    with outages(doing="enabling a webhook endpoint"):
        _rows(endpoint).update(disabled_at=None, disabled_reason="", wait_until=None)
        _messages(endpoint).filter(state="waiting").update(due_at=at, attempts=0)


def disable_endpoint(endpoint: Endpoint, *, reason: str, at: datetime) -> None:
    """Send nothing more to an endpoint; what waits for it stays. One disabled before stays so."""
    with outages(doing="disabling a webhook endpoint"):
        _rows(endpoint).filter(disabled_at=None).update(disabled_at=at, disabled_reason=reason)


def remove_endpoint(endpoint: Endpoint) -> None:
    """Forget an endpoint, with its secrets and messages."""
    with outages(doing="removing a webhook endpoint"):
        _rows(endpoint).delete()


def list_deliveries(
    endpoint: Endpoint, *, state: str | None = None, limit: int = 50
) -> list[Delivery]:
    """Messages of an endpoint, newest first."""
    wanted = Q() if state is None else Q(state=state)
    with outages(doing="listing webhook messages"):
        rows = list(_messages(endpoint).filter(wanted).order_by("-id")[:limit])
    return [
        Delivery(
            id=row.webhook_id,
            endpoint_id=row.endpoint_id,
            type=row.type,
            occurred_at=row.occurred_at,
            count=row.count,
            state=row.state,
            attempts=row.attempts,
            attempted_at=row.attempted_at,
            status=row.status,
            reason=row.reason,
            due_at=row.due_at if row.state == "waiting" else None,
        )
        for row in rows
    ]


def redeliver_message(endpoint: Endpoint, message_id: str, *, at: datetime) -> int:
    """Send one message of an endpoint once more, whatever became of it; answers 1, or 0 where the
    endpoint has no such message."""
    return _wait_again(endpoint, Q(webhook_id=message_id), at=at)


def redeliver_failed(endpoint: Endpoint, *, since: datetime, at: datetime) -> int:
    """Send again every failed message of an endpoint that is not older; answers how many."""
    return _wait_again(endpoint, Q(state="failed", occurred_at__gte=since), at=at)


def _wait_again(endpoint: Endpoint, wanted: Q, *, at: datetime) -> int:
    with outages(doing="queueing webhook messages again"):
        return (
            _messages(endpoint)
            .filter(wanted)
            .update(state="waiting", due_at=at, attempts=0, finished_at=None)
        )


def _rows(endpoint: Endpoint) -> QuerySet[models.WebhookEndpoint]:
    return models.WebhookEndpoint.objects.filter(district_id=endpoint.district_id, id=endpoint.id)


def _messages(endpoint: Endpoint) -> QuerySet[models.WebhookMessage]:
    return models.WebhookMessage.objects.filter(
        district_id=endpoint.district_id, endpoint_id=endpoint.id
    )


def _endpoint(row: models.WebhookEndpoint, counts: dict[tuple[str, str], int]) -> Endpoint:
    return Endpoint(
        id=row.id,
        district_id=row.district_id,
        connection_id=row.connection_id,
        url=row.url,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        disabled_reason=row.disabled_reason,
        attempted_at=row.attempted_at,
        old_ends_at=row.old_ends_at,
        waiting=counts.get((row.id, "waiting"), 0),
        failed=counts.get((row.id, "failed"), 0),
    )
