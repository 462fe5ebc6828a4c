"""Webhooks of one connection in tests: a clock that is moved by hand, answers that are given."""

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from kinsync.domain.webhooks import Answer
from kinsync.services import webhook_endpoints
from kinsync.services.webhooks import Notice, Tools, deliver_due
from kinsync.store import access, records, webhook_queue, webhooks
from kinsync.store.database import connect
from kinsync.store.sealing import Sealer
from kinsync.store.webhooks import Delivery, Endpoint
from kinsync.transport.addresses import Address, read_networks
from kinsync.transport.post import Target
from tests.store.publishing import connected

KEY = bytes(range(32))
PUBLIC = "8.8.8.8"
TAKEN = Answer(204, "HTTP 204 No Content")
BROKEN = Answer(500, "HTTP 500 Internal Server Error")
SECOND = timedelta(seconds=1)
URL = "https://hooks.example.org/lakeside"


@dataclass(frozen=True)
class Sent:
    """One attempt, as the network saw it."""

    at: datetime
    target: Target
    addresses: tuple[str, ...]
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Mailroom:
    """One connection with its endpoints."""

    district_name: str = "Lakeside"
    clock: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    answer: Callable[[Sent], Answer] = lambda _sent: TAKEN
    resolve: Callable[[str], Sequence[str]] = lambda _host: (PUBLIC,)
    sent: list[Sent] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    events: int = 0
    allowed: str = ""
    """The setting of that name."""

    def __post_init__(self) -> None:
        self.district = records.add_district(self.district_name, at=self.clock)
        self.application, _ = access.add_application(f"{self.district_name} app", at=self.clock)
        self.connection = connected(self.district.id, self.application.id)
        self._turn = threading.Lock()

    @property
    def tools(self) -> Tools:
        return Tools(
            now=lambda: self.clock,
            resolve=lambda host: self.resolve(host),
            send=self._send,
            sealer=Sealer([KEY]),
            chance=lambda: 0.0,
            allowed=read_networks(self.allowed, setting="allowed"),
            notify=self.notices.append,
        )

    def _send(
        self,
        target: Target,
        addresses: Sequence[Address],
        headers: Mapping[str, str],
        body: bytes,
        *,
        seconds: float,
    ) -> Answer:
        assert 0 < seconds <= 30
        sent = Sent(self.clock, target, tuple(map(str, addresses)), headers, body)
        with self._turn:
            self.sent.append(sent)
        return self.answer(sent)

    def add(self, url: str = URL) -> tuple[Endpoint, str]:
        return webhook_endpoints.add(self.connection, url, self.tools)

    def announce(self, count: int = 1) -> None:
        """New events are written for the connection, and the transaction commits."""
        first, self.events = self.events + 1, self.events + count
        with contextlib.closing(connect()) as connection, connection.cursor() as cursor:
            webhook_queue.enqueue(
                cursor,
                district_id=self.district.id,
                connection_id=self.connection.id,
                first_event=f"{first:024x}",
                last_event=f"{self.events:024x}",
                count=count,
                at=self.clock,
            )
            connection.commit()

    def deliver(self) -> int:
        return deliver_due(self.tools)

    def later(self, after: timedelta) -> "Mailroom":
        self.clock += after
        return self

    def endpoint(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint as it is now."""
        return webhooks.find_endpoint(self.district.id, self.connection.id, endpoint.id)

    def deliveries(self, endpoint: Endpoint) -> list[Delivery]:
        """Oldest first."""
        return webhooks.list_deliveries(endpoint)[::-1]

    def states(self, endpoint: Endpoint) -> list[str]:
        return [delivery.state for delivery in self.deliveries(endpoint)]
