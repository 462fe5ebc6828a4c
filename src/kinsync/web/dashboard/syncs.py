"""Sync: history, reports, what changed, holds, uploads with a preview first, pause, restore."""

from datetime import date

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from kinsync.domain.errors import ChangeInput
from kinsync.domain.frames import KINDS
from kinsync.domain.rules import RULES
from kinsync.services import hold_figures, holds, overview, review, states
from kinsync.services import pause as pauses
from kinsync.services.people import EDITOR, VIEWER
from kinsync.services.restore import restore as restore_version
from kinsync.services.review import ACTS
from kinsync.store import records
from kinsync.web.dashboard.visits import Visit, page, show, tools, whole

SHOWN = 50


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
    return show(
        request,
        visit,
        "report",
        place="sync",
        sync=sync,
        findings=review.findings_by_rule(sync),
        totals=review.totals(sync),
        can_publish=review.is_kept(visit.district, sync, tools()),
        is_current=sync.base == visit.district.published,
        picture=_picture(visit, sync),
    )


def _picture(visit: Visit, sync: records.Sync) -> hold_figures.Picture | None:
    """The figures of what waits for a decision: None of what does not, or is not kept any more."""
    waits = sync.state == "held" or (sync.state == "previewed" and sync.reasons)
    if not waits or sync.base != visit.district.published:
        return None
    try:
        return hold_figures.picture(visit.district, sync, tools())
    except ChangeInput:
        return None


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
    """Every finding of a sync, for a spreadsheet."""
    sync = records.find_sync(visit.district.id, sync_id)
    visit.record("downloaded findings", f"sync {sync.id}")
    file = review.findings_csv(visit.district, sync, tools())
    name = f"findings-{sync.id}.csv"
    return FileResponse(file, as_attachment=True, filename=name, content_type="text/csv")


@page(VIEWER, is_personal=True)
def changes(request: HttpRequest, visit: Visit, sync_id: int, kind: str) -> HttpResponse:
    """What a sync changes, or changed, record by record."""
    act = request.GET.get("act", "updated")
    if kind not in KINDS or act not in ACTS:
        raise Http404
    sync = records.find_sync(visit.district.id, sync_id)
    found = review.changes(
        visit.district, sync, kind, act, tools(), after=request.GET.get("after", ""), limit=SHOWN
    )
    visit.record("looked at changes", f"sync {sync.id}, {kind}s {act}", records=len(found.pairs))
    return show(
        request, visit, "changes", place="sync", sync=sync, kind=kind, act=act, found=found,
        acts=ACTS, kinds=KINDS, totals=review.totals(sync),
    )  # fmt: skip


@page(EDITOR, methods=("POST",))
def approve(request: HttpRequest, visit: Visit, sync_id: int) -> HttpResponse:
    """Publish exactly what was held."""
    visit.record("approved a hold", f"sync {sync_id}")
    done = holds.approve(visit.district, tools(), sync_id=sync_id)
    messages.success(request, f"Published as version {done.version}.")
    return redirect(f"/sync/{sync_id}")


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
    preview = review.preview(visit.district, file.name or "students.csv", file.chunks(), tools())
    return redirect(f"/sync/{preview.id}")


@page(EDITOR, methods=("POST",))
def publish(request: HttpRequest, visit: Visit, sync_id: int) -> HttpResponse:
    """Sync the file of a preview."""
    preview = records.find_sync(visit.district.id, sync_id)
    visit.record("synced a previewed file", f"preview {sync_id}")
    done = review.publish(visit.district, preview, tools())
    return redirect(f"/sync/{done.id}")


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
    """What restoring a version would change; and, for an editor, do it."""
    if request.method == "POST":
        if not visit.may(EDITOR):
            raise Http404
        visit.record("restored a version", f"version {version}")
        done, _changes = restore_version(visit.district, version, tools())
        messages.success(request, f"Version {version} is published again, as {done.version}.")
        return redirect(f"/sync/{done.id}")
    counts = review.restored(visit.district, version, tools())
    return show(
        request, visit, "restore", place="sync", version=version, counts=counts,
        kinds=KINDS, acts=ACTS,
    )  # fmt: skip
