"""Uploads of one district complete one after the other, whoever sends them."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connections

from kinsync.store import records, sftp_accounts, uploads
from kinsync.store.database import connect

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


@pytest.fixture
def district(database: None) -> records.District:
    return records.add_district("Lakeside", at=NOON)


def completed(district: records.District, name: str) -> int:
    """An upload of an account of its own that is whole, and its turn."""
    account = sftp_accounts.add_account(district.id, name, at=NOON)
    assert account is not None
    number = uploads.begin(district.id, account.id, "students.csv", at=NOON)
    with uploads.turn(account.id) as cursor:
        uploads.complete(
            cursor, district.id, account.id, number,
            path="students.csv", size=1, sha256="", at=NOON,
        )  # fmt: skip
    return uploads.find(district.id, number).turn or 0


def is_waiting_for_a_turn() -> bool:
    with connect(autocommit=True) as connection:
        found = connection.execute(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            " AND classid = %s AND database = (SELECT oid FROM pg_database"
            " WHERE datname = current_database())",
            (uploads.TURN_SPACE,),
        ).fetchone()
    return found is not None


def test_an_upload_that_completes_second_is_committed_second_under_the_higher_turn(
    district: records.District,
) -> None:
    turns: list[int] = []

    def complete_second() -> None:
        turns.append(completed(district, "vendor-1"))
        connections.close_all()

    account = sftp_accounts.add_account(district.id, "office-1", at=NOON)
    assert account is not None
    number = uploads.begin(district.id, account.id, "students.csv", at=NOON)
    second = threading.Thread(target=complete_second)
    with uploads.turn(account.id) as cursor:
        uploads.complete(
            cursor, district.id, account.id, number,
            path="students.csv", size=1, sha256="", at=NOON,
        )  # fmt: skip
        second.start()
        while not is_waiting_for_a_turn():
            assert second.is_alive(), "the second one was committed before the first"
    second.join()

    newest = uploads.newest_of(district.id, "students.csv")
    assert newest is not None
    assert (newest.account, newest.turn) == ("vendor-1", turns[0])
    assert turns[0] > (uploads.find(district.id, number).turn or 0)


def test_another_district_waits_for_nobody(district: records.District) -> None:
    other = records.add_district("Hillside", at=NOON)
    account = sftp_accounts.add_account(district.id, "office-1", at=NOON)
    assert account is not None
    number = uploads.begin(district.id, account.id, "students.csv", at=NOON)
    done: list[int] = []

    def complete_other() -> None:
        done.append(completed(other, "vendor-1"))
        connections.close_all()

    with uploads.turn(account.id) as cursor:
        uploads.complete(
            cursor, district.id, account.id, number,
            path="students.csv", size=1, sha256="", at=NOON,
        )  # fmt: skip
        other_one = threading.Thread(target=complete_other)
        other_one.start()
        other_one.join()

        assert done
