"""One request of an application: who asks, what comes back, and what an error looks like."""

import re
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from html import escape
from typing import Any

import orjson
import structlog
from django.db import connection
from django.http import HttpRequest, HttpResponse, QueryDict

from kinsync.domain.errors import TryAgainLater
from kinsync.services.access import Scope, authenticate

METHODS = ("GET", "HEAD", "OPTIONS")
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
BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)
OBJECT_ID = re.compile(r"[0-9a-f]{24}")
RESOURCE_NOT_FOUND = 91
"""The code that v1.x has always given with "Resource not found"."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request: its version of the API, its address, and what it may see."""

    version: str
    path: str
    query: str
    parameters: QueryDict
    scope: Scope


class Body(bytes):
    """The JSON of an answer that has headers of its own."""

    headers: Mapping[str, str]


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


def endpoint(view: Callable[..., bytes]) -> Callable[..., HttpResponse]:
    """Make a view of a function that takes a ``Call`` and the path's parts, and gives JSON."""

    @wraps(view)
    def answer(request: HttpRequest, version: str, **parts: str) -> HttpResponse:
        if request.method == "OPTIONS":
            return _response(204, b"", allow=", ".join(METHODS))
        if request.method not in METHODS:
            return _error(version, 405, "Only GET is supported", allow=", ".join(METHODS))
        try:
            body = _persistently(lambda: view(_call(request, version), **parts))
            return _response(200, body, **getattr(body, "headers", {}))
        except ApiError as error:
            return _error(version, error.status, error.text, **error.headers)
        except TryAgainLater:
            return _error(version, 503, "The database is away. Try again.", **{"retry-after": "1"})
        except Exception as error:
            return _defect(version, error)

    return answer


def unrouted(request: HttpRequest) -> HttpResponse:
    """The answer to a path that is no part of the API, in the shape that clients know."""
    text = f"<pre>Cannot {escape(request.method or '')} {escape(request.path)}</pre>\n"
    return _response(404, text.encode(), content_type="text/html; charset=utf-8")


def _persistently(work: Callable[[], bytes]) -> bytes:
    """Do it, and once more on a new connection: the old one may be of a restarted database."""
    try:
        return work()
    except TryAgainLater:
        connection.close()
        return work()


def _call(request: HttpRequest, version: str) -> Call:
    given = BEARER.fullmatch(request.headers.get("authorization", ""))
    scope = authenticate(given[1]) if given else None
    if scope is None:
        text = "Unrecognized API key" if _is_v1(version) else "Unauthorized"
        raise ApiError(401, text, **{"www-authenticate": "Bearer"})
    return Call(version, request.path, request.META.get("QUERY_STRING", ""), request.GET, scope)


def _error(version: str, status: int, text: str, **headers: str) -> HttpResponse:
    body: dict[str, Any] = {"error": text} if _is_v1(version) else {"message": text}
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
