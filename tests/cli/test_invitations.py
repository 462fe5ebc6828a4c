"""``kinsync user invite``: somebody comes to a team by a link, as from the page Team."""

from datetime import UTC, datetime

import pytest

from kinsync.services import invitations
from kinsync.store import accounts, records
from tests.cli.commands import Home, kinsync

INVITE = ("user", "invite", "desk@lakeside.example", "--district", "Lakeside")


@pytest.fixture(autouse=True)
def lakeside(home: Home) -> None:
    """A district without a team."""
    kinsync("district", "add", "Lakeside")


def test_the_link_leads_to_the_role_that_was_said() -> None:
    told = kinsync(*INVITE, "--role", "editor", "--by", "Ada", "--json").json
    district = records.find_district("Lakeside")
    secret = told["link"].rpartition("/")[2]
    assert told["link"].startswith(
        f"http://127.0.0.1:8000/accounts/invitation/{district.public_id}/"
    )
    [invited] = invitations.waiting(district.id, datetime.now(UTC))
    assert (invited.email, invited.role, invited.invited_by) == (told["email"], "editor", "Ada")
    invitations.accept(district, secret, "nine geese over the lake", datetime.now(UTC))

    assert [(one.person.email, one.role) for one in accounts.members(district.id)] == [
        ("desk@lakeside.example", "editor")
    ]


def test_whoever_signs_in_already_is_on_the_team_at_once() -> None:
    kinsync("user", "add", "desk@lakeside.example", "--operator")
    told = kinsync(*INVITE, "--json").json

    assert told == {"email": "desk@lakeside.example", "role": "viewer", "mailed": False}
    assert len(accounts.members(records.find_district("Lakeside").id)) == 1


def test_an_invitation_that_cannot_be_mailed_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINSYNC_SMTP_URL", "smtp://127.0.0.1:1")
    ended = kinsync(*INVITE)

    assert ended.code == 4
    assert invitations.waiting(records.find_district("Lakeside").id, datetime.now(UTC)) == []
