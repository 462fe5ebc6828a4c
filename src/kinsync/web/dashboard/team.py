"""Team and audit: who may do what, and who did what."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from kinsync import bootstrap
from kinsync.domain.errors import ChangeInput
from kinsync.domain.retention import periods_of
from kinsync.services import people
from kinsync.services.people import OWNER, ROLES, VIEWER
from kinsync.store import accounts
from kinsync.web.dashboard.visits import Visit, page, show, whole

ACTS = 50
HOURS_OPEN = (1, 4, 24)


@page(VIEWER, methods=("GET", "HEAD", "POST"))
def team(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Everybody with a role in the district; owners change it."""
    made = None
    if request.method == "POST":
        if not visit.may(OWNER):
            return HttpResponse(status=403)
        made = _change(request, visit)
        if made is None:
            return redirect("/team")
    return show(
        request,
        visit,
        "team",
        place="team",
        members=accounts.members(visit.district.id),
        roles=ROLES,
        made=made,
        is_open=people.is_open_to_operators(visit.district, visit.at),
        hours=HOURS_OPEN,
    )


def _change(request: HttpRequest, visit: Visit) -> people.Added | None:
    """Do what a form of the page says; answers a password that is shown once."""
    act, email = request.POST.get("act", ""), request.POST.get("email", "")
    role = request.POST.get("role", VIEWER)
    if role not in ROLES:
        raise ChangeInput("Choose a role: viewer, editor or owner.")
    if act == "add":
        visit.record("added somebody to the team", role)
        added = people.add(email, district=visit.district, role=role, at=bootstrap.now())
        messages.success(request, f"{added.person.email} is on the team.")
        return added if added.password else None
    if act == "open":
        hours = whole(request.POST.get("hours", "")) or 0
        visit.record("let operators see people" if hours else "closed people to operators")
        people.open_to_operators(visit.district, hours, visit.at)
        return None
    person = people.find(email)
    if act == "remove":
        visit.record("took somebody off the team")
        accounts.remove_role(visit.district.id, person)
    else:
        visit.record("changed somebody's role", role)
        accounts.put_role(visit.district.id, person, role)
    return None


@page(VIEWER)
def audit(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Who did and saw what, the latest first."""
    found = accounts.acts(
        visit.district.id,
        before=whole(request.GET.get("before", "")),
        limit=ACTS + 1,
    )
    days = periods_of(visit.district.settings, bootstrap.read_settings().keep).record
    older = found[ACTS - 1].id if len(found) > ACTS else None
    return show(request, visit, "audit", place="audit", acts=found[:ACTS], older=older, days=days)
