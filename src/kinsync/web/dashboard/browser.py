"""The lists of the Data Browser: contacts, student contacts, students and schools."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlencode

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import redirect

from kinsync.domain.errors import ChangeInput
from kinsync.domain.rules import RULES, Rule
from kinsync.domain.vocabulary import RELATIONSHIPS, TYPES
from kinsync.services import browse, whence
from kinsync.services.browse import Filter, Page, Place, Whose
from kinsync.services.pause import time_zone
from kinsync.services.people import VIEWER
from kinsync.store import records
from kinsync.web.dashboard import columns, sheets
from kinsync.web.dashboard.addresses import seal, unseal
from kinsync.web.dashboard.columns import COLUMNS, ORDERS
from kinsync.web.dashboard.visits import Visit, page, show, tools, whole

MISSING = {
    "contacts": {"phone": "no phone", "email": "no e-mail", "both": "neither"},
    "student-contacts": {"phone": "no phone", "email": "no e-mail", "both": "neither"},
    "students": {
        "contacts": "no contact",
        "phone": "no phone at all",
        "email": "no e-mail at all",
        "both": "neither",
    },
}
FILTERS = ("school", "grade", "type", "relationship", "missing", "finding", "order")
WHEN = ("changed", "since")
READERS: Mapping[str, Callable[[Whose, Filter, Place | None], Page]] = {
    "contacts": browse.contacts,
    "student-contacts": browse.student_contacts,
    "students": browse.students,
}
CHANGED = {"1": "in the last version", "7": "in the last 7 versions", "30": "in the last 30"}


@dataclass(frozen=True, slots=True)
class Request:
    """What the address of a list says."""

    tab: str
    filter: Filter
    version: int
    after: Place | None
    parameters: Mapping[str, str]
    """As in the address, without the place where the list goes on."""

    @property
    def as_of(self) -> str:
        """What the addresses of people end with, so that they are seen at the same version."""
        return f"?version={self.version}" if "version" in self.parameters else ""

    def sorted_by(self, order: str) -> str:
        """The address of the same list in this order; turned round where that is its order."""
        now = self.filter.order or "name"
        is_same = now.removeprefix("-") == order.removeprefix("-")
        return self.address(order=columns.other_way(now) if is_same else order)

    def address(self, **changes: str) -> str:
        """The address of the same list with other parameters; "" takes one away."""
        given = {name: value for name, value in {**self.parameters, **changes}.items() if value}
        return f"/data-browser/{self.tab}" + (f"?{urlencode(given)}" if given else "")


def read_request(visit: Visit, tab: str, given: QueryDict) -> Request:
    """The list that is asked for.

    Raises:
        Http404: the version is none of the district's.
        ChangeInput: it is purged.
    """
    district = visit.district
    names = (*FILTERS, *WHEN, "find", "version")
    parameters = {name: str(given[name]) for name in names if given.get(name)}
    at = district.published
    if "version" in parameters:
        at = whole(parameters["version"]) or 0
        if not 0 < at <= district.published:
            raise Http404
        browse.check_kept(visit.whose(at))
    if parameters.get("order", "name").removeprefix("-") not in browse.ORDERS[table_of(tab)]:
        del parameters["order"]
    if at != district.published or parameters.get("finding", "") not in RULES:
        parameters.pop("finding", None)
    return Request(
        tab,
        Filter(
            text=str(unseal(parameters.get("find", ""), district.public_id) or ""),
            changed=_changed(visit, at, parameters),
            **{name: parameters.get(name, "") for name in FILTERS},
        ),
        at,
        _place(unseal(str(given.get("after", "")), district.public_id)),
        parameters,
    )


def _changed(visit: Visit, at: int, parameters: Mapping[str, str]) -> int | None:
    """The version behind which somebody must have changed; None where that is not asked.

    Raises:
        ChangeInput: the day is none.
    """
    told = parameters.get("changed", "")
    behind = [at - int(told)] if told in CHANGED else []
    if day := parameters.get("since"):
        moment = _midnight(visit, day)
        behind.append(records.first_version_after(visit.district.id, moment, at=visit.at) - 1)
    return max(behind, default=None)


def _midnight(visit: Visit, day: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day), time(), time_zone(visit.district))
    except ValueError:
        raise ChangeInput("That is no day. Write it like 2026-08-15.") from None


def table_of(tab: str) -> str:
    """The kind of record of which a tab lists the intervals."""
    return "student" if tab == "students" else "contact"


def _place(unsealed: object) -> Place | None:
    return Place(*unsealed) if isinstance(unsealed, list) else None


@page(VIEWER, is_personal=True)
def start(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The first tab."""
    return redirect("/data-browser/contacts")


def _list(tab: str) -> Callable[..., HttpResponseBase]:
    @page(VIEWER, is_personal=True, methods=("GET", "HEAD", "POST"))
    def view(request: HttpRequest, visit: Visit) -> HttpResponse:
        if request.method == "POST":
            return _look_for(request, visit, tab)
        wanted = read_request(visit, tab, request.GET)
        whose = visit.whose(wanted.version)
        is_ready = _is_ready(visit, wanted)
        found = READERS[tab](whose, wanted.filter, wanted.after) if is_ready else Page([], None)
        ids = [row["id"] for row in found.rows]
        if ids:
            about = f"{tab}: {_in_words(wanted)}"
            visit.record("looked at a list", about, version=wanted.version, subjects=ids)
        after = seal(list(found.after), visit.district.public_id) if found.after else ""
        template = "browser_list" if request.headers.get("hx-request") else "browser"
        return show(
            request, visit, template, place="browser", tab=tab, wanted=wanted, found=found,
            is_ready=is_ready, next_address=wanted.address(after=after) if after else "",
            now_address=wanted.address(version=""), as_of=wanted.as_of,
            csv_address=wanted.address().replace(f"/{tab}", f"/{tab}.csv", 1),
            columns=columns.chosen(request, tab), all_columns=COLUMNS[tab], missing=MISSING[tab],
            orders=_orders(wanted), **_choices(whose), rules=_rules(visit, wanted),
        )  # fmt: skip

    view.__doc__ = f"The tab {tab}."
    return view


def _look_for(request: HttpRequest, visit: Visit, tab: str) -> HttpResponse:
    """From what was typed to the address of its list."""
    given = request.POST
    parameters = {name: given[name] for name in (*FILTERS, *WHEN, "version") if given.get(name)}
    if text := given.get("q", "").strip()[:200]:
        parameters["find"] = seal(text, visit.district.public_id)
    address = f"/data-browser/{tab}" + (f"?{urlencode(parameters)}" if parameters else "")
    answer = redirect(address)
    if "columns" in given:
        columns.remember(answer, tab, given.getlist("columns"))
    return answer


def _is_ready(visit: Visit, wanted: Request) -> bool:
    """Whether everybody can be found who is looked for; otherwise that is being seen to."""
    if not visit.district.published:
        return True
    if not browse.prepare(visit.district.id):
        return False
    return not wanted.filter.finding or whence.prepare(visit.district, tools().storage)


def _orders(wanted: Request) -> dict[str, dict[str, str]]:
    """Of each column that sorts: the address of the list so sorted, and how it is sorted now."""
    now = wanted.filter.order or "name"
    ways = {False: "ascending", True: "descending"}
    return {
        column: {
            "address": wanted.sorted_by(order),
            "now": ways[now.startswith("-")]
            if now.removeprefix("-") == order.removeprefix("-")
            else "",
        }
        for column, order in ORDERS[wanted.tab].items()
    }


def _rules(visit: Visit, wanted: Request) -> list[Rule]:
    """The findings that can be chosen: of what is published, and about these records."""
    if not visit.district.published or wanted.version != visit.district.published:
        return []
    met = whence.rules_met(visit.district, tools().storage)
    is_of_students = wanted.tab == "students"
    return [rule for rule in met if is_of_students or not rule.code.startswith(whence.OF_STUDENTS)]


def _choices(whose: Whose) -> dict[str, Any]:
    schools = browse.schools(whose)
    return {
        "schools": schools,
        "school_names": {row["sis_id"]: row["name"] or row["sis_id"] for row in schools},
        "grades": browse.GRADES,
        "types": TYPES,
        "relationships": RELATIONSHIPS,
        "changed_choices": CHANGED,
    }


def _in_words(wanted: Request) -> str:
    """What is looked for, without the text that was typed."""
    words = [f"{name} {value}" for name, value in wanted.parameters.items() if name != "find"]
    if wanted.filter.text:
        words.insert(0, "a search")
    return ", ".join(words) or "everybody"


contacts = _list("contacts")
student_contacts = _list("student-contacts")
students = _list("students")


@page(VIEWER, is_personal=True)
def schools(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The schools of the district."""
    rows = browse.schools(visit.whose())
    return show(request, visit, "schools", place="browser", tab="schools", rows=rows)


@page(VIEWER, is_personal=True)
def download(request: HttpRequest, visit: Visit, tab: str) -> HttpResponseBase:
    """The filtered list for a spreadsheet, as it is read."""
    if tab not in COLUMNS:
        raise Http404
    wanted = replace(read_request(visit, tab, request.GET), after=None)
    _is_ready(visit, wanted)
    table = table_of(tab)
    visit.record("downloaded a list", f"{tab}: {_in_words(wanted)}", version=wanted.version)
    pages = browse.all_pages(visit.whose(wanted.version), table, wanted.filter)
    if tab == "student-contacts":
        pages = (browse.by_tie(one, wanted.filter) for one in pages)
    return StreamingHttpResponse(
        sheets.lines(tab, pages),
        content_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{tab}.csv"'},
    )
