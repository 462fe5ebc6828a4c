"""Pause and blackout: files are received, nothing is published, and the newest is synced after."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from kinsync.domain.errors import ChangeInput
from kinsync.services.arrivals import sync_arrived
from kinsync.services.arrived import Arrived
from kinsync.services.pause import (
    Blackout,
    Pause,
    add_blackout,
    blackouts,
    pause,
    pause_of,
    remove_blackout,
    resume,
)
from kinsync.services.schedules import set_time_zone
from kinsync.services.states import state_of
from kinsync.store import queue, records
from tests.services.office import MORNING, Office
from tests.services.pupils import mother, school_of, write

SCHOOL = school_of(12)
NIGHT = [replace(mother(0), phone="4255550199"), *SCHOOL[1:]]


class Desk:
    """What a district delivered last, without a disk between."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.turn = 0

    def put(self, lines: object) -> None:
        self.turn += 1
        write(self._folder / f"{self.turn}.csv", lines)  # type: ignore[arg-type]

    @contextmanager
    def newest(
        self, district: records.District, /, *, broken: Collection[int] = ()
    ) -> Iterator[Arrived | None]:
        assert district.public_id
        assert not broken
        file = self._folder / f"{self.turn}.csv"
        yield Arrived(self.turn, file) if self.turn else None


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "desk").mkdir()
    return Desk(tmp_path / "desk")


def due(office: Office) -> list[datetime | None]:
    """When the jobs of the queue may begin."""
    return [job.scheduled_at for job in queue.list_jobs(state="todo")]


def test_what_arrives_in_a_pause_waits_and_the_newest_is_synced_on_resume(
    office: Office, desk: Desk
) -> None:
    pause(office.district, None, office.day)
    desk.put(SCHOOL)
    desk.put(NIGHT)

    assert sync_arrived(office.id, desk, office.tools) is None
    assert (state_of(office.district, office.day), due(office)) == ("Paused", [])

    resume(office.district, office.day)
    assert due(office) == [office.day]
    outcome = sync_arrived(office.id, desk, office.tools)

    assert outcome is not None
    assert (outcome.sync.state, outcome.sync.turn, office.version) == ("published", 2, 1)


def test_a_pause_with_an_end_is_waited_for_in_the_queue(office: Office, desk: Desk) -> None:
    set_time_zone(office.district, "America/Los_Angeles", office.day)
    pause(office.district, date(2026, 9, 10), office.day)
    desk.put(SCHOOL)

    sync_arrived(office.id, desk, office.tools)

    assert due(office) == [datetime(2026, 9, 10, 7, tzinfo=UTC)]
    assert pause_of(office.district, datetime(2026, 9, 10, 6, 59, tzinfo=UTC)) is not None
    assert pause_of(office.district, datetime(2026, 9, 10, 7, tzinfo=UTC)) is None


def test_a_blackout_holds_for_both_of_its_days_in_the_districts_time(office: Office) -> None:
    set_time_zone(office.district, "America/New_York", office.day)
    days = Blackout(date(2026, 12, 21), date(2026, 12, 31))
    add_blackout(office.district, days)
    end = datetime(2027, 1, 1, 5, tzinfo=UTC)

    def at(moment: datetime) -> Pause | None:
        return pause_of(office.district, moment)

    begin = datetime(2026, 12, 21, 5, tzinfo=UTC)
    assert at(begin - timedelta(seconds=1)) is None
    assert at(begin) == at(end - timedelta(seconds=1)) == Pause("blackout", end)
    assert at(end) is None

    remove_blackout(office.district, days, office.day)
    assert blackouts(office.district) == []
    assert at(begin) is None


def test_a_file_given_by_hand_is_not_published_in_a_pause_but_can_be_looked_at(
    office: Office,
) -> None:
    pause(office.district, None, office.day)

    with pytest.raises(ChangeInput, match="is paused"):
        office.sync(SCHOOL)
    assert office.sync(SCHOOL, is_preview=True).sync.state == "previewed"
    assert office.version == 0


def test_a_pause_that_is_over_before_it_begins_is_refused(office: Office) -> None:
    with pytest.raises(ChangeInput, match="has begun already"):
        pause(office.district, MORNING.date(), office.day)
    with pytest.raises(ChangeInput, match="ends before it begins"):
        Blackout(date(2026, 9, 2), date(2026, 9, 1))


def test_an_upload_is_synced_once_however_often_its_job_runs(office: Office, desk: Desk) -> None:
    desk.put(SCHOOL)

    assert sync_arrived(office.id, desk, office.tools) is not None
    assert sync_arrived(office.id, desk, office.tools) is None
    desk.put(SCHOOL[:12])
    held = sync_arrived(office.id, desk, office.tools)

    assert held is not None
    assert held.sync.state == "held"
    assert sync_arrived(office.id, desk, office.tools) is None
    assert state_of(office.district, office.day) == "On hold"


def test_a_district_tells_its_state_in_one_word(office: Office, desk: Desk) -> None:
    assert state_of(office.district, office.day) == "Pending"
    office.sync(b"nothing,of,use\n1,2,3\n")
    assert state_of(office.district, office.day) == "Error"
    with queue.queueing() as cursor:
        queue.sync_at_once(cursor, office.id, office.day)
    assert state_of(office.district, office.day) == "Pending"
    queue.cancel_job(queue.list_jobs()[0].id)
    office.sync(SCHOOL)
    assert state_of(office.district, office.day) == "Successful"
