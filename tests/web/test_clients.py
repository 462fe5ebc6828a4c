"""Small clients of the kinds that exist, each with what it cannot do without."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from kinsync.store.database import connect
from tests.web import blankfield, lakeside, swagger
from tests.web.lakeside import TOKEN, Application
from tests.web.serving import Running


class Generated:
    """A generated Python client: a class for each definition, with enumerations that raise.

    As the real ones, it takes what it knows by name and ignores the rest, and its setters refuse a
    word that the description does not list.
    """

    def __init__(self, version: str) -> None:
        self.definitions = swagger.description(version)["definitions"]

    def read(self, name: str, value: dict[str, Any]) -> dict[str, Any]:
        """The attributes of one object, deserialized.

        Raises:
            ValueError: a word outside an enumeration.
        """
        properties = self.definitions[name].get("properties", {})
        return {
            key: self._value(f"{name}.{key}", schema, value[key])
            for key, schema in properties.items()
            if key in value
        }

    def _value(self, place: str, schema: dict[str, Any], value: Any) -> Any:
        if "$ref" in schema:
            return self.read(schema["$ref"].rsplit("/", 1)[1], value)
        if schema.get("type") == "array":
            return [self._value(place, schema["items"], one) for one in value]
        if "enum" in schema and value not in schema["enum"] and place != "Link.rel":
            raise ValueError(f"Invalid value for {place}: must be one of {schema['enum']}")
        if schema.get("format") in ("datetime", "date"):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        return value


@swagger.NEEDED
@pytest.mark.parametrize("version", swagger.VERSIONS)
@pytest.mark.parametrize("token", [lakeside.TOKEN, blankfield.BLANKFIELD_TOKEN])
def test_a_generated_client_reads_every_collection(
    http: httpx.Client, version: str, token: str
) -> None:
    with connect() as owner:
        blankfield.add_blankfield(owner)
    app, client = Application(http, token), Generated(version)

    for operation in swagger.operations(version):
        if "{" not in operation.path:
            read = client.read(operation.gives, app.read(f"/{version}{operation.path}"))
            assert isinstance(read["data"], list)


@swagger.NEEDED
def test_a_generated_client_would_refuse_a_word_of_the_source() -> None:
    with pytest.raises(ValueError, match=r"Contact.relationship"):
        Generated("v2.0").read("ContactResponse", {"data": {"relationship": "Guardian"}})


class CursorReader:
    """A client that takes ``starting_after`` out of the next link and asks with that anew."""

    def __init__(self, app: Application) -> None:
        self.app = app

    def walk(self, path: str, limit: int) -> Iterator[str]:
        """The ids of a collection."""
        after = None
        while True:
            query = {"limit": limit} | ({"starting_after": after} if after else {})
            join = "&" if "?" in path else "?"
            answer = self.app.read(f"{path}{join}{urllib.parse.urlencode(query)}")
            yield from (item["data"]["id"] for item in answer["data"])
            links = {link["rel"]: link["uri"] for link in answer["links"]}
            if "next" not in links:
                return
            found = urllib.parse.parse_qs(urllib.parse.urlsplit(links["next"]).query)
            [after] = found["starting_after"]


@pytest.mark.parametrize("limit", [1, 2, 3])
@pytest.mark.parametrize(
    "path",
    [
        "/v1.2/contacts",
        "/v2.0/contacts",
        "/v2.1/students",
        "/v3.0/users",
        "/v3.1/users?role=contact",
    ],
)
def test_a_client_that_reads_cursors_out_of_links_sees_each_record_once(
    app: Application, path: str, limit: int
) -> None:
    seen = list(CursorReader(app).walk(path, limit))

    assert seen == [item["data"]["id"] for item in app.read(path)["data"]]


class OldReader:
    """A client of v1.x: bare urllib, needs ``uri``, ``paging`` and an ``error`` key."""

    def __init__(self, base: str, token: str) -> None:
        self.base = base
        self.token = token

    def get(self, path: str) -> dict[str, Any]:
        """The parsed answer, or ``LookupError`` with the text of the server."""
        request = urllib.request.Request(
            self.base + path, headers={"Authorization": f"Bearer {self.token}"}
        )
        try:
            with urllib.request.urlopen(request) as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                raise LookupError(json.load(refused)["error"]) from None
        return found

    def instances(self, path: str) -> list[dict[str, Any]]:
        """Every record of every page, asked again by its ``uri``."""
        found: list[dict[str, Any]] = []
        while path:
            answer = self.get(path)
            found += [self.get(item["uri"])["data"] for item in answer["data"]]
            self.pages, self.number = answer["paging"]["total"], answer["paging"]["count"]
            links = {link["rel"]: link["uri"] for link in answer["links"]}
            path = links.get("next", "")
        return found


def test_an_old_client_reads_records_by_their_uri_and_pages_by_their_number(
    running: Running,
) -> None:
    old = OldReader(f"http://127.0.0.1:{running.port}", TOKEN)

    contacts = old.instances("/v1.2/contacts?limit=2")

    assert [one["id"] for one in contacts] == [
        *(lakeside.RUKMINI_LEDA, lakeside.RUKMINI_BRAM, lakeside.IVO_LEDA)
    ]
    assert (old.pages, old.number) == (2, 3)
    with pytest.raises(LookupError, match="Resource not found"):
        old.get(f"/v1.2/contacts/{'f' * 24}")


def test_a_client_that_follows_every_link_never_meets_an_error(app: Application) -> None:
    for version in swagger.VERSIONS:
        top = "users" if version.startswith("v3") else "students"
        met, waiting = set(), [f"/{version}/{name}" for name in (top, "schools", "districts")]
        if not version.startswith("v3"):
            waiting.append(f"/{version}/contacts")
        while waiting:
            path = waiting.pop()
            answer = app.get(path)
            assert answer.status_code == 200, path
            met.add(path)
            data = answer.json().get("data", [])
            uris = [item["uri"] for item in data if "uri" in item] if type(data) is list else []
            uris += [link["uri"] for link in answer.json().get("links", ())]
            waiting += [uri for uri in uris if uri not in met and uri not in waiting]
        assert len(met) > 10
