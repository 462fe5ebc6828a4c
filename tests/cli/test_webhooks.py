"""``kinsync webhook`` against a real HTTPS server, as an operator and an application use it."""

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from kinsync.store import access, records, webhook_queue
from kinsync.store.database import connect
from tests.cli.commands import Home, kinsync
from tests.receivers import Receiver, receiver

AT = ("Lakeside", "Reader")


@pytest.fixture
def application(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A connected application that listens on loopback, which the settings allow."""
    kinsync("district", "add", "Lakeside")
    kinsync("app", "add", "Reader")
    kinsync("connect", *AT)
    with receiver("localhost") as running:
        authority = tmp_path / "authority.pem"
        running.authority.cert_pem.write_to_path(str(authority))
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        monkeypatch.setenv("KINSYNC_WEBHOOK_ALLOW", "127.0.0.0/8")
        yield running


def url(application: Receiver) -> str:
    return f"https://localhost:{application.port}/hooks"


def announce() -> None:
    """New events are written for the connection."""
    connection = access.find_connection(
        records.find_district("Lakeside").id, access.find_application("Reader").id
    )
    with contextlib.closing(connect()) as publishing, publishing.cursor() as cursor:
        webhook_queue.enqueue(
            cursor,
            district_id=connection.district_id,
            connection_id=connection.id,
            first_event="1".zfill(24),
            last_event="1".zfill(24),
            count=1,
            at=datetime.now(UTC),
        )
        publishing.commit()


def test_an_endpoint_is_added_tested_and_told_of_new_events(application: Receiver) -> None:
    added = kinsync("webhook", "add", *AT, url(application), "--json").json
    tested = kinsync("webhook", "test", *AT, added["endpoint"], "--json")
    announce()
    sent = kinsync("webhook", "deliver", "--json")
    (delivery,) = kinsync("webhook", "deliveries", *AT, added["url"], "--json").json["deliveries"]

    assert tested.json == {"endpoint": added["endpoint"], "status": 204}
    assert sent.json == {"attempts": 1, "disabled": []}
    test, message = application.arrived
    verifier = Webhook(added["secret"])
    assert verifier.verify(test.body, test.headers)["type"] == "webhook.test"
    assert verifier.verify(message.body, message.headers)["data"]["count"] == 1
    assert message.headers["webhook-id"] == delivery["message"]
    assert (delivery["state"], delivery["status"], delivery["attempts"]) == ("delivered", 204, 1)


def test_a_secret_is_shown_once_and_two_of_them_sign_while_it_is_rotated(
    application: Receiver,
) -> None:
    added = kinsync("webhook", "add", *AT, url(application), "--json").json
    rotated = kinsync("webhook", "rotate", *AT, added["endpoint"], "--json").json
    listed = kinsync("webhook", "list", *AT, "--json")
    kinsync("webhook", "test", *AT, added["endpoint"])

    (arrived,) = application.arrived
    for secret in (added["secret"], rotated["secret"]):
        assert Webhook(secret).verify(arrived.body, arrived.headers)
        assert secret.startswith("whsec_")
        assert secret not in listed.said
    (endpoint,) = listed.json["endpoints"]
    assert endpoint["old_secret_ends_at"] == rotated["old_ends_at"]


def test_an_endpoint_that_does_not_take_a_test_is_named_with_what_it_said(
    application: Receiver,
) -> None:
    added = kinsync("webhook", "add", *AT, url(application), "--json").json
    application.status = 500

    tested = kinsync("webhook", "test", *AT, added["endpoint"])

    assert tested.code == 4
    assert "HTTP 500 Internal Server Error" in tested.err


def test_a_disabled_endpoint_shows_why_and_gets_what_waited_once_it_is_enabled(
    application: Receiver,
) -> None:
    added = kinsync("webhook", "add", *AT, url(application), "--json").json
    application.status = 410
    announce()
    announce()
    sent = kinsync("webhook", "deliver", "--json")
    listed = kinsync("webhook", "list", *AT)
    application.status = 204
    enabled = kinsync("webhook", "enable", *AT, added["endpoint"], "--json")
    since = f"{datetime.now(UTC):%Y-%m-%d}"
    again = kinsync(
        "webhook", "redeliver", *AT, added["endpoint"], "--failed-since", since, "--json"
    )
    kinsync("webhook", "deliver")

    reason = "It answered 410 Gone."
    assert sent.json["disabled"] == [{"endpoint": added["endpoint"], "reason": reason}]
    assert reason in listed.out
    assert (enabled.json["is_enabled"], enabled.json["waiting"]) == (True, 1)
    assert again.json["messages"] == 1
    deliveries = kinsync("webhook", "deliveries", *AT, added["endpoint"], "--json").json
    assert [one["state"] for one in deliveries["deliveries"]] == ["delivered", "delivered"]
    identities = [arrived.headers["webhook-id"] for arrived in application.arrived]
    assert len(identities) == 3
    assert len(set(identities)) == 2


def test_one_message_is_sent_again(application: Receiver) -> None:
    added = kinsync("webhook", "add", *AT, url(application), "--json").json
    announce()
    kinsync("webhook", "deliver")
    sent = application.arrived[0].headers["webhook-id"]

    said = kinsync("webhook", "redeliver", *AT, added["endpoint"], sent)
    kinsync("webhook", "deliver")

    assert said.out == "1 to be sent again.\n"
    assert [one.headers["webhook-id"] for one in application.arrived] == [sent, sent]


def test_an_endpoint_is_disabled_and_removed(application: Receiver) -> None:
    added = kinsync("webhook", "add", *AT, url(application), "--json").json

    disabled = kinsync("webhook", "disable", *AT, added["endpoint"], "--json")
    removed = kinsync("webhook", "remove", *AT, url(application), "--json")

    assert disabled.json["disabled_reason"] == "By hand."
    assert removed.json == {"endpoint": added["endpoint"], "removed": True}
    assert kinsync("webhook", "list", *AT, "--json").json == {"endpoints": []}


def test_without_the_setting_loopback_is_not_called(
    application: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KINSYNC_WEBHOOK_ALLOW")
    kinsync("webhook", "add", *AT, url(application))
    announce()
    kinsync("webhook", "deliver")

    deliveries = kinsync("webhook", "deliveries", *AT, url(application), "--json").json
    assert application.arrived == []
    (delivery,) = deliveries["deliveries"]
    assert delivery["state"] == "waiting"
    assert delivery["reason"] == "the name leads to no address that may be called"


def test_plain_http_goes_to_loopback_alone_and_only_where_that_is_allowed(
    application: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiver(is_tls=False) as plain:
        address = f"http://127.0.0.1:{plain.port}/"
        kinsync("webhook", "add", *AT, address)
        taken = kinsync("webhook", "test", *AT, address)
        monkeypatch.setenv("KINSYNC_WEBHOOK_ALLOW", "10.0.0.0/8")
        refused = kinsync("webhook", "test", *AT, address)
        never = kinsync("webhook", "add", *AT, "http://10.0.0.1/")

    assert (taken.code, refused.code, never.code) == (0, 4, 2)
    assert len(plain.arrived) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", *AT, "https://user:pass@example.org/"), "user or password"),
        (("test", *AT, "unknown"), "no such endpoint"),
        (("redeliver", *AT, "unknown"), "Name a MESSAGE, or give --failed-since."),
        (("list", "Lakeside", "Nobody"), "There is no application"),
    ],
)
def test_what_cannot_be_done_is_said(
    application: Receiver, arguments: tuple[str, ...], message: str
) -> None:
    done = kinsync("webhook", *arguments)
    as_json = kinsync("webhook", *arguments, "--json")

    assert done.code == as_json.code == 2
    assert message in done.err
    assert json.loads(as_json.out)["error"] == done.err.strip()


def test_a_process_of_its_own_makes_the_attempt_too(application: Receiver, home: Home) -> None:
    kinsync("webhook", "add", *AT, url(application))
    announce()

    home.settings["KINSYNC_WEBHOOK_ALLOW"] = "127.0.0.0/8"
    done = home.run("webhook", "deliver")

    assert done.code == 0
    assert len(application.arrived) == 1
    assert done.out == "1 attempts were made.\n"
