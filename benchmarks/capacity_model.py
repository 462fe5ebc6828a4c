"""The capacity model: what so many districts need, from constants that ``capacity`` has measured.

Pure arithmetic. ``docs/operations/scale.md`` shows its table, and a test keeps the two in step.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "operations" / "scale.md"

MEASURED: Mapping[str, float] = {
    "student_bytes": 456,
    "contact_bytes": 320,
    "relationship_bytes": 354,
    "event_bytes": 180,
    "contacts_per_row": 0.897,
    "relationships_per_row": 0.996,
    "events_per_row": 2.23,
    "upload_bytes_per_row": 250,
    "kept_bytes_per_row": 115,
    "sync_seconds": 0.52,
    "sync_cpu_seconds": 0.54,
    "sync_database_cpu_seconds": 0.07,
    "first_cpu_seconds_per_1000_rows": 0.0178,
    "first_database_cpu_seconds_per_1000_rows": 0.0179,
    "night_cpu_seconds_per_1000_rows": 0.0059,
    "night_database_cpu_seconds_per_1000_rows": 0.0035,
    "web_requests_per_second": 297,
    "web_memory_mb": 162,
    "web_connections": 9,
    "sftp_memory_mb": 94,
    "sftp_connections": 18,
    "worker_memory_mb": 86,
    "worker_connections": 11,
}
"""As printed on two cores that did nothing else, and rounded. Connections of SFTP and a worker are
those of all their threads."""

ASSUMED: Mapping[str, float] = {
    "rows_per_student": 4,
    "changed_rows_per_night": 0.005,
    "nights_per_year": 180,
    "applications_per_district": 5,
    "events_days": 400,
    "upload_days": 30,
    "night_hours": 4,
    "poll_minutes": 15,
    "busy_share": 0.5,
}
"""Not measured: choose your own. ``busy_share``: how much of a core or process is planned for."""

SIZES = ((1, 1_000), (20, 100_000), (200, 1_000_000), (1_000, 4_000_000), (13_000, 49_000_000))
"""Districts and students of the rows of the table; the last is the whole United States."""
LARGEST_MEASURED_STUDENTS = 1_000_000
"""Beyond what ``make bench`` loads, everything is extrapolated."""

MACHINE: Mapping[str, float] = {
    "database disk, GB": 4_000,
    "database connections": 500,
    "database cores": 16,
    "worker cores": 16,
    "web processes": 16,
    "upload storage, GB": 10_000,
}
"""What one large machine of each kind is taken to have: of this the first limit is a share."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a number of districts needs. GB are 10^9 bytes, with indexes."""

    districts: int
    students: int
    rows: int
    records_gb: float
    history_gb: float
    """What a year of nights adds: each changed record is a new row."""
    events_gb: float
    uploads_gb: float
    first_load_hours: float
    """Processor hours of workers."""
    worker_cores: float
    database_cores: float
    api_requests: float
    """A second, on average: each application looks for events of each of its districts."""
    web_processes: int
    worker_processes: int
    connections: int

    @property
    def is_extrapolated(self) -> bool:
        return self.students > LARGEST_MEASURED_STUDENTS

    def shares(self) -> dict[str, float]:
        """What of one large machine it takes, the scarcest first."""
        needed = {
            "database disk, GB": self.records_gb + self.history_gb + self.events_gb,
            "database connections": self.connections,
            "database cores": self.database_cores,
            "worker cores": self.worker_cores,
            "web processes": self.web_processes,
            "upload storage, GB": self.uploads_gb,
        }
        found = {name: need / MACHINE[name] for name, need in needed.items()}
        return dict(sorted(found.items(), key=lambda one: -one[1]))


def need(
    districts: int,
    students: int,
    m: Mapping[str, float] = MEASURED,
    a: Mapping[str, float] = ASSUMED,
) -> Need:
    """What this many districts with this many students in all need."""
    rows = round(students * a["rows_per_student"])
    changed = rows * a["changed_rows_per_night"]
    record = m["contact_bytes"] * m["contacts_per_row"]
    record += m["relationship_bytes"] * m["relationships_per_row"]
    told = rows * m["events_per_row"] + changed * a["events_days"] * a["nights_per_year"] / 365
    night = a["night_hours"] * 3600 * a["busy_share"]
    cpu = districts * m["sync_cpu_seconds"] + rows / 1000 * m["night_cpu_seconds_per_1000_rows"]
    database = districts * m["sync_database_cpu_seconds"]
    database += rows / 1000 * m["night_database_cpu_seconds_per_1000_rows"]
    requests = districts * a["applications_per_district"] / (60 * a["poll_minutes"])
    web = _at_least_one(requests / (m["web_requests_per_second"] * a["busy_share"]))
    workers = _at_least_one(cpu / night)
    connections = web * m["web_connections"] + workers * m["worker_connections"]
    kept = m["upload_bytes_per_row"] * min(a["upload_days"], a["nights_per_year"] / 12)
    return Need(
        districts=districts,
        students=students,
        rows=rows,
        records_gb=(students * m["student_bytes"] + rows * record) / 1e9,
        history_gb=changed * a["nights_per_year"] * record / 1e9,
        events_gb=told * a["applications_per_district"] * m["event_bytes"] / 1e9,
        uploads_gb=rows * (kept + m["kept_bytes_per_row"]) / 1e9,
        first_load_hours=(
            districts * m["sync_cpu_seconds"] + rows / 1000 * m["first_cpu_seconds_per_1000_rows"]
        )
        / 3600,
        worker_cores=cpu / night,
        database_cores=database / night,
        api_requests=requests,
        web_processes=web,
        worker_processes=workers,
        connections=round(connections + m["sftp_connections"]),
    )


def _at_least_one(number: float) -> int:
    return max(1, -int(-number // 1))


# -- the page --------------------------------------------------------------------------------------

_PART = re.compile(r"(<!-- computed: (\w+) -->\n).*?(<!-- end: \2 -->)", re.DOTALL)


def renewed(page: str) -> str:
    """The page with each computed part as it is now."""
    parts = {
        "measured": _constants(MEASURED),
        "assumed": _constants(ASSUMED),
        "needs": "".join(_needs()),
        "limits": "".join(_limits()),
    }
    return _PART.sub(lambda found: f"{found[1]}\n{parts[found[2]]}\n{found[3]}", page)


def _constants(values: Mapping[str, float]) -> str:
    lines = "".join(f"| `{name}` | {value:g} |\n" for name, value in values.items())
    return "| constant | value |\n|---|---|\n" + lines


def _needs() -> Iterator[str]:
    yield (
        "| districts | students | contact rows | records | a year of history | events "
        "| uploads | first load | worker cores | database cores | API requests/s "
        "| web, worker processes | connections |\n"
    )
    yield "|" + "---|" * 13 + "\n"
    for size in SIZES:
        one = need(*size)
        mark = " *" if one.is_extrapolated else ""
        yield (
            f"| {one.districts:,}{mark} | {one.students:,} | {one.rows:,} | {_gb(one.records_gb)} "
            f"| {_gb(one.history_gb)} | {_gb(one.events_gb)} | {_gb(one.uploads_gb)} "
            f"| {one.first_load_hours:.2f} h | {one.worker_cores:.2f} | {one.database_cores:.2f} "
            f"| {one.api_requests:,.1f} | {one.web_processes}, {one.worker_processes} "
            f"| {one.connections} |\n"
        )


def _limits() -> Iterator[str]:
    yield "| of one large machine | has | the whole country takes |\n|---|---|---|\n"
    for name, share in need(*SIZES[-1]).shares().items():
        yield f"| {name} | {MACHINE[name]:,.0f} | {share:.0%} |\n"


def _gb(amount: float) -> str:
    return f"{amount:,.0f} GB" if amount >= 10 else f"{amount:.2f} GB"
