"""No application sees more than its share, at any address, or can tell what it does not see."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from kinsync.domain.share import Share
from kinsync.store import access, disclosures, tokens
from kinsync.store.database import connect
from kinsync.store.gate import Sight, district_reader
from kinsync.web.api.tables import TABLES
from tests.store.publishing import connected
from tests.web import lakeside
from tests.web.lakeside import (
    BRAM,
    FIRST_NIGHT,
    IVO,
    IVO_LEDA,
    LAKESIDE,
    LEDA,
    RUKMINI,
    RUKMINI_BRAM,
    RUKMINI_LEDA,
    Application,
)
from tests.web.test_isolation import ABSENT, EVERY_VERSION, addresses, signature

EMERGENCY = Share(types=frozenset({"Emergency"}))
"""Of Lakeside it shows Ivo, as Leda's contact, and no Rukmini."""
HIDDEN = (RUKMINI, lakeside.RUKMINI_V2, RUKMINI_LEDA, RUKMINI_BRAM)
NOW = datetime.now(UTC)


@pytest.fixture
def limited(http: httpx.Client) -> Application:
    """An application that is shared emergency contacts alone."""
    return reader(http, EMERGENCY)


def reader(http: httpx.Client, share: Share, name: str = "Limited") -> Application:
    with connect() as owner:  # the districts' own were numbered by hand
        for table in ("application", "connection"):
            last = f"(SELECT greatest(100, max(id)) FROM {table})"
            owner.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last})".encode()
            )
    application, _ = access.add_application(name, at=FIRST_NIGHT)
    connection = connected(LAKESIDE, application.id, share, at=NOW)
    return Application(http, tokens.issue_token(connection.id, at=FIRST_NIGHT))


def paths(version: str) -> Iterator[str]:
    """Every address, with ids of every kind of record, shown and hidden."""
    ids = (*HIDDEN, IVO, lakeside.IVO_V2, IVO_LEDA, LEDA, BRAM, lakeside.SCHOOL)
    for address in addresses(version):
        yield from (
            [address.replace("{id}", id_) for id_ in ids] if "{id}" in address else [address]
        )


@EVERY_VERSION
def test_nothing_of_a_hidden_person_is_served_at_any_address(
    limited: Application, app: Application, version: str
) -> None:
    def tells(answer: httpx.Response) -> bool:
        return any(word in answer.text for word in ("Rukmini", "rukmini", "5035550142"))

    assert sum(tells(app.get(path)) for path in paths(version)) > 3
    assert [path for path in paths(version) if tells(limited.get(path))] == []


@EVERY_VERSION
def test_a_hidden_person_answers_like_one_that_never_was(
    limited: Application, version: str
) -> None:
    for address in (one for one in addresses(version) if "{id}" in one):
        never = signature(limited.get(address.replace("{id}", ABSENT)), ABSENT)
        for id_ in HIDDEN:
            shown = signature(limited.get(address.replace("{id}", id_)), id_)
            assert shown == never, address


@EVERY_VERSION
def test_a_limited_list_pages_and_counts_what_it_shows(limited: Application, version: str) -> None:
    for endpoint in TABLES[version]:
        if "count" in endpoint.parameters and "{" not in endpoint.path and endpoint.is_held:
            path = f"/{version}/{endpoint.path}"
            whole = [item["data"]["id"] for item in limited.read(path)["data"]]
            paged, more = list[str](), f"{path}?limit=1"
            while more:
                answer = limited.read(more)
                paged += [item["data"]["id"] for item in answer["data"]]
                links = {link["rel"]: link["uri"] for link in answer["links"]}
                more = links.get("next", "")
            assert paged == whole, path
            assert limited.read(f"{path}?count=true")["count"] == len(whole)
            back = limited.read(f"{path}?ending_before={'f' * 24}")
            assert [item["data"]["id"] for item in back["data"]] == whole


def test_a_person_is_shown_as_what_they_are_to_shared_students_alone(http: httpx.Client) -> None:
    family = reader(http, Share(types=frozenset({"Family"})))

    [rukmini] = family.read("/v3.1/users?role=contact")["data"]
    ties = rukmini["data"]["roles"]["contact"]["student_relationships"]
    assert [tie["student"] for tie in ties] == [BRAM]
    assert family.read(f"/v3.1/users/{LEDA}/mycontacts")["data"] == []
    [old] = family.read("/v2.1/contacts")["data"]
    assert old["data"]["students"] == [BRAM]
    assert [one["data"]["student"] for one in family.read("/v1.2/contacts")["data"]] == [BRAM]


def test_a_school_that_is_shared_brings_its_students_and_their_contacts(
    http: httpx.Client,
) -> None:
    school = reader(http, Share(schools=frozenset({"SCH-1"})))

    users = {item["data"]["id"] for item in school.read("/v3.1/users")["data"]}
    assert users == {LEDA, RUKMINI, IVO}  # Bram goes to no school that is known


@EVERY_VERSION
def test_fields_that_are_left_out_are_in_no_answer(http: httpx.Client, version: str) -> None:
    bare = reader(http, Share(fields=frozenset({"contact.relationship"})))

    for path in paths(version):
        text = bare.get(path).text
        assert not any(
            word in text for word in ("5035550142", "rukmini.s@", "G-4410", "Shore Road")
        )


def test_the_database_itself_shows_a_query_without_the_share_nothing_more(
    limited: Application,
) -> None:
    with connect() as owner:
        [(tie,)] = owner.execute("SELECT id FROM connection WHERE id > 100").fetchall()
    with district_reader(LAKESIDE, Sight(tie, 1, is_open=False)) as cursor:
        cursor.execute("SELECT id FROM contact")
        assert cursor.fetchall() == [(IVO,)]
        cursor.execute("SELECT id FROM relationship")
        assert cursor.fetchall() == [(IVO_LEDA,)]
        cursor.execute("SELECT count(*) FROM event WHERE connection_id <> %s", (tie,))
        assert cursor.fetchall() == [(0,)]


def test_what_is_on_record_of_a_limited_share_is_what_it_was_shown(limited: Application) -> None:
    limited.read("/v3.1/users")
    limited.read("/v1.2/contacts")
    limited.read("/v2.1/events")

    about = {
        id_: [one.endpoint for one in disclosures.named(LAKESIDE, contacts=[id_])]
        for id_ in (RUKMINI, IVO)
    }
    assert about[IVO] == ["users", "contacts", "events"]
    assert about[RUKMINI] == []
    assert [one.contacts for one in disclosures.named(LAKESIDE, students=[LEDA])] == [[IVO]] * 3
