"""Who asks for a page, for which district, and what they may do there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from kinsync import bootstrap
from kinsync.domain.errors import ChangeInput, Defect, KinsyncError, NotFound, TryAgainLater
from kinsync.services import people
from kinsync.services.browse import Whose
from kinsync.services.people import EDITOR, OWNER, VIEWER, Person
from kinsync.services.sync import Tools
from kinsync.store import accounts, records

CHOSEN = "district"
"""In a session: the public id of the district that is looked at."""
LEVELS = {"": 0, VIEWER: 1, EDITOR: 2, OWNER: 3}
STATUS = {NotFound: 404, TryAgainLater: 503, ChangeInput: 400, Defect: 500}


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who has signed in, to one district."""

    person: Person
    district: records.District
    role: str
    """owner, editor, viewer; "" for an operator without a role."""
    choices: Sequence[tuple[records.District, str]]
    at: datetime

    def may(self, role: str) -> bool:
        """Whether the person may do what that role may."""
        return LEVELS[self.role] >= LEVELS[role]

    @property
    def sees_people(self) -> bool:
        """Whether contacts and students are shown: to operators only while the district says so."""
        return bool(self.role) or people.is_open_to_operators(self.district, self.at)

    @property
    def is_owner(self) -> bool:
        return self.may(OWNER)

    @property
    def is_editor(self) -> bool:
        return self.may(EDITOR)

    def whose(self, version: int | None = None) -> Whose:
        """What is looked at: the district as it is, or as it was."""
        return Whose(self.district.id, version or self.district.published)

    def record(self, what: str, about: str = "", **seen: Any) -> None:
        """Put on record what the person does, before it is done."""
        people.put_on_record(self.district.id, self.person, what, about, **seen)


View = Callable[..., HttpResponseBase]


def page(
    role: str = "", *, is_personal: bool = False, methods: Sequence[str] = ("GET", "HEAD")
) -> Callable[[View], View]:
    """Make a page of a function that takes the request, its ``Visit`` and the address's parts.

    Nobody who is not signed in sees more than the sign-in; who has no role in any district, or too
    little of one, sees that there is no such page.

    Args:
        role: the least that somebody must be.
        is_personal: contacts or students are shown.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, **parts: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect(f"/accounts/login/?next={quote(request.get_full_path())}")
            try:
                return _answer(request, parts)
            except KinsyncError as error:
                return refusal(request, error)

        def _answer(request: HttpRequest, parts: dict[str, Any]) -> HttpResponseBase:
            visit = visit_of(request)
            if is_personal and not visit.sees_people:
                return show(request, visit, "not_open", status=403)
            is_guest = is_personal and role == VIEWER  # an operator, as long as people are open
            if not is_guest and not visit.may(role):
                raise Http404
            if request.method not in methods:
                return HttpResponse(status=405, headers={"allow": ", ".join(methods)})
            return view(request, visit, **parts)

        return answer

    return decorate


def visit_of(request: HttpRequest) -> Visit:
    """The visit of a request, to the district that was chosen last.

    Raises:
        Http404: the person has no role anywhere.
    """
    user: Any = request.user
    person = Person(user.id, user.email, user.is_operator)
    choices = _choices(person)
    if not choices:
        raise Http404
    chosen = request.session.get(CHOSEN)
    district, role = next((one for one in choices if one[0].public_id == chosen), choices[0])
    return Visit(person, district, role, choices, bootstrap.now())


def _choices(person: Person) -> list[tuple[records.District, str]]:
    if person.is_operator:
        return people.districts_of(person, records.list_districts())
    roles = accounts.roles_of(person.id)
    found = [(records.district(district_id), role) for district_id, role in roles.items()]
    return sorted(found, key=lambda one: one[0].name.casefold())


def show(
    request: HttpRequest, visit: Visit, template: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    """One page within the frame of all pages."""
    values = {"visit": visit, "district": visit.district, **context}
    return render(request, f"dashboard/{template}.html", values, status=status)


def refusal(request: HttpRequest, error: KinsyncError) -> HttpResponse:
    """What stopped a request, in its own words."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
    values = {"message": str(error), "status": status}
    return render(request, "dashboard/refusal.html", values, status=status)


def tools() -> Tools:
    """What a sync needs from outside."""
    settings = bootstrap.read_settings()
    return Tools(storage=bootstrap.storage(settings), now=bootstrap.now)


def whole(text: str) -> int | None:
    """A number that an address names; None where it names none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
