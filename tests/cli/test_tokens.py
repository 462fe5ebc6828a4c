"""Tokens, secrets and connections from the command line."""

import csv
from pathlib import Path

import httpx
import pytest

from kinsync.store import access, disclosures, records, tokens
from kinsync.store.admission import admit
from tests.cli.commands import Home, kinsync
from tests.services.pupils import Line, write


@pytest.fixture
def lakeside(home: Home) -> Home:
    """A district that an application may read."""
    kinsync("district", "add", "Lakeside")
    kinsync("app", "add", "=Reader")
    kinsync("connect", "Lakeside", "=Reader")
    return home


def is_open(token: str) -> bool:
    return admit(token, limit=0) is not None


def new_token() -> str:
    return kinsync("token", "Lakeside", "=Reader").out.strip()


def test_all_tokens_of_a_connection_are_closed_at_once(lakeside: Home) -> None:
    first, second = new_token(), new_token()

    done = kinsync("token", "Lakeside", "=Reader", "--revoke")

    assert done.code == 0
    assert done.out == ("2 tokens are closed. The application finds a new one at /oauth/tokens.\n")
    assert not is_open(first)
    assert not is_open(second)
    assert is_open(new_token())


def test_one_token_is_closed_by_its_id_or_by_itself(lakeside: Home) -> None:
    first, second, third = new_token(), new_token(), new_token()
    listed = kinsync("token", "Lakeside", "=Reader", "--list", "--json").json
    assert listed["open"] == 3

    by_id = kinsync(
        "token", "Lakeside", "=Reader", "--revoke-token", listed["tokens"][0]["id"], "--json"
    )
    open_now = [is_open(token) for token in (first, second, third)]
    left = [token for token in (first, second, third) if is_open(token)]
    by_itself = kinsync("token", "Lakeside", "=Reader", "--revoke-token", left[0])

    assert by_id.json == {"revoked": 1}
    assert sum(open_now) == 2
    assert by_itself.out == "The token is closed.\n"
    assert [is_open(token) for token in left] == [False, True]
    shown = kinsync("token", "Lakeside", "=Reader", "--list").out
    assert (shown.count(" closed"), shown.count(" open")) == (2, 1)
    assert not any(token in shown for token in (first, second, third))


def test_a_token_that_is_not_there_cannot_be_closed(lakeside: Home) -> None:
    done = kinsync("token", "Lakeside", "=Reader", "--revoke-token", "f" * 40)

    assert done.code == 2
    assert "no open token like that" in done.err
    assert "f" * 40 not in done.said


def test_a_token_command_does_one_thing(lakeside: Home) -> None:
    done = kinsync("token", "Lakeside", "=Reader", "--list", "--revoke", "--json")

    assert done.code == 2
    assert "one of" in done.json["error"]


def test_a_new_secret_is_shown_once(lakeside: Home) -> None:
    client_id = access.find_application("=Reader").public_id
    told = kinsync("app", "secret", "=Reader", "--json").json
    shown = kinsync("app", "secret", "=Reader").out

    assert told["client_id"] == client_id
    assert len(told["client_secret"]) == 40
    assert client_id in shown
    assert told["client_secret"] not in shown


def test_a_connection_ends_for_good(lakeside: Home) -> None:
    token = new_token()

    done = kinsync("disconnect", "Lakeside", "=Reader", "--json")

    assert done.json["connected"] is False
    assert not is_open(token)
    assert kinsync("token", "Lakeside", "=Reader").code == 2
    kinsync("connect", "Lakeside", "=Reader")
    assert not is_open(token)
    assert is_open(new_token())


@pytest.fixture
def read(lakeside: Home) -> Home:
    """Two students' mothers are published, and an application has read the first one's."""
    lines = [
        Line(
            student=f"S{n}", last_name=name, type="Primary", name=f"{first} {name}", sis_id=f"P{n}"
        )
        for n, first, name in ((1, "Dolores", "Abbott"), (2, "Ines", "Haddad"))
    ]
    path = write(lakeside.folder.parent / "students.csv", lines)
    assert kinsync("sync", "Lakeside", "--file", path).code == 0
    from kinsync.web.wsgi import application

    client = httpx.Client(
        transport=httpx.WSGITransport(app=application),
        base_url="http://kinsync.test",
        headers={"authorization": f"Bearer {new_token()}"},
    )
    with client:
        [first, _] = client.get("/v3.1/users?role=student").json()["data"]
        client.get(f"/v3.1/users/{first['data']['id']}/mycontacts").raise_for_status()
    return lakeside


def test_who_received_a_students_contacts_is_told(read: Home) -> None:
    told = kinsync("disclosures", "Lakeside", "--student", "S1", "--json").json
    [one] = told["disclosures"]

    assert told["count"] == 1
    assert one["application"] == "=Reader"
    assert one["address"] == "/v3.1/users/{id}/mycontacts"
    assert one["version"] == 1
    assert one["contacts"] == disclosures.contact_ids(records.find_district("Lakeside").id, "P1")
    assert {"name", "type", "student"} <= set(one["fields"])
    assert not {"email", "phone"} & set(one["fields"])
    shown = kinsync("disclosures", "Lakeside", "--contact", "P1").out
    assert "/v3.1/users/{id}/mycontacts" in shown
    assert "=Reader received, in 1 answers: created, " in shown


def test_whom_nobody_received_has_no_disclosures(read: Home) -> None:
    assert kinsync("disclosures", "Lakeside", "--student", "S2", "--json").json["count"] == 0
    assert kinsync("disclosures", "Lakeside", "--contact", "P2").out == (
        "No application received any of these contacts.\n"
    )
    later = ("--since", "2999-01-01")
    assert kinsync("disclosures", "Lakeside", "--student", "S1", *later, "--json").json == {
        "count": 0,
        "disclosures": [],
    }


def test_disclosures_as_a_file_hold_no_formula(read: Home, tmp_path: Path) -> None:
    out = tmp_path / "disclosures.csv"

    done = kinsync("disclosures", "Lakeside", "--student", "S1", "--out", out)

    assert done.out == f"1 disclosures are in {out}\n"
    with out.open(encoding="utf-8-sig", newline="") as file:
        [row] = csv.DictReader(file)
    assert row["application"] == "'=Reader"
    assert row["address"] == "/v3.1/users/{id}/mycontacts"
    assert "name" in row["fields"].split()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("--student", "S9"), "No version of Lakeside has a student with that id."),
        (("--contact", "P9"), "No version of Lakeside has a contact with that id."),
        ((), "Give --student or --contact."),
        (("--student", "S1", "--contact", "P1"), "Give --student or --contact."),
        (("--student", "S1", "--out", "/nowhere/x.csv"), "Cannot write to /nowhere/x.csv"),
    ],
)
def test_what_cannot_be_told_is_refused(read: Home, asked: tuple[str, ...], message: str) -> None:
    done = kinsync("disclosures", "Lakeside", *asked)

    assert done.code == 2
    assert message in done.err


@pytest.mark.parametrize("value", ["-1", "1.5", "many", "", "١"])
def test_a_rate_limit_that_is_no_number_is_refused(
    lakeside: Home, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINSYNC_RATE_LIMIT", value)

    done = kinsync("district", "list")

    assert done.code == 2
    assert f"KINSYNC_RATE_LIMIT is {value!r}; give a whole number, 0 or more." in done.err


def test_ids_of_tokens_open_nothing(lakeside: Home) -> None:
    new_token()
    connection = access.find_connection(
        records.find_district("Lakeside").id, access.find_application("=Reader").id
    )
    [known] = tokens.list_tokens(connection.id)

    assert not is_open(known.id)
