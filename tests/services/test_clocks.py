"""Clocks go wrong now and then: a battery is empty, a machine wakes up in another year."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from kinsync.domain.share import Share
from kinsync.store import access
from kinsync.store.database import connect
from tests.services.office import DAY, Office
from tests.services.pupils import mother, school_of, uncle
from tests.store.publishing import connected

SCHOOL = school_of(12)
WITHOUT = [line for line in SCHOOL if line != uncle(1)]


@contextmanager
def clock_off(office: Office, by: timedelta) -> Iterator[None]:
    """The clock is wrong for a while, and then right again."""
    right = office.day
    office.day += by
    yield
    office.day = right + DAY


@pytest.mark.parametrize("hours", [-1, -30, 30])
def test_versions_and_events_stay_in_order_when_the_clock_is_set(
    office: Office, hours: int
) -> None:
    application, _secret = access.add_application("Reader", at=office.day)
    connected(office.id, application.id, Share(), storage=office.tools.storage, at=office.day)
    office.sync(SCHOOL)
    gone = office.ids(uncle(1)).contact
    office.day += timedelta(hours=hours)
    office.sync(WITHOUT)
    office.sync(SCHOOL)
    with connect() as connection:
        told = connection.execute(
            "SELECT edition, act, record_id FROM event WHERE district_id = %s ORDER BY id",
            (office.id,),
        ).fetchall()

    assert office.version == 3
    assert [row[0] for row in told] == sorted(row[0] for row in told)
    assert [act for _, act, of in told if of == gone] == ["created", "deleted", "created"]


@pytest.mark.parametrize("days", [-9000, 9000])
def test_a_clock_that_was_wrong_once_purges_nobody_early(office: Office, days: int) -> None:
    office.sync(SCHOOL)
    gone = office.ids(uncle(1))
    office.sync(WITHOUT)
    with clock_off(office, days * DAY):
        office.sync(WITHOUT[2:])

    assert office.purge(after_days=30)["values"] == 0
    assert office.purge(after_days=31)["values"] > 0
    office.sync(SCHOOL)
    assert office.ids(uncle(1)) == gone


def test_whoever_is_gone_returns_to_the_old_id_after_a_night_with_a_wrong_clock(
    office: Office,
) -> None:
    office.sync(SCHOOL)
    hers = office.ids(mother(3))
    rest = [line for line in SCHOOL if line.student != mother(3).student]
    office.sync(rest)
    with clock_off(office, -9000 * DAY):
        office.sync([replace(mother(0), phone="4255550111"), *rest[1:]])
    office.sync(SCHOOL)

    assert office.ids(mother(3)) == hers
