"""Which district is looked at, and the page about its applications."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from kinsync.services import overview
from kinsync.web.dashboard.visits import CHOSEN, Visit, page, show


@page(methods=("POST",))
def choose(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Look at another district from now on."""
    wanted = request.POST.get("district", "")
    if wanted not in {district.public_id for district, _role in visit.choices}:
        raise Http404
    request.session[CHOSEN] = wanted
    return redirect("/?all=no")


@page()
def applications(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Who reads the district's contacts, and how much of them."""
    found = overview.applications(visit.district)
    return show(request, visit, "applications", place="applications", applications=found)
