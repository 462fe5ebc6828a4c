"""What each role may do: in the own district, and in the neighbour's."""

import pytest

from kinsync.store import accounts, records
from tests.web.dashboard.desk import Desk, add_person
from tests.web.lakeside import IVO, LEDA, NEIGHBOUR, RUKMINI

WRITES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/sync/pause", {"until": ""}),
    ("/sync/blackouts", {"first": "2099-01-01", "last": "2099-01-02"}),
    ("/sync/1/approve", {}),
    ("/sync/1/discard", {}),
    ("/sync/1/publish", {}),
    ("/sync/upload", {}),
    ("/sync/versions/1", {}),
    ("/team", {"act": "invite", "email": "x@y.example", "role": "owner"}),
)


@pytest.mark.parametrize(("address", "form"), WRITES)
def test_a_viewer_cannot_write(address: str, form: dict[str, str], viewer: Desk) -> None:
    seen = viewer.post(address, {**form, "csrfmiddlewaretoken": viewer.see("/").token})

    assert seen.status in (403, 404)
    assert records.find_district("Lakeside").settings == {}
    assert accounts.find_person("x@y.example") is None


def test_a_viewer_sees_no_button_to_write(viewer: Desk) -> None:
    assert "Upload a file" not in viewer.see("/sync").text
    assert "Invite somebody" not in viewer.see("/team").text


@pytest.mark.parametrize(
    "address",
    [
        f"/data-browser/contacts/{RUKMINI}",
        f"/data-browser/contacts/{IVO}",
        f"/data-browser/students/{LEDA}",
    ],
)
def test_the_neighbour_is_told_that_there_is_nobody(address: str, neighbour: Desk) -> None:
    seen = neighbour.see(address)

    assert seen.status == 404
    assert "Salvatore" not in seen.html


def test_lists_hold_nobody_of_the_neighbour(neighbour: Desk, owner: Desk) -> None:
    assert "Oda Veld" in neighbour.see("/data-browser/contacts").text
    assert "Oda Veld" not in owner.see("/data-browser/contacts").text
    assert NEIGHBOUR not in owner.see("/data-browser/contacts.csv").html


def test_a_district_that_is_not_theirs_cannot_be_chosen(owner: Desk) -> None:
    hillside = records.find_district("Hillside").public_id
    seen = owner.post(
        "/district", {"district": hillside, "csrfmiddlewaretoken": owner.see("/").token}
    )

    assert seen.status == 404
    assert "Hillside" not in owner.see("/").text


def test_whoever_has_two_districts_looks_at_one_at_a_time(owner: Desk) -> None:
    add_person("owner@lakeside.example", "Hillside", "viewer")
    hillside = records.find_district("Hillside").public_id
    owner.post("/district", {"district": hillside, "csrfmiddlewaretoken": owner.see("/").token})

    assert "Oda Veld" in owner.see("/data-browser/contacts").text
    assert "Salvatore" not in owner.see("/data-browser/contacts").text


def test_somebody_without_a_role_any_more_sees_nothing(viewer: Desk) -> None:
    person = accounts.find_person("viewer@lakeside.example")
    assert person is not None
    accounts.remove_role(records.find_district("Lakeside").id, person)

    assert viewer.see("/").status == 404


def test_the_last_owner_stays(owner: Desk) -> None:
    form = {"act": "remove", "email": "owner@lakeside.example"}
    seen = owner.send("/team", form)

    assert "needs an owner" in seen.text


def test_an_operator_sees_counts_and_nobody(operator: Desk) -> None:
    seen = operator.see("/")

    assert "Lakeside" in seen.text
    assert "Hillside" in seen.text
    for page in ("/data-browser/contacts", f"/data-browser/contacts/{RUKMINI}"):
        assert operator.see(page).status == 403
        assert "Salvatore" not in operator.see(page).html


def test_an_operator_sees_people_while_the_district_says_so(operator: Desk, owner: Desk) -> None:
    lakeside = records.find_district("Lakeside").public_id
    operator.post(
        "/district", {"district": lakeside, "csrfmiddlewaretoken": operator.see("/").token}
    )
    owner.send("/team", {"act": "open", "hours": "4"})

    assert "Rukmini Salvatore" in operator.see(f"/data-browser/contacts/{RUKMINI}").text
    owner.send("/team", {"act": "open", "hours": "0"})
    assert operator.see(f"/data-browser/contacts/{RUKMINI}").status == 403


def test_every_act_is_on_record_with_who_did_it(owner: Desk) -> None:
    owner.send("/sync/pause", {"until": ""}, page="/sync")
    owner.see(f"/data-browser/contacts/{RUKMINI}")
    seen = owner.see("/audit")

    assert "paused syncs" in seen.text
    assert "looked at a contact" in seen.text
    assert "owner@lakeside.example" in seen.text
    assert "Rukmini" not in seen.text


def test_a_contact_says_who_looked_at_it(owner: Desk, viewer: Desk) -> None:
    viewer.see(f"/data-browser/contacts/{RUKMINI}")

    assert (
        "viewer@lakeside.example looked at a contact"
        in owner.see(f"/data-browser/contacts/{RUKMINI}").text
    )
