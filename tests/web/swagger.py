"""The public Swagger 2.0 descriptions of the API, turned into JSON Schema to validate against.

They stand beside the repository, not in it. Objects are closed here, so that an attribute which no
generated client knows is found; what the reference has from live answers is added by name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

CONTRACTS = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "clever"
VERSIONS = ("v1.2", "v2.0", "v2.1", "v3.0", "v3.1")
NEEDED = pytest.mark.skipif(
    not CONTRACTS.exists(), reason="the public descriptions do not stand beside the project"
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One path of one description. ``gives`` names the schema of its answer."""

    version: str
    path: str
    gives: str
    parameters: tuple[str, ...]

    @property
    def is_list(self) -> bool:
        """Whether the answer's ``data`` is a list."""
        properties = description(self.version)["definitions"][self.gives]["properties"]
        return bool(properties["data"].get("type") == "array")


@cache
def description(version: str) -> dict[str, Any]:
    """The description of one version, as it was read, with that of its events."""
    events, read = (
        yaml.safe_load((CONTRACTS / f"{name}.yml").read_text())
        for name in (f"{version}-events", version)
    )
    both: dict[str, Any] = {**events, **read}
    for part in ("paths", "definitions", "responses"):
        both[part] = {**events.get(part, {}), **read.get(part, {})}
    return both


def operations(version: str) -> Iterator[Operation]:
    """Every path of one version."""
    for path, methods in description(version)["paths"].items():
        schema = methods["get"]["responses"]["200"]["schema"]["$ref"]
        given = [one["name"] for one in methods["get"].get("parameters", ())]
        names = tuple(name for name in given if name != "id")
        yield Operation(version, path, schema.rsplit("/", 1)[1], names)


@cache
def validator(version: str, definition: str) -> Draft202012Validator:
    """Checks one answer against one definition of one version's description."""
    definitions = {
        name: _allowing(name, _schema(body), version)
        for name, body in description(version)["definitions"].items()
    }
    return Draft202012Validator({"$ref": f"#/$defs/{definition}", "$defs": definitions})


def problems(version: str, definition: str, answer: Any) -> list[str]:
    """What an answer has that its description has not."""
    found = validator(version, definition).iter_errors(answer)
    return [f"{error.json_path}: {error.message}" for error in found]


def told_problems(version: str, event: Any) -> list[str]:
    """What an event tells that the schema of its type has not."""
    [_, told] = description(version)["definitions"][event["type"]]["allOf"]
    definition = told["properties"]["data"]["$ref"].rsplit("/", 1)[1]
    return problems(version, definition, event["data"])


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
    """A schema, and what the reference found live answers to have beyond it.

    List items have a ``uri``; single records have ``links``, and lists of v1.x too, with
    ``paging``; single records lead to more than next, prev and self.
    """
    beyond: dict[str, Any] = {}
    if name == "Link":
        beyond = {"rel": {"type": "string"}}
    if name == "Event":  # what it tells stands in the schema of its type: ``told_problems``
        beyond = {"data": {"type": "object"}, "previous_attributes": {"type": "object"}}
    if name.endswith("Object"):
        beyond = {"previous_attributes": {"type": "object"}}
    if name.endswith(("Response", "Responses")):
        beyond = {"uri": {"type": "string", "pattern": f"^/{version}/"}, "links": {}, "count": {}}
        beyond |= {"paging": {"type": "object"}} if version.startswith("v1") else {}
    return {**schema, "properties": schema.get("properties", {}) | beyond} if beyond else schema
