"""Endpoints of a connection as their owners handle them: add, test, rotate, send again."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.domain.webhooks import SECRET_BYTES, TEST, Answer, Message, spell_secret
from kinsync.services.webhooks import Tools, attempt, binding, open_secrets
from kinsync.store import ids, webhooks
from kinsync.store.access import Application, Connection
from kinsync.store.webhooks import Endpoint
from kinsync.transport.post import read_target


@dataclass(frozen=True, slots=True)
class _Owner:
    district_id: int
    connection_id: int


def add(connection: Connection, url: str, tools: Tools) -> tuple[Endpoint, str]:
    """A new endpoint of a connection, and its secret, which is shown this once.

    Where the address leads is looked at when messages are sent, each time.

    Raises:
        ChangeInput: the address will not do, or is an endpoint of the connection already.
    """
    target = read_target(url)
    if target.scheme == "http" and not any(network.is_loopback for network in tools.allowed):
        raise ChangeInput("The address has to begin with https://.")
    key = secrets.token_bytes(SECRET_BYTES)
    owner = _Owner(connection.district_id, connection.id)
    endpoint = webhooks.add_endpoint(
        ids.allocate_one(),
        district_id=connection.district_id,
        connection_id=connection.id,
        url=url,
        sealed=tools.sealer.seal(key, bound_to=binding(owner)),
        at=tools.now(),
    )
    return endpoint, spell_secret(key)


def rotate(endpoint: Endpoint, tools: Tools, *, keep: timedelta) -> tuple[datetime, str]:
    """A new secret, shown this once. The one before signs beside it for as long as ``keep``.

    Returns:
        When the old one ends, and the new one.
    """
    key = secrets.token_bytes(SECRET_BYTES)
    ends_at = tools.now() + keep
    sealed = tools.sealer.seal(key, bound_to=binding(endpoint))
    webhooks.replace_secret(endpoint, sealed, old_ends_at=ends_at)
    return ends_at, spell_secret(key)


def test(
    endpoint: Endpoint, connection: Connection, application: Application, tools: Tools
) -> Answer:
    """Send a message of type ``webhook.test`` once, now, also to an endpoint that is disabled.

    Raises:
        ChangeInput: the endpoint's secret does not open here.
    """
    at = tools.now()
    keys = open_secrets(webhooks.sealed_secrets(endpoint, at=at), endpoint, tools.sealer)
    message = Message(
        id=f"msg_{secrets.token_hex(16)}",
        type=TEST,
        at=at,
        district=connection.district_public_id,
        application=application.public_id,
        connection=connection.id,
    )
    return attempt(endpoint.url, message, keys, tools)


def redeliver(endpoint: Endpoint, message_id: str, tools: Tools) -> None:
    """Send one message again, under the id that it has.

    Raises:
        ChangeInput: the endpoint is disabled.
        NotFound: there is no such message, or none any more.
    """
    _check_enabled(endpoint)
    if not webhooks.redeliver_message(endpoint, message_id, at=tools.now()):
        raise NotFound(
            f"The endpoint has no message {message_id!r}. 'kinsync webhook deliveries' shows them."
        )


def redeliver_failed(endpoint: Endpoint, since: datetime, tools: Tools) -> int:
    """Send every message again that failed and is not older; answers how many.

    Raises:
        ChangeInput: the endpoint is disabled.
    """
    _check_enabled(endpoint)
    return webhooks.redeliver_failed(endpoint, since=since, at=tools.now())


def _check_enabled(endpoint: Endpoint) -> None:
    if not endpoint.is_enabled:
        raise ChangeInput("The endpoint is disabled. Enable it first: 'kinsync webhook enable'.")
