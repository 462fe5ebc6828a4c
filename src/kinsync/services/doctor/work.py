"""What is done, and what waits: workers, jobs, backups, districts."""

from datetime import datetime, timedelta

from kinsync.services.doctor.said import Look, Said, note, ok, problem
from kinsync.services.pause import pause_of, time_zone
from kinsync.services.schedules import next_time
from kinsync.store import backups, inspection, records
from kinsync.store.inspection import Silence

HEARTBEATS_MISSED = 3
LONG_WAIT_SECONDS, VERY_LONG_WAIT_SECONDS = 120, 900
OLD_BACKUP, VERY_OLD_BACKUP = timedelta(days=2), timedelta(days=8)
SILENT = timedelta(days=7)
"""After so long without a timetable."""
GRACE = timedelta(hours=2)
FEW = 5
"""So many names are told."""


def workers(look: Look) -> Said:
    """Somebody works, and says so."""
    found = inspection.work(look.at, _stale_seconds(look))
    alive = [one for one in found.beats_seconds if one < _stale_seconds(look)]
    if alive:
        return ok(f"{len(alive)} workers live; the last was heard of {min(alive):.0f} s ago.")
    start = "Start 'kinsync serve', or 'kinsync serve --only worker'."
    if found.beats_seconds or found.due:
        return problem("No worker lives: nothing that districts deliver is synced.", start)
    return note("No worker lives, and nothing waits for one.", start)


def queue(look: Look) -> Said:
    """What is due is soon done."""
    waited = inspection.work(look.at, _stale_seconds(look)).waiting_seconds
    text = f"The job that is due longest has waited {waited / 60:,.0f} minutes."
    advice = "Run more workers, or raise KINSYNC_WORKER_JOBS."
    if waited > VERY_LONG_WAIT_SECONDS:
        return problem(text, advice)
    return note(text, advice) if waited > LONG_WAIT_SECONDS else ok("No job waits long.")


def jobs(look: Look) -> Said:
    """No job has been given up, and none is left half done."""
    found = inspection.work(look.at, _stale_seconds(look))
    if found.failed:
        return problem(
            f"{found.failed:,} jobs have failed for good.",
            "'kinsync jobs list --state failed' shows them; retry each once its cause is mended.",
        )
    if found.abandoned:
        return problem(
            f"{found.abandoned:,} jobs are being done by a worker that no longer lives.",
            "Start a worker: it takes them over.",
        )
    return ok("No job has failed or is left half done.")


def _stale_seconds(look: Look) -> float:
    return HEARTBEATS_MISSED * look.settings.heartbeat_seconds


def backup(look: Look) -> Said:
    """There is a young backup."""
    made_at = backups.last_backup_at()
    advice = "Run 'kinsync backup --encrypt --out …' every night, and keep the file elsewhere."
    if made_at is None or look.at - made_at > VERY_OLD_BACKUP:
        text = "There is no backup." if made_at is None else _told(look, made_at)
        if look.settings.database_url:
            return note(text, f"{advice} Or back up the server and the storage by other means.")
        return problem(text, advice)
    text = _told(look, made_at)
    return note(text, advice) if look.at - made_at > OLD_BACKUP else ok(text)


def _told(look: Look, made_at: datetime) -> str:
    hours = (look.at - made_at) / timedelta(hours=1)
    age = f"{hours:,.0f} hours" if hours < 72 else f"{hours / 24:,.0f} days"
    return f"The last backup is {age} old."


def districts(look: Look) -> Said:
    """Each has delivered as often as it should; one that is paused need not."""
    known = inspection.silences()
    every = [one for one in records.list_districts() if not pause_of(one, look.at)]
    late = [one.name for one in every if _is_late(one, known[one.id], look.at)]
    if late:
        return problem(
            f"{len(late)} districts have delivered nothing for two turns of their timetable: "
            f"{_few(late)}.",
            "Ask them whether their SIS still exports; 'kinsync uploads DISTRICT' shows what came.",
        )
    silent = [one.name for one in every if look.at - known[one.id].since > SILENT]
    if silent:
        return note(
            f"{len(silent)} districts have delivered nothing for {SILENT.days} days: "
            f"{_few(silent)}.",
            "Ask them, or give them a timetable with 'kinsync schedule set'.",
        )
    return ok(f"{len(every):,} districts, none of them silent.")


def _is_late(district: records.District, silence: Silence, at: datetime) -> bool:
    """Whether two of its times have gone by without anything."""
    if silence.timetable is None:
        return False
    zone = time_zone(district)
    second = next_time(silence.timetable, zone, next_time(silence.timetable, zone, silence.since))
    return second + timedelta(seconds=silence.jitter_seconds) + GRACE < at


def _few(names: list[str]) -> str:
    more = ", …" if len(names) > FEW else ""
    return f"{', '.join(names[:FEW])}{more}"
