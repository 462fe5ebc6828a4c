"""Team and audit: who may do what, and who did what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from kinsync import bootstrap
from kinsync.domain.errors import ChangeInput
from kinsync.domain.retention import periods_of
from kinsync.services import invitations, mail, people
from kinsync.services.people import OWNER, ROLES, VIEWER, Member
from kinsync.store import accounts, teams
from kinsync.web.dashboard.visits import Visit, page, show, whole

ACTS_SHOWN = 50
HOURS_OPEN = (1, 4, 24)
REPORTS = {
    teams.ALWAYS: "always",
    teams.PROBLEMS: "on problems",
    teams.NEVER: "never",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One person of the team, as the page shows them."""

    member: Member
    reports: str
    browsers: int
    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class Link:
    """An invitation that is shown once."""

    email: str
    address: str


@page(VIEWER, methods=("GET", "HEAD", "POST"))
def team(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Everybody with a role in the district; owners change it, and everybody what they are told."""
    made = None
    if request.method == "POST":
        if not (visit.may(OWNER) or _is_own(request, visit)):
            return HttpResponse(status=403)
        act = ACTS.get(request.POST.get("act", ""))
        if act is None:
            raise Http404
        made = act(request, visit)
        if made is None:
            return redirect("/team")
    told = {one.email: one.reports for one in teams.list_members(visit.district.id)}
    lines = _lines(visit, told)
    known = {one.member.person.email for one in lines}
    return show(
        request, visit, "team", place="team", lines=lines, roles=ROLES, made=made, reports=REPORTS,
        mail_only={email: reports for email, reports in told.items() if email not in known},
        invited=invitations.waiting(visit.district.id, visit.at) if visit.is_owner else (),
        is_open=people.is_open_to_operators(visit.district, visit.at), hours=HOURS_OPEN,
        open_until=people.open_until(visit.district), lasts=invitations.LASTS.days,
    )  # fmt: skip


def _is_own(request: HttpRequest, visit: Visit) -> bool:
    """Whether somebody changes what they themselves are told."""
    given = request.POST
    return given.get("act") == "reports" and given.get("email") == visit.person.email


def _lines(visit: Visit, told: Mapping[str, str]) -> list[Line]:
    signed_in = accounts.sessions(visit.district.id)
    return [
        Line(one, told.get(one.person.email, teams.NEVER), *signed_in.get(one.person.id, (0, None)))
        for one in accounts.members(visit.district.id)
    ]


def _invite(request: HttpRequest, visit: Visit) -> Link | None:
    """Invite somebody: by mail where there is a server, by a link that is shown once elsewhere."""
    role = _role(request)
    visit.record("invited somebody to the team", role)
    invited = invitations.invite(
        visit.district, request.POST.get("email", ""), role, by=visit.person.email, at=visit.at
    )
    if not invited.secret:
        messages.success(request, f"{invited.email} signs in already, and is on the team now.")
        return None
    settings = bootstrap.read_settings()
    path = invitations.path(visit.district, invited)
    base = settings.public_url.rstrip("/")
    address = f"{base}{path}" if base else request.build_absolute_uri(path)
    if not settings.smtp_url:
        return Link(invited.email, address)
    post = bootstrap.post(settings)
    invitations.send(visit.district, invited, address, post, by=visit.person.email)
    messages.success(request, f"An invitation is on its way to {invited.email}.")
    return None


def _withdraw(request: HttpRequest, visit: Visit) -> None:
    visit.record("took an invitation back")
    invitations.withdraw(visit.district.id, request.POST.get("email", ""))
    messages.success(request, "The invitation does not work any more.")


def _change_role(request: HttpRequest, visit: Visit) -> None:
    role, person = _role(request), people.find(request.POST.get("email", ""))
    if person.id not in {one.person.id for one in accounts.members(visit.district.id)}:
        raise ChangeInput("That person is not on the team. Invite them.")
    visit.record("changed somebody's role", role)
    accounts.put_role(visit.district.id, person, role)
    messages.success(request, f"{person.email} is {role} now.")


def _remove(request: HttpRequest, visit: Visit) -> None:
    person = people.find(request.POST.get("email", ""))
    visit.record("took somebody off the team")
    people.leave(visit.district, person)
    messages.success(request, f"{person.email} is off the team, and gets no reports.")


def _sign_out(request: HttpRequest, visit: Visit) -> None:
    person = people.find(request.POST.get("email", ""))
    visit.record("signed somebody out")
    count = people.sign_out(visit.district, person)
    messages.success(request, f"{person.email} is signed out of {count or 'no'} browsers.")


def _reports(request: HttpRequest, visit: Visit) -> None:
    """When somebody is told of syncs; of who does not sign in, ``never`` forgets the mailbox."""
    wanted, email = request.POST.get("reports", ""), request.POST.get("email", "").strip().lower()
    if wanted not in REPORTS:
        raise ChangeInput("Choose when reports are sent: always, problems or never.")
    visit.record("changed who gets reports", wanted)
    if email in {one.person.email for one in accounts.members(visit.district.id)}:
        teams.put_member(visit.district.id, email, wanted)
    elif wanted == teams.NEVER:
        teams.remove_member(visit.district.id, email)
    else:
        mail.add_member(visit.district, email, wanted)
    messages.success(request, f"{email} gets reports {REPORTS[wanted]}.")


def _open(request: HttpRequest, visit: Visit) -> None:
    hours = whole(request.POST.get("hours", "")) or 0
    visit.record("let operators see people" if hours else "closed people to operators")
    people.open_to_operators(visit.district, hours, visit.at)


def _role(request: HttpRequest) -> str:
    role = request.POST.get("role", "")
    if role not in ROLES:
        raise ChangeInput("Choose a role: viewer, editor or owner.")
    return role


ACTS: Mapping[str, Callable[[HttpRequest, Visit], Link | None]] = {
    "invite": _invite,
    "withdraw": _withdraw,
    "role": _change_role,
    "remove": _remove,
    "sign-out": _sign_out,
    "reports": _reports,
    "open": _open,
}
"""What a form of the page does."""


@page(VIEWER)
def audit(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Who did and saw what, the latest first."""
    found = accounts.acts(
        visit.district.id,
        before=whole(request.GET.get("before", "")),
        limit=ACTS_SHOWN + 1,
    )
    days = periods_of(visit.district.settings, bootstrap.read_settings().keep).record
    older = found[ACTS_SHOWN - 1].id if len(found) > ACTS_SHOWN else None
    return show(
        request, visit, "audit", place="audit", acts=found[:ACTS_SHOWN], older=older, days=days
    )
