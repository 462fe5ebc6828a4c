"""One request of an application: who asks, what comes back, and what an error looks like."""

import re
import traceback
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from html import escape
from typing import Any, TypeVar

import orjson
import structlog
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, QueryDict

from kinsync.domain.errors import TookTooLong, TryAgainLater
from kinsync.services.access import TOKEN_DIGITS, Admission, Scope, admit, token_hash
from kinsync.services.disclosures import put_on_record
from kinsync.web.api.disclosing import disclosed
from kinsync.web.api.strangers import Strangers

METHODS = ("GET", "HEAD", "OPTIONS")
UNVERSIONED = ""
"""The version of addresses that have none: their errors have the words of all versions."""
JSON = "application/json; charset=utf-8"
HEADERS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET,PATCH,POST,DELETE",
    "access-control-allow-headers": (
        "Content-Type,Authorization,X-Requested-With,Accept,Origin,Referer,User-Agent"
    ),
    "cache-control": "no-store",
}
"""On every answer. More methods are named than are served, because existing clients see that."""
BEARER = re.compile(rf"(?i:bearer) +([0-9a-f]{{{TOKEN_DIGITS}}}) *")
"""What is no token by its form is not looked up."""
OBJECT_ID = re.compile(r"[0-9a-f]{24}")
SLOW_RETRY_SECONDS = 30
"""A database that is so busy has nothing from being asked the same again at once."""
RESOURCE_NOT_FOUND = 91
"""The code that v1.x has always given with "Resource not found"."""

Body = dict[str, Any]
"""The JSON of an answer, before it is spelt out."""

Found = TypeVar("Found")
log = structlog.get_logger()
strangers = Strangers()


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request: its version of the API, its address, and what it may see."""

    version: str
    path: str
    query: str
    parameters: QueryDict
    scope: Scope
    headers: dict[str, str] = field(default_factory=dict)
    """Headers that the answer gets beside the usual ones."""


class ApiError(Exception):
    """A request that is answered with an error. The text is for the application's developer."""

    def __init__(self, status: int, text: str, **headers: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = headers


def not_found() -> ApiError:
    """No such record, or none that this token may see: the two are not told apart."""
    return ApiError(404, "Resource not found")


def record_id(text: str) -> str:
    """The id of a path, in the spelling in which ids are stored.

    Raises:
        ApiError: 404, it is not an id.
    """
    id_ = text.lower()
    if not OBJECT_ID.fullmatch(id_):
        raise not_found()
    return id_


def endpoint(view: Callable[..., Body]) -> Callable[..., HttpResponse]:
    """Make a view of a function that takes a ``Call`` and the path's parts, and gives the body.

    Every answer that an application gets to its token is made here: the request is counted before,
    and whoever is named in it is put on record before it goes out.
    """

    @wraps(view)
    def answer(request: HttpRequest, version: str, **parts: str) -> HttpResponse:
        headers: dict[str, str] = {}

        def work() -> bytes:
            call = _call(request, version, headers)
            body = view(call, **parts)
            if request.method != "HEAD" and (named := disclosed(version, call.path, body)):
                put_on_record(call.scope, named)
            return orjson.dumps(body)

        response = answered(request, version, work)
        for name, value in headers.items():
            response[name] = value
        return response

    return answer


def answered(
    request: HttpRequest, version: str, work: Callable[[], bytes], methods: Sequence[str] = METHODS
) -> HttpResponse:
    """The response of a body that ``work`` makes, or of whatever stops it."""
    if request.method == "OPTIONS":
        return _response(204, b"", allow=", ".join(methods))
    if request.method not in methods:
        return _error(version, 405, "Only GET is supported", allow=", ".join(methods))
    try:
        return _response(200, _persistently(work))
    except ApiError as error:
        return _error(version, error.status, error.text, **error.headers)
    except TookTooLong:
        headers = {"retry-after": str(SLOW_RETRY_SECONDS)}
        return _error(version, 503, "The database took too long. Try again later.", **headers)
    except TryAgainLater:
        return _error(version, 503, "The database is away. Try again.", **{"retry-after": "1"})
    except Exception as error:
        return _defect(version, error)


def unrouted(request: HttpRequest) -> HttpResponse:
    """The answer to a path that is no part of the API, in the shape that clients know."""
    text = f"<pre>Cannot {escape(request.method or '')} {escape(request.path)}</pre>\n"
    return _response(404, text.encode(), content_type="text/html; charset=utf-8")


def _persistently(work: Callable[[], bytes]) -> bytes:
    """Do it, and once more on a new connection: the old one may be of a restarted database."""
    try:
        return work()
    except TookTooLong:
        raise
    except TryAgainLater:
        connection.close()
        return work()


def known(secret: str, look_up: Callable[[], Found | None]) -> Found | None:
    """What a token or client secret opens, as long as there is no flood of wrong ones.

    Raises:
        ApiError: 429, there is one.
    """
    hashed = token_hash(secret)
    if strangers.must_wait(hashed):
        raise ApiError(429, "Too many unknown tokens. Try again.", **{"retry-after": "1"})
    found = look_up()
    (strangers.was_wrong if found is None else strangers.was_right)(hashed)
    return found


def _call(request: HttpRequest, version: str, headers: dict[str, str]) -> Call:
    """The authenticated request; how much of its minute the token used goes into ``headers``."""
    given = BEARER.fullmatch(request.headers.get("authorization", ""))
    limit: int = settings.RATE_LIMIT
    admission = known(given[1], lambda: admit(given[1], limit=limit)) if given else None
    if admission is None:
        text = "Unrecognized API key" if _is_v1(version) else "Unauthorized"
        raise ApiError(401, text, **{"www-authenticate": "Bearer"})
    headers.update(_usage(admission))
    if admission.used is None:
        seconds = admission.resets_at_seconds - admission.at_seconds
        raise ApiError(429, "Rate limit exceeded", **{"retry-after": str(seconds)})
    query = request.META.get("QUERY_STRING", "")
    return Call(version, request.path, query, request.GET, admission.scope, headers)


def _usage(admission: Admission) -> dict[str, str]:
    if not admission.limit:
        return {}
    used = admission.limit if admission.used is None else admission.used
    return {
        "x-ratelimit-bucket": "bearer",
        "x-ratelimit-limit": str(admission.limit),
        "x-ratelimit-remaining": str(admission.limit - used),
        "x-ratelimit-reset": str(admission.resets_at_seconds),
    }


def _error(version: str, status: int, text: str, **headers: str) -> HttpResponse:
    body: Body = {"error": text} if _is_v1(version) else {"message": text}
    if version == UNVERSIONED:
        body["error"] = text
    if _is_v1(version) and status == 404:
        body |= {"code": RESOURCE_NOT_FOUND, "data": {}}
    return _response(status, orjson.dumps(body), **headers)


def _is_v1(version: str) -> bool:
    return version.startswith("v1.")


def _defect(version: str, error: Exception) -> HttpResponse:
    """Say on record where it broke, without the error's text: it may name a person."""
    response = _error(version, 500, "Internal error. It is on record under this request's id.")
    places = [f"{f.filename}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)]
    request_id = response["x-request-id"]
    log.error("api_defect", kind=type(error).__name__, at=places[-3:], request_id=request_id)
    return response


def _response(
    status: int, body: bytes, *, content_type: str = JSON, **headers: str
) -> HttpResponse:
    response = HttpResponse(body, status=status, content_type=content_type)
    for name, value in (HEADERS | headers).items():
        response[name] = value
    response["content-length"] = str(len(body))
    response["x-request-id"] = uuid.uuid4().hex
    return response
