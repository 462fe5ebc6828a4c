"""Same person? Pairs that look alike, side by side, and what people decide about them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from kinsync.domain.alike import REASONS, Reason
from kinsync.domain.deciding import DIFFERENT, LATER, SAME, VERDICTS
from kinsync.domain.errors import ChangeInput
from kinsync.services import alike, dossier
from kinsync.services import same_person as deciding
from kinsync.services.browse import Row
from kinsync.services.people import EDITOR, VIEWER
from kinsync.store import alike as kept
from kinsync.store import same_person as decisions
from kinsync.store.alike import AlikePair
from kinsync.web.api.answers import OBJECT_ID
from kinsync.web.dashboard import words
from kinsync.web.dashboard.visits import Visit, page, show, tools

UNDO = "undo"
STATES = {
    "open": "To decide",
    LATER: "Later",
    SAME: "Same person",
    DIFFERENT: "Different people",
}
SAYS = {SAME: "The same person", DIFFERENT: "Different people", LATER: "Decide later"}
DONE = {
    SAME: "They are one person now. The other id goes on leading there.",
    DIFFERENT: "They are two people, and stay so on every later night.",
    LATER: "Put aside. You find the pair under Later.",
    UNDO: "Taken back: they are as if nothing had been decided.",
}
SHOWN = 25


@dataclass(frozen=True, slots=True)
class Pair:
    """One pair with its reasons."""

    pair: AlikePair
    reasons: Sequence[Reason]


@dataclass(frozen=True, slots=True)
class Line:
    """One field of the contacts that stand side by side; a cell holds several values."""

    words: str
    cells: Sequence[Sequence[str]]

    @property
    def is_equal(self) -> bool:
        """Whether all have the same, and something."""
        return len(self.cells) > 1 and bool(self.cells[0]) and len(set(map(tuple, self.cells))) == 1


@dataclass(frozen=True, slots=True)
class Beside:
    """Contacts side by side."""

    people: Sequence[Row]
    rows: Sequence[Line]


@page(VIEWER, is_personal=True)
def pairs(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The likeliest pairs first; those that are decided beside them."""
    state = request.GET.get("state", "open")
    if state not in STATES:
        raise Http404
    found_for = kept.found_for(visit.district.id)
    after = request.GET.get("after") or None
    if state == "open":
        found = alike.list_pairs(visit.district, after=after, limit=SHOWN)
    else:
        found = alike.list_decided(visit.district, state, after=after, limit=SHOWN)
    ids = [id_ for one in found.pairs for id_ in (one.low_id, one.high_id)]
    if ids:
        visit.record("looked at pairs", STATES[state], subjects=ids)
    told = [Pair(one, [REASONS[code] for code in one.reasons]) for one in found.pairs]
    return show(
        request, visit, "pairs", place="same-person", found_for=found_for, state=state,
        states=STATES, found={"pairs": told, "after": found.after}, verdicts=SAYS,
    )  # fmt: skip


@page(VIEWER, is_personal=True, methods=("GET", "HEAD", "POST"))
def pair(request: HttpRequest, visit: Visit, low: str, high: str) -> HttpResponse:
    """Two contacts side by side, and what a decision would do; for an editor, deciding."""
    if low == high or not (OBJECT_ID.fullmatch(low) and OBJECT_ID.fullmatch(high)):
        raise Http404
    low, high = sorted((low, high))
    if request.method == "POST":
        if not visit.may(EDITOR):
            return HttpResponse(status=403)
        return _decide(request, visit, (low, high))
    visit.record("looked at a pair", subjects=[low, high])
    decision = decisions.decision_about(visit.district.id, low, high)
    known = kept.pair(visit.district.id, low, high)
    score, reasons = known or (None, [])
    undo = {UNDO: "Take the decision back"} if decision else {}
    choices = {
        **undo,
        **{one: SAYS[one] for one in SAYS if decision is None or one != decision.verdict},
    }
    wanted = request.GET.get("as", UNDO if decision else SAME)
    if wanted not in choices:
        raise Http404
    return show(
        request, visit, "pair", place="same-person", decision=decision, score=score,
        reasons=[REASONS[code] for code in reasons], choices=choices, wanted=wanted, verdicts=SAYS,
        **_effect(visit, (low, high), None if wanted == UNDO else wanted),
    )  # fmt: skip


def _effect(visit: Visit, about: tuple[str, str], verdict: str | None) -> dict[str, Any]:
    """What a decision would do; where it cannot be made, why, and the contacts as they are."""
    refused = ""
    try:
        told = deciding.effect(visit.district, about, verdict, tools())
    except ChangeInput as error:
        refused = str(error)
        told = deciding.effect(visit.district, about, LATER, tools())
    ids = [tie["student_id"] for row in _people(told.before) for tie in row["students"] or ()]
    names = dossier.names(visit.whose(), ids)
    return {
        "refused": refused,
        "before": _beside(told.before, names),
        "after": _beside(told.after, names),
        "readers": told.readers,
        "is_nothing": told.changes.is_empty,
    }


def _decide(request: HttpRequest, visit: Visit, about: tuple[str, str]) -> HttpResponse:
    act = request.POST.get("act", "")
    if act not in (*VERDICTS, UNDO):
        raise Http404
    what = "took back a decision about a pair" if act == UNDO else f"decided about a pair: {act}"
    visit.record(what, subjects=about)
    if act == UNDO:
        done = deciding.undo(visit.district, about, tools(), by=visit.person.email)
    else:
        done = deciding.decide(visit.district, about, act, tools(), by=visit.person.email)
    published = f" Published as version {done.version}." if done.version else ""
    messages.success(request, DONE[act] + published)
    if act == LATER:
        return redirect("/same-person")
    return redirect(f"/same-person/{about[0]}/{about[1]}")


@page(EDITOR, methods=("POST",))
def part(request: HttpRequest, visit: Visit, id_: str) -> HttpResponse:
    """Part one contact in two: who stands to the chosen students is somebody else."""
    students = request.POST.getlist("students")
    if not students:
        raise ChangeInput("Choose the students to whom somebody else stands.")
    visit.record("parted a contact", subjects=[id_])
    done = deciding.part(visit.district, id_, students, tools(), by=visit.person.email)
    messages.success(request, f"{DONE[DIFFERENT]} Published as version {done.version}.")
    return redirect(f"/same-person/{done.pair[0]}/{done.pair[1]}")


def _people(contacts: pl.DataFrame) -> list[Row]:
    return contacts.to_dicts()


def _beside(contacts: pl.DataFrame, names: Mapping[str, str]) -> Beside:
    people = _people(contacts)
    fields: Mapping[str, Callable[[Row], Sequence[str]]] = {
        "Name": lambda one: [one["name"] or "No name"],
        "Phones": lambda one: [_phone(phone) for phone in dossier.phones_of(one)],
        "E-mails": dossier.emails_of,
        "SIS id": lambda one: [one["sis_id"]] if one["sis_id"] else [],
        "Students": lambda one: [_tie(tie, names) for tie in one["students"] or ()],
        "Kinsync id": lambda one: [one["id"]],
    }
    return Beside(
        people, [Line(said, [read(one) for one in people]) for said, read in fields.items()]
    )


def _phone(one: Row) -> str:
    kind = f" ({one['type']})" if one["type"] else ""
    extension = f" ext. {one['extension']}" if one["extension"] else ""
    return f"{words.phone(one['phone'])}{extension}{kind}"


def _tie(tie: Row, names: Mapping[str, str]) -> str:
    what = ", ".join(filter(None, (tie["relationship"], tie["type"])))
    name = names.get(tie["student_id"]) or tie["student"] or "No name"
    return f"{name}: {what}" if what else name
