"""``kinsync webhook``: telling applications that there are new events."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from kinsync import bootstrap
from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected
from kinsync.domain.errors import ChangeInput, TryAgainLater

if TYPE_CHECKING:
    from kinsync.services.webhooks import Notice, Tools
    from kinsync.store.access import Application, Connection
    from kinsync.store.webhooks import Delivery, Endpoint

STATES = ("waiting", "delivered", "failed")


@dataclass(frozen=True, slots=True)
class _Found:
    """What the arguments of a command name."""

    application: "Application"
    connection: "Connection"
    tools: "Tools"

    def endpoint(self, reference: str) -> "Endpoint":
        from kinsync.store import webhooks

        return webhooks.find_endpoint(self.connection.district_id, self.connection.id, reference)


def _find(district: str, application: str) -> _Found:
    settings = connected()
    from kinsync.store import access, records

    reader = access.find_application(application)
    connection = access.find_connection(records.find_district(district).id, reader.id)
    return _Found(reader, connection, bootstrap.webhook_tools(settings))


def _connection_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """DISTRICT and APP, before whatever else a command takes."""
    named = click.argument("application", metavar="APP")(command)
    return click.argument("district")(named)


_endpoint_argument = click.argument("reference", metavar="ENDPOINT")


@click.group()
def webhook() -> None:
    """Tell applications when there are new events. An ENDPOINT is named by its id or address."""


@webhook.command("add")
@_connection_arguments
@click.argument("url")
@json_option
def webhook_add(district: str, application: str, url: str, as_json: bool) -> None:
    """Tell URL when APP has new events in DISTRICT; its secret is shown once."""
    found = _find(district, application)
    from kinsync.services import webhook_endpoints

    endpoint, secret = webhook_endpoints.add(found.connection, url, found.tools)
    if as_json:
        say_json({"endpoint": endpoint.id, "url": endpoint.url, "secret": secret})
    else:
        say(f"Endpoint {endpoint.id}\nsecret   {secret}   (shown this once)")


@webhook.command("list")
@_connection_arguments
@json_option
def webhook_list(district: str, application: str, as_json: bool) -> None:
    """The endpoints of APP in DISTRICT, with what waits for them and why one is disabled."""
    found = _find(district, application)
    from kinsync.store import webhooks

    rows = webhooks.list_endpoints(found.connection.district_id, found.connection.id)
    if as_json:
        say_json({"endpoints": [_endpoint_json(row) for row in rows]})
        return
    show_table(
        ("endpoint", "address", "enabled", "waiting", "failed"),
        [(r.id, r.url, "yes" if r.is_enabled else "no", r.waiting, r.failed) for r in rows],
    )
    for row in rows:
        if not row.is_enabled:
            say(f"{row.id} is {_state(row)}")


@webhook.command("test")
@_connection_arguments
@_endpoint_argument
@json_option
def webhook_test(district: str, application: str, reference: str, as_json: bool) -> None:
    """Send a test message to ENDPOINT once, now; 4 where it does not take it."""
    found = _find(district, application)
    from kinsync.services import webhook_endpoints

    endpoint = found.endpoint(reference)
    answer = webhook_endpoints.test(endpoint, found.connection, found.application, found.tools)
    if not answer.is_success:
        raise TryAgainLater(f"The endpoint did not take the test message: {answer.reason}.")
    if as_json:
        say_json({"endpoint": endpoint.id, "status": answer.status})
    else:
        say(f"The endpoint took the test message ({answer.reason}).")


@webhook.command("rotate")
@_connection_arguments
@_endpoint_argument
@click.option(
    "--keep-hours", type=click.FloatRange(0, 24 * 30), default=24, show_default=True,
    help="How long the old secret signs beside the new one.",
)  # fmt: skip
@json_option
def webhook_rotate(
    district: str, application: str, reference: str, keep_hours: float, as_json: bool
) -> None:
    """Give ENDPOINT a new secret, shown once; the old one signs beside it for a while."""
    found = _find(district, application)
    from kinsync.services import webhook_endpoints

    endpoint = found.endpoint(reference)
    keep = timedelta(hours=keep_hours)
    ends_at, secret = webhook_endpoints.rotate(endpoint, found.tools, keep=keep)
    if as_json:
        say_json({"endpoint": endpoint.id, "secret": secret, "old_ends_at": ends_at.isoformat()})
    else:
        say(f"secret  {secret}   (shown this once)")
        say(f"The old one signs beside it until {_moment(ends_at)}.")


@webhook.command("enable")
@_connection_arguments
@_endpoint_argument
@json_option
def webhook_enable(district: str, application: str, reference: str, as_json: bool) -> None:
    """Send to ENDPOINT again; what waited for it is sent now."""
    found = _find(district, application)
    from kinsync.store import webhooks

    webhooks.enable_endpoint(found.endpoint(reference), at=found.tools.now())
    _say_state(found.endpoint(reference), as_json=as_json)


@webhook.command("disable")
@_connection_arguments
@_endpoint_argument
@json_option
def webhook_disable(district: str, application: str, reference: str, as_json: bool) -> None:
    """Send nothing to ENDPOINT until it is enabled; new events are not announced meanwhile."""
    found = _find(district, application)
    from kinsync.store import webhooks

    endpoint = found.endpoint(reference)
    webhooks.disable_endpoint(endpoint, reason="By hand.", at=found.tools.now())
    _say_state(found.endpoint(reference), as_json=as_json)


@webhook.command("remove")
@_connection_arguments
@_endpoint_argument
@json_option
def webhook_remove(district: str, application: str, reference: str, as_json: bool) -> None:
    """Forget ENDPOINT with its secret and messages."""
    found = _find(district, application)
    from kinsync.store import webhooks

    endpoint = found.endpoint(reference)
    webhooks.remove_endpoint(endpoint)
    if as_json:
        say_json({"endpoint": endpoint.id, "removed": True})
    else:
        say(f"Endpoint {endpoint.id} is forgotten.")


@webhook.command("deliveries")
@_connection_arguments
@_endpoint_argument
@click.option("--state", type=click.Choice(STATES), help="Only messages in this state.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=50, show_default=True,
    help="How many at most.",
)  # fmt: skip
@json_option
def webhook_deliveries(
    district: str, application: str, reference: str, state: str | None, limit: int, as_json: bool
) -> None:
    """The messages of ENDPOINT, newest first, with what came of each."""
    found = _find(district, application)
    from kinsync.store import webhooks

    rows = webhooks.list_deliveries(found.endpoint(reference), state=state, limit=limit)
    if as_json:
        say_json({"deliveries": [_delivery_json(row) for row in rows]})
        return
    show_table(
        ("message", "created", "events", "state", "attempts", "last", "next"),
        [
            (
                row.id,
                _moment(row.occurred_at),
                row.count,
                row.state,
                row.attempts,
                row.reason,
                row.due_at and _moment(row.due_at),
            )
            for row in rows
        ],
    )


@webhook.command("redeliver")
@_connection_arguments
@_endpoint_argument
@click.argument("message", required=False)
@click.option(
    "--failed-since", type=click.DateTime(), metavar="TIME",
    help="Send every message again that failed and was created at this time (UTC) or later.",
)  # fmt: skip
@json_option
def webhook_redeliver(
    district: str,
    application: str,
    reference: str,
    message: str | None,
    failed_since: datetime | None,
    as_json: bool,
) -> None:
    """Send MESSAGE to ENDPOINT again, under the id that it has, or all that failed since a time."""
    if (message is None) == (failed_since is None):
        raise ChangeInput("Name a MESSAGE, or give --failed-since.")
    found = _find(district, application)
    from kinsync.services import webhook_endpoints

    endpoint = found.endpoint(reference)
    count = 1
    if message is not None:
        webhook_endpoints.redeliver(endpoint, message, found.tools)
    elif failed_since is not None:
        since = failed_since.replace(tzinfo=UTC)
        count = webhook_endpoints.redeliver_failed(endpoint, since, found.tools)
    if as_json:
        say_json({"endpoint": endpoint.id, "messages": count})
    else:
        say(f"{count:,} to be sent again.")


@webhook.command("deliver")
@json_option
def webhook_deliver(as_json: bool) -> None:
    """Send what is due now, of every district. A worker does this all the time."""
    notices: list[Notice] = []
    tools = replace(bootstrap.webhook_tools(connected()), notify=notices.append)
    from kinsync.services import webhooks

    attempts = webhooks.deliver_due(tools)
    if as_json:
        disabled = [{"endpoint": one.endpoint, "reason": one.reason} for one in notices]
        say_json({"attempts": attempts, "disabled": disabled})
        return
    say(f"{attempts:,} attempts were made.")
    for one in notices:
        say(f"Endpoint {one.endpoint} of {one.application} in {one.district} is disabled.")
        say(one.reason)


def _say_state(endpoint: "Endpoint", *, as_json: bool) -> None:
    if as_json:
        say_json(_endpoint_json(endpoint))
    else:
        say(f"Endpoint {endpoint.id} is {_state(endpoint)}")


def _state(endpoint: "Endpoint") -> str:
    if endpoint.disabled_at is None:
        return "enabled"
    return f"disabled {_moment(endpoint.disabled_at)}: {endpoint.disabled_reason}"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _endpoint_json(endpoint: "Endpoint") -> dict[str, object]:
    return {
        "endpoint": endpoint.id,
        "url": endpoint.url,
        "is_enabled": endpoint.is_enabled,
        "disabled_at": _iso(endpoint.disabled_at),
        "disabled_reason": endpoint.disabled_reason,
        "old_secret_ends_at": _iso(endpoint.old_ends_at),
        "attempted_at": _iso(endpoint.attempted_at),
        "waiting": endpoint.waiting,
        "failed": endpoint.failed,
    }


def _delivery_json(delivery: "Delivery") -> dict[str, object]:
    return {
        "message": delivery.id,
        "type": delivery.type,
        "created_at": _iso(delivery.occurred_at),
        "events": delivery.count,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "attempted_at": _iso(delivery.attempted_at),
        "status": delivery.status,
        "reason": delivery.reason,
        "due_at": _iso(delivery.due_at),
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
