"""Every path of the public descriptions is answered, and every answer fits its description."""

from typing import Any

import httpx
import pytest

from kinsync.store.database import connect
from kinsync.web.api.tables import TABLES
from tests.web import blankfield, lakeside, swagger
from tests.web.lakeside import Application
from tests.web.swagger import Operation

NOT_HELD = {
    *("sections", "teachers", "courses", "terms", "resources", "staff"),
    *("school_admins", "district_admins", "admins", "myteachers"),
}
"""What existing clients walk and Kinsync does not hold."""

EVERY_VERSION = pytest.mark.parametrize("version", swagger.VERSIONS)
IDS: dict[str, dict[str, list[str]]] = {
    "lakeside": {
        "v1.2/contacts": [lakeside.RUKMINI_BRAM, lakeside.IVO_LEDA],
        "v2.0/contacts": [lakeside.RUKMINI_V2, lakeside.IVO_V2],
        "v2.1/contacts": [lakeside.RUKMINI_V2, lakeside.IVO_V2],
        "users": [lakeside.RUKMINI, lakeside.LEDA, lakeside.IVO, lakeside.BRAM],
        "students": [lakeside.LEDA, lakeside.BRAM],
        "schools": [lakeside.SCHOOL],
        "districts": [lakeside.LAKESIDE_ID],
        "events": [lakeside.event_id(lakeside.LAKESIDE, number) for number in range(1, 12)],
    },
    "blankfield": {
        "v1.2/contacts": [blankfield.RELATION],
        "v2.0/contacts": [blankfield.NOBODY_V2, blankfield.MANY_V2],
        "v2.1/contacts": [blankfield.NOBODY_V2, blankfield.MANY_V2],
        "users": [blankfield.NOBODY, blankfield.ODD, blankfield.MANY, blankfield.BARE],
        "students": [blankfield.ODD, blankfield.BARE, blankfield.LOST],
        "schools": [blankfield.NAMELESS],
        "districts": [blankfield.BLANKFIELD_ID],
        "events": [lakeside.event_id(blankfield.BLANKFIELD, number) for number in range(1, 12)],
    },
}
"""Per district: ids of the records of a collection, the first of which has every relation."""


@pytest.fixture(params=["lakeside", "blankfield"])
def read(request: pytest.FixtureRequest, http: httpx.Client) -> "Reader":
    """A client of each district, that fills ids in."""
    with connect() as owner:
        blankfield.add_blankfield(owner)
    token = lakeside.TOKEN if request.param == "lakeside" else blankfield.BLANKFIELD_TOKEN
    return Reader(Application(http, token), IDS[request.param])


class Reader:
    """A generic client: it knows a description and the ids of a district's records."""

    def __init__(self, app: Application, ids: dict[str, list[str]]) -> None:
        self.app = app
        self.ids = ids

    def answers(self, operation: Operation, query: str = "") -> list[httpx.Response]:
        """One answer for each record that the path can be asked of."""
        collection = operation.path.split("/")[1]
        ids = self.ids.get(f"{operation.version}/{collection}", self.ids.get(collection))
        paths = [operation.path.replace("{id}", id_) for id_ in ids or ["f" * 24]]
        return [self.app.get(f"/{operation.version}{path}{query}") for path in dict.fromkeys(paths)]

    def outcome(self, operation: Operation) -> str:
        """The most that any of its records gets by this path."""
        outcomes = set(map(_outcome, self.answers(operation)))
        return next(one for one in ("served", "empty", "404") if one in outcomes)


def _outcome(answer: httpx.Response) -> str:
    assert answer.headers["content-type"].startswith("application/json")
    if answer.status_code != 200:
        return str(answer.status_code)
    return "served" if answer.json()["data"] else "empty"


def expected(operation: Operation) -> str:
    """What becomes of a path: it is served, an empty collection, or 404."""
    collection, *rest = operation.path.strip("/").split("/")
    if collection in NOT_HELD:
        return "404" if rest else "empty"
    return "empty" if rest and rest[-1] in NOT_HELD else "served"


@swagger.NEEDED
@EVERY_VERSION
def test_no_path_is_forgotten(read: Reader, version: str) -> None:
    operations = list(swagger.operations(version))

    assert {one.path: read.outcome(one) for one in operations} == {
        one.path: expected(one) for one in operations
    }


@swagger.NEEDED
@EVERY_VERSION
def test_every_answer_fits_its_description(read: Reader, version: str) -> None:
    asked = [
        (operation, query)
        for operation in swagger.operations(version)
        for query in (["", "?limit=1"] if operation.is_list else [""])
    ]

    for operation, query in asked:
        for answer in read.answers(operation, query):
            assert answer.status_code in (200, 404), answer.url
            if answer.status_code == 200:
                assert swagger.problems(version, operation.gives, answer.json()) == [], answer.url
                assert no_nulls(answer.json())


def no_nulls(value: Any) -> bool:
    """Blank is an empty text; generated clients differ in what they do with a null."""
    if isinstance(value, dict):
        return all(map(no_nulls, value.values()))
    return all(map(no_nulls, value)) if isinstance(value, list) else value is not None


@swagger.NEEDED
@EVERY_VERSION
def test_every_event_fits_the_schema_of_its_type(read: Reader, version: str) -> None:
    told = [item["data"] for item in read.app.read(f"/{version}/events")["data"]]

    assert told
    for event in told:
        assert swagger.told_problems(version, event) == [], event["type"]


@swagger.NEEDED
def test_every_address_of_ours_is_in_the_description_of_its_version() -> None:
    described = {
        (version, one.path.strip("/"))
        for version in swagger.VERSIONS
        for one in swagger.operations(version)
    }
    ours = {(version, endpoint.path) for version, table in TABLES.items() for endpoint in table}

    assert ours == described


@swagger.NEEDED
def test_every_parameter_of_a_list_is_understood() -> None:
    unknown = {
        (operation.version, operation.path, name)
        for version in swagger.VERSIONS
        for operation in swagger.operations(version)
        for endpoint in TABLES[operation.version]
        if endpoint.path == operation.path.strip("/") and endpoint.is_list
        for name in set(operation.parameters) - set(endpoint.parameters)
        if name not in ("where", "include", "show_links")
    }

    assert unknown == set()


@swagger.NEEDED
@pytest.mark.parametrize("path", ["/v2.0/contacts", "/v2.1/students", "/v3.0/users", "/v3.1/users"])
def test_an_error_fits_its_description(app: Application, path: str) -> None:
    version = path.split("/")[1]
    missing, bad = app.get(f"{path}/{'f' * 24}").json(), app.get(f"{path}?limit=x").json()

    assert swagger.problems(version, "NotFound", missing) == []
    assert swagger.problems(version, "BadRequest", bad) == []


@swagger.NEEDED
def test_a_word_outside_the_enumerations_would_be_found() -> None:
    person = {"data": {"roles": {"contact": {"phone_type": "Mobile"}}}}
    stranger = {"data": {"roles": {"contact": {"type": "Family"}}}}

    assert swagger.problems("v3.1", "UserResponse", person) != []
    assert swagger.problems("v3.1", "UserResponse", stranger) != []
