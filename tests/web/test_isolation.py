"""Nobody reads another district's people, and cannot even tell that they are there.

The matrix goes through every address of every version: a new one is in it by being in its table.
"""

from collections.abc import Iterator

import httpx
import pytest

from kinsync.services import access
from kinsync.store import places, queries
from kinsync.store.database import connect
from kinsync.store.gate import district_reader
from kinsync.store.statements import Window
from kinsync.web.api.tables import TABLES
from tests.web import lakeside
from tests.web.lakeside import (
    FIRST_NIGHT,
    HILLSIDE,
    IVO_LEDA,
    LAKESIDE,
    REVOKED_TOKEN,
    RUKMINI,
    TOKEN,
    Application,
    insert,
)

EVERY_VERSION = pytest.mark.parametrize("version", TABLES)
OWN = (
    *(lakeside.RUKMINI, lakeside.RUKMINI_V2, lakeside.RUKMINI_BRAM),
    *(lakeside.LEDA, lakeside.SCHOOL, lakeside.LAKESIDE_ID),
)
FOREIGN = (
    *(lakeside.NEIGHBOUR, lakeside.NEIGHBOUR_V2, lakeside.NEIGHBOUR_RELATION),
    *(lakeside.NEIGHBOURS_CHILD, lakeside.NEIGHBOURS_SCHOOL, lakeside.HILLSIDE_ID),
)
"""One id of each kind of record: of Lakeside, and of Hillside."""
ABSENT = "66b0000000000000000009e9"
FEW = 4
"""Addresses that are asked with a closed token: a flood of them is held off, whatever is asked."""
CHANGING = {"x-request-id", "date", "x-ratelimit-remaining", "x-ratelimit-reset"}
"""Headers that differ from one request to the next, whatever is asked."""


def addresses(version: str) -> Iterator[str]:
    """Every address of a version."""
    yield from (f"/{version}/{endpoint.path}" for endpoint in TABLES[version])


def signature(answer: httpx.Response, id_: str) -> tuple[int, dict[str, str], str]:
    """All that an answer tells, but for the id that was asked for."""
    headers = {name: text for name, text in answer.headers.items() if name not in CHANGING}
    return answer.status_code, headers, answer.text.replace(id_, "ID")


@EVERY_VERSION
def test_a_foreign_record_answers_like_one_that_never_was(
    app: Application, hillside_app: Application, version: str
) -> None:
    is_met = set()
    for address in (one for one in addresses(version) if "{id}" in one):
        for query in ("", "?limit=1&count=true&role=student&primary=true"):
            never = signature(app.get(address.replace("{id}", ABSENT) + query), ABSENT)
            assert never[0] == 404
            for id_ in FOREIGN:
                path = address.replace("{id}", id_)
                assert signature(app.get(path + query), id_) == never, path
                if not query and hillside_app.get(path).status_code == 200:
                    is_met.add(address)

    held = {
        f"/{version}/{one.path}"
        for one in TABLES[version]
        if one.is_held and one.kind != "Event"  # nothing has happened in these districts
    }
    assert {address for address in held if "{id}" in address} <= is_met


@EVERY_VERSION
def test_a_list_names_nobody_of_another_district(
    app: Application, hillside_app: Application, version: str
) -> None:
    for address in addresses(version):
        paths = [address.replace("{id}", id_) for id_ in OWN] if "{id}" in address else [address]
        for path in paths:
            shown = app.get(path).text
            assert [id_ for id_ in FOREIGN if id_ in shown] == [], path


@EVERY_VERSION
def test_a_foreign_cursor_marks_a_place_like_any_other(app: Application, version: str) -> None:
    """An id next to the foreign one, which nobody has, gives the same page and the same links."""
    for endpoint in TABLES[version]:
        if "starting_after" in endpoint.parameters and endpoint.is_held:
            path = f"/{version}/{endpoint.path}"
            own = (path.replace("{id}", id_) for id_ in OWN)
            path = next(one for one in own if app.get(one).status_code == 200)
            for cursor in ("starting_after", "ending_before"):
                for foreign in (lakeside.NEIGHBOUR, lakeside.NEIGHBOURS_CHILD):
                    beside = f"{int(foreign, 16) + 1:024x}"
                    one = app.get(f"{path}?{cursor}={foreign}")
                    other = app.get(f"{path}?{cursor}={beside}")
                    assert signature(one, foreign) == signature(other, beside)


@EVERY_VERSION
def test_every_address_wants_a_token_that_is_valid(http: httpx.Client, version: str) -> None:
    for number, address in enumerate(addresses(version)):
        own, absent = (address.replace("{id}", id_) for id_ in (RUKMINI, ABSENT))
        revoked = [{"authorization": f"Bearer {REVOKED_TOKEN}"}] if number < FEW else []
        for header in ({}, *revoked):
            shown = signature(http.get(own, headers=header), RUKMINI)
            assert shown == signature(http.get(absent, headers=header), ABSENT)
            assert shown[0] == 401, address


@EVERY_VERSION
def test_counts_are_of_the_tokens_own_district(
    app: Application, hillside_app: Application, version: str
) -> None:
    for endpoint in TABLES[version]:
        if "count" in endpoint.parameters and "{" not in endpoint.path:
            path = f"/{version}/{endpoint.path}"
            for reader in (app, hillside_app):
                number = reader.read(f"{path}?count=true")["count"]
                assert number == len(reader.read(path)["data"]), path


def test_a_query_for_another_district_reads_nothing_behind_the_gate(app: Application) -> None:
    admission = access.admit(TOKEN, limit=0)
    assert admission is not None
    own = admission.scope
    forged = own._replace(district_id=HILLSIDE, district="")
    first = Window(10)

    with district_reader(LAKESIDE) as cursor:
        assert queries.contacts(cursor, own, first)
        assert queries.contacts(cursor, forged, first) == []
        assert queries.contacts(cursor, forged, first, key="legacy_id") == []
        assert queries.students(cursor, forged, first) == []
        assert queries.students_in(cursor, forged, first, "SCH-9") == []
        assert queries.student_contacts(cursor, forged, first) == []
        assert queries.merged_contact(cursor, forged, lakeside.NEIGHBOUR) is None
        assert places.schools(cursor, forged, first) == []
        assert queries.count(cursor, forged, "contact") == 0


def test_a_share_that_cannot_be_kept_to_serves_nobody(app: Application) -> None:
    with connect() as owner:
        owner.execute('UPDATE connection SET share = \'{"sections": ["1"]}\'')

    for path in ("/v3.1/users", "/v2.1/contacts", "/v1.2/contacts", f"/v1.2/contacts/{IVO_LEDA}"):
        assert app.get(path).status_code == 500


def test_a_token_that_is_revoked_stops_at_once(app: Application) -> None:
    token = "e" * 40
    with connect() as owner:
        issued = {"hash": access.token_hash(token), "created_at": FIRST_NIGHT}
        insert(owner, "token", connection_id=LAKESIDE, **issued)
    short = Application(app.http, token)

    assert short.get("/v3.1/users").status_code == 200
    with connect() as connection:
        connection.execute(
            "UPDATE token SET revoked_at = now() WHERE hash = %s", (access.token_hash(token),)
        )
    assert short.get("/v3.1/users").status_code == 401
