"""Several senders at once, in order, and those that die."""

import contextlib
import threading
from collections import Counter

import pytest

from kinsync.domain.errors import ChangeInput
from kinsync.domain.webhooks import SCHEDULE, Answer
from kinsync.services.webhooks import Tools, deliver_due, queue_due
from kinsync.store import queue, webhook_queue
from kinsync.store.database import connect
from kinsync.store.sealing import Sealer
from kinsync.store.webhook_queue import LEASE, PATIENCE
from tests.services.mailroom import BROKEN, KEY, SECOND, TAKEN, Mailroom, Sent
from tests.services.sending_and_dying import die_sending


def test_messages_go_in_the_order_of_their_creation(mailroom: Mailroom) -> None:
    endpoint, _ = mailroom.add()
    for _ in range(5):
        mailroom.announce()

    assert mailroom.deliver() == 5
    assert [sent.id for sent in mailroom.sent] == [
        delivery.id for delivery in mailroom.deliveries(endpoint)
    ]


def test_workers_are_asked_once_to_send_what_is_due(mailroom: Mailroom) -> None:
    mailroom.add()
    assert not queue_due(mailroom.clock)
    assert queue.list_jobs() == []

    mailroom.announce()
    for _ in range(2):
        assert queue_due(mailroom.clock)

    (job,) = queue.list_jobs()
    assert (job.task, job.state, job.arguments) == (queue.WEBHOOKS, "todo", {})
    mailroom.deliver()
    assert not queue_due(mailroom.clock)


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
        webhook_queue.enqueue(
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
