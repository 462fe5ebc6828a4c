"""Districts, syncs, applications and tokens, as small values."""

import contextlib
from datetime import timedelta

import pytest

from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.domain.share import Share
from kinsync.store import access, admission, records, tokens
from kinsync.store.database import connect
from kinsync.store.storage import Storage
from tests.store.people import NOON, same_of_all, snapshot
from tests.store.publishing import connected, prepare, publish_next

pytestmark = pytest.mark.usefixtures("database")


def test_a_district_is_found_by_its_id_or_its_name_in_any_case() -> None:
    lakeside = records.add_district(" Lakeside ", at=NOON)

    assert records.find_district(lakeside.public_id) == lakeside
    assert records.find_district("LAKESIDE") == lakeside
    assert records.list_districts() == [lakeside]


def test_a_district_that_is_not_there_is_said_so() -> None:
    with pytest.raises(NotFound, match="Atlantis"):
        records.find_district("Atlantis")


@pytest.mark.parametrize("name", ["lakeside", "", "  "])
def test_a_name_that_is_taken_or_blank_is_refused(name: str) -> None:
    records.add_district("Lakeside", at=NOON)

    with pytest.raises(ChangeInput):
        records.add_district(name, at=NOON)


def test_a_held_sync_waits_until_it_is_published_or_discarded(storage: Storage) -> None:
    lakeside = records.add_district("Lakeside", at=NOON)
    sync = records.start_sync(lakeside, at=NOON, file_name="students.csv", sha256="ab", rules="1")
    assert records.held_sync(lakeside.id) is None

    held = records.finish_sync(sync, "held", at=NOON, reasons=["too many deletions"])

    assert records.held_sync(lakeside.id) == held
    assert held.reasons == ["too many deletions"]
    records.finish_sync(held, "discarded", at=NOON)
    assert records.held_sync(lakeside.id) is None


def test_a_published_sync_stays_published_and_takes_its_counts(storage: Storage) -> None:
    lakeside = records.add_district("Lakeside", at=NOON)
    publish_next(lakeside.id, snapshot(same_of_all({0: 0})), storage=storage)
    sync = records.last_published_sync(lakeside.id)
    assert sync is not None

    later = records.finish_sync(
        sync, "failed", at=NOON + timedelta(hours=1), counts={"rows": 3}, error="too late"
    )

    assert (later.state, later.version, later.error) == ("published", 1, "")
    assert later.counts == {"rows": 3}


def test_the_last_published_sync_is_the_one_that_readers_see(storage: Storage) -> None:
    lakeside = records.add_district("Lakeside", at=NOON)
    assert records.last_published_sync(lakeside.id) is None
    publish_next(lakeside.id, snapshot(same_of_all({0: 0})), storage=storage)
    publish_next(lakeside.id, snapshot(same_of_all({0: 1})), storage=storage)
    prepare(lakeside.id, snapshot({}), storage=storage)

    last = records.last_published_sync(lakeside.id)

    assert last is not None
    assert last.version == 2
    assert [sync.version for sync in records.list_syncs(lakeside.id)] == [None, 2, 1]


def test_an_application_is_connected_once_and_its_share_can_change(storage: Storage) -> None:
    lakeside = records.add_district("Lakeside", at=NOON)
    application, secret = access.add_application("Reading Room", at=NOON)

    first = connected(lakeside.id, application.id, storage=storage)
    again = connected(lakeside.id, application.id, Share(grades=frozenset("5")), storage=storage)

    assert again.id == first.id
    assert again.share == {"grades": ["5"]}
    assert access.list_connections(lakeside.id) == [again]
    assert access.find_application("reading room") == application
    assert len(secret) == 40


def test_a_token_opens_its_connection_until_it_is_revoked(storage: Storage) -> None:
    lakeside = records.add_district("Lakeside", at=NOON)
    application, _secret = access.add_application("Reading Room", at=NOON)
    connection = connected(lakeside.id, application.id, storage=storage)
    token = tokens.issue_token(connection.id, at=NOON)

    admitted = admission.admit(token, limit=1200)
    assert admitted is not None
    assert admitted.scope.connection_id == connection.id
    assert admission.admit(token.upper(), limit=1200) is None
    tokens.revoke_token(connection.id, token, at=NOON)
    assert admission.admit(token, limit=1200) is None


def test_secrets_are_kept_as_hashes_alone(storage: Storage) -> None:
    lakeside = records.add_district("Lakeside", at=NOON)
    application, secret = access.add_application("Reading Room", at=NOON)
    connection = connected(lakeside.id, application.id, storage=storage)
    token = tokens.issue_token(connection.id, at=NOON)

    with contextlib.closing(connect()) as own:
        kept = str(own.execute("SELECT * FROM token").fetchall())
        kept += str(own.execute("SELECT * FROM application").fetchall())
    assert token not in kept
    assert secret not in kept


def test_an_application_that_is_not_connected_is_said_so() -> None:
    with pytest.raises(NotFound, match="not connected"):
        access.find_connection(1, 1)
