"""Home: is everything all right?"""

from typing import Any

from django.http import HttpRequest, HttpResponse

from kinsync.services import overview
from kinsync.web.dashboard.visits import Visit, page, show


@page()
def home(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The district at a glance; for an operator, every district in a line."""
    if not visit.role and not visit.sees_people and request.GET.get("all") != "no":
        return operators(request, visit)
    found = overview.of_district(visit.district, visit.at)
    return show(request, visit, "home", place="home", overview=found)


def operators(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Counts and states of every district."""
    lines: list[dict[str, Any]] = [
        {"district": district, "line": overview.line_of(district, visit.at)}
        for district, _role in visit.choices
    ]
    return show(request, visit, "operators", place="home", lines=lines)
