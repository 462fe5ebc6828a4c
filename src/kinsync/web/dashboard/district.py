"""Which district is looked at, and pages about its sources and applications."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from kinsync.services import overview, uploads
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


@page()
def sources(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Where contacts come from: uploads and who sent them."""
    return show(
        request,
        visit,
        "sources",
        place="sources",
        accounts=overview.sftp_accounts(visit.district),
        uploads=uploads.recent(visit.district.id, limit=20),
    )
