"""The team: invitations that work once, roles, reports by mail, sessions, operators for a while."""

import re
import socketserver
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.policy import default
from html import unescape

import pytest

from kinsync.services import invitations
from kinsync.store import accounts, records, teams
from kinsync.store.database import connect
from kinsync.transport.mail import Letter
from tests.web.dashboard.desk import PASSWORD, Desk, Seen, add_person

NEW = "new@lakeside.example"


def invite(owner: Desk, email: str = NEW, role: str = "editor") -> str:
    """Invite somebody; the address that is shown once."""
    return link_on(owner.send("/team", {"act": "invite", "email": email, "role": role}))


def link_on(seen: Seen) -> str:
    found = re.search(r'class="secret">http://127.0.0.1(/accounts/invitation/[^<]+)<', seen.html)
    assert found, seen.text
    return unescape(found[1])


def lakeside() -> records.District:
    return records.find_district("Lakeside")


def roles() -> dict[str, str]:
    return {one.person.email: one.role for one in accounts.members(lakeside().id)}


def test_whoever_is_invited_chooses_a_password_and_signs_in(owner: Desk, stranger: Desk) -> None:
    link = invite(owner)
    assert "Lakeside" in stranger.see(link).text
    stranger.send(link, {"password": PASSWORD})

    stranger.sign_in(NEW)
    assert roles()[NEW] == "editor"
    assert "accepted an invitation" in owner.see("/audit").text


def test_a_link_works_once(owner: Desk, open_desk: Callable[[], Desk]) -> None:
    link, first, second = invite(owner), open_desk(), open_desk()
    token = second.see(link).token
    first.send(link, {"password": PASSWORD})
    late = second.post(link, {"password": "another password!", "csrfmiddlewaretoken": token})

    assert late.status == 404
    assert first.see(link).status == 404
    assert "Sign in" in second.try_to_sign_in(NEW, "another password!").html


def test_a_link_is_on_no_page_again_and_in_no_table(owner: Desk) -> None:
    link = invite(owner)
    secret = link.rpartition("/")[2]

    assert secret not in owner.see("/team").html
    assert NEW in owner.see("/team").text
    with connect() as to:
        rows = to.execute("SELECT i::text FROM dashboard_invitation i").fetchall()
        acts = to.execute("SELECT a::text FROM dashboard_act a").fetchall()
    assert len(rows) == 1
    assert all(secret not in str(row) for row in (*rows, *acts))


def test_a_link_ends(owner: Desk, stranger: Desk) -> None:
    link = invite(owner)
    with connect() as to:
        to.execute("UPDATE dashboard_invitation SET ends_at = now() - interval '1 second'")

    assert stranger.see(link).status == 404
    accounts.sweep(datetime.now(UTC))
    with connect() as to:
        assert to.execute("SELECT count(*) FROM dashboard_invitation").fetchone() == (0,)
    assert NEW not in owner.see("/team").text


def test_a_link_is_taken_back(owner: Desk, stranger: Desk) -> None:
    link = invite(owner)
    owner.send("/team", {"act": "withdraw", "email": NEW})

    assert stranger.see(link).status == 404


def test_a_link_of_one_district_leads_to_no_other(owner: Desk, stranger: Desk) -> None:
    secret = invite(owner).rpartition("/")[2]
    hillside = records.find_district("Hillside").public_id

    assert stranger.see(f"/accounts/invitation/{hillside}/{secret}").status == 404
    assert stranger.see(f"/accounts/invitation/Lakeside/{secret}").status == 404


def test_a_weak_password_is_refused_and_the_link_goes_on_working(
    owner: Desk, stranger: Desk
) -> None:
    link = invite(owner)
    assert stranger.send(link, {"password": "password"}).status == 400
    stranger.send(link, {"password": PASSWORD})

    stranger.sign_in(NEW)


def test_nobody_takes_over_an_account_by_a_link(owner: Desk, stranger: Desk) -> None:
    """Between the invitation and its link the person was added elsewhere, with a password."""
    link = invite(owner)
    add_person(NEW, "Hillside", "viewer")
    stranger.send(link, {"password": "not the one they have"})

    assert "Sign in" in stranger.try_to_sign_in(NEW, "not the one they have").html
    stranger.sign_in(NEW, PASSWORD)


def test_whoever_signs_in_already_is_on_the_team_at_once(owner: Desk, neighbour: Desk) -> None:
    seen = owner.send(
        "/team", {"act": "invite", "email": "owner@hillside.example", "role": "viewer"}
    )

    assert "on the team now" in seen.text
    assert roles()["owner@hillside.example"] == "viewer"


def test_where_there_is_a_mail_server_the_link_is_mailed_and_not_shown(
    owner: Desk,
    stranger: Desk,
    monkeypatch: pytest.MonkeyPatch,
    mail_server: socketserver.ThreadingTCPServer,
) -> None:
    address = f"smtp://127.0.0.1:{mail_server.server_address[1]}"
    monkeypatch.setenv("KINSYNC_SMTP_URL", address)
    seen = owner.send("/team", {"act": "invite", "email": NEW, "role": "viewer"})
    [mail] = mail_server.mails  # type: ignore[attr-defined]
    text = str(message_from_string(mail, policy=default).get_content())
    link = re.search(r"http://127.0.0.1(/accounts/invitation/\S+)", text)

    assert "secret" not in seen.html
    assert link
    assert stranger.see(link[1]).status == 200


def test_a_mail_that_cannot_be_sent_leaves_no_invitation(
    owner: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINSYNC_SMTP_URL", "smtp://127.0.0.1:1")
    seen = owner.send("/team", {"act": "invite", "email": NEW, "role": "viewer"})

    assert seen.status == 503
    assert invitations.waiting(lakeside().id, datetime.now(UTC)) == []


def test_roles_are_changed_and_the_last_owner_stays(owner: Desk, viewer: Desk) -> None:
    form = {"act": "role", "email": "viewer@lakeside.example", "role": "editor"}
    owner.send("/team", form)
    last = owner.send("/team", {**form, "email": "owner@lakeside.example", "role": "viewer"})

    assert roles() == {"owner@lakeside.example": "owner", "viewer@lakeside.example": "editor"}
    assert "needs an owner" in last.text


def test_a_role_is_given_to_nobody_who_is_not_on_the_team(owner: Desk, neighbour: Desk) -> None:
    form = {"act": "role", "email": "owner@hillside.example", "role": "viewer"}

    assert owner.send("/team", form).status == 400
    assert "owner@hillside.example" not in roles()


def test_whoever_leaves_gets_no_reports_any_more(owner: Desk, viewer: Desk) -> None:
    teams.put_member(lakeside().id, "viewer@lakeside.example", "always")
    owner.send("/team", {"act": "remove", "email": "viewer@lakeside.example"})

    assert teams.list_members(lakeside().id) == []
    assert viewer.see("/").status == 404


def test_everybody_says_themselves_when_they_are_told_of_syncs(owner: Desk, viewer: Desk) -> None:
    own = {"act": "reports", "email": "viewer@lakeside.example", "reports": "problems"}
    assert viewer.send("/sync", own, page="/team").status == 405
    assert (
        viewer.post("/team", {**own, "csrfmiddlewaretoken": viewer.see("/team").token}).status
        == 200
    )
    another = {**own, "email": "owner@lakeside.example"}
    token = viewer.see("/team").token
    assert viewer.post("/team", {**another, "csrfmiddlewaretoken": token}).status == 403

    told = [(one.email, one.reports) for one in teams.list_members(lakeside().id)]
    assert told == [("viewer@lakeside.example", "problems")]


def test_a_mailbox_without_a_sign_in_is_told_until_it_is_stopped(owner: Desk) -> None:
    form = {"act": "reports", "email": "help@lakeside-desk.org", "reports": "always"}
    assert "help@lakeside-desk.org" in owner.send("/team", form).text
    owner.send("/team", {**form, "reports": "never"})

    assert teams.list_members(lakeside().id) == []


def test_an_owner_signs_somebody_out_everywhere(owner: Desk, viewer: Desk) -> None:
    viewer.see("/")
    assert "1 browser" in owner.see("/team").text
    owner.send("/team", {"act": "sign-out", "email": "viewer@lakeside.example"})

    assert "Sign in" in viewer.see("/sync").html


def test_nobody_of_another_district_is_signed_out(owner: Desk, neighbour: Desk) -> None:
    seen = owner.send("/team", {"act": "sign-out", "email": "owner@hillside.example"})

    assert seen.status == 404
    assert "Hillside" in neighbour.see("/").text


def test_operators_are_let_in_until_a_time_that_is_shown(owner: Desk) -> None:
    seen = owner.send("/team", {"act": "open", "hours": "4"})

    assert "people are open to operators until" in seen.text
    assert owner.send("/team", {"act": "open", "hours": "25"}).status == 400


def test_a_viewer_changes_nobody(viewer: Desk) -> None:
    token = viewer.see("/team").token
    for act in ("invite", "withdraw", "role", "remove", "sign-out", "open"):
        form = {"act": act, "email": NEW, "role": "owner", "hours": "4"}
        assert viewer.post("/team", {**form, "csrfmiddlewaretoken": token}).status == 403

    assert roles() == {"viewer@lakeside.example": "viewer"}
    assert "Invite somebody" not in viewer.see("/team").text


def test_two_who_hold_one_link_do_not_both_come(owner: Desk) -> None:
    """Whoever is second finds the invitation used, whatever both saw before."""
    secret = invite(owner).rpartition("/")[2]
    at = datetime.now(UTC)
    invitations.accept(lakeside(), secret, PASSWORD, at)

    with pytest.raises(Exception, match="does not work any more"):
        invitations.accept(lakeside(), secret, "another password!", at + timedelta(seconds=1))


def test_the_newest_invitation_of_a_mailbox_counts(owner: Desk, stranger: Desk) -> None:
    first = invite(owner, role="owner")
    second = invite(owner, email=NEW.upper(), role="viewer")
    assert stranger.see(first).status == 404
    stranger.send(second, {"password": PASSWORD})

    assert roles()[NEW] == "viewer"


def test_a_districts_name_puts_no_line_into_a_mail(districts: None) -> None:
    invited = invitations.Invited(NEW, "x")
    home = records.find_district("Lakeside")
    posted: list[Letter] = []
    invitations.send(home, invited, "http://x.example/", posted.append, by="Ada")

    [letter] = posted
    assert "\n" not in letter.subject
    assert "works once" in letter.text
