"""What one application was told: the very events that the API would answer, the latest first."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict

from kinsync.services import connections
from kinsync.services.people import VIEWER
from kinsync.web.api import v3
from kinsync.web.api.answers import OBJECT_ID, Call
from kinsync.web.dashboard.seen import scope_of
from kinsync.web.dashboard.visits import Visit, page, show

SHOWN = 50
NEWEST = "f" * 24
"""An id above every event's."""
ASK = next(one.view for one in v3.ENDPOINTS if one.path == "events")
PLACES = {"contact": "contacts", "student": "students"}


@dataclass(frozen=True, slots=True)
class Told:
    """One event in plain words."""

    id: str
    at: datetime
    kind: str
    act: str
    name: str
    address: str
    """Of the record's page; "" where it has none."""
    changed: Sequence[str]
    body: str


@page(VIEWER, is_personal=True)
def events(request: HttpRequest, visit: Visit, client_id: str) -> HttpResponse:
    """Events of a connection; older ones behind ``before``."""
    found = connections.reader(visit.district, client_id)
    before = request.GET.get("before", "")
    if not OBJECT_ID.fullmatch(before):
        before = NEWEST
    asked = {"limit": str(SHOWN + 1), "ending_before": before}
    query = urlencode(asked)
    scope = scope_of(visit.district, found.connection)
    body = ASK(Call("v3.1", "/v3.1/events", query, QueryDict(query), scope))
    newest_first = [_told(one["data"]) for one in reversed(body["data"])]
    told = newest_first[:SHOWN]
    visit.record("looked at an application's events", found.application.name, records=len(told))
    return show(
        request, visit, "events", place="applications", reader=found, told=told, tab="events",
        older=told[-1].id if len(newest_first) > SHOWN else "", is_newest=before == NEWEST,
    )  # fmt: skip


def _told(event: Mapping[str, Any]) -> Told:
    record = event["data"]["object"]
    kind = next(iter(record.get("roles", {"school": None})))
    is_bare = "name" not in record
    return Told(
        id=event["id"],
        at=datetime.fromisoformat(event["created"]),
        kind=kind,
        act=event["type"].partition(".")[2],
        name="Somebody who is withheld" if is_bare else _name(record["name"]),
        address=f"/data-browser/{PLACES[kind]}/{record['id']}" if kind in PLACES else "",
        changed=sorted(_changed(event["data"].get("previous_attributes", {}))),
        body=json.dumps(event, indent=2, ensure_ascii=False),
    )


def _name(name: str | Mapping[str, str]) -> str:
    parts = (name,) if isinstance(name, str) else (name.get(n) for n in ("first", "middle", "last"))
    return " ".join(filter(None, parts)) or "No name"


def _changed(attributes: Mapping[str, Any], *, skip: Sequence[str] = ("roles",)) -> set[str]:
    """Names of the fields that changed, without what they are nested in."""
    names: set[str] = set()
    for name, value in attributes.items():
        if isinstance(value, Mapping) and (name in skip or name in ("contact", "student")):
            names |= _changed(value)
        else:
            names.add(name)
    return names
