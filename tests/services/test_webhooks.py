"""Messages on their way to an application: when, in what order, how often, and signed how."""

import contextlib
import json
import threading
from collections import Counter
from datetime import timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.domain.webhooks import SCHEDULE, Answer
from kinsync.services import webhook_endpoints
from kinsync.services.webhooks import Tools, deliver_due
from kinsync.store import webhook_queue, webhooks
from kinsync.store.database import connect
from kinsync.store.sealing import Sealer
from kinsync.store.webhook_queue import LEASE, PATIENCE
from tests.services.mailroom import BROKEN, KEY, PUBLIC, SECOND, TAKEN, URL, Mailroom, Sent
from tests.services.sending_and_dying import die_sending

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
        left = webhooks.enqueue(
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
        webhooks.enqueue(
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
    mailroom.announce()
    mailroom.answer = lambda _sent: Answer(429, "HTTP 429 Too Many Requests", "3600")
    mailroom.deliver()
    mailroom.answer = lambda _sent: TAKEN
    mailroom.announce()

    assert mailroom.later(HOUR - SECOND).deliver() == 0
    assert mailroom.later(SECOND).deliver() == 2


def test_messages_go_in_the_order_of_their_creation(mailroom: Mailroom) -> None:
    endpoint, _ = mailroom.add()
    for _ in range(5):
        mailroom.announce()

    assert mailroom.deliver() == 5
    assert [sent.id for sent in mailroom.sent] == [
        delivery.id for delivery in mailroom.deliveries(endpoint)
    ]


def test_later_messages_wait_for_one_that_is_tried_again_and_then_pass_it(
    mailroom: Mailroom,
) -> None:
    endpoint, _ = mailroom.add()
    for _ in range(3):
        mailroom.announce()
    first, second, third = (delivery.id for delivery in mailroom.deliveries(endpoint))
    mailroom.answer = lambda sent: BROKEN if sent.id == first else TAKEN

    for attempt in range(1, PATIENCE):
        assert mailroom.deliver() == 1, "only the first is tried"
        mailroom.later(SCHEDULE[attempt])
    mailroom.deliver()

    assert [sent.id for sent in mailroom.sent] == [first] * PATIENCE + [second, third]
    assert mailroom.states(endpoint) == ["waiting", "delivered", "delivered"]


def test_an_endpoint_that_fails_holds_up_no_other(mailroom: Mailroom) -> None:
    mailroom.add("https://broken.example.org/")
    healthy, _ = mailroom.add("https://healthy.example.org/")
    mailroom.answer = lambda sent: BROKEN if "broken" in sent.target.host else TAKEN
    for _ in range(3):
        mailroom.announce()

    mailroom.deliver()

    assert mailroom.states(healthy) == ["delivered"] * 3


def test_senders_at_the_same_time_never_make_the_same_attempt_and_keep_the_order(
    mailroom: Mailroom,
) -> None:
    endpoints = [mailroom.add(f"https://e{number}.example.org/")[0] for number in range(6)]
    for _ in range(8):
        mailroom.announce()
    under_way: Counter[str] = Counter()
    most: Counter[str] = Counter()
    turn, start = threading.Lock(), threading.Barrier(3)

    def answer(sent: Sent) -> Answer:
        with turn:
            under_way[sent.target.host] += 1
            most[sent.target.host] = max(most[sent.target.host], under_way[sent.target.host])
        threading.Event().wait(0.005)
        with turn:
            under_way[sent.target.host] -= 1
        return TAKEN

    def work() -> None:
        start.wait()
        made.append(mailroom.deliver())

    made: list[int] = []
    mailroom.answer = answer
    senders = [threading.Thread(target=work) for _ in range(3)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert sum(made) == len(mailroom.sent) == 6 * 8
    assert set(most.values()) == {1}
    for endpoint in endpoints:
        host = endpoint.url.split("/")[2]
        there = [sent.id for sent in mailroom.sent if sent.target.host == host]
        assert there == [delivery.id for delivery in mailroom.deliveries(endpoint)]


def test_a_sender_that_is_killed_loses_nothing(mailroom: Mailroom) -> None:
    endpoint, _ = mailroom.add()
    mailroom.announce()
    (waiting,) = mailroom.deliveries(endpoint)
    die_sending(KEY, mailroom.clock)

    assert mailroom.deliver() == 0, "the dead sender's lease still holds"
    assert mailroom.later(LEASE - SECOND).deliver() == 0
    assert mailroom.later(SECOND).deliver() == 1
    assert [sent.id for sent in mailroom.sent] == [waiting.id]
    (delivered,) = mailroom.deliveries(endpoint)
    assert (delivered.state, delivered.attempts) == ("delivered", 2)


def test_a_sender_that_was_away_for_longer_than_its_lease_records_nothing(
    mailroom: Mailroom,
) -> None:
    endpoint, _ = mailroom.add()
    mailroom.announce()

    def slow(_sent: Sent) -> Answer:
        mailroom.answer = lambda _sent: TAKEN
        mailroom.later(LEASE).deliver()
        return Answer(410, "HTTP 410 Gone")

    mailroom.answer = slow
    mailroom.deliver()

    assert len(mailroom.sent) == 2
    assert mailroom.states(endpoint) == ["delivered"]
    assert mailroom.endpoint(endpoint).is_enabled
    assert mailroom.notices == []


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


def test_an_old_secret_that_has_ended_is_forgotten(mailroom: Mailroom) -> None:
    endpoint, _ = mailroom.add()
    webhook_endpoints.rotate(endpoint, mailroom.tools, keep=HOUR)
    assert mailroom.endpoint(endpoint).old_ends_at is not None

    mailroom.later(HOUR).deliver()

    assert mailroom.endpoint(endpoint).old_ends_at is None


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


def test_a_message_whose_secret_does_not_open_here_waits_without_losing_an_attempt(
    mailroom: Mailroom,
) -> None:
    endpoint, _ = mailroom.add()
    mailroom.announce()
    elsewhere = Tools(
        now=mailroom.tools.now,
        resolve=mailroom.resolve,
        send=mailroom.tools.send,
        sealer=Sealer([bytes(32)]),
        chance=mailroom.tools.chance,
    )

    with pytest.raises(ChangeInput, match="KINSYNC_SEAL_KEY"):
        deliver_due(elsewhere)

    assert mailroom.deliveries(endpoint)[0].attempts == 0
    assert mailroom.deliver() == 1


def test_a_publish_that_is_under_way_holds_up_no_sender(mailroom: Mailroom) -> None:
    mailroom.add()
    mailroom.announce()
    with contextlib.closing(connect()) as publishing, publishing.cursor() as cursor:
        webhooks.enqueue(
            cursor,
            district_id=mailroom.district.id,
            connection_id=mailroom.connection.id,
            first_event="2",
            last_event="2",
            count=1,
            at=mailroom.clock,
        )

        assert mailroom.deliver() == 1


def test_two_senders_that_ask_at_once_get_different_endpoints(mailroom: Mailroom) -> None:
    mailroom.add("https://one.example.org/")
    mailroom.add("https://two.example.org/")
    mailroom.announce()
    now = mailroom.clock
    with (
        contextlib.closing(connect(autocommit=True)) as one,
        contextlib.closing(connect(autocommit=True)) as two,
    ):
        with one.transaction():
            first = webhook_queue.claim(one, now=now, due=now)
            second = webhook_queue.claim(two, now=now, due=now)
            third = webhook_queue.claim(two, now=now, due=now)

        assert first is not None
        assert second is not None
        assert first.endpoint_id != second.endpoint_id
        assert third is None
