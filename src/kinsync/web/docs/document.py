"""The OpenAPI 3.1 document: every address of every version, made from the tables."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from kinsync import __version__
from kinsync.web.api.envelope import MAX_LIMIT
from kinsync.web.api.table import Endpoint
from kinsync.web.api.tables import TABLES
from kinsync.web.docs import examples
from kinsync.web.docs.beside import BESIDE, WEBHOOKS
from kinsync.web.docs.schemas import SCHEMAS, Schema, identifier, listed, record, text

ABOUT = """\
Student contacts of a school district, as applications read them. One token reads one district.

Lists have pages of 100 records, or `limit` of them; follow the `next` link until there is none.
What is blank is `""`. Paths are matched without regard to case.
"""
PARAMETERS: Mapping[str, Schema] = {
    "limit": {
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 100},
        "description": "Records of a page.",
    },
    "starting_after": {
        "schema": identifier("The last record of the page before."),
        "description": "The page behind this record; `next` links carry it.",
    },
    "ending_before": {
        "schema": identifier("The first record of the page after."),
        "description": "The page just before this record; `prev` links carry it.",
    },
    "count": {
        "schema": {"type": "string", "enum": ["", "true", "false", "undefined"]},
        "description": "`true`: the number of records in place of the list.",
    },
    "role": {
        "schema": {"type": "string"},
        "description": "Users of one role: `contact`, `student`, or one that is not held.",
    },
    "record_type": {
        "schema": {"type": "string"},
        "description": "Events of one kind of record; may be given several times.",
    },
    "school": {
        "schema": identifier("A school."),
        "description": "Events of one school and of its students.",
    },
    "primary": {
        "schema": {"type": "string", "enum": ["", "true"]},
        "description": "A student's only school is the primary one: nothing changes.",
    },
}
ERRORS = {
    "400": "A parameter cannot be understood.",
    "401": "There is no token, or it is not valid.",
    "404": "No such record, or none that this token may see.",
    "405": "Only GET is supported.",
    "413": "The limit is above 10,000.",
    "429": "Too many requests: wait for the next minute.",
    "503": "The database is away, or takes too long. Try again after `retry-after` seconds.",
}


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Kinsync", "version": __version__, "description": ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": version} for version in TABLES],
        "paths": {
            **{
                f"/{version}/{one.path}": {"get": operation(version, one)}
                for version, table in TABLES.items()
                for one in table
            },
            **BESIDE,
        },
        "webhooks": dict(WEBHOOKS),
        "components": {
            "schemas": dict(_components()),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "What `kinsync token DISTRICT APP` prints.",
                },
                "client": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "Client id and secret, as `kinsync app add` printed them.",
                },
            },
        },
    }


def operation(version: str, endpoint: Endpoint) -> dict[str, Any]:
    """One address of one version."""
    answers = {status: _error(version, status) for status in ERRORS}
    if endpoint.is_held or endpoint.is_list:
        answers = {"200": _answer(version, endpoint), **answers}
    return {
        "operationId": f"{version}/{endpoint.path}",
        "tags": [version],
        "summary": endpoint.says,
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint)],
        "responses": answers,
    }


def schema_of(version: str, endpoint: Endpoint) -> Schema:
    """What a good answer holds."""
    item: Schema = {"$ref": f"#/components/schemas/{version}.{endpoint.kind}"}
    if not endpoint.is_held:
        item = {"not": {}}
    links = {"links": listed({"$ref": "#/components/schemas/Link"})}
    if not endpoint.is_list:
        return record({"data": item, **links})
    paging = {"paging": {"$ref": "#/components/schemas/Paging"}} if version[:2] == "v1" else {}
    page = record({"data": listed(_wrapped(endpoint, item)), **paging, **links})
    if "count" not in endpoint.parameters:
        return page
    return {"oneOf": [page, record({"count": {"type": "integer", "minimum": 0}, **links})]}


def _wrapped(endpoint: Endpoint, item: Schema) -> Schema:
    """A record of a page: with its address but for two lists of v1.2."""
    if endpoint.is_bare:
        return item
    if endpoint.kind == "DistrictStatus":
        return record({"data": item})
    return record({"data": item, "uri": text("The record's own address.")})


def _answer(version: str, endpoint: Endpoint) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema_of(version, endpoint)}
    if example := examples.of(version, endpoint.path):
        content["example"] = example.answer
    return {"description": endpoint.says, "content": {"application/json": content}}


def _error(version: str, status: str) -> dict[str, Any]:
    name = "OldError" if version.startswith("v1") else "Error"
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"description": ERRORS[status], "content": {"application/json": {"schema": schema}}}


def _path_parameters(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    if "{id}" in endpoint.path:
        schema = {"type": "string"}
        yield {"name": "id", "in": "path", "required": True, "schema": schema}


def _query_parameters(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    for name in endpoint.parameters:
        yield {"name": name, "in": "query", **PARAMETERS[name]}


def _components() -> Iterable[tuple[str, Schema]]:
    yield "Link", record({"rel": text(), "uri": text("A path, without a host.")})
    yield "Paging", record({name: {"type": "integer"} for name in ("current", "total", "count")})
    yield "Error", record({"message": text()})
    yield "EitherError", record({"message": text(), "error": text()})
    yield "OldError", record({"error": text()}, {"code": {"const": 91}, "data": record({})})
    for version, table in TABLES.items():
        for kind in dict.fromkeys(one.kind for one in table if one.is_held):
            yield f"{version}.{kind}", SCHEMAS[kind](version)
