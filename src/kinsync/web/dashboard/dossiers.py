"""The page of one contact, and of one student: everything that is known of them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from kinsync.domain.frames import STUDENT_DETAILS
from kinsync.services import browse, disclosures, dossier, share, whence
from kinsync.services.browse import Whose
from kinsync.services.people import VIEWER
from kinsync.store import accounts, records
from kinsync.web.dashboard.browser import read_request
from kinsync.web.dashboard.seen import as_served, seen_by_applications
from kinsync.web.dashboard.visits import Visit, page, show, tools

ACTS_SHOWN = 10


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
    reader = dossier.contact if table == "contact" else dossier.student
    found = reader(whose, id_)
    own_id = found.record["id"]
    if own_id != id_:
        return redirect(f"/data-browser/{table}s/{own_id}{wanted.as_of}")
    now = found if whose == visit.whose() else reader(visit.whose(), own_id)
    visit.record(f"looked at a {table}", table, version=wanted.version, subjects=[own_id])
    names = {row["sis_id"]: row["name"] or row["sis_id"] for row in browse.schools(whose)}
    return show(
        request, visit, table, place="browser", tab=f"{table}s", found=found,
        record=found.record, wanted=wanted, school_names=names,
        names=_names_in(found, whose),
        phones=dossier.phones_of(found.record) if table == "contact" else (),
        emails=dossier.emails_of(found.record) if table == "contact" else (),
        whence=_whence(visit, wanted.version, table, found),
        served=as_served(whose, visit.district, table, found),
        applications=seen_by_applications(visit.district, table, now),
        merged=dossier.merged_from(whose, own_id) if table == "contact" else {},
        is_withheld=table == "contact" and own_id in share.withheld(visit.district),
        disclosed=disclosures.latest_of(visit.district, table, own_id)[:ACTS_SHOWN],
        answers=disclosures.LATEST, acts=accounts.LATEST_ACTS,
        looked=accounts.acts(visit.district.id, subject=own_id, limit=ACTS_SHOWN),
        versions=[one for one in records.list_versions(visit.district.id) if not one.purged_at],
        details=STUDENT_DETAILS,
    )  # fmt: skip


def _whence(visit: Visit, version: int, table: str, found: dossier.Dossier) -> whence.Whence | None:
    """Where the record came from; that is known of what is published alone."""
    if version != visit.district.published or found.record.get("is_gone"):
        return None
    asked = whence.of_contact if table == "contact" else whence.of_student
    return asked(visit.district, tools().storage, found)


def _names_in(found: dossier.Dossier, whose: Whose) -> dict[str, str]:
    ids = [
        value
        for moment in found.history
        for field, value, _ in moment.changes
        if field == "with" and value
    ]
    return dossier.names(whose, ids)
