"""Schedules: what a district has done at times of its own, in its own time zone.

A timetable is five fields of cron, or ``every N hours from HH:MM``. A time that does not exist,
because clocks go forward, stands for the next that does; one that comes twice counts once. Runs
that were missed, because no worker was there, are made up for by one.
"""

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.services.pause import TIME_ZONE, time_zone
from kinsync.store import models, queue, records, sources
from kinsync.store.database import outages

SYNC, PULL = "sync", "pull"


def _queue_sync(cursor: queue.Cursor, district_id: int, _name: str, at: datetime) -> None:
    queue.sync_at_once(cursor, district_id, at)


def _queue_pull(cursor: queue.Cursor, district_id: int, name: str, at: datetime) -> None:
    queue.pull_at_once(cursor, district_id, sources.find_source(district_id, name).id, at)


DOERS: Mapping[str, Callable[[queue.Cursor, int, str, datetime], None]] = {
    SYNC: _queue_sync,
    PULL: _queue_pull,
}
"""What can be scheduled, and how it is queued. ``pull:NAME`` is the pull of that source."""

_EVERY = re.compile(r"every (?:(\d+) hours?|hour) from (\d\d?):(\d\d)", re.IGNORECASE)
_HOURS_A_DAY = 24


@dataclass(frozen=True, slots=True)
class Schedule:
    """One thing that is done at times."""

    what: str
    timetable: str
    jitter_seconds: int
    next_at: datetime
    last_at: datetime | None


def cron_of(text: str) -> str:
    """A timetable as five fields of cron.

    Raises:
        ChangeInput: it is neither cron nor ``every N hours from HH:MM``, or never comes true.
    """
    cron = _every(found) if (found := _EVERY.fullmatch(" ".join(text.split()))) else text.strip()
    try:
        if len(cron.split()) != 5:
            raise CronSimError
        next(CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration):
        raise ChangeInput(
            f"{text!r} is no timetable. Write five fields of cron, such as '30 2 * * 1-5', "
            "or 'every 6 hours from 05:00'."
        ) from None
    return cron


def _every(found: re.Match[str]) -> str:
    hours, first, minute = int(found[1] or 1), int(found[2]), int(found[3])
    if not hours or _HOURS_A_DAY % hours or first >= _HOURS_A_DAY or minute >= 60:
        raise ChangeInput(
            f"{found[0]!r} is no timetable: the hours must divide a day (1, 2, 3, 4, 6, 8, 12 or "
            "24), and the time be one of a day."
        )
    times = sorted((first + step) % _HOURS_A_DAY for step in range(0, _HOURS_A_DAY, hours))
    return f"{minute} {','.join(map(str, times))} * * *"


def next_time(cron: str, zone: ZoneInfo, after: datetime) -> datetime:
    """The first time of a timetable after ``after``, in UTC."""
    return next(CronSim(cron, after.astimezone(zone))).astimezone(UTC)


def set_schedule(
    district: records.District,
    what: str,
    timetable: str,
    *,
    at: datetime,
    jitter_seconds: int = 0,
) -> Schedule:
    """Have something done at times from now on, in place of what was said before.

    With jitter, each district has its own moment within so many seconds after the time, always the
    same: a thousand districts that say 02:30 do not come at once.

    Raises:
        ChangeInput: the timetable will not do, or nothing of that name can be scheduled.
    """
    _check_known(district, what)
    cron = cron_of(timetable)
    offset = _offset(district.id, what, jitter_seconds)
    with outages(doing="scheduling"):
        row, _is_new = models.Schedule.objects.update_or_create(
            district_id=district.id,
            what=what,
            defaults={
                "timetable": cron,
                "jitter_seconds": jitter_seconds,
                "next_at": next_time(cron, time_zone(district), at - offset) + offset,
            },
        )
    return _schedule(row)


def _check_known(district: records.District, what: str) -> None:
    doer, _, name = what.partition(":")
    if doer == PULL:
        sources.find_source(district.id, name)
    elif what not in DOERS:
        raise ChangeInput(f"{what!r} cannot be scheduled. Known: sync, pull:SOURCE.")


def remove_schedule(district: records.District, what: str, *, missing_ok: bool = False) -> None:
    """Have it done no more.

    Raises:
        NotFound: it is not scheduled, and that is not ``missing_ok``.
    """
    with outages(doing="scheduling"):
        count, _ = models.Schedule.objects.filter(district_id=district.id, what=what).delete()
    if not count and not missing_ok:
        raise NotFound(f"{district.name} has no schedule for {what!r}.")


def list_schedules(district: records.District) -> list[Schedule]:
    """What a district has done at times."""
    with outages(doing="listing schedules"):
        rows = models.Schedule.objects.filter(district_id=district.id).order_by("what")
        return [_schedule(row) for row in rows]


def set_time_zone(district: records.District, name: str, at: datetime) -> records.District:
    """Say in which zone a district's clocks run; its timetables follow.

    Raises:
        ChangeInput: there is no such zone.
    """
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # ZoneInfoNotFoundError is a KeyError
        raise ChangeInput(
            f"{name!r} is no time zone. Give its IANA name, such as America/Chicago."
        ) from None
    changed = records.change_settings(district.id, {TIME_ZONE: name})
    for one in list_schedules(changed):
        set_schedule(changed, one.what, one.timetable, at=at, jitter_seconds=one.jitter_seconds)
    return changed


def queue_due(at: datetime) -> int:
    """Queue what is due, each once however late it is, and say when it is due next; how many."""
    with queue.queueing(doing="looking at schedules") as cursor:
        due = models.Schedule.objects.filter(next_at__lte=at).select_for_update(skip_locked=True)
        rows = list(due)
        for row in rows:
            district = records.district(row.district_id)
            offset = _offset(row.district_id, row.what, row.jitter_seconds)
            doer, _, name = row.what.partition(":")
            DOERS[doer](cursor, row.district_id, name, at)
            after = max(row.next_at, at) - offset
            row.last_at = at
            row.next_at = next_time(row.timetable, time_zone(district), after) + offset
            row.save(update_fields=["last_at", "next_at"])
        return len(rows)


def _offset(district_id: int, what: str, jitter_seconds: int) -> timedelta:
    number = zlib.crc32(f"{district_id} {what}".encode())
    return timedelta(seconds=number % (jitter_seconds + 1))


def _schedule(row: models.Schedule) -> Schedule:
    return Schedule(row.what, row.timetable, row.jitter_seconds, row.next_at, row.last_at)
