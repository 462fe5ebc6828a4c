"""The page that an invitation leads to: choose a password, once."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from kinsync import bootstrap
from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.services import invitations, people
from kinsync.store import records


def invitation(request: HttpRequest, district: str, secret: str) -> HttpResponse:
    """Whoever has the link says with which password they will sign in."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponse(status=405, headers={"allow": "GET, HEAD, POST"})
    at, refused = bootstrap.now(), ""
    try:
        home = records.find_district(district)
        if home.public_id != district:  # a district is named by its id alone here
            raise Http404
        found = invitations.find(home, secret, at)
        if request.method == "POST":
            person = invitations.accept(home, secret, request.POST.get("password", ""), at)
            people.put_on_record(home.id, person, "accepted an invitation", found.role)
            messages.success(request, f"You are on the team of {home.name}. Sign in.")
            return redirect("/accounts/login/")
    except NotFound:
        return render(request, "account/no_invitation.html", status=404)
    except ChangeInput as error:
        refused = str(error)
    values = {"invitation": found, "invited_to": home, "refused": refused}
    return render(request, "account/invitation.html", values, status=400 if refused else 200)
