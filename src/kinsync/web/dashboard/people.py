"""One person and the applications: stop sharing them, and who has received a student's contacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import groupby

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from kinsync.domain.errors import ChangeInput
from kinsync.services import disclosures, dossier, share
from kinsync.services.disclosures import Disclosure
from kinsync.services.people import EDITOR, VIEWER
from kinsync.web.dashboard.visits import Visit, page, show, tools

MOST = 500
"""Answers that are listed one by one; more are counted."""


@dataclass(frozen=True, slots=True)
class Received:
    """What one application received of a student's contacts, in all."""

    application: str
    answers: int
    first: datetime
    last: datetime
    fields: Sequence[str]
    contacts: Sequence[str]
    """Ids."""


@page(EDITOR, methods=("POST",))
def withhold(request: HttpRequest, visit: Visit, id_: str) -> HttpResponse:
    """Stop sharing one contact with every application, or share them again; at once."""
    is_withheld = request.POST.get("act") != "release"
    what = "stopped sharing a contact" if is_withheld else "shared a contact again"
    visit.record(what, "contact", subjects=[id_])
    count = share.withhold(visit.district, id_, tools(), is_withheld=is_withheld)
    done = "Withheld from" if is_withheld else "Shared again with"
    many = f"{count} application" if count == 1 else f"{count} applications"
    messages.success(request, f"{done} {many}, at once.")
    return redirect(f"/data-browser/contacts/{id_}")


@page(VIEWER, is_personal=True)
def disclosed(request: HttpRequest, visit: Visit, id_: str) -> HttpResponse:
    """Which applications received a student's contacts: to be printed for a parent."""
    found = dossier.student(visit.whose(), id_)
    since = _since(request.GET.get("since", ""))
    answers = disclosures.of_student(visit.district, id_, since=since)
    visit.record("looked at disclosures", "student", subjects=[id_])
    ids = sorted({contact for one in answers for contact in one.contacts})
    return show(
        request, visit, "disclosures", place="browser", record=found.record,
        received=_by_application(answers), answers=answers[: -MOST - 1 : -1], count=len(answers),
        names=dossier.names(visit.whose(), ids), since=request.GET.get("since", ""),
    )  # fmt: skip


def _since(day: str) -> datetime | None:
    """The beginning of a day.

    Raises:
        ChangeInput: that is none.
    """
    try:
        return datetime.combine(date.fromisoformat(day), time(), UTC) if day else None
    except ValueError:
        raise ChangeInput("That is no day. Write it like 2026-08-15.") from None


def _by_application(answers: Sequence[Disclosure]) -> list[Received]:
    ordered = sorted(answers, key=lambda one: (one.application.casefold(), one.at))
    return [
        _received(name, list(group))
        for name, group in groupby(ordered, key=lambda one: one.application)
    ]


def _received(name: str, answers: Sequence[Disclosure]) -> Received:
    fields = {field for one in answers for field in one.fields if field}
    contacts = {contact for one in answers for contact in one.contacts}
    return Received(
        name, len(answers), answers[0].at, answers[-1].at, sorted(fields), sorted(contacts)
    )
