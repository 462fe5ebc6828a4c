"""The public Swagger 2.0 descriptions of the API, turned into JSON Schema to validate against.

They stand beside the repository, not in it. Objects are closed here, so that an attribute which no
generated client knows is found; what the reference has from live answers is added by name.
"""

from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

CONTRACTS = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "clever"

LISTED_ITEMS = {"StudentContactResponse", "StudentResponse", "UserResponse"}
"""Live list items have a ``uri`` and live single records have ``links``; the files omit both."""
LISTS = {
    "StudentContactsResponse",
    "StudentContactsForStudentResponse",
    "StudentsResponse",
    "UsersResponse",
}
"""Lists of v1.x have ``links`` and ``paging`` that the file omits."""


def validator(version: str, definition: str) -> Draft202012Validator:
    """Checks one answer against one definition of one version's description."""
    description = yaml.safe_load((CONTRACTS / f"{version}.yml").read_text())
    definitions = {
        name: _allowing(name, _schema(body), version)
        for name, body in description["definitions"].items()
    }
    return Draft202012Validator({"$ref": f"#/$defs/{definition}", "$defs": definitions})


def _schema(swagger: dict[str, Any]) -> dict[str, Any]:
    """One Swagger schema: references moved, ``x-nullable`` spelt out, objects closed."""
    if "$ref" in swagger:
        return {"$ref": swagger["$ref"].replace("#/definitions/", "#/$defs/")}
    kept: dict[str, Any] = {
        name: swagger[name] for name in ("type", "enum", "pattern") if name in swagger
    }
    if properties := swagger.get("properties"):
        kept["properties"] = {name: _schema(body) for name, body in properties.items()}
        kept["additionalProperties"] = False
    if "items" in swagger:
        kept["items"] = _schema(swagger["items"])
    if swagger.get("x-nullable") and "type" in kept:
        kept["type"] = [kept["type"], "null"]
        kept |= {"enum": [*kept["enum"], None]} if "enum" in kept else {}
    return kept


def _allowing(name: str, schema: dict[str, Any], version: str) -> dict[str, Any]:
    """A schema, and what the reference found live answers to have beyond it."""
    beyond: dict[str, Any] = {}
    if name == "Link":  # single records lead to more than next, prev and self
        beyond = {"rel": {"type": "string"}}
    if name in LISTED_ITEMS:
        beyond = {"uri": {"type": "string", "pattern": f"^/{version}/"}, "links": {}}
    if name in LISTS:
        beyond = {"links": {}, "count": {}}
        beyond |= {"paging": {"type": "object"}} if version.startswith("v1") else {}
    return {**schema, "properties": schema.get("properties", {}) | beyond} if beyond else schema
