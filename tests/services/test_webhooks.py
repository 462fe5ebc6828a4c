"""Messages on their way to an application: when, how often, what becomes of an endpoint."""

import contextlib
import json
from datetime import timedelta

import pytest
from standardwebhooks import Webhook

from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.domain.webhooks import SCHEDULE, Answer
from kinsync.services import webhook_endpoints
from kinsync.store import access, webhook_queue, webhooks
from kinsync.store.database import connect
from kinsync.store.webhook_queue import PATIENCE
from tests.services.mailroom import BROKEN, SECOND, TAKEN, Mailroom
from tests.store.publishing import connected

HOUR = timedelta(hours=1)


def test_new_events_are_announced_once_to_each_endpoint(mailroom: Mailroom) -> None:
    mailroom.add("https://one.example.org/")
    mailroom.add("https://two.example.org/")
    mailroom.announce(3)

    assert mailroom.deliver() == 2
    assert mailroom.deliver() == 0
    assert {sent.target.host for sent in mailroom.sent} == {"one.example.org", "two.example.org"}
    assert len({sent.id for sent in mailroom.sent}) == 2
    told = json.loads(mailroom.sent[0].body)
    assert told["type"] == "events.available"
    assert told["data"] == {
        "district": mailroom.district.public_id,
        "application": mailroom.application.public_id,
        "connection": str(mailroom.connection.id),
        "first_event": f"{1:024x}",
        "last_event": f"{3:024x}",
        "count": 3,
        "url": f"/v3.1/events?starting_after={0:024x}",
    }


def test_where_nobody_listens_nothing_is_written(mailroom: Mailroom) -> None:
    with contextlib.closing(connect()) as connection, connection.cursor() as cursor:
        left = webhook_queue.enqueue(
            cursor,
            district_id=mailroom.district.id,
            connection_id=mailroom.connection.id,
            first_event="1",
            last_event="1",
            count=1,
            at=mailroom.clock,
        )

    assert left == 0


def test_a_message_is_there_only_if_the_events_are(mailroom: Mailroom) -> None:
    mailroom.add()
    with contextlib.closing(connect()) as connection, connection.cursor() as cursor:
        webhook_queue.enqueue(
            cursor,
            district_id=mailroom.district.id,
            connection_id=mailroom.connection.id,
            first_event="1",
            last_event="1",
            count=1,
            at=mailroom.clock,
        )
        connection.rollback()

    assert mailroom.deliver() == 0


def test_another_districts_endpoint_hears_nothing(mailroom: Mailroom) -> None:
    neighbour = Mailroom("Hillside")
    theirs, _ = neighbour.add()
    mailroom.add("https://ours.example.org/")
    mailroom.announce()

    assert mailroom.deliver() == 1
    assert neighbour.deliveries(theirs) == []


def test_another_application_of_the_district_hears_nothing(mailroom: Mailroom) -> None:
    other, _ = access.add_application("Other", at=mailroom.clock)
    theirs = connected(mailroom.district.id, other.id)
    webhook_endpoints.add(theirs, "https://other.example.org/", mailroom.tools)
    mailroom.announce()

    assert mailroom.deliver() == 0


def test_a_receiver_verifies_what_it_gets(mailroom: Mailroom) -> None:
    _, secret = mailroom.add()
    mailroom.announce()
    mailroom.deliver()

    (sent,) = mailroom.sent
    assert Webhook(secret).verify(sent.body, dict(sent.headers)) == json.loads(sent.body)


@pytest.mark.parametrize("taken_at", range(1, len(SCHEDULE) + 1))
def test_a_message_is_tried_at_every_step_of_the_schedule_until_it_is_taken(
    mailroom: Mailroom, taken_at: int
) -> None:
    endpoint, _ = mailroom.add()
    mailroom.answer = lambda _sent: TAKEN if len(mailroom.sent) == taken_at else BROKEN
    mailroom.announce()
    begun = mailroom.clock

    for delay in SCHEDULE[:taken_at]:
        if delay:
            assert mailroom.later(delay - SECOND).deliver() == 0
            mailroom.later(SECOND)
        assert mailroom.deliver() == 1

    assert mailroom.states(endpoint) == ["delivered"]
    assert mailroom.sent[-1].at - begun == sum(SCHEDULE[:taken_at], timedelta(0))
    assert len({sent.id for sent in mailroom.sent}) == 1
    assert len({sent.body for sent in mailroom.sent}) == 1
    assert mailroom.later(100 * HOUR).deliver() == 0
    assert mailroom.notices == []


def test_after_the_last_step_the_endpoint_is_disabled_and_the_team_is_told(
    mailroom: Mailroom,
) -> None:
    endpoint, _ = mailroom.add()
    mailroom.answer = lambda _sent: BROKEN
    mailroom.announce()
    for delay in SCHEDULE:
        mailroom.later(delay).deliver()

    now = mailroom.endpoint(endpoint)
    assert len(mailroom.sent) == len(SCHEDULE)
    assert mailroom.states(endpoint) == ["failed"]
    assert not now.is_enabled
    assert now.disabled_reason == (
        "Attempt 10, the last one, failed: HTTP 500 Internal Server Error."
    )
    (notice,) = mailroom.notices
    assert (notice.endpoint, notice.district) == (endpoint.id, mailroom.district.public_id)
    assert notice.reason == now.disabled_reason
    mailroom.announce()
    assert mailroom.later(100 * HOUR).deliver() == 0
    assert mailroom.states(endpoint) == ["failed"]


def test_an_endpoint_that_is_gone_is_disabled_at_once(mailroom: Mailroom) -> None:
    endpoint, _ = mailroom.add()
    mailroom.answer = lambda _sent: Answer(410, "HTTP 410 Gone")
    mailroom.announce()
    mailroom.announce()

    assert mailroom.deliver() == 1
    assert mailroom.endpoint(endpoint).disabled_reason == "It answered 410 Gone."
    assert mailroom.states(endpoint) == ["failed", "waiting"]
    assert len(mailroom.notices) == 1
    assert mailroom.later(100 * HOUR).deliver() == 0


def test_an_endpoint_that_asks_to_be_left_alone_gets_nothing_until_then(mailroom: Mailroom) -> None:
    mailroom.add()
    mailroom.answer = lambda _sent: BROKEN
    mailroom.announce()
    for delay in SCHEDULE[:PATIENCE]:
        mailroom.later(delay).deliver()
    mailroom.answer = lambda _sent: Answer(429, "HTTP 429 Too Many Requests", "3600")
    mailroom.announce()
    mailroom.deliver()
    mailroom.answer = lambda _sent: TAKEN

    assert mailroom.later(HOUR - SECOND).deliver() == 0, "the first was due after half an hour"
    assert mailroom.later(SECOND).deliver() == 2


def test_the_same_message_is_sent_again_on_request(mailroom: Mailroom) -> None:
    endpoint, _ = mailroom.add()
    mailroom.announce()
    mailroom.deliver()
    (sent,) = mailroom.sent

    webhook_endpoints.redeliver(endpoint, sent.id, mailroom.later(HOUR).tools)

    assert mailroom.deliver() == 1
    assert (mailroom.sent[1].id, mailroom.sent[1].body) == (sent.id, sent.body)


def test_a_message_that_the_endpoint_never_had_cannot_be_sent_again(mailroom: Mailroom) -> None:
    one, _ = mailroom.add("https://one.example.org/")
    mailroom.announce()
    (message,) = mailroom.deliveries(one)
    two, _ = mailroom.add("https://two.example.org/")

    for unknown in ("msg_unknown", message.id):
        with pytest.raises(NotFound, match="webhook deliveries"):
            webhook_endpoints.redeliver(two, unknown, mailroom.tools)


def test_everything_that_failed_since_a_time_is_sent_again(mailroom: Mailroom) -> None:
    endpoint, _ = mailroom.add()
    mailroom.answer = lambda _sent: Answer(410, "HTTP 410 Gone")
    for _ in range(3):
        mailroom.later(HOUR).announce()
        mailroom.deliver()
        webhooks.enable_endpoint(endpoint, at=mailroom.clock)
    since = mailroom.deliveries(endpoint)[1].occurred_at
    mailroom.answer = lambda _sent: TAKEN

    count = webhook_endpoints.redeliver_failed(endpoint, since, mailroom.tools)

    assert count == mailroom.deliver() == 2
    assert mailroom.states(endpoint) == ["failed", "delivered", "delivered"]


def test_nothing_is_sent_again_to_a_disabled_endpoint(mailroom: Mailroom) -> None:
    endpoint, _ = mailroom.add()
    webhooks.disable_endpoint(endpoint, reason="By hand.", at=mailroom.clock)

    with pytest.raises(ChangeInput, match="webhook enable"):
        webhook_endpoints.redeliver_failed(
            mailroom.endpoint(endpoint), mailroom.clock, mailroom.tools
        )


def test_what_waited_for_an_endpoint_begins_its_schedule_anew_when_it_is_enabled(
    mailroom: Mailroom,
) -> None:
    endpoint, _ = mailroom.add()
    mailroom.answer = lambda _sent: BROKEN
    mailroom.announce()
    mailroom.deliver()
    webhooks.disable_endpoint(endpoint, reason="By hand.", at=mailroom.clock)
    assert mailroom.later(HOUR).deliver() == 0

    webhooks.enable_endpoint(endpoint, at=mailroom.clock)

    assert mailroom.deliver() == 1
    assert mailroom.deliveries(endpoint)[0].attempts == 1


def test_an_endpoint_that_is_removed_takes_its_messages_along(mailroom: Mailroom) -> None:
    endpoint, _ = mailroom.add()
    mailroom.announce()

    webhooks.remove_endpoint(endpoint)

    assert mailroom.deliver() == 0
    assert webhooks.list_endpoints(mailroom.district.id, mailroom.connection.id) == []


def test_a_message_is_forgotten_thirty_days_after_its_end(mailroom: Mailroom) -> None:
    endpoint, _ = mailroom.add()
    mailroom.announce()
    mailroom.deliver()

    mailroom.later(timedelta(days=30)).deliver()
    assert len(mailroom.deliveries(endpoint)) == 1
    mailroom.later(SECOND).deliver()

    assert mailroom.deliveries(endpoint) == []
