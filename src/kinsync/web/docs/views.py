"""``/docs``: the description as pages and as an OpenAPI document. Nothing is fetched elsewhere."""

import json
from functools import cache
from importlib import resources
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from kinsync.web.api.answers import unrouted
from kinsync.web.api.table import Endpoint
from kinsync.web.api.tables import TABLES
from kinsync.web.docs import examples
from kinsync.web.docs.beside import BESIDE
from kinsync.web.docs.document import ERRORS, PARAMETERS, document
from kinsync.web.docs.schemas import SCHEMAS, Schema

NEWEST = list(TABLES)[-1]
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "public, max-age=300",
}


def page(request: HttpRequest, version: str = NEWEST) -> HttpResponse:
    """One version of the API, for people."""
    if version not in TABLES:
        return unrouted(request)
    return _response(_page(version), "text/html; charset=utf-8")


def openapi(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document; anybody's page may read it."""
    response = _response(_document(), "application/json; charset=utf-8")
    response["access-control-allow-origin"] = "*"
    return response


def style(request: HttpRequest) -> HttpResponse:
    """The look of the pages."""
    return _response(_file("style.css").encode(), "text/css; charset=utf-8")


@cache
def _document() -> bytes:
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2)


@cache
def _page(version: str) -> bytes:
    held = [one for one in TABLES[version] if one.is_held]
    others = [one for one in TABLES[version] if not one.is_held]
    context = {
        "version": version,
        "versions": list(TABLES),
        "endpoints": [_shown(version, one) for one in held],
        "empty": [one for one in others if one.is_list],
        "nowhere": [one for one in others if not one.is_list],
        "records": [
            {"kind": kind, "fields": list(_fields(SCHEMAS[kind](version)))}
            for kind in dict.fromkeys(one.kind for one in held)
        ],
        "beside": {path: item["get"]["summary"] for path, item in BESIDE.items()},
        "errors": {status: _marked(says) for status, says in ERRORS.items()},
    }
    return Engine().from_string(_file("page.html")).render(Context(context)).encode()


def _marked(says: str) -> SafeString:
    """A sentence for a page: what stands between backticks is code."""
    parts = escape(says).split("`")
    return mark_safe(  # noqa: S308 - escaped in the line before
        "".join(f"<code>{part}</code>" if odd % 2 else part for odd, part in enumerate(parts))
    )


def _shown(version: str, endpoint: Endpoint) -> dict[str, Any]:
    example = examples.of(version, endpoint.path)
    return {
        "path": f"/{version}/{endpoint.path}",
        "anchor": endpoint.path.replace("/", "-").replace("{", "").replace("}", ""),
        "says": endpoint.says,
        "kind": endpoint.kind,
        "parameters": [
            {"name": name, "says": _marked(PARAMETERS[name]["description"])}
            for name in endpoint.parameters
        ],
        "example": example
        and {
            "asked": example.asked,
            "answer": json.dumps(example.answer, indent=2, ensure_ascii=False),
        },
    }


def _fields(schema: Schema, above: str = "") -> Any:
    """``name``, ``says``, ``words`` of each field of a record, those of its parts behind it."""
    for name, field in schema.get("properties", {}).items():
        inner = field.get("items", field)
        yield {
            "name": above + name,
            "says": _marked(field.get("description", "") or inner.get("description", "")),
            "words": [each or '""' for each in inner.get("enum", ())][:30],
            "is_always": name in schema.get("required", ()),
        }
        for part in (inner, *inner.get("oneOf", ())):
            dots = "[]." if "items" in field else "."
            yield from _fields(part, f"{above}{name}{dots}")


def _file(name: str) -> str:
    return resources.files("kinsync.web.docs").joinpath(name).read_text("utf-8")


def _response(body: bytes, content_type: str) -> HttpResponse:
    response = HttpResponse(body, content_type=content_type)
    for name, value in HEADERS.items():
        response[name] = value
    return response
