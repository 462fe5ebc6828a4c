"""Where webhooks may go, and whose secrets sign them."""

import contextlib
from datetime import timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from kinsync.domain.errors import ChangeInput
from kinsync.domain.webhooks import SCHEDULE
from kinsync.services import webhook_endpoints
from kinsync.store import webhook_queue
from kinsync.store.database import connect
from tests.services.mailroom import BROKEN, PUBLIC, SECOND, URL, Mailroom

HOUR = timedelta(hours=1)


def test_while_a_secret_is_rotated_both_verify_and_then_the_new_one_alone(
    mailroom: Mailroom,
) -> None:
    endpoint, old = mailroom.add()
    mailroom.later(-HOUR)
    ends_at, new = webhook_endpoints.rotate(endpoint, mailroom.tools, keep=HOUR)
    mailroom.announce()
    mailroom.later(HOUR - SECOND).deliver()
    mailroom.announce()
    mailroom.later(SECOND).deliver()

    during, after = mailroom.sent
    assert ends_at == after.at
    for secret in (old, new):
        assert Webhook(secret).verify(during.body, dict(during.headers))
    assert len(during.headers["webhook-signature"].split(" ")) == 2
    assert Webhook(new).verify(after.body, dict(after.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(after.body, dict(after.headers))


def test_of_two_rotations_in_a_row_the_last_two_secrets_sign(mailroom: Mailroom) -> None:
    endpoint, first = mailroom.add()
    _, second = webhook_endpoints.rotate(endpoint, mailroom.tools, keep=HOUR)
    _, third = webhook_endpoints.rotate(endpoint, mailroom.tools, keep=HOUR)
    mailroom.announce()
    mailroom.deliver()

    (sent,) = mailroom.sent
    for secret in (second, third):
        assert Webhook(secret).verify(sent.body, dict(sent.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(first).verify(sent.body, dict(sent.headers))


def test_an_old_secret_that_ends_while_others_are_sent_signs_no_more(mailroom: Mailroom) -> None:
    endpoint, _ = mailroom.add()
    ends_at, _ = webhook_endpoints.rotate(endpoint, mailroom.tools, keep=HOUR)
    mailroom.announce()
    with contextlib.closing(connect(autocommit=True)) as connection:
        claim = webhook_queue.claim(connection, now=ends_at, due=ends_at)

    assert claim is not None
    assert len(claim.sealed) == 1


def test_an_old_secret_that_has_ended_is_forgotten(mailroom: Mailroom) -> None:
    endpoint, _ = mailroom.add()
    webhook_endpoints.rotate(endpoint, mailroom.tools, keep=HOUR)
    assert mailroom.endpoint(endpoint).old_ends_at is not None

    mailroom.later(HOUR).deliver()

    assert mailroom.endpoint(endpoint).old_ends_at is None


def test_where_a_name_leads_is_checked_at_every_attempt(mailroom: Mailroom) -> None:
    endpoint, _ = mailroom.add()
    led = iter([(PUBLIC,), ("169.254.169.254",), ("10.0.0.1", "1.1.1.1")])
    mailroom.resolve = lambda _host: next(led)
    mailroom.answer = lambda _sent: BROKEN
    mailroom.announce()
    for delay in SCHEDULE[:3]:
        mailroom.later(delay).deliver()

    assert [sent.addresses for sent in mailroom.sent] == [(PUBLIC,), ("1.1.1.1",)]
    assert mailroom.deliveries(endpoint)[0].attempts == 3


def test_a_name_is_looked_up_once_for_an_attempt_so_it_cannot_change_its_answer(
    mailroom: Mailroom,
) -> None:
    mailroom.add()
    looked_up: list[str] = []

    def resolve(host: str) -> tuple[str, ...]:
        looked_up.append(host)
        return (PUBLIC,)

    mailroom.resolve = resolve
    mailroom.announce()
    mailroom.deliver()

    assert looked_up == ["hooks.example.org"]
    assert mailroom.sent[0].addresses == (PUBLIC,)


def test_a_name_that_is_not_found_is_a_failed_attempt(mailroom: Mailroom) -> None:
    endpoint, _ = mailroom.add()

    def fail(_host: str) -> tuple[str, ...]:
        raise OSError("no such name")

    mailroom.resolve = fail
    mailroom.announce()

    assert mailroom.deliver() == 1
    assert mailroom.deliveries(endpoint)[0].reason == "the name was not found"
    assert mailroom.sent == []


def test_a_name_that_is_found_too_late_is_not_called(mailroom: Mailroom) -> None:
    endpoint, _ = mailroom.add()

    def slowly(_host: str) -> tuple[str, ...]:
        mailroom.later(timedelta(seconds=20))
        return (PUBLIC,)

    mailroom.resolve = slowly
    mailroom.announce()
    mailroom.deliver()

    assert mailroom.sent == []
    assert mailroom.deliveries(endpoint)[0].reason == "the name was not found in time"


def test_plain_http_is_refused_unless_loopback_is_allowed(mailroom: Mailroom) -> None:
    with pytest.raises(ChangeInput, match="https://"):
        mailroom.add("http://hooks.example.org/")


def test_an_address_is_an_endpoint_of_a_connection_once(mailroom: Mailroom) -> None:
    mailroom.add()

    with pytest.raises(ChangeInput, match="already"):
        mailroom.add(URL)


def test_plain_http_stays_on_this_machine_whatever_else_is_allowed(mailroom: Mailroom) -> None:
    mailroom.allowed = "127.0.0.0/8, 10.0.0.0/8"
    mailroom.add("http://hooks.example.org/")
    mailroom.resolve = lambda _host: ("10.0.0.1", PUBLIC, "127.0.0.1")
    mailroom.announce()
    mailroom.deliver()

    assert [sent.addresses for sent in mailroom.sent] == [("127.0.0.1",)]


def test_a_private_network_that_is_allowed_is_called_over_https(mailroom: Mailroom) -> None:
    mailroom.allowed = "10.0.0.0/8"
    mailroom.add()
    mailroom.resolve = lambda _host: ("10.0.0.1", "192.168.0.1")
    mailroom.announce()
    mailroom.deliver()

    assert [sent.addresses for sent in mailroom.sent] == [("10.0.0.1",)]
