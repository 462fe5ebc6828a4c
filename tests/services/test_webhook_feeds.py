"""Whatever writes events for a connection leaves a message for those who listen."""

import json

import pytest
from jsonschema import Draft202012Validator

from kinsync.domain.share import Share
from kinsync.store.storage import Storage
from kinsync.web.docs.beside import WEBHOOKS
from tests.services.mailroom import Mailroom
from tests.store.people import same_of_all, snapshot
from tests.store.publishing import connected, publish_next

NOBODY = Share(types=frozenset())


@pytest.fixture
def mailroom(database: None) -> Mailroom:
    room = Mailroom()
    room.add()
    return room


def told(mailroom: Mailroom) -> list[int]:
    """How many events each message that was sent speaks of."""
    mailroom.deliver()
    return [json.loads(sent.body)["data"]["count"] for sent in mailroom.sent]


def test_a_publish_and_a_change_of_share_are_announced(
    mailroom: Mailroom, storage: Storage
) -> None:
    publish_next(mailroom.district.id, snapshot(same_of_all({0: 0, 1: 1})), storage=storage)
    assert told(mailroom) == [8]

    connected(mailroom.district.id, mailroom.application.id, NOBODY, storage=storage)
    assert told(mailroom) == [8, 4]  # two contacts and two relationships are gone


def test_a_message_is_what_the_description_says(mailroom: Mailroom, storage: Storage) -> None:
    publish_next(mailroom.district.id, snapshot(same_of_all({0: 0})), storage=storage)
    mailroom.deliver()

    described = WEBHOOKS["events.available"]["post"]["requestBody"]["content"]
    schema = described["application/json"]["schema"]
    [sent] = mailroom.sent
    assert list(Draft202012Validator(schema).iter_errors(json.loads(sent.body))) == []


def test_a_publish_that_an_application_does_not_notice_is_not_announced(
    mailroom: Mailroom, storage: Storage
) -> None:
    district = mailroom.district.id
    connected(district, mailroom.application.id, Share(schools=frozenset()), storage=storage)
    publish_next(district, snapshot(same_of_all({0: 0})), storage=storage)

    assert told(mailroom) == []
