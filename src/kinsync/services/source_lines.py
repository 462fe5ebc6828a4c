"""A district's sources at a glance: how each comes and when, and what is wrong in plain words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kinsync.connectors import CONNECTORS, find_connector
from kinsync.connectors.connector import Connector, Route
from kinsync.connectors.extract import Extract
from kinsync.domain.errors import ChangeInput
from kinsync.services import schedules, timetables
from kinsync.services.source_files import folder_of, newest_file_of
from kinsync.services.timetables import Times
from kinsync.store import pulls, queue, records, sources
from kinsync.store.sources import Source

LATE = timedelta(minutes=20)
"""How long after its time a source is still not said to be forgotten."""
NOBODY_READS = (
    "Its time has passed and nothing read it: no worker runs. Whoever looks after Kinsync starts"
    " one with 'kinsync serve'."
)


@dataclass(frozen=True, slots=True)
class Line:
    """One source, as it stands. ``at`` and ``rows`` are of what came last as a whole."""

    source: Source
    route: Route
    state: str  # Read, Arrived, Being read, Waiting, Incomplete, Not read yet, Paused
    at: datetime | None
    rows: int
    wrong: str
    """What is wrong and what it takes, in plain words; "" where nothing is."""
    schedule: schedules.Schedule | None

    @property
    def is_asked(self) -> bool:
        """Whether Kinsync fetches it: over the network, or out of a folder of its machine."""
        return self.schedule is not None or self.folder is not None or self.is_api

    @property
    def is_api(self) -> bool:
        return isinstance(self.route, Connector)

    @property
    def folder(self) -> str | None:
        """The folder of this machine that it is read from; None: none."""
        is_file = isinstance(self.route, Extract)
        found = folder_of(self.route, self.source) if is_file else None
        return str(found) if found else None

    @property
    def file(self) -> str:
        """How the file of a source of files is called; "" where it is none."""
        default = self.route.file if isinstance(self.route, Extract) else ""
        return self.source.settings.get("file") or default

    @property
    def is_busy(self) -> bool:
        """Whether it is read, or waits to be."""
        return self.state in ("Being read", "Waiting")

    @property
    def times(self) -> Times | None:
        """When it is read, where that can be said in words."""
        return timetables.times_of(self.schedule.timetable) if self.schedule else None

    @property
    def times_in_words(self) -> str:
        return timetables.in_words(self.schedule.timetable) if self.schedule else ""


def routes() -> list[Route]:
    """Every kind of system that a source can be, by title."""
    return sorted(map(find_connector, CONNECTORS), key=lambda route: route.title.casefold())


def lines(district: records.District, at: datetime) -> list[Line]:
    """The sources of a district.

    Raises:
        TryAgainLater: the database is away.
    """
    return [line_of(district, source, at) for source in sources.list_sources(district.id)]


def line_of(district: records.District, source: Source, at: datetime) -> Line:
    """One source."""
    route = find_connector(source.connector)
    what = f"{schedules.PULL}:{source.name}"
    found = [one for one in schedules.list_schedules(district) if one.what == what]
    schedule = next(iter(found), None)
    if isinstance(route, Extract) and schedule is None and folder_of(route, source) is None:
        return _of_uploads(source, route)
    recent = pulls.recent(district.id, source.id)
    whole = next((one for one in recent if one.state == pulls.COMPLETE), None)
    last = next(iter(recent), None)
    wrong = last.reason if last is not None else ""
    if schedule is not None and schedule.next_at < at - LATE:
        wrong = NOBODY_READS
    return Line(
        source,
        route,
        _state(source, last),
        whole.finished_at if whole else None,
        whole.rows if whole else 0,
        wrong,
        schedule,
    )


def _of_uploads(source: Source, route: Route) -> Line:
    upload = newest_file_of(source)
    state = "Paused" if source.paused_at else "Arrived" if upload else "Not read yet"
    return Line(source, route, state, upload.completed_at if upload else None, 0, "", None)


def _state(source: Source, last: pulls.Pull | None) -> str:
    if job := queue.waiting_pull(source.id):
        return "Being read" if job.state == "doing" else "Waiting"
    if source.paused_at:
        return "Paused"
    if last is None:
        return "Not read yet"
    return {pulls.COMPLETE: "Read", pulls.RUNNING: "Being read"}.get(last.state, "Incomplete")


# -- what is done about one -----------------------------------------------------------------------


def read_now(district: records.District, source: Source, at: datetime) -> None:
    """Have a source read as soon as a worker is free, and synced once it is whole.

    Raises:
        ChangeInput: its files are uploaded.
    """
    if not line_of(district, source, at).is_asked:
        raise ChangeInput(f"The files of {source.name} are uploaded: there is nothing to fetch.")
    with queue.queueing(doing="asking for a pull") as cursor:
        queue.pull_at_once(cursor, district.id, source.id, at)


def set_times(
    district: records.District, source: Source, times: Times, zone: str, at: datetime
) -> None:
    """Say when a source is read, and in which zone the clocks of the district run.

    Raises:
        ChangeInput: there is no such zone.
    """
    changed = schedules.set_time_zone(district, zone, at)
    what = f"{schedules.PULL}:{source.name}"
    known = [one for one in schedules.list_schedules(changed) if one.what == what]
    jitter = known[0].jitter_seconds if known else 0
    schedules.set_schedule(changed, what, times.cron, at=at, jitter_seconds=jitter)
