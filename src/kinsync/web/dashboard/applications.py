"""Applications: who reads the district's contacts, how much of them, and by which tokens."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from kinsync.domain.errors import ChangeInput
from kinsync.services import connections, dossier, overview
from kinsync.services.connections import Reader
from kinsync.services.people import EDITOR, VIEWER
from kinsync.store import access, tokens
from kinsync.web.dashboard.visits import Visit, page, show

LONGEST_NAME = 100


@page(methods=("GET", "HEAD", "POST"))
def applications(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Everybody who is connected; for an editor, what can be connected."""
    if request.method == "POST":
        if not visit.may(EDITOR):
            return HttpResponse(status=403)
        if request.POST.get("act") == "choose":
            chosen = connections.application(visit.district, request.POST.get("application", ""))
            return redirect(f"/applications/{chosen.public_id}/sharing")
        return _add(request, visit)
    return _list(request, visit)


def _list(request: HttpRequest, visit: Visit, **made: Any) -> HttpResponse:
    found = connections.readers(visit.district)
    withheld = sorted({id_ for one in found for id_ in one.share.withheld})
    is_shown = visit.sees_people and bool(visit.role)
    names = dossier.names(visit.whose(), withheld) if withheld and is_shown else {}
    if names:
        visit.record("looked at who is withheld", subjects=sorted(names))
    return show(
        request, visit, "applications", place="applications", readers=found,
        choices=connections.choices(visit.district) if visit.is_editor else (),
        withheld=names, count_withheld=len(withheld), **made,
    )  # fmt: skip


def _add(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A new application of the district's own; its secret is shown once."""
    name = request.POST.get("name", "").strip()
    if len(name) > LONGEST_NAME:
        raise ChangeInput(f"That name is too long: {LONGEST_NAME} letters at most.")
    visit.record("added an application", name)
    added, secret = access.add_application(name, at=visit.at, only_for=visit.district.id)
    return _list(request, visit, added=added, secret=secret)


@page(VIEWER, methods=("GET", "HEAD", "POST"))
def application(request: HttpRequest, visit: Visit, client_id: str) -> HttpResponse:
    """One application: what it sees, its tokens and its webhooks."""
    found = connections.reader(visit.district, client_id)
    made = ""
    if request.method == "POST":
        if not visit.may(EDITOR):
            return HttpResponse(status=403)
        act = ACTS.get(request.POST.get("act", ""))
        if act is None:
            raise Http404
        made = act(request, visit, found)
        if not made:
            is_gone = request.POST.get("act") == "disconnect"
            return redirect("/applications" if is_gone else f"/applications/{client_id}")
        found = connections.reader(visit.district, client_id)
    return show(
        request, visit, "application", place="applications", reader=found, made=made, tab="share",
        is_own=found.application.only_for == visit.district.id,
        counts=overview.published(visit.district),
    )  # fmt: skip


def _issue(_request: HttpRequest, visit: Visit, found: Reader) -> str:
    visit.record("made a token", found.application.name)
    return tokens.issue_token(found.connection.id, at=visit.at)


def _revoke(request: HttpRequest, visit: Visit, found: Reader) -> str:
    id_ = request.POST.get("token", "")
    visit.record("closed a token", found.application.name)
    tokens.revoke_token(found.connection.id, id_, at=visit.at)
    messages.success(request, "The token is closed. Nothing can be read with it any more.")
    return ""


def _revoke_all(request: HttpRequest, visit: Visit, found: Reader) -> str:
    visit.record("closed every token", found.application.name)
    count = tokens.revoke_tokens(found.connection.id, at=visit.at)
    messages.success(request, f"Closed: {count}. {found.application.name} reads nothing with them.")
    return ""


def _disconnect(request: HttpRequest, visit: Visit, found: Reader) -> str:
    visit.record("disconnected an application", found.application.name)
    access.end_connection(found.connection.id, at=visit.at)
    messages.success(request, f"{found.application.name} reads nothing of the district any more.")
    return ""


def _renew(_request: HttpRequest, visit: Visit, found: Reader) -> str:
    """Only of an application that the district added: another one's secret is not its to change."""
    if found.application.only_for != visit.district.id:
        raise Http404
    visit.record("renewed a client secret", found.application.name)
    return access.renew_secret(found.application.id, at=visit.at)


ACTS: Mapping[str, Callable[[HttpRequest, Visit, Reader], str]] = {
    "issue": _issue,
    "revoke": _revoke,
    "revoke-all": _revoke_all,
    "disconnect": _disconnect,
    "renew": _renew,
}
"""What a form of the page does; each answers a secret that is shown once, or ""."""
