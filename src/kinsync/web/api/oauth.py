"""``/oauth/tokens``, ``/oauth/tokeninfo``, ``/me``: an application's tokens, and what they open.

There is no sign-in here. A token belongs to an application and a district, and an application gets
it for its client id and secret.
"""

import base64
import binascii
import re
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.urls import re_path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from kinsync.services.access import (
    TOKEN_DIGITS,
    OwnToken,
    client_id_of,
    own_tokens,
    scopes_of,
)
from kinsync.web.api.answers import (
    METHODS,
    OBJECT_ID,
    UNVERSIONED,
    ApiError,
    Body,
    Call,
    answered,
    endpoint,
    known,
)
from kinsync.web.api.envelope import address, link, self_link
from kinsync.web.api.forms import timestamp

VERSIONS = ("v1.2", "v2.0", "v2.1", "v3.0", "v3.1")
BASIC = re.compile(r"(?i:basic) +([A-Za-z0-9+/]+=*) *")
SECRET = re.compile(f"[0-9a-f]{{{TOKEN_DIGITS}}}")


@csrf_exempt  # a client secret is not sent by a browser of its own accord
def tokens(request: HttpRequest) -> HttpResponse:
    """The token of an application for each district that it is connected to, or for one."""

    def work() -> bytes:
        found = _tokens_of_client(request)
        if request.method == "POST":
            # Codes are given to people who sign in, and contacts do not: none is ever right.
            raise ApiError(400, "invalid grant: invalid code")
        wanted = [_token(one) for one in found if _is_wanted(one, request)]
        own = address(request.path, request.META.get("QUERY_STRING", ""))
        return orjson.dumps({"data": wanted, "links": [link("self", own)]})

    return answered(request, UNVERSIONED, work, (*METHODS, "POST"))


@endpoint
def tokeninfo(call: Call) -> Body:
    """Whose token this is, and what it may read."""
    return {"client_id": client_id_of(call.scope), "scopes": scopes_of(call.scope)}


@endpoint
def me(call: Call) -> Body:
    """Who this token stands for: its district."""
    district = call.scope.district
    its_address = f"/{call.version or VERSIONS[-1]}/districts/{district}"
    return {
        "type": "district",
        "data": {"id": district, "district": district, "type": "district"},
        "links": [
            self_link(call),
            link("canonical", its_address),
            link("district", its_address),
        ],
    }


def _tokens_of_client(request: HttpRequest) -> list[OwnToken]:
    """The tokens of the application whose client id and secret the request carries.

    Raises:
        ApiError: 401, they are no application's.
    """
    given = _credentials(request.headers.get("authorization", ""))
    found = known(given[1], lambda: own_tokens(*given, at=timezone.now())) if given else None
    if found is None:
        raise ApiError(401, "Unauthorized", **{"www-authenticate": 'Basic realm="Kinsync"'})
    return found


def _credentials(header: str) -> tuple[str, str] | None:
    """Client id and secret, if they could be some: nothing else is looked up."""
    if not (given := BASIC.fullmatch(header)):
        return None
    try:
        client_id, _, secret = base64.b64decode(given[1]).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    if OBJECT_ID.fullmatch(client_id) and SECRET.fullmatch(secret):
        return client_id, secret
    return None


def _is_wanted(token: OwnToken, request: HttpRequest) -> bool:
    """Every token belongs to a district; ``district`` names one."""
    owner_type = request.GET.get("owner_type") or "district"
    district = request.GET.get("district") or token.district
    return owner_type == "district" and district.lower() == token.district


def _token(one: OwnToken) -> dict[str, Any]:
    return {
        "id": one.id,
        "created": timestamp(one.created_at),
        "owner": {"type": "district", "id": one.district},
        "access_token": one.token,
        "scopes": one.scopes,
    }


urlpatterns = [
    re_path(r"(?i)^oauth/tokens/?$", tokens),
    re_path(r"(?i)^oauth/tokeninfo/?$", tokeninfo, {"version": UNVERSIONED}),
    re_path(r"(?i)^me/?$", me, {"version": UNVERSIONED}),
    *(
        re_path(rf"(?i)^{re.escape(version)}/me/?$", me, {"version": version})
        for version in VERSIONS
    ),
]
