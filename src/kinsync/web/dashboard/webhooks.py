"""Webhooks of one application: where it is told of new events, and what came of each message."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from kinsync import bootstrap
from kinsync.services import connections, webhook_endpoints
from kinsync.services.connections import Reader
from kinsync.services.people import EDITOR, VIEWER
from kinsync.services.webhooks import Tools
from kinsync.store import webhooks as endpoints
from kinsync.store.webhooks import Endpoint
from kinsync.web.dashboard.visits import Visit, page, show

STATES = ("waiting", "delivered", "failed")
SHOWN = 50
OLD_KEY_SIGNS = timedelta(hours=24)
"""How long the key before a new one signs beside it."""
FAILED_SINCE = timedelta(days=30)


@page(VIEWER, methods=("GET", "HEAD", "POST"))
def webhooks(request: HttpRequest, visit: Visit, client_id: str) -> HttpResponse:
    """Every endpoint; for an editor, another one."""
    found = connections.reader(visit.district, client_id)
    made: tuple[Endpoint, str] | None = None
    if request.method == "POST":
        if not visit.may(EDITOR):
            return HttpResponse(status=403)
        visit.record("added a webhook endpoint", found.application.name)
        made = webhook_endpoints.add(
            found.connection, request.POST.get("url", "").strip(), _tools()
        )
        found = connections.reader(visit.district, client_id)
    return show(
        request, visit, "webhooks", place="applications", reader=found, tab="webhooks", made=made,
        endpoints=[(one, address_for(visit, one)) for one in found.endpoints],
    )  # fmt: skip


@page(VIEWER, methods=("GET", "HEAD", "POST"))
def deliveries(
    request: HttpRequest, visit: Visit, client_id: str, endpoint_id: str
) -> HttpResponse:
    """One endpoint: its messages, and what can be done with it."""
    found = connections.reader(visit.district, client_id)
    endpoint = _endpoint(found, endpoint_id)
    secret = ""
    if request.method == "POST":
        if not visit.may(EDITOR):
            return HttpResponse(status=403)
        act = ACTS.get(request.POST.get("act", ""))
        if act is None:
            raise Http404
        secret = act(request, visit, found, endpoint)
        if not secret:
            here = f"/applications/{client_id}/webhooks"
            return redirect(here if act is _remove else f"{here}/{endpoint_id}")
        endpoint = _endpoint(found, endpoint_id)
    state = request.GET.get("state", "")
    return show(
        request, visit, "deliveries", place="applications", reader=found, tab="webhooks",
        endpoint=endpoint, address=address_for(visit, endpoint), secret=secret, states=STATES,
        state=state,
        deliveries=endpoints.list_deliveries(
            endpoint, state=state if state in STATES else None, limit=SHOWN
        ),
    )  # fmt: skip


def address_for(visit: Visit, endpoint: Endpoint) -> str:
    """Where an endpoint is: to who may not change it the host alone, for there may be a key in
    the rest."""
    if visit.may(EDITOR):
        return endpoint.url
    return urlsplit(endpoint.url).hostname or ""


def _endpoint(found: Reader, endpoint_id: str) -> Endpoint:
    for one in found.endpoints:
        if one.id == endpoint_id:
            return endpoints.find_endpoint(
                found.connection.district_id, found.connection.id, endpoint_id
            )
    raise Http404


def _tools() -> Tools:
    return bootstrap.webhook_tools(bootstrap.read_settings())


def _test(request: HttpRequest, visit: Visit, found: Reader, endpoint: Endpoint) -> str:
    visit.record("sent a test message", found.application.name)
    answer = webhook_endpoints.test(endpoint, found.connection, found.application, _tools())
    if answer.is_success:
        messages.success(request, f"The endpoint took the test message ({answer.reason}).")
    else:
        messages.error(request, f"The endpoint did not take the test message: {answer.reason}.")
    return ""


def _rotate(_request: HttpRequest, visit: Visit, found: Reader, endpoint: Endpoint) -> str:
    visit.record("made a new key for a webhook", found.application.name)
    _ends_at, secret = webhook_endpoints.rotate(endpoint, _tools(), keep=OLD_KEY_SIGNS)
    return secret


def _enable(request: HttpRequest, visit: Visit, found: Reader, endpoint: Endpoint) -> str:
    visit.record("enabled a webhook endpoint", found.application.name)
    endpoints.enable_endpoint(endpoint, at=visit.at)
    messages.success(request, "Enabled. What waited for it is sent now.")
    return ""


def _disable(request: HttpRequest, visit: Visit, found: Reader, endpoint: Endpoint) -> str:
    visit.record("disabled a webhook endpoint", found.application.name)
    endpoints.disable_endpoint(endpoint, reason=f"By {visit.person.email}.", at=visit.at)
    messages.success(request, "Disabled. New events are not announced there.")
    return ""


def _remove(request: HttpRequest, visit: Visit, found: Reader, endpoint: Endpoint) -> str:
    visit.record("removed a webhook endpoint", found.application.name)
    endpoints.remove_endpoint(endpoint)
    messages.success(request, "The endpoint is forgotten, with its key and its messages.")
    return ""


def _redeliver(request: HttpRequest, visit: Visit, found: Reader, endpoint: Endpoint) -> str:
    visit.record("sent a webhook message again", found.application.name)
    webhook_endpoints.redeliver(endpoint, request.POST.get("message", ""), _tools())
    messages.success(request, "The message is sent again within seconds.")
    return ""


def _redeliver_failed(request: HttpRequest, visit: Visit, found: Reader, endpoint: Endpoint) -> str:
    visit.record("sent failed webhook messages again", found.application.name)
    count = webhook_endpoints.redeliver_failed(endpoint, visit.at - FAILED_SINCE, _tools())
    messages.success(request, f"Sent again within seconds: {count}.")
    return ""


ACTS: Mapping[str, Callable[[HttpRequest, Visit, Reader, Endpoint], str]] = {
    "test": _test,
    "rotate": _rotate,
    "enable": _enable,
    "disable": _disable,
    "remove": _remove,
    "redeliver": _redeliver,
    "redeliver-failed": _redeliver_failed,
}
"""What a form of an endpoint's page does; each answers a key that is shown once, or ""."""
