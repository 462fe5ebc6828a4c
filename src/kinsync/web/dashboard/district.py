"""Which district is looked at, and the page about its sources."""

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
