"""Sync: history, reports, what changed, holds, uploads with a preview first, pause, restore."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from kinsync.domain.errors import ChangeInput
from kinsync.domain.frames import KINDS
from kinsync.domain.rules import RULES
from kinsync.services import by_school, errands, holds, overview, review, states
from kinsync.services import pause as pauses
from kinsync.services.errands import Errand
from kinsync.services.people import EDITOR, VIEWER
from kinsync.services.restore import restore as restore_version
from kinsync.services.review import ACTS
from kinsync.services.sync import Tools
from kinsync.store import records
from kinsync.web.dashboard.visits import Visit, page, show, tools, whole

SHOWN = 50
ALL = "all"
"""What a form calls every school."""
UPLOAD, PUBLISH, APPROVE = "upload", "publish", "approve"
LONGEST_SILENCE = timedelta(minutes=10)
"""After so long without a word, what was begun has stopped with its process."""


@dataclass(frozen=True, slots=True)
class Schools:
    """What a sync changes by school: SIS id, name and counts by kind and act, in their order."""

    errand: Errand
    lines: Sequence[tuple[str, str, Mapping[str, Mapping[str, int]]]]


@page()
def history(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every sync, the newest first, and what can be done."""
    return show(
        request,
        visit,
        "sync",
        place="sync",
        state=states.state_of(visit.district, visit.at),
        held=records.held_sync(visit.district.id),
        pause=pauses.pause_of(visit.district, visit.at),
        blackouts=pauses.blackouts(visit.district),
        zone=pauses.time_zone(visit.district),
        next_at=overview.next_sync(visit.district),
        syncs=records.list_syncs(visit.district.id, limit=SHOWN),
        versions=records.list_versions(visit.district.id)[:SHOWN],
    )


@page()
def report(request: HttpRequest, visit: Visit, sync_id: int) -> HttpResponse:
    """One sync: counts that add up, findings by rule, changes; a hold with its reasons."""
    sync = records.find_sync(visit.district.id, sync_id)
    found = review.findings_by_rule(sync)
    return show(
        request,
        visit,
        "report",
        place="sync",
        sync=sync,
        findings=found,
        trends=review.trends(visit.district, sync, [rule for rule, _ in found]),
        totals=review.totals(sync),
        can_publish=review.is_kept(visit.district, sync, tools()),
        is_current=sync.base == visit.district.published,
        restores=sync.counts.get("restored") if sync.state == "previewed" else None,
        picture=_picture(visit, sync),
        schools=_by_school(visit, sync),
        school_kinds=("student", "contact", "relationship"),
        acts=ACTS,
    )


def _picture(visit: Visit, sync: records.Sync) -> Errand | None:
    """The figures of what waits for a decision: None of what does not, or is not kept any more."""
    waits = sync.state in ("held", "previewed") and sync.base > 0
    if not waits or sync.base != visit.district.published:
        return None
    try:
        return errands.ask(visit.district, errands.HOLD, {"sync": sync.id}, tools())
    except ChangeInput:
        return None


def _by_school(visit: Visit, sync: records.Sync) -> Schools | None:
    """What a sync changes at each school; None where nothing does, or it is not kept any more."""
    count = sum(count for acts in review.totals(sync).values() for count in acts.values())
    if not count or count > by_school.MOST:
        return None
    is_small = count <= by_school.AT_ONCE
    asked = {"sync": sync.id}
    try:
        errand = errands.ask(visit.district, errands.SCHOOLS, asked, tools(), is_small=is_small)
    except ChangeInput:
        return None
    counts = errand.answer.get("schools", {})
    names = overview.school_names(visit.district)
    lines = [(school, names.get(school, school), counts[school]) for school in counts]
    return Schools(errand, sorted(lines, key=lambda one: (not one[0], one[1])))


@page(VIEWER, is_personal=True)
def finding(request: HttpRequest, visit: Visit, sync_id: int, code: str) -> HttpResponse:
    """Where one rule was met, row by row."""
    if code not in RULES:
        raise Http404
    sync = records.find_sync(visit.district.id, sync_id)
    start = whole(request.GET.get("from", "")) or 0
    rows, count = review.places(visit.district, sync, code, tools(), start=start, limit=SHOWN)
    visit.record("looked at findings", f"sync {sync.id}, {code}", records=len(rows))
    end = start + len(rows)
    return show(
        request,
        visit,
        "finding",
        place="sync",
        sync=sync,
        rule=RULES[code],
        rows=rows,
        count=count,
        start=start,
        end=end,
        later=end if end < count else None,
        earlier=max(0, start - SHOWN) if start else None,
    )


@page(VIEWER, is_personal=True)
def findings(request: HttpRequest, visit: Visit, sync_id: int) -> HttpResponseBase:
    """Every finding of a sync, or those of one rule, for a spreadsheet."""
    code = request.GET.get("rule", "")
    if code and code not in RULES:
        raise Http404
    sync = records.find_sync(visit.district.id, sync_id)
    visit.record("downloaded findings", f"sync {sync.id}" + (f", {code}" if code else ""))
    file = review.findings_csv(visit.district, sync, tools(), code=code)
    name = f"findings-{sync.id}{f'-{code}' if code else ''}.csv"
    return FileResponse(file, as_attachment=True, filename=name, content_type="text/csv")


@page(VIEWER, is_personal=True)
def changes(request: HttpRequest, visit: Visit, sync_id: int, kind: str) -> HttpResponse:
    """What a sync changes, or changed, record by record."""
    act = request.GET.get("act", "updated")
    if kind not in KINDS or act not in ACTS:
        raise Http404
    sync = records.find_sync(visit.district.id, sync_id)
    asked = request.GET.get("school", ALL)
    school = None if asked == ALL else asked
    found = review.changes(
        visit.district, sync, kind, act, tools(),
        after=request.GET.get("after", ""), limit=SHOWN, school=school,
    )  # fmt: skip
    visit.record("looked at changes", f"sync {sync.id}, {kind}s {act}", records=len(found.pairs))
    return show(
        request, visit, "changes", place="sync", sync=sync, kind=kind, act=act, found=found,
        acts=ACTS, kinds=KINDS, totals=review.totals(sync), school=school,
        names=overview.school_names(visit.district),
    )  # fmt: skip


@page(EDITOR, methods=("POST",))
def approve(request: HttpRequest, visit: Visit, sync_id: int) -> HttpResponse:
    """Publish exactly what was held."""
    visit.record("approved a hold", f"sync {sync_id}")

    def work(tools: Tools) -> dict[str, int]:
        return {"sync": holds.approve(visit.district, tools, sync_id=sync_id).id}

    return _begun(errands.begin(visit.district, APPROVE, work, tools()))


@page(EDITOR, methods=("POST",))
def discard(request: HttpRequest, visit: Visit, sync_id: int) -> HttpResponse:
    """Forget what was held."""
    visit.record("discarded a hold", f"sync {sync_id}")
    holds.discard(visit.district, tools(), sync_id=sync_id)
    messages.success(request, "Discarded. What was published stays as it was.")
    return redirect(f"/sync/{sync_id}")


@page(EDITOR, methods=("POST",))
def upload(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Take a file and show what it would change; nothing is published."""
    file = request.FILES.get("file")
    if file is None:
        raise ChangeInput("Choose a file first.")
    visit.record("uploaded a file for a preview")
    path = review.receive(visit.district, file.name or "students.csv", file.chunks(), tools())

    def work(tools: Tools) -> dict[str, int]:
        return {"sync": review.look_at(visit.district, path, tools).id}

    return _begun(errands.begin(visit.district, UPLOAD, work, tools()))


@page(EDITOR, methods=("POST",))
def publish(request: HttpRequest, visit: Visit, sync_id: int) -> HttpResponse:
    """Sync the file of a preview."""
    preview = records.find_sync(visit.district.id, sync_id)
    visit.record("synced a previewed file", f"preview {sync_id}")

    def work(tools: Tools) -> dict[str, int]:
        return {"sync": review.publish(visit.district, preview, tools).id}

    return _begun(errands.begin(visit.district, PUBLISH, work, tools()))


def _begun(errand: Errand) -> HttpResponse:
    """To what became of it, or to the page that waits for that.

    Raises:
        ChangeInput: it could not be done, and why.
    """
    if errand.state == errands.WAITING:
        return redirect(f"/sync/errands/{errand.key}")
    return redirect(f"/sync/{errands.answer_of(errand)['sync']}")


@page(EDITOR)
def errand(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """What was begun and goes on; it leads to what became of it."""
    found = errands.find(visit.district.id, key)
    if found.state != errands.WAITING:
        if request.headers.get("hx-request"):
            return HttpResponse(headers={"hx-redirect": request.path})
        return _begun(found)
    is_lost = visit.at - found.changed_at > LONGEST_SILENCE
    return show(request, visit, "errand", place="sync", errand=found, is_lost=is_lost)


@page(EDITOR, methods=("POST",))
def pause(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Publish nothing for a while, or publish again."""
    if request.POST.get("act") == "resume":
        visit.record("resumed syncs")
        pauses.resume(visit.district, visit.at)
        messages.success(request, "Syncs go on.")
        return redirect("/sync")
    until = _day(request, "until") if request.POST.get("until") else None
    visit.record("paused syncs", f"until {until}" if until else "")
    pauses.pause(visit.district, until, visit.at)
    messages.success(request, "Paused. Files are still received, and nothing is published.")
    return redirect("/sync")


@page(EDITOR, methods=("POST",))
def blackout(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Publish nothing on some days, or on these days after all."""
    days = pauses.Blackout(_day(request, "first"), _day(request, "last"))
    about = f"{days.first} to {days.last}"
    if request.POST.get("act") == "remove":
        visit.record("took a blackout out", about)
        pauses.remove_blackout(visit.district, days, visit.at)
        messages.success(request, f"Syncs may publish from {about}.")
    else:
        visit.record("set a blackout", about)
        pauses.add_blackout(visit.district, days)
        messages.success(request, f"Nothing is published from {about}, both days included.")
    return redirect("/sync#pause")


def _day(request: HttpRequest, name: str) -> date:
    try:
        return date.fromisoformat(request.POST.get(name, ""))
    except ValueError:
        raise ChangeInput("That is no day. Write it like 2026-08-15.") from None


@page(VIEWER, methods=("GET", "HEAD", "POST"))
def restore(request: HttpRequest, visit: Visit, version: int) -> HttpResponse:
    """To what restoring a version would change; and, for an editor, do it."""
    if request.method == "POST":
        if not visit.may(EDITOR):
            raise Http404
        visit.record("restored a version", f"version {version}")
        done, _changes = restore_version(visit.district, version, tools())
        messages.success(request, f"Version {version} is published again, as {done.version}.")
        return redirect(f"/sync/{done.id}")
    errand = errands.ask(visit.district, errands.RESTORE, {"version": version}, tools())
    if errand.state == errands.WAITING:
        return show(request, visit, "errand", place="sync", errand=errand)
    if request.headers.get("hx-request"):
        return HttpResponse(headers={"hx-redirect": request.path})
    return redirect(f"/sync/{errand.answer['sync']}")
