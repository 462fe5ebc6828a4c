"""One source: added with what it takes, looked at, tested, read, timed, changed, removed."""

from collections.abc import Callable, Mapping
from datetime import time
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from kinsync import bootstrap
from kinsync.connectors import CONNECTORS, find_connector
from kinsync.connectors.connector import Route, Setting
from kinsync.connectors.extract import Extract
from kinsync.domain.errors import ChangeInput, KinsyncError
from kinsync.services import source_lines
from kinsync.services import sources as services
from kinsync.services.known import in_words
from kinsync.services.pause import time_zone
from kinsync.services.people import EDITOR, OWNER
from kinsync.services.timetables import DAYS, EVERY_DAY, STEPS, Times
from kinsync.store import parts, pulls, sources
from kinsync.store.sources import Source
from kinsync.web.dashboard.visits import View, Visit, page, show, whole
from kinsync.web.dashboard.ways import sftp_place

PULLS = 20
ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix",
         "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu", "UTC")  # fmt: skip
"""Zones that stand before all others."""
LABELS = {"url": "Address"}
"""Settings that people call otherwise."""
CARRIED = (
    ("contacts", "Contacts"), ("sis_id", "Their id"), ("type", "Type"), ("phones", "Phones"),
    ("email", "E-mail"), ("addresses", "Addresses"), ("flags", "Custody and other flags"),
    ("schools", "Schools"), ("changes", "Changes"),
)  # fmt: skip
"""What a route says of itself, in the order of a page."""


# -- adding --------------------------------------------------------------------------------------


@page(OWNER, methods=("GET", "HEAD", "POST"))
def add(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Choose a kind of system, say what it takes to read it, and it is a source."""
    given = request.POST if request.method == "POST" else request.GET
    chosen = given.get("connector", "")
    if not chosen:
        return show(request, visit, "source_kinds", place="sources", kinds=_kinds())
    if chosen not in CONNECTORS:
        raise Http404
    route = find_connector(chosen)
    if request.method != "POST":
        return _show_form(request, visit, route, name=route.title)
    name = given.get("name", "").strip()
    visit.record("added a source", chosen)
    try:
        reach = bootstrap.reach(bootstrap.read_settings())
        added = services.add_source(visit.district, name, chosen, _values(route, given), reach)
    except ChangeInput as error:
        return _show_form(request, visit, route, name=name, error=error, typed=given)
    messages.success(request, f"{added.name} is a source now. Nothing has been read yet.")
    return redirect(f"/sources/{added.id}")


def _kinds() -> list[dict[str, Any]]:
    return [
        {"route": route, "is_file": isinstance(route, Extract)} for route in source_lines.routes()
    ]


def _show_form(
    request: HttpRequest,
    visit: Visit,
    route: Route,
    *,
    name: str = "",
    error: KinsyncError | None = None,
    typed: Mapping[str, str] | None = None,
    source: Source | None = None,
) -> HttpResponse:
    return show(
        request, visit, "source_form", place="sources", status=400 if error else 200,
        route=route, name=name, error=error, source=source, carried=_carried(route),
        is_file=isinstance(route, Extract), inputs=_inputs(route, typed, source),
    )  # fmt: skip


def _offered(route: Route) -> list[Setting]:
    """The settings that a page may say: none that names something of this machine."""
    return [one for one in route.settings if not one.is_local]


def _inputs(
    route: Route, typed: Mapping[str, str] | None, source: Source | None
) -> list[dict[str, Any]]:
    """Each setting with what stands in its field; a secret that was typed is never sent back."""
    known = source.settings if source else {}
    return [
        {
            "setting": one,
            "label": LABELS.get(one.name, one.name.replace("_", " ").capitalize()),
            "value": ""
            if one.is_secret
            else (typed or {}).get(f"setting:{one.name}", known.get(one.name, one.default or "")),
            "is_needed": one.default is None and not (one.is_secret and source),
        }
        for one in _offered(route)
    ]


def _values(route: Route, given: Mapping[str, str]) -> dict[str, str]:
    """What was typed: a field that is blank, or as the connector has it, says nothing."""
    told = {one: given.get(f"setting:{one.name}", "").strip() for one in _offered(route)}
    return {one.name: value for one, value in told.items() if value and value != one.default}


def _carried(route: Route) -> list[tuple[str, str]]:
    return [(words, getattr(route.carries, name)) for name, words in CARRIED]


# -- one source ----------------------------------------------------------------------------------


@page()
def one(request: HttpRequest, visit: Visit, source_id: int) -> HttpResponse:
    """How a source fares, what comes of it, and when it is read."""
    return _show_one(request, visit, sources.source(visit.district.id, source_id))


def _show_one(request: HttpRequest, visit: Visit, source: Source, **more: Any) -> HttpResponse:
    line = source_lines.line_of(visit.district, source, visit.at)
    return show(
        request, visit, "source", place="sources", line=line, source=source, route=line.route,
        carried=_carried(line.route), pulls=_latest(source),
        settings=[(one, source.settings.get(one.name, one.default)) for one in line.route.settings],
        days=list(enumerate(DAYS)), every_day=EVERY_DAY, steps=STEPS, zones=_zones(),
        zone=str(time_zone(visit.district)), sftp=sftp_place(request),
        others=len(sources.list_sources(visit.district.id)) - 1,
        bearing=parts.bearing(visit.district.id, visit.district.published, source.id), **more,
    )  # fmt: skip


def _latest(source: Source) -> list[tuple[pulls.Pull, str]]:
    """The latest reads of a source, each with how it read."""
    found = pulls.recent(source.district_id, source.id, limit=PULLS)
    return [(one, in_words(one)) for one in found]


@lru_cache(maxsize=1)
def _zones() -> list[str]:
    """Every zone that there is, the district's likeliest first."""
    return [*ZONES, *sorted(name for name in available_timezones() if "/" in name)]


def _act(role: str) -> Callable[[View], View]:
    """A page that does something about one source when its form is sent."""

    def decorate(view: View) -> View:
        @page(role, methods=("POST",))
        def answer(request: HttpRequest, visit: Visit, source_id: int) -> Any:
            return view(request, visit, sources.source(visit.district.id, source_id))

        answer.__doc__ = view.__doc__
        return answer

    return decorate


@_act(EDITOR)
def test(request: HttpRequest, visit: Visit, source: Source) -> HttpResponse:
    """Ask the source who it is, and say what was found or what has to be put right first."""
    visit.record("tested a source", source.name)
    said: list[str] = []
    try:
        for text in services.look_at(source, bootstrap.reach(bootstrap.read_settings())):
            said.append(text)  # noqa: PERF402 - what was said before a fault stays
    except KinsyncError as error:
        return _show_one(request, visit, source, said=said, fault=str(error), is_tested=True)
    return _show_one(request, visit, source, said=said, is_tested=True)


@_act(EDITOR)
def read(request: HttpRequest, visit: Visit, source: Source) -> HttpResponse:
    """Have it read now."""
    visit.record("had a source read", source.name)
    source_lines.read_now(visit.district, source, visit.at)
    messages.success(request, f"{source.name} is read as soon as a worker is free, then synced.")
    return redirect(f"/sources/{source.id}")


@_act(EDITOR)
def schedule(request: HttpRequest, visit: Visit, source: Source) -> HttpResponse:
    """Say on which days it is read, how often and from when."""
    given = request.POST
    try:
        first = time.fromisoformat(given.get("first", ""))
    except ValueError:
        raise ChangeInput("That is no time of a day. Write it like 05:30.") from None
    days = [whole(day) for day in given.getlist("days")]
    times = Times(
        first,
        whole(given.get("every", "")) or 0,
        tuple(day for day in days if day is not None),
    )
    visit.record("changed when a source is read", f"{source.name}: {times}")
    source_lines.set_times(visit.district, source, times, given.get("zone", ""), visit.at)
    messages.success(request, f"{source.name} is read {times}.")
    return redirect(f"/sources/{source.id}")


@page(OWNER, methods=("GET", "HEAD", "POST"))
def settings(request: HttpRequest, visit: Visit, source_id: int) -> HttpResponse:
    """Change what it takes to read a source; secrets that are left blank stay."""
    source = sources.source(visit.district.id, source_id)
    route = find_connector(source.connector)
    if request.method != "POST":
        return _show_form(request, visit, route, name=source.name, source=source)
    visit.record("changed a source", source.name)
    try:
        reach = bootstrap.reach(bootstrap.read_settings())
        services.change_source(source, _values(route, request.POST), reach)
    except ChangeInput as error:
        return _show_form(
            request, visit, route, name=source.name, error=error, typed=request.POST, source=source
        )
    messages.success(request, f"{source.name} is changed. Test the connection.")
    return redirect(f"/sources/{source.id}")


@_act(OWNER)
def remove(request: HttpRequest, visit: Visit, source: Source) -> HttpResponse:
    """Forget it; what was published of it stays."""
    if request.POST.get("name", "").strip() != source.name:
        raise ChangeInput(f"Type the name of the source, {source.name}, to remove it.")
    visit.record("removed a source", source.name)
    services.remove_source(visit.district, source)
    is_alone = not sources.list_sources(visit.district.id)
    meanwhile = "What was published of it stays" if is_alone else "The next sync is without it"
    messages.success(request, f"{source.name} is removed. {meanwhile}.")
    return redirect("/sources")
