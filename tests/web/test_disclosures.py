"""Whoever is named to an application is on record, before the answer goes out."""

import contextlib
import re
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from django.urls import URLPattern, URLResolver

from kinsync.domain.errors import Defect
from kinsync.store.database import connect
from kinsync.store.gate import WEB_ROLE
from kinsync.web.api import urls
from kinsync.web.api.disclosing import disclosed
from tests.web.lakeside import (
    BRAM,
    HILLSIDE,
    HILLSIDE_TOKEN,
    IVO,
    IVO_LEDA,
    LAKESIDE,
    LEDA,
    RUKMINI,
    RUKMINI_BRAM,
    RUKMINI_LEDA,
    TOKEN,
    Application,
)
from tests.web.serving import Running

IDS = (LEDA, RUKMINI, IVO_LEDA, "66b0000000000000000002c1", "66b0000000000000000000f1")
"""A student, a contact as each version calls it, and a school: one of them fits any address."""
NAMED = re.compile("Rukmini|Ivo Salv|rukmini|503555")
V3_FIELDS = (
    "created district email id last_modified legacy_id name phone phone_type relationship sis_id"
    " student type"
)
V1_FIELDS = "district email id name phone phone_type relationship sis_id student type"


def on_record(*columns: str) -> list[tuple[Any, ...]]:
    """These columns of all that is on record, in order."""
    with connect() as owner:
        listed = ", ".join(columns)
        return owner.execute(f"SELECT {listed} FROM disclosure ORDER BY id".encode()).fetchall()


def addresses() -> list[str]:
    """Every address of the API, each with every kind of id."""
    found = []
    for pattern in _patterns(urls.urlpatterns):
        bare = re.sub(r"\(\?i\)|[\^$\\]|/\?", "", pattern).replace("[.]", ".")
        found += [re.sub(r"\(\?P<\w+>[^)]*\)", id_, bare) for id_ in IDS]
    return sorted({f"/{address}" for address in found if not set(address) & set("()[]*+?")})


def _patterns(routes: list[Any], before: str = "") -> Iterator[str]:
    for route in routes:
        whole = before + str(route.pattern)
        if isinstance(route, URLResolver):
            yield from _patterns(route.url_patterns, whole)
        elif isinstance(route, URLPattern):
            yield whole


def test_every_address_that_names_contacts_leaves_a_record_and_no_other(app: Application) -> None:
    named = {}
    for address in addresses():
        with connect() as owner:
            owner.execute("TRUNCATE disclosure")
        named[address] = bool(NAMED.search(app.get(address).text))

        assert len(on_record("id")) == named[address], address

    assert {f"/v1.2/students/{LEDA}/contacts", f"/v3.0/users/{LEDA}/mycontacts"} <= named.keys()
    assert sum(named.values()) >= 9


@pytest.mark.parametrize(
    ("path", "endpoint", "first", "last", "student", "records"),
    [
        ("/v3.1/users", "users", RUKMINI, IVO, None, 2),
        ("/v3.0/Users/?role=contact&limit=1", "users", RUKMINI, RUKMINI, None, 1),
        (f"/v3.1/users/{IVO}", "users/{id}", IVO, IVO, None, 1),
        (f"/v3.1/users/{LEDA}/myContacts", "users/{id}/mycontacts", RUKMINI, IVO, LEDA, 2),
        ("/v1.2/contacts", "contacts", RUKMINI_LEDA, IVO_LEDA, None, 3),
        (f"/v1.2/contacts/{RUKMINI_BRAM}", "contacts/{id}", RUKMINI_BRAM, RUKMINI_BRAM, None, 1),
        (
            f"/v1.2/students/{BRAM}/contacts",
            "students/{id}/contacts",
            RUKMINI_BRAM,
            RUKMINI_BRAM,
            BRAM,
            1,
        ),
    ],
)
def test_a_record_says_who_read_what_and_when(
    app: Application,
    path: str,
    endpoint: str,
    first: str,
    last: str,
    student: str | None,
    records: int,
) -> None:
    app.read(path)

    kept = on_record("district_id", "connection_id", "edition", "version", "api", "endpoint")
    assert kept == [(LAKESIDE, LAKESIDE, 2, 3, path[1:5], endpoint)]
    assert on_record("first_id", "last_id", "student_id", "records") == [
        (first, last, student, records)
    ]
    assert on_record("now() - at < interval '1 minute'") == [(True,)]


def test_the_fields_are_those_that_had_a_value(app: Application) -> None:
    for path in ("/v3.1/users", f"/v3.1/users/{IVO}", "/v1.2/contacts"):
        app.read(path)

    everything, ivos, v1 = (fields for (fields,) in on_record("fields"))
    blank = {"email", "phone_type", "relationship", "sis_id"}
    assert everything == V3_FIELDS
    assert set(V3_FIELDS.split()) - set(ivos.split()) == blank
    assert v1 == V1_FIELDS


@pytest.mark.parametrize(
    "path",
    [
        "/v3.1/users?count=true",
        "/v1.2/contacts?count=true",
        "/v3.1/users?role=student",
        "/v3.1/users?role=contact&starting_after=" + "f" * 24,
        f"/v3.1/users/{RUKMINI}/mystudents",
        f"/v3.1/users/{'f' * 24}",
        "/v1.2/students",
        "/oauth/tokeninfo",
        "/v3.1/me",
    ],
)
def test_who_names_nobody_leaves_no_record(app: Application, path: str) -> None:
    app.get(path)

    assert on_record("id") == []


def test_a_head_request_names_nobody(app: Application) -> None:
    app.http.head("/v3.1/users", headers=app.headers)

    assert on_record("id") == []


def test_what_cannot_be_put_on_record_is_not_served(app: Application) -> None:
    with connect() as owner:  # it binds the web role alone
        owner.execute(
            "CREATE POLICY shut ON disclosure AS RESTRICTIVE FOR INSERT"
            f" TO {WEB_ROLE} WITH CHECK (false)"
        )
    try:
        answer = app.get("/v3.1/users")
    finally:
        with connect() as owner:
            owner.execute("DROP POLICY shut ON disclosure")

    assert answer.status_code == 500
    assert not NAMED.search(answer.text)


def test_a_new_address_of_contacts_has_to_say_whom_it_names() -> None:
    record = {"data": {"id": RUKMINI, "roles": {"contact": {}}}}

    with pytest.raises(Defect, match=r"schools/\{id\}/users"):
        disclosed("v3.1", f"/v3.1/schools/{LEDA}/users", {"data": [record]})


def test_an_event_that_tells_of_a_contact_names_one() -> None:
    contact = {"id": RUKMINI, "email": "", "roles": {"contact": {"phone": "", "sis_id": ""}}}
    before = {"email": "rukmini.old@example.net"}
    event = {
        "id": "e" * 24,
        "type": "users.updated",
        "data": {"object": contact, "previous_attributes": before},
    }
    student = {"id": "d" * 24, "type": "users.created", "data": {"object": {"roles": {}}}}
    page = {"data": [{"data": student, "uri": ""}, {"data": event, "uri": ""}], "links": []}

    found = disclosed("v3.1", "/v3.1/events", page)

    assert found is not None
    assert (found.first_id, found.last_id, found.records) == ("e" * 24, "e" * 24, 1)
    assert found.fields == ("email", "id")


def test_a_record_outlives_the_process_that_answered(
    running: Running, far_app: Application
) -> None:
    far_app.read("/v3.1/users")
    running.process.send_signal(signal.SIGKILL)
    running.process.wait(timeout=20)

    assert on_record("endpoint", "records") == [("users", 2)]


@pytest.fixture
def web_role(app: Application) -> Iterator[psycopg.Connection]:
    """What a web process may do at most, behind the wall of Lakeside, with both on record."""
    app.read("/v3.1/users")
    Application(app.http, HILLSIDE_TOKEN).read("/v3.1/users")
    with contextlib.closing(connect(autocommit=True)) as connection:
        connection.execute(f"SET ROLE {WEB_ROLE}")
        connection.execute("SELECT set_config('kinsync.district', %s, false)", (str(LAKESIDE),))
        yield connection


INSERT = (
    "INSERT INTO disclosure (district_id, connection_id, edition, version, records, api, endpoint,"
    " first_id, last_id, fields{more}) OVERRIDING SYSTEM VALUE"
    " VALUES ({district}, 1, 0, 1, 1, 'v3.1', 'users', '', '', ''{values})"
)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE disclosure SET fields = ''",
        "DELETE FROM disclosure",
        "TRUNCATE disclosure",
        "SELECT * FROM disclosure",
        INSERT.format(district=HILLSIDE, more="", values=""),
        INSERT.format(district=LAKESIDE, more=", at", values=", '2020-01-01'"),
        INSERT.format(district=LAKESIDE, more=", id", values=", 1"),
    ],
)
def test_the_web_role_adds_to_the_record_and_no_more(
    web_role: psycopg.Connection, statement: str
) -> None:
    web_role.execute(INSERT.format(district=LAKESIDE, more="", values="").encode())

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web_role.execute(statement.encode())


def test_a_process_that_never_has_the_owners_rights_serves_all_the_same(
    districts: None, http: httpx.Client
) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {WEB_ROLE}")
    try:
        answer = Application(http, TOKEN).get("/v3.1/users")
    finally:
        connection.close()

    assert answer.status_code == 200
    assert len(on_record("id")) == 1
