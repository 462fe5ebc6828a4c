"""Timetables in a district's own time, also when clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.services.schedules import (
    cron_of,
    list_schedules,
    next_time,
    queue_due,
    remove_schedule,
    set_schedule,
    set_time_zone,
)
from kinsync.store import queue
from tests.services.office import MORNING, Office

PACIFIC = ZoneInfo("America/Los_Angeles")
ZONES = [PACIFIC, ZoneInfo("America/Phoenix"), ZoneInfo("America/St_Johns"), ZoneInfo("UTC")]
ZONES += [ZoneInfo("Australia/Lord_Howe")]  # its clocks change by half an hour

MOMENTS = st.integers(1_767_225_600, 1_893_456_000).map(lambda s: datetime.fromtimestamp(s, UTC))
"""Within four years of many changes of clocks."""


def times(timetable: str, begin: datetime, count: int, zone: ZoneInfo = PACIFIC) -> list[str]:
    """The next times, as the district's clocks show them."""
    found, after = [], begin
    for _ in range(count):
        after = next_time(cron_of(timetable), zone, after)
        found.append(f"{after.astimezone(zone):%m-%d %H:%M %z}")
    return found


def pacific(*moment: int) -> datetime:
    year, month, day, hour = moment
    return datetime(year, month, day, hour, tzinfo=PACIFIC)


def test_a_time_that_the_spring_skips_stands_for_the_next_that_exists() -> None:
    assert times("30 2 * * *", pacific(2027, 3, 13, 3), 3) == [
        "03-14 03:00 -0700",
        "03-15 02:30 -0700",
        "03-16 02:30 -0700",
    ]


def test_a_time_that_comes_twice_in_autumn_counts_once() -> None:
    assert times("30 1 * * *", pacific(2027, 11, 6, 2), 3) == [
        "11-07 01:30 -0700",
        "11-08 01:30 -0800",
        "11-09 01:30 -0800",
    ]


def test_every_so_many_hours_keeps_to_the_clock_on_the_wall() -> None:
    assert times("every 6 hours from 05:00", pacific(2027, 3, 13, 18), 5) == [
        "03-13 23:00 -0800",
        "03-14 05:00 -0700",
        "03-14 11:00 -0700",
        "03-14 17:00 -0700",
        "03-14 23:00 -0700",
    ]


@settings(max_examples=50)
@given(
    zone=st.sampled_from(ZONES),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    begin=MOMENTS,
)
def test_a_daily_time_comes_once_on_each_day(
    zone: ZoneInfo, hour: int, minute: int, begin: datetime
) -> None:
    cron, after, days = f"{minute} {hour} * * *", begin, []
    for _ in range(370):
        after, before = next_time(cron, zone, after), after
        assert after > before
        days.append(after.astimezone(zone).date())

    assert days == [days[0] + timedelta(days=number) for number in range(370)]


@settings(max_examples=50)
@given(
    zone=st.sampled_from(ZONES),
    begin=MOMENTS,
)
def test_asking_between_the_two_times_of_a_night_does_not_run_it_again(
    zone: ZoneInfo, begin: datetime
) -> None:
    cron = "30 1 * * *"
    first = next_time(cron, zone, begin)

    asked_later = next_time(cron, zone, first + timedelta(minutes=45))

    assert asked_later == next_time(cron, zone, first)


@pytest.mark.parametrize(
    "text",
    ["", "at night", "61 2 * * *", "0 0 30 2 *", "* * * * * *", "every 5 hours from 05:00",
     "every 0 hours from 05:00", "every 6 hours from 25:00", "every 6 hours"],
)  # fmt: skip
def test_what_is_no_timetable_is_refused(text: str) -> None:
    with pytest.raises(ChangeInput, match="is no timetable"):
        cron_of(text)


def test_what_was_missed_is_made_up_for_once(office: Office) -> None:
    set_time_zone(office.district, "America/Los_Angeles", MORNING)
    set_schedule(office.district, "sync", "0 2 * * *", at=MORNING)
    back = MORNING + timedelta(days=3)

    assert queue_due(MORNING) == 0
    assert queue_due(back) == 1
    assert queue_due(back) == 0

    (only,) = queue.list_jobs()
    assert (only.state, only.arguments) == ("todo", {"district_id": office.id})
    (schedule,) = list_schedules(office.district)
    assert schedule.last_at == back
    assert schedule.next_at == datetime(2026, 9, 4, 9, tzinfo=UTC)


def test_timetables_follow_a_change_of_the_time_zone(office: Office) -> None:
    set_schedule(office.district, "sync", "0 2 * * *", at=MORNING)
    set_time_zone(office.district, "America/Chicago", MORNING)

    (schedule,) = list_schedules(office.district)

    assert schedule.next_at == datetime(2026, 9, 1, 7, tzinfo=UTC)


def test_jitter_gives_each_district_a_moment_of_its_own_that_stays(office: Office) -> None:
    schedule = set_schedule(office.district, "sync", "0 2 * * *", at=MORNING, jitter_seconds=3600)
    first = schedule.next_at
    assert first - datetime(2026, 9, 2, 2, tzinfo=UTC) < timedelta(hours=1)

    queue_due(first)

    assert list_schedules(office.district)[0].next_at == first + timedelta(days=1)


def test_only_what_is_known_can_be_scheduled_and_removed(office: Office) -> None:
    with pytest.raises(ChangeInput, match="cannot be scheduled"):
        set_schedule(office.district, "dance", "0 2 * * *", at=MORNING)
    with pytest.raises(ChangeInput, match="is no time zone"):
        set_time_zone(office.district, "Pacific/../../etc/passwd", MORNING)
    with pytest.raises(NotFound):
        remove_schedule(office.district, "sync")
