"""What a file comes to with a mapping. What it comes to with the one in use is kept for a day.

Whoever works on a mapping tries it again and again on the same data, and against the same one:
these are taken in once.
"""

import hashlib
import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from kinsync import __version__
from kinsync.domain.mapping import Mapping as SourceMapping
from kinsync.services.check import checked
from kinsync.services.counts import Counts
from kinsync.services.intake import Intake
from kinsync.services.report import all_findings
from kinsync.services.sources import open_pulled
from kinsync.store.sources import Source

CONTACT = ("student_sis_id", "name")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts, findings (``frames.FINDINGS``) and people of a file with a mapping.

    One row of ``people`` is one contact of one student, with all that would be published of it.
    """

    counts: Counts
    findings: pl.DataFrame
    people: pl.DataFrame
    is_refused: bool

    @staticmethod
    def of(intake: Intake) -> "Outcome":
        """What an intake has come to."""
        people = pl.DataFrame(schema=dict.fromkeys(CONTACT, pl.String))
        if not intake.is_refused:
            ties = intake.relationships().join(intake.contacts(), on="contact", how="left")
            people = ties.drop("contact")
        return Outcome(intake.counts, all_findings(intake), people, intake.is_refused)


@dataclass(frozen=True, slots=True)
class Trial:
    """Something to try mappings on. ``kept`` is the folder for what the one in use makes of it.

    ``beside`` is the students.csv whose students it speaks of, where it names none itself.
    """

    source: Source
    data: Path
    beside: Path | None = None
    kept: Path | None = None

    def outcome(self, mapping: SourceMapping) -> Outcome:
        """What comes of it."""
        delivery = open_pulled(self.data, self.source, mapping=mapping, students=self.beside)
        with checked(delivery) as intake:
            return Outcome.of(intake)

    def known(self, mapping: SourceMapping) -> Outcome:
        """The same, out of the folder where it is there, else kept there."""
        if self.kept is None:
            return self.outcome(mapping)
        place = self.kept / self._name(mapping)
        found = _read(place)
        if found is None:
            found = self.outcome(mapping)
            with _instead_of_others(place) as folder:
                _write(found, folder)
        return found

    def _name(self, mapping: SourceMapping) -> str:
        """Another one for whatever could change what comes of it."""
        used = self.source
        told = [__version__, repr(mapping), used.name, used.connector, _sorted(used.settings)]
        for path in (self.data, self.beside):
            if path is not None:
                with path.open("rb") as file:
                    told.append(hashlib.file_digest(file, "sha256").hexdigest())
        return hashlib.sha256("\0".join(told).encode()).hexdigest()


def _sorted(settings: Mapping[str, str]) -> str:
    return json.dumps(dict(settings), sort_keys=True)


_COUNTS, _FINDINGS, _PEOPLE = "counts.json", "findings.arrow", "people.arrow"


def _write(outcome: Outcome, folder: Path) -> None:
    outcome.people.write_ipc(folder / _PEOPLE, compression="lz4")
    outcome.findings.write_ipc(folder / _FINDINGS, compression="lz4")
    told = {**asdict(outcome.counts), "is_refused": outcome.is_refused}
    (folder / _COUNTS).write_text(json.dumps(told), "utf-8")


def _read(folder: Path) -> Outcome | None:
    try:
        told = json.loads((folder / _COUNTS).read_text("utf-8"))
        is_refused = bool(told.pop("is_refused"))
        findings, people = (pl.read_ipc(folder / name) for name in (_FINDINGS, _PEOPLE))
        return Outcome(Counts(**told), findings, people, is_refused)
    except (OSError, ValueError, TypeError, KeyError, pl.exceptions.PolarsError):
        return None


@contextmanager
def _instead_of_others(place: Path) -> Iterator[Path]:
    """A folder to write into, which is in its place when it is whole, and then alone."""
    writing = place.parent / f"writing-{secrets.token_hex(8)}"
    writing.mkdir(parents=True, mode=0o700)
    try:
        yield writing
        for other in place.parent.iterdir():
            if other != writing and not other.name.startswith("writing-"):
                shutil.rmtree(other, ignore_errors=True)
        writing.rename(place)
    except OSError:
        shutil.rmtree(writing, ignore_errors=True)  # no room, or somebody was first: not kept
