"""Which district is looked at."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from kinsync.web.dashboard.visits import CHOSEN, Visit, page


@page(methods=("POST",))
def choose(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Look at another district from now on."""
    wanted = request.POST.get("district", "")
    if wanted not in {district.public_id for district, _role in visit.choices}:
        raise Http404
    request.session[CHOSEN] = wanted
    return redirect("/?all=no")
