"""Reports by mail, over a real socket: counts and advice for those who want them, and no person."""

import socketserver
from collections.abc import Callable
from dataclasses import replace

import pytest

from kinsync.domain.errors import ChangeInput, TryAgainLater
from kinsync.services.mail import add_member, report_ended, report_given_up
from kinsync.store import records, teams
from kinsync.transport.mail import Letter, SmtpPost
from tests.services.office import Office
from tests.services.pupils import Line, mother, school_of

SCHOOL = school_of(12)
FAULTY = [replace(mother(0), phone="555"), *SCHOOL[1:]]
VALUES = ("Dolores", "Bartholomew", "Abbott", "206555", "S000", "dolores0@example.org")


@pytest.fixture
def sent() -> list[Letter]:
    return []


def reports(office: Office, sent: list[Letter]) -> Callable[[list[Line]], list[str]]:
    """Sync a file, and answer who was told of it."""

    def report(lines: list[Line]) -> list[str]:
        sent.clear()
        office.sync(lines)
        report_ended(office.district, sent.append, office.day)
        return [letter.to for letter in sent]

    return report


def test_each_person_is_told_when_they_asked_to_be(office: Office, sent: list[Letter]) -> None:
    for who in ("always", "problems", "never"):
        add_member(office.district, f"{who}@example.org", who)
    report = reports(office, sent)

    assert report(SCHOOL) == ["always@example.org"]
    assert report(SCHOOL[:12]) == ["always@example.org", "problems@example.org"]


def test_a_report_has_counts_changes_findings_and_advice_and_names_nobody(
    office: Office, sent: list[Letter]
) -> None:
    add_member(office.district, "office@example.org", "always")
    reports(office, sent)(SCHOOL)
    reports(office, sent)(FAULTY)

    (letter,) = sent
    assert letter.subject == "Lakeside: published as version 2"
    assert "24 rows = " in letter.text
    assert "contacts: 0 created, 1 updated, 0 deleted" in letter.text
    assert "phone-length" in letter.text
    assert "area code" in letter.text
    assert not [value for value in VALUES if value in letter.text + letter.subject]


def test_a_hold_says_why_and_what_to_do(office: Office, sent: list[Letter]) -> None:
    add_member(office.district, "office@example.org", "problems")
    reports(office, sent)(SCHOOL)
    reports(office, sent)(SCHOOL[:12])

    (letter,) = sent
    assert letter.subject == "Lakeside: held: your decision is needed"
    (sync, *_) = records.list_syncs(office.id)
    assert sync.reasons
    assert all(reason in letter.text for reason in sync.reasons)
    assert "students: 0 created, 0 updated, 6 deleted" in letter.text
    assert "approve or discard" in letter.text


def test_nobody_is_told_twice_or_of_a_preview(office: Office, sent: list[Letter]) -> None:
    add_member(office.district, "office@example.org", "always")
    reports(office, sent)(SCHOOL)
    office.sync(FAULTY, is_preview=True)

    assert report_ended(office.district, sent.append, office.day) == 0


def test_a_mail_server_that_is_away_is_tried_again(office: Office, sent: list[Letter]) -> None:
    def away(_letter: Letter) -> None:
        raise TryAgainLater("The mail server is away.")

    add_member(office.district, "office@example.org", "always")
    office.sync(SCHOOL)
    with pytest.raises(TryAgainLater):
        report_ended(office.district, away, office.day)

    assert report_ended(office.district, sent.append, office.day) == 1


def test_a_sync_that_is_tried_again_is_not_told_of(office: Office, sent: list[Letter]) -> None:
    add_member(office.district, "office@example.org", "always")
    run = records.start_sync(office.district, at=office.day)
    records.finish_sync(run, "failed", at=office.day, error="The database went away.")

    assert report_ended(office.district, sent.append, office.day) == 0


def test_a_mail_goes_over_the_wire(mail_server: socketserver.ThreadingTCPServer) -> None:
    post = SmtpPost(f"smtp://127.0.0.1:{mail_server.server_address[1]}", "kinsync@example.org")

    post(Letter("office@example.org", "Lakeside: held", "Größe: 3\n"))

    (mail,) = mail_server.mails  # type: ignore[attr-defined]
    assert "To: office@example.org" in mail
    assert "Subject: Lakeside: held" in mail


def test_what_the_mail_server_refuses_is_told_apart_from_its_being_away(
    mail_server: socketserver.ThreadingTCPServer,
) -> None:
    address = f"127.0.0.1:{mail_server.server_address[1]}"
    letter = Letter("nobody@example.org", "s", "t")
    with pytest.raises(ChangeInput, match="refused"):
        SmtpPost(f"smtp://{address}", "kinsync@example.org")(letter)
    with pytest.raises(ChangeInput, match="no TLS"):
        SmtpPost(f"smtp://user:hunter2@{address}", "kinsync@example.org")(letter)
    with pytest.raises(TryAgainLater):
        SmtpPost("smtp://127.0.0.1:1", "kinsync@example.org")(letter)
    with pytest.raises(ChangeInput, match="KINSYNC_SMTP_URL"):
        SmtpPost("carrier-pigeon", "kinsync@example.org")(letter)


def test_a_team_is_kept_by_mailbox(office: Office) -> None:
    add_member(office.district, "Office@Example.org", "always")
    add_member(office.district, "office@example.org", "never")
    with pytest.raises(ChangeInput, match="no mailbox"):
        add_member(office.district, "office", "always")

    assert teams.list_members(office.id) == [teams.Member("office@example.org", "never")]
    teams.remove_member(office.id, "OFFICE@example.org")
    assert teams.list_members(office.id) == []


def test_a_sync_that_is_given_up_is_told_of_once_however_often_it_was_tried(
    office: Office, sent: list[Letter]
) -> None:
    for who in ("always", "problems", "never"):
        add_member(office.district, f"{who}@example.org", who)
    for _ in range(3):
        run = records.start_sync(office.district, at=office.day)
        records.finish_sync(run, "failed", at=office.day, error="The bucket is away.")
    report_given_up(office.district, sent.append, office.day, why="The bucket is away.")
    report_ended(office.district, sent.append, office.day, has_failed=True)

    assert [letter.to for letter in sent] == ["always@example.org", "problems@example.org"]
    assert "The bucket is away." in sent[0].text
    assert "given up" in sent[0].subject
