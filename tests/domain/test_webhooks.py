"""What a webhook message says, how it is signed, and when it is tried again."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from kinsync.domain.webhooks import (
    EVENTS_AVAILABLE,
    JITTER,
    LONGEST_RETRY_AFTER,
    SCHEDULE,
    Answer,
    Message,
    Verdict,
    id_before,
    judge,
    retry_after,
    signed_headers,
    spell_secret,
)

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
DISTRICT, APPLICATION, FIRST, LAST = (f"{number:024x}" for number in (1, 2, 0x100, 0x1FF))
MESSAGE = Message("msg_1", EVENTS_AVAILABLE, NOON, DISTRICT, APPLICATION, 7, FIRST, LAST, count=256)
KEYS = st.binary(min_size=24, max_size=64)
SERVER_ERROR = Answer(500, "HTTP 500 Internal Server Error")


def test_a_message_says_that_there_are_events_and_nothing_of_them() -> None:
    assert json.loads(MESSAGE.body()) == {
        "type": "events.available",
        "timestamp": "2026-09-01T12:00:00.000Z",
        "data": {
            "district": DISTRICT,
            "application": APPLICATION,
            "connection": "7",
            "first_event": FIRST,
            "last_event": LAST,
            "count": 256,
            "url": "/v3.1/events?starting_after=0000000000000000000000ff",
        },
    }


@given(st.integers(min_value=1, max_value=16**24 - 1))
def test_the_cursor_of_a_message_is_just_before_its_first_event(number: int) -> None:
    cursor = id_before(f"{number:024x}")

    assert len(cursor) == 24
    assert int(cursor, 16) == number - 1
    assert cursor < f"{number:024x}"


@given(KEYS, st.text())
def test_a_receiver_with_the_secret_verifies_what_was_signed(key: bytes, path: str) -> None:
    body = json.dumps({"path": path}).encode()
    headers = signed_headers("msg_1", body, [key], at=datetime.now(UTC))

    assert Webhook(spell_secret(key)).verify(body, dict(headers)) == {"path": path}


@given(KEYS, KEYS)
def test_while_a_secret_is_rotated_the_old_and_the_new_one_both_verify(
    new: bytes, old: bytes
) -> None:
    headers = dict(signed_headers("msg_1", b"{}", [new, old], at=datetime.now(UTC)))

    assert Webhook(spell_secret(new)).verify(b"{}", headers) == {}
    assert Webhook(spell_secret(old)).verify(b"{}", headers) == {}


@pytest.mark.parametrize(
    "changed", [{"webhook-id": "msg_2"}, {"webhook-timestamp": "later"}, {"body": "[]"}]
)
def test_nothing_of_a_message_can_be_changed(changed: dict[str, str]) -> None:
    key, at = b"k" * 32, datetime.now(UTC)
    headers = dict(signed_headers("msg_1", b"{}", [key], at=at))
    later = {"webhook-timestamp": str(int(at.timestamp()) + 1)}
    headers |= later if "webhook-timestamp" in changed else changed

    with pytest.raises(WebhookVerificationError):
        Webhook(spell_secret(key)).verify(changed.get("body", "{}"), headers)


@pytest.mark.parametrize("attempts", range(1, len(SCHEDULE)))
@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_a_message_that_was_not_taken_waits_as_the_specification_recommends(
    attempts: int, chance: float
) -> None:
    recommended = [0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    delay = timedelta(seconds=recommended[attempts])

    verdict = judge(SERVER_ERROR, attempts=attempts, at=NOON, chance=chance)

    assert verdict == Verdict("waiting", NOON + delay * (1 + JITTER * chance))


def test_after_the_last_attempt_the_endpoint_is_disabled() -> None:
    verdict = judge(SERVER_ERROR, attempts=10, at=NOON, chance=0)

    assert verdict.state == "failed"
    assert verdict.disabled == ("Attempt 10, the last one, failed: HTTP 500 Internal Server Error.")


@given(st.integers(100, 599), st.integers(1, 10), st.floats(0, 1))
def test_only_2xx_is_success_and_only_gone_disables_early(
    status: int, attempts: int, chance: float
) -> None:
    verdict = judge(Answer(status), attempts=attempts, at=NOON, chance=chance)

    assert (verdict.state == "delivered") == (status // 100 == 2)
    assert bool(verdict.disabled) == (status == 410 or (attempts == 10 and status // 100 != 2))


@pytest.mark.parametrize("status", [429, 503])
def test_an_endpoint_that_asks_for_time_gets_it(status: int) -> None:
    verdict = judge(Answer(status, retry_after="120"), attempts=1, at=NOON, chance=0)

    assert verdict.due_at == verdict.wait_until == NOON + timedelta(minutes=2)


def test_an_endpoint_that_asks_for_less_than_the_schedule_is_not_hurried_back_to() -> None:
    verdict = judge(Answer(503, retry_after="1"), attempts=2, at=NOON, chance=0)

    assert verdict.due_at == NOON + timedelta(minutes=5)
    assert verdict.wait_until == NOON + timedelta(seconds=1)


def test_other_answers_do_not_decide_when_to_come_back() -> None:
    verdict = judge(Answer(500, retry_after="120"), attempts=1, at=NOON, chance=0)

    assert verdict == Verdict("waiting", NOON + timedelta(seconds=5))


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("0", timedelta(0)),
        ("90", timedelta(seconds=90)),
        ("99999999999999999999", LONGEST_RETRY_AFTER),
        (format_datetime(NOON + timedelta(minutes=9), usegmt=True), timedelta(minutes=9)),
        (format_datetime(NOON - timedelta(days=9), usegmt=True), timedelta(0)),
        (format_datetime(NOON + timedelta(days=9), usegmt=True), LONGEST_RETRY_AFTER),
        ("Tue, 01 Sep 2026 12:09:00", None),
        ("-1", None),
        ("٣", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date_within_limits(
    header: str, wait: timedelta | None
) -> None:
    assert retry_after(header, at=NOON) == wait


@given(st.text(max_size=64))
def test_no_retry_after_is_beyond_the_limits(header: str) -> None:
    wait = retry_after(header, at=NOON)

    assert wait is None or timedelta(0) <= wait <= LONGEST_RETRY_AFTER
