"""Pause and blackout: a district's files are received, and nothing is published of them.

Both are settings of the district, in its own time zone. When a pause ends, the newest upload is
synced. A person's decision stands above: held syncs can be approved, and versions restored.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kinsync.domain.errors import ChangeInput
from kinsync.store import queue, records

PAUSED, BLACKOUTS, TIME_ZONE = "paused", "blackouts", "time_zone"
"""Names among a district's settings."""
FIRST_TIME_ZONE = "UTC"


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a district publishes nothing now. ``ends_at`` is None where a person has to resume."""

    reason: str  # paused, blackout
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Blackout:
    """Days on which nothing is published, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ChangeInput(f"A blackout from {self.first} to {self.last} ends before it begins.")


def time_zone(district: records.District) -> ZoneInfo:
    """In which a district's days begin."""
    return ZoneInfo(str(district.settings.get(TIME_ZONE, FIRST_TIME_ZONE)))


def pause_of(district: records.District, at: datetime) -> Pause | None:
    """Why the district does not publish at that time; None where it does."""
    zone = time_zone(district)
    today = at.astimezone(zone).date()
    paused = district.settings.get(PAUSED)
    if isinstance(paused, dict):
        until = paused.get("until")
        if until is None:
            return Pause("paused", None)
        if today < date.fromisoformat(until):
            return Pause("paused", _midnight(date.fromisoformat(until), zone))
    for days in blackouts(district):
        if days.first <= today <= days.last:
            return Pause("blackout", _midnight(days.last + timedelta(days=1), zone))
    return None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins in that zone; where clocks skip midnight, at the first hour there is."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def pause(district: records.District, until: date | None, at: datetime) -> None:
    """Publish nothing from now on, until that day begins or somebody resumes.

    Raises:
        ChangeInput: the day is not in the future.
    """
    if until is not None and until <= at.astimezone(time_zone(district)).date():
        raise ChangeInput(f"{until} has begun already. Name a later day, or leave out --until.")
    day = None if until is None else until.isoformat()
    records.change_settings(district.id, {PAUSED: {"since": at.isoformat(), "until": day}})


def resume(district: records.District, at: datetime) -> None:
    """End the pause, and sync at once what waits."""
    records.change_settings(district.id, {PAUSED: None})
    with queue.queueing() as cursor:
        queue.sync_at_once(cursor, district.id, at)


def blackouts(district: records.District) -> list[Blackout]:
    """The blackouts of a district, the earliest first."""
    given = district.settings.get(BLACKOUTS, [])
    days = given if isinstance(given, list) else []
    return [Blackout(date.fromisoformat(first), date.fromisoformat(last)) for first, last in days]


def add_blackout(district: records.District, days: Blackout) -> None:
    """Publish nothing on those days."""
    _set_blackouts(district, {*blackouts(district), days})


def remove_blackout(district: records.District, days: Blackout, at: datetime) -> None:
    """Publish on those days after all, beginning with what waits.

    Raises:
        ChangeInput: there is no such blackout.
    """
    known = set(blackouts(district))
    if days not in known:
        raise ChangeInput(f"{district.name} has no blackout from {days.first} to {days.last}.")
    _set_blackouts(district, known - {days})
    with queue.queueing() as cursor:
        queue.sync_at_once(cursor, district.id, at)


def _set_blackouts(district: records.District, days: set[Blackout]) -> None:
    ordered = sorted((one.first.isoformat(), one.last.isoformat()) for one in days)
    records.change_settings(district.id, {BLACKOUTS: ordered})
