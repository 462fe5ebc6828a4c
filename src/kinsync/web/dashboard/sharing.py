"""What an application receives: chosen in a form, and seen before it is saved."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect

from kinsync.domain.errors import ChangeInput
from kinsync.domain.flags import FLAGS
from kinsync.domain.share import EVERYTHING, OPTIONAL, Share
from kinsync.domain.vocabulary import RELATIONSHIPS, TYPES
from kinsync.services import browse, connections, errands, glimpse, share
from kinsync.services.browse import Filter, Whose
from kinsync.services.people import EDITOR
from kinsync.store.access import Application
from kinsync.web.dashboard.addresses import seal, unseal
from kinsync.web.dashboard.seen import would_be_served
from kinsync.web.dashboard.visits import Visit, page, show, tools

BLANK = "blank"
"""What a form calls a relationship that is not given."""
LIMITS = {
    "schools": ("Schools", "school"),
    "grades": ("Grades", "grade"),
    "types": ("Types of contact", "type of contact"),
    "relationships": ("Relationships", "relationship"),
    "flags": ("Flags", "flag"),
}
"""What students and contacts are chosen by: for people, many and one."""
FOUND = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """One box of a form."""

    value: str
    words: str
    count: int | None
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Limit:
    """One part of the form: everything, or only what is chosen."""

    name: str
    words: str
    is_limited: bool
    choices: Sequence[Choice]


@page(EDITOR, methods=("GET", "HEAD", "POST"))
def sharing(request: HttpRequest, visit: Visit, client_id: str) -> HttpResponse:
    """Choose, see what that would do, and save exactly that."""
    application = connections.application(visit.district, client_id)
    was = share.current(visit.district, application)
    if request.method != "POST":
        return _form(request, visit, application, was, was or EVERYTHING)
    try:
        limits = asked(request.POST)
        wanted = share.proposed(visit.district, application, limits, tools())
        proposed = {"share": wanted.as_json(), "was": was and was.as_json()}
        errand = errands.ask(visit.district, errands.SHARING, proposed, tools())
    except ChangeInput as error:
        shown = _ticked(request.POST)
        return _form(request, visit, application, was, shown, status=400, refused=str(error))
    seen = unseal(request.POST.get("previewed", ""), visit.district.public_id)
    is_known = errand.state != errands.WAITING
    if request.POST.get("act") == "save" and seen == proposed and is_known:
        visit.record("changed what is shared", application.name)
        return _give(request, visit, application, wanted)
    return _form(
        request, visit, application, was, wanted, effect=errand.answer or None,
        previewed=seal(proposed, visit.district.public_id), left_out=sorted(wanted.left_out),
        is_other=request.POST.get("act") == "save", wanted=wanted,
        is_waiting=errand.state == errands.WAITING,
        **_of_student(request, visit, application, wanted),
    )  # fmt: skip


def _give(
    request: HttpRequest, visit: Visit, application: Application, wanted: Share
) -> HttpResponse:
    """Save what was looked at; in a large district a worker does it."""
    asked = {
        "application": application.public_id,
        "share": wanted.as_json(),
        "at": visit.at.isoformat(),
    }
    errand = errands.ask(visit.district, errands.GIVE, asked, tools())
    if errand.state == errands.WAITING:
        messages.success(
            request, f"Saved. A worker tells {application.name}; that takes a few minutes."
        )
        return redirect("/applications")
    messages.success(request, f"Saved. {application.name} is told at once.")
    return redirect(f"/applications/{application.public_id}")


def asked(given: QueryDict) -> share.Limits:
    """The limits of a form.

    Raises:
        ChangeInput: a limit is chosen that lets nobody through.
    """
    words: dict[str, Any] = {name: _words(given, name) for name in LIMITS}
    fields = given.getlist("fields")
    whole = set(fields) == set(OPTIONAL)
    return share.Limits(**words, fields=[] if whole else fields or ["none"])


def _words(given: QueryDict, name: str) -> list[str]:
    """What is chosen; nothing where that is not limited."""
    if given.get(f"{name}_how") != "some":
        return []
    words = given.getlist(name)
    if not words:
        many, one = LIMITS[name]
        raise ChangeInput(f"{many}: choose at least one {one}, or all of them.")
    return words


def _ticked(given: QueryDict) -> Share:
    """What stood in a form that will not do, so that nobody begins anew."""
    limits: dict[str, Any] = {
        name: frozenset(given.getlist(name))
        for name in LIMITS
        if given.get(f"{name}_how") == "some"
    }
    if BLANK in limits.get("relationships", ()):
        limits["relationships"] = limits["relationships"] - {BLANK} | {""}
    return Share(**limits, fields=frozenset(given.getlist("fields")))


def _form(
    request: HttpRequest,
    visit: Visit,
    application: Application,
    was: Share | None,
    shown: Share,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    whose = visit.whose()
    return show(
        request, visit, "sharing", status=status, place="applications", application=application,
        was=was, limits=list(_limits(whose, shown)), fields=_fields(shown), tab="sharing", **more,
    )  # fmt: skip


def _limits(whose: Whose, shown: Share) -> list[Limit]:
    by_school, by_grade = browse.places(whose)
    names = {row["sis_id"]: row["name"] or row["sis_id"] for row in browse.schools(whose)}
    schools = {sis_id: names.get(sis_id, sis_id) for sis_id in {**names, **by_school}}
    relationships = {**{word: word for word in RELATIONSHIPS}, BLANK: "Not given"}
    return [
        _limit("schools", dict(sorted(schools.items(), key=lambda one: one[1])), shown.schools,
               by_school),
        _limit("grades", {grade: grade for grade in by_grade}, shown.grades, by_grade),
        _limit("types", {word: word for word in TYPES}, shown.types),
        _limit("relationships", relationships, shown.relationships),
        _limit("flags", {word: word.replace("_", " ") for word in FLAGS}, shown.flags),
    ]  # fmt: skip


def _limit(
    name: str,
    words: Mapping[str, str],
    chosen: Collection[str] | None,
    counts: Mapping[str, int] | None = None,
) -> Limit:
    gone = {word: word for word in chosen or () if word and word not in words}
    ticked = {word or BLANK for word in chosen or ()}
    choices = [
        Choice(value, said, None if counts is None else counts.get(value, 0), value in ticked)
        for value, said in {**words, **gone}.items()
    ]
    return Limit(name, LIMITS[name][0], chosen is not None, choices)


def _fields(shown: Share) -> Mapping[str, Sequence[Choice]]:
    """The fields of contacts and of students, apart."""
    return {
        kind: [
            Choice(field, field.partition(".")[2], None, field not in shown.left_out)
            for field in OPTIONAL
            if field.startswith(kind)
        ]
        for kind in ("contact", "student")
    }


def _of_student(
    request: HttpRequest, visit: Visit, application: Application, proposed: Share
) -> dict[str, Any]:
    """Somebody to try the share with: found by what was typed, or chosen of those who were."""
    text, chosen = request.POST.get("who", "").strip()[:200], request.POST.get("student", "")
    if not (text or chosen):
        return {}
    if not browse.prepare(visit.district.id):
        return {"who": text, "is_preparing": True}
    found = browse.students(visit.whose(), Filter(text=text), None, FOUND).rows if text else []
    ids = [row["id"] for row in found]
    chosen = chosen or (ids[0] if len(ids) == 1 else "")
    looked = glimpse.of_student(visit.district, proposed, chosen) if chosen else None
    visit.record(
        "looked at what an application would receive", application.name,
        version=visit.district.published, subjects=looked.ids if looked else ids,
    )  # fmt: skip
    return {
        "who": text,
        "found": found,
        "glimpse": looked,
        "served": would_be_served(visit.district, proposed, looked) if looked else None,
    }
