"""Webhooks at the desk: endpoints, keys that are shown once, messages, and sending them again."""

import re
from datetime import UTC, datetime

import pytest

from kinsync.store import webhooks
from kinsync.store.database import connect
from kinsync.store.webhooks import Endpoint
from tests.web.dashboard.desk import Desk

READER = "66b000000000000000000001"
PAGE = f"/applications/{READER}/webhooks"
URL = "https://app.example/hooks/sealed-word-in-the-path"


@pytest.fixture
def endpoint(owner: Desk) -> Endpoint:
    """An endpoint of the application that reads Lakeside."""
    owner.send(PAGE, {"url": URL})
    [found] = webhooks.list_endpoints(1, 1)
    return found


def put_message(endpoint: Endpoint, state: str) -> str:
    """A message that came to this, as the queue keeps it."""
    with connect() as to:
        to.execute(
            "INSERT INTO webhook_message (district_id, endpoint_id, webhook_id, type, occurred_at,"
            " count, state, attempts, due_at, reason) VALUES (1, %s, 'msg_1', 'events.created',"
            " now(), 3, %s, 9, now(), 'HTTP 500')",
            (endpoint.id, state),
        )
    return "msg_1"


def test_the_key_is_shown_once(owner: Desk) -> None:
    seen = owner.send(PAGE, {"url": URL})
    key = re.search(r'class="secret">(whsec_[^<]+)<', seen.html)

    assert key
    assert key[1] not in owner.see(PAGE).html
    assert "app.example" in owner.see(PAGE).text


@pytest.mark.parametrize("url", ["http://app.example/", "ftp://app.example/", "https://", ""])
def test_an_address_that_will_not_do_is_refused(url: str, owner: Desk) -> None:
    assert owner.send(PAGE, {"url": url}).status == 400
    assert webhooks.list_endpoints(1, 1) == []


def test_a_viewer_sees_the_host_alone(owner: Desk, endpoint: Endpoint, viewer: Desk) -> None:
    for page in (PAGE, f"{PAGE}/{endpoint.id}"):
        seen = viewer.see(page)
        assert "app.example" in seen.text
        assert "sealed-word" not in seen.html
        form = {"act": "remove", "csrfmiddlewaretoken": viewer.see("/").token}
        assert viewer.post(page, form).status == 403


def test_a_disabled_endpoint_says_why_and_is_enabled(owner: Desk, endpoint: Endpoint) -> None:
    webhooks.disable_endpoint(endpoint, reason="It answered 410 Gone.", at=datetime.now(UTC))
    page = f"{PAGE}/{endpoint.id}"

    assert "1 endpoint disabled" in owner.see("/applications").text
    assert "It answered 410 Gone." in owner.see(page).text
    owner.send(page, {"act": "enable"})
    assert webhooks.list_endpoints(1, 1)[0].is_enabled


def test_a_failed_message_is_sent_again(owner: Desk, endpoint: Endpoint) -> None:
    message, page = put_message(endpoint, "failed"), f"{PAGE}/{endpoint.id}"
    assert "HTTP 500" in owner.see(f"{page}?state=failed").text
    assert message not in owner.see(f"{page}?state=delivered").text
    owner.send(page, {"act": "redeliver", "message": message})

    assert webhooks.list_deliveries(endpoint)[0].state == "waiting"


def test_all_that_failed_is_sent_again_at_once(owner: Desk, endpoint: Endpoint) -> None:
    put_message(endpoint, "failed")
    owner.send(f"{PAGE}/{endpoint.id}", {"act": "redeliver-failed"})

    assert webhooks.list_deliveries(endpoint)[0].state == "waiting"


def test_a_new_key_is_shown_and_the_old_one_signs_for_a_day(
    owner: Desk, endpoint: Endpoint
) -> None:
    seen = owner.send(f"{PAGE}/{endpoint.id}", {"act": "rotate"})

    assert "whsec_" in seen.html
    assert "signs as well until" in owner.see(f"{PAGE}/{endpoint.id}").text


def test_an_endpoint_is_tested_disabled_and_removed(owner: Desk, endpoint: Endpoint) -> None:
    page = f"{PAGE}/{endpoint.id}"
    assert "did not take the test message" in owner.send(page, {"act": "test"}).text
    owner.send(page, {"act": "disable"})
    assert "By owner@lakeside.example" in owner.see(page).text
    owner.send(page, {"act": "remove"})

    assert webhooks.list_endpoints(1, 1) == []
    assert owner.see(page).status == 404


def test_another_districts_owner_reaches_no_endpoint(
    owner: Desk, endpoint: Endpoint, neighbour: Desk
) -> None:
    other = "66b000000000000000000002"
    for client_id in (READER, other):
        page = f"/applications/{client_id}/webhooks/{endpoint.id}"
        assert neighbour.see(page).status == 404
