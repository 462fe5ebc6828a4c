"""What a district has delivered last, by itself or through a source: that is what a sync takes."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kinsync.services.source_files import has_files, newest_file
from kinsync.services.uploads import CONTACTS, STUDENTS
from kinsync.store import pulls
from kinsync.store import uploads as records
from kinsync.store.records import District
from kinsync.store.sources import Source, list_sources
from kinsync.store.staging import Shelf
from kinsync.store.uploads import Upload


def latest_complete(district_id: int) -> tuple[Upload, Upload | None] | None:
    """The newest whole students.csv of a district, and the newest whole contacts.csv beside it.

    Each may come from any of the district's accounts. None where there is no students.csv.
    """
    students = records.newest_of(district_id, STUDENTS)
    return None if students is None else (students, records.newest_of(district_id, CONTACTS))


@dataclass(frozen=True, slots=True)
class Arrived:
    """The files that a district has delivered, under their own names. ``turn`` ascends with each
    upload: of two deliveries the one with the higher turn is newer."""

    turn: int
    students: Path
    contacts: Path | None = None
    source: Source | None = None
    """The source that it was pulled from, where it was; then ``students`` is a source table, or
    the file of that source."""
    beside: Path | None = None
    """The newest students.csv, where the newest of all is the file of a source."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What ``latest_complete`` names, as files."""

    shelf: Shelf

    @contextlib.contextmanager
    def newest(self, district: District) -> Iterator[Arrived | None]:
        """What a district delivered last, to be read until the context ends; None: nothing whole.

        Raises:
            TryAgainLater: the database or storage is away.
        """
        found = latest_complete(district.id)
        turn_of_students = max(map(_turn, found)) if found else -1
        of_sources = [_latest_pull(district.id), _latest_file(district.id)]
        newest = max((one for one in of_sources if one), key=lambda one: one[0], default=None)
        if newest and newest[0] > turn_of_students:
            turn, number, source = newest
            with (
                self.shelf.reading(district.public_id, number) as path,
                self.beside(district, source) as beside,
            ):
                yield Arrived(turn, path, source=source, beside=beside)
            return
        if found is None:
            yield None
            return
        students, contacts = found
        with contextlib.ExitStack() as stack:
            prefix = "kinsync-delivery-"
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix)))

            def named(upload: Upload) -> Path:
                path = folder / Path(upload.path).name
                path.symlink_to(
                    stack.enter_context(self.shelf.reading(district.public_id, upload.id))
                )
                return path

            yield Arrived(
                max(map(_turn, found)),
                named(students),
                named(contacts) if contacts else None,
            )

    @contextlib.contextmanager
    def beside(self, district: District, source: Source) -> Iterator[Path | None]:
        """The newest students.csv, for a source whose files may not name students themselves."""
        found = latest_complete(district.id) if has_files(source) else None
        if found is None:
            yield None
            return
        with self.shelf.reading(district.public_id, found[0].id) as path:
            yield path


def _turn(upload: Upload | None) -> int:
    return (upload.turn if upload else None) or 0


def _latest_pull(district_id: int) -> tuple[int, int, Source] | None:
    """The turn and number of the newest whole pull of a source that is still there, and that."""
    known = {source.id: source for source in list_sources(district_id)}
    pull = pulls.newest(district_id, known) if known else None
    return None if pull is None else (pull.turn or 0, pull.id, known[pull.source_id])


def _latest_file(district_id: int) -> tuple[int, int, Source] | None:
    """The same of the newest upload into the folder of a source."""
    found = newest_file(district_id)
    return None if found is None else (_turn(found[0]), found[0].id, found[1])
