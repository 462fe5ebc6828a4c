"""The Data Browser: contacts, student contacts, students and schools, and one of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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

from kinsync.domain.frames import STUDENT_DETAILS
from kinsync.domain.vocabulary import RELATIONSHIPS, TYPES
from kinsync.services import browse, disclosures, dossier, share
from kinsync.services.browse import Filter, Page, Place, Whose
from kinsync.services.people import VIEWER
from kinsync.store import accounts, records
from kinsync.web.dashboard import sheets
from kinsync.web.dashboard.addresses import seal, unseal
from kinsync.web.dashboard.seen import as_served, seen_by_applications
from kinsync.web.dashboard.visits import Visit, page, show, whole

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "contacts": {
        "students": "Students",
        "phone": "Phone",
        "email": "E-mail",
        "sis_id": "SIS id",
        "since": "Last changed",
        "id": "Kinsync id",
    },
    "student-contacts": {
        "student": "Student",
        "type": "Type",
        "relationship": "Relationship",
        "phone": "Phone",
        "email": "E-mail",
        "school": "School",
        "grade": "Grade",
        "words": "In the source's words",
        "id": "v1.2 id",
    },
    "students": {
        "student_number": "Student number",
        "sis_id": "SIS id",
        "school": "School",
        "grade": "Grade",
        "contacts": "Contacts",
        "id": "Kinsync id",
    },
}
FIRST_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "contacts": ("students", "phone", "email"),
    "student-contacts": ("student", "type", "relationship", "phone", "email"),
    "students": ("sis_id", "school", "grade", "contacts"),
}
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
FILTERS = ("school", "grade", "type", "relationship", "missing")
READERS: Mapping[str, Callable[[Whose, Filter, Place | None], Page]] = {
    "contacts": browse.contacts,
    "student-contacts": browse.student_contacts,
    "students": browse.students,
}
CHANGED = {"1": "in the last version", "7": "in the last 7 versions", "30": "in the last 30"}
ACTS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Request:
    """What the address of a list says."""

    tab: str
    filter: Filter
    version: int
    after: Place | None
    parameters: Mapping[str, str]
    """As in the address, without the place where the list goes on."""

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
    names = (*FILTERS, "changed", "find", "version")
    parameters = {name: str(given[name]) for name in names if given.get(name)}
    at = district.published
    if "version" in parameters:
        at = whole(parameters["version"]) or 0
        if not 0 < at <= district.published:
            raise Http404
        browse.check_kept(visit.whose(at))
    changed = parameters.get("changed", "")
    return Request(
        tab,
        Filter(
            text=str(unseal(parameters.get("find", ""), district.public_id) or ""),
            changed=at - int(changed) if changed in CHANGED else None,
            **{name: parameters.get(name, "") for name in FILTERS},
        ),
        at,
        _place(unseal(str(given.get("after", "")), district.public_id)),
        parameters,
    )


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
        is_ready = not visit.district.published or browse.prepare(visit.district.id)
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
            now_address=wanted.address(version=""),
            csv_address=wanted.address().replace(f"/{tab}", f"/{tab}.csv", 1),
            columns=_columns(request, tab), all_columns=COLUMNS[tab], missing=MISSING[tab],
            **_choices(whose),
        )  # fmt: skip

    view.__doc__ = f"The tab {tab}."
    return view


def _look_for(request: HttpRequest, visit: Visit, tab: str) -> HttpResponse:
    """From what was typed to the address of its list."""
    given = request.POST
    parameters = {name: given[name] for name in (*FILTERS, "changed", "version") if given.get(name)}
    if text := given.get("q", "").strip()[:200]:
        parameters["find"] = seal(text, visit.district.public_id)
    if "columns" in given:
        request.session[f"columns:{tab}"] = [
            name for name in given.getlist("columns") if name in COLUMNS[tab]
        ]
    address = f"/data-browser/{tab}" + (f"?{urlencode(parameters)}" if parameters else "")
    return redirect(address)


def _columns(request: HttpRequest, tab: str) -> list[str]:
    chosen = request.session.get(f"columns:{tab}", FIRST_COLUMNS[tab])
    return [name for name in COLUMNS[tab] if name in chosen]


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
    browse.prepare(visit.district.id)
    table = "student" if tab == "students" else "contact"
    visit.record("downloaded a list", f"{tab}: {_in_words(wanted)}", version=wanted.version)
    pages = browse.all_pages(visit.whose(wanted.version), table, wanted.filter)
    if tab == "student-contacts":
        pages = (browse.by_tie(one, wanted.filter) for one in pages)
    return StreamingHttpResponse(
        sheets.lines(tab, pages),
        content_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{tab}.csv"'},
    )


@page(VIEWER, is_personal=True)
def contact(request: HttpRequest, visit: Visit, id_: str) -> HttpResponse:
    """One contact: everybody they are something to, and everything that is known."""
    return _dossier(request, visit, "contact", id_)


@page(VIEWER, is_personal=True)
def student(request: HttpRequest, visit: Visit, id_: str) -> HttpResponse:
    """One student: contacts, siblings, and everything that is known."""
    return _dossier(request, visit, "student", id_)


def _dossier(request: HttpRequest, visit: Visit, table: str, id_: str) -> HttpResponse:
    wanted = read_request(visit, f"{table}s", request.GET)
    whose = visit.whose(wanted.version)
    found = (dossier.contact if table == "contact" else dossier.student)(whose, id_)
    own_id = found.record["id"]
    if own_id != id_:
        return redirect(f"/data-browser/{table}s/{own_id}")
    visit.record(f"looked at a {table}", table, version=wanted.version, subjects=[own_id])
    asked = disclosures.of_contact if table == "contact" else disclosures.of_student
    names = {row["sis_id"]: row["name"] or row["sis_id"] for row in browse.schools(whose)}
    return show(
        request, visit, table, place="browser", tab=f"{table}s", found=found,
        record=found.record, wanted=wanted, school_names=names,
        names=_names_in(found, whose),
        phones=dossier.phones_of(found.record) if table == "contact" else (),
        emails=dossier.emails_of(found.record) if table == "contact" else (),
        served=as_served(whose, visit.district, table, found),
        applications=seen_by_applications(visit.district, table, own_id),
        merged=dossier.merged_from(whose, own_id) if table == "contact" else {},
        is_withheld=table == "contact" and own_id in share.withheld(visit.district),
        disclosed=asked(visit.district, own_id)[:-ACTS_SHOWN - 1 : -1],
        looked=accounts.acts(visit.district.id, subject=own_id, limit=ACTS_SHOWN),
        versions=[one for one in records.list_versions(visit.district.id) if not one.purged_at],
        details=STUDENT_DETAILS,
    )  # fmt: skip


def _names_in(found: dossier.Dossier, whose: Whose) -> dict[str, str]:
    ids = [
        value
        for moment in found.history
        for field, value, _ in moment.changes
        if field == "with" and value
    ]
    return dossier.names(whose, ids)
