"""A restricted person is served to nobody but whoever is let, though everything else is shared."""

import httpx
import pytest

from kinsync.domain.share import EVERYTHING, Share
from kinsync.store import disclosures
from kinsync.store.database import connect
from kinsync.store.gate import Sight, district_reader
from kinsync.web.api.tables import TABLES
from tests.web.lakeside import (
    BRAM,
    IVO,
    IVO_LEDA,
    IVO_V2,
    LAKESIDE,
    LEDA,
    RUKMINI,
    RUKMINI_LEDA,
    RUKMINI_V2,
    Application,
)
from tests.web.test_isolation import ABSENT, EVERY_VERSION, addresses, signature
from tests.web.test_sharing import paths, reader

HIDDEN = (IVO, IVO_V2, IVO_LEDA)


@pytest.fixture(autouse=True)
def barred(districts: None) -> None:
    """Ivo must be kept from Leda, his only student; Rukmini from Leda, and not from Bram."""
    with connect() as owner:
        owner.execute("UPDATE contact SET restricted = 'Y' WHERE id = %s", (IVO,))
        owner.execute(
            "UPDATE relationship SET restricted = 'Y' WHERE id = ANY(%s)",
            ([IVO_LEDA, RUKMINI_LEDA],),
        )


@pytest.fixture
def every(http: httpx.Client) -> Application:
    """An application that is shared everything."""
    return reader(http, EVERYTHING)


@pytest.fixture
def trusted(http: httpx.Client) -> Application:
    """One that may see restricted people as well."""
    return reader(http, Share(restricted=True), "Front desk")


@EVERY_VERSION
def test_nothing_of_a_restricted_person_is_served_at_any_address(
    every: Application, trusted: Application, version: str
) -> None:
    def tells(answer: httpx.Response) -> bool:
        return any(word in answer.text for word in ("Ivo", "5035550177"))

    assert [path for path in paths(version) if tells(every.get(path))] == []
    assert sum(tells(trusted.get(path)) for path in paths(version)) > 3


@EVERY_VERSION
def test_a_restricted_person_answers_like_one_that_never_was(
    every: Application, version: str
) -> None:
    for address in (one for one in addresses(version) if "{id}" in one):
        never = signature(every.get(address.replace("{id}", ABSENT)), ABSENT)
        for id_ in HIDDEN:
            shown = signature(every.get(address.replace("{id}", id_)), id_)
            assert shown == never, address


@EVERY_VERSION
def test_lists_count_what_they_show(every: Application, version: str) -> None:
    for endpoint in TABLES[version]:
        if "count" in endpoint.parameters and "{" not in endpoint.path and endpoint.is_held:
            path = f"/{version}/{endpoint.path}"
            assert every.read(f"{path}?count=true")["count"] == len(every.read(path)["data"])


def test_who_is_restricted_to_one_student_is_served_with_the_other(every: Application) -> None:
    [rukmini] = every.read("/v3.1/users?role=contact")["data"]
    ties = rukmini["data"]["roles"]["contact"]["student_relationships"]

    assert [tie["student"] for tie in ties] == [BRAM]
    assert every.read(f"/v3.1/users/{LEDA}/mycontacts")["data"] == []
    assert every.read(f"/v3.1/users/{RUKMINI}/mystudents")["data"][0]["data"]["id"] == BRAM
    assert every.read(f"/v2.1/contacts/{RUKMINI_V2}")["data"]["type"] == "Family"
    assert [one["data"]["student"] for one in every.read("/v1.2/contacts")["data"]] == [BRAM]


@pytest.mark.parametrize(
    ("is_let", "people", "ties"), [(False, {RUKMINI}, 1), (True, {RUKMINI, IVO}, 3)]
)
def test_the_database_itself_keeps_restricted_records_back(
    is_let: bool, people: set[str], ties: int
) -> None:
    with district_reader(LAKESIDE, Sight(1, 1, is_open=True, restricted=is_let)) as cursor:
        cursor.execute("SELECT id FROM contact WHERE until > 3")
        assert {id_ for (id_,) in cursor.fetchall()} == people
        cursor.execute("SELECT count(*) FROM relationship WHERE until > 3")
        assert cursor.fetchall() == [(ties,)]


def test_what_is_on_record_names_whom_each_application_was_shown(
    every: Application, trusted: Application
) -> None:
    every.read("/v3.1/users")
    trusted.read("/v3.1/users")

    about = disclosures.named(LAKESIDE, students=[LEDA])
    assert [(one.application, list(one.contacts)) for one in about] == [
        ("Front desk", [RUKMINI, IVO])
    ]


def test_v2_shows_of_a_person_what_they_are_to_the_student_who_asks_them_first(
    trusted: Application,
) -> None:
    path = f"/v2.1/contacts/{RUKMINI_V2}"
    before = trusted.read(path)["data"]
    with connect() as owner:
        told = "UPDATE relationship SET flags = %s WHERE contact_id = %s AND student_id = %s"
        owner.execute(told, ('{"order":10}', RUKMINI, LEDA))
        owner.execute(told, ('{"order":9,"primary":"Y"}', RUKMINI, BRAM))
    after = trusted.read(path)["data"]

    assert (before["type"], before["students"]) == ("Parent/Guardian", [LEDA, BRAM])
    assert (after["type"], after["students"]) == ("Family", [BRAM, LEDA])
