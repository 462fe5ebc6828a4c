"""A district's office in tests: what it sends, and what is published for it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from kinsync.domain.changes import Changes, Snapshot
from kinsync.domain.frames import KINDS
from kinsync.domain.retention import Periods
from kinsync.services.delivery import open_delivery
from kinsync.services.purge import Tools as PurgeTools
from kinsync.services.purge import purge_district
from kinsync.services.sync import Outcome, Tools, sync_delivery
from kinsync.services.uploads import Uploads
from kinsync.store import records, snapshots
from kinsync.store.staging import Shelf, Staging
from kinsync.store.storage import Storage
from tests.services.pupils import Line, write

MORNING = datetime(2026, 9, 1, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)
KEY = bytes(range(32))
"""Under which identities are hashed."""


@dataclass(frozen=True, slots=True)
class Ids:
    """Everything by which applications know one contact of one student."""

    contact: str
    legacy: str
    relationship: str


@dataclass
class Office:
    """One district. A day passes with every sync."""

    name: str
    home: Path
    day: datetime = MORNING
    reads: list[int] = field(default_factory=list)
    """How far each read of a block came, to tell whether a file was read at all."""

    def __post_init__(self) -> None:
        self.id = records.add_district(self.name, at=MORNING).id

    @property
    def district(self) -> records.District:
        return records.district(self.id)

    @property
    def version(self) -> int:
        return self.district.published

    @property
    def tools(self) -> Tools:
        return Tools(
            storage=Storage(self.home),
            now=lambda: self.day,
            progress=lambda read, _size: self.reads.append(read),
            most_touched=1.0,
            identity_keys=lambda: [KEY],
        )

    @property
    def purge_tools(self) -> PurgeTools:
        storage = Storage(self.home)
        return PurgeTools(
            storage=storage,
            uploads=Uploads(Staging(storage), Shelf(storage), lambda: self.day),
            now=lambda: self.day,
            keep=Periods(),
            identity_keys=lambda: [KEY],
            is_database_ours=True,
        )

    def purge(self, *, after_days: int = 0, is_dry: bool = False) -> dict[str, int]:
        """So many days pass, and what is due goes."""
        self.day += after_days * DAY
        return purge_district(self.id, self.purge_tools, is_dry=is_dry).counts

    def sync(self, content: bytes | Iterable[Line], *, is_preview: bool = False) -> Outcome:
        """Send a file the next morning."""
        self.day += DAY
        self.reads.clear()
        path = write(self.home / "upload" / "students.csv", content)
        return sync_delivery(self.district, open_delivery(path), self.tools, is_preview=is_preview)

    def published(self) -> Snapshot:
        return snapshots.load(self.id, storage=Storage(self.home))

    def state(self, sync_id: int) -> str:
        return records.find_sync(self.id, sync_id).state

    def named(self) -> pl.DataFrame:
        """One row per published relationship, with its student, contact and all ids."""
        frames = self.published().frames
        contacts = frames["contact"].rename({"id": "contact_id", "sis_id": "contact_sis_id"})
        students = frames["student"].select(student_id="id", student="sis_id")
        return (
            frames["relationship"].join(contacts, on="contact_id").join(students, on="student_id")
        )

    def row(self, line: Line) -> dict[str, str | None]:
        """What is published of the contact that stands to that student in that kind or name."""
        theirs = self.named().filter(pl.col("student") == line.student)
        found = theirs.filter((pl.col("name") == line.name) | (pl.col("phone") == line.phone))
        assert found.height == 1, f"{found.height} contacts of {line.student} are like the line"
        return found.row(0, named=True)

    def ids(self, line: Line) -> Ids:
        row = self.row(line)
        return Ids(str(row["contact_id"]), str(row["legacy_id"]), str(row["id"]))

    def names(self, student: str) -> set[str]:
        """Who is published as a contact of that student."""
        return set(self.named().filter(pl.col("student") == student)["name"])

    def students(self) -> set[str]:
        return set(self.published().frames["student"]["sis_id"])


def is_same(one: Snapshot, other: Snapshot) -> bool:
    """Whether two snapshots hold the same records under the same ids."""
    return all(one.frames[kind].sort("id").equals(other.frames[kind].sort("id")) for kind in KINDS)


def totals(changes: Changes | None) -> dict[str, int]:
    """Records of all kinds that came, changed and went."""
    assert changes is not None
    counts = changes.counts().values()
    return {act: sum(count[act] for count in counts) for act in ("created", "updated", "deleted")}
