"""What a district has delivered last, by itself or through a source: that is what a sync takes."""

import contextlib
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from kinsync.domain.priority import Priority
from kinsync.services.counts import Standing
from kinsync.services.source_files import has_files
from kinsync.services.standing import newest_of, stands
from kinsync.services.uploads import CONTACTS, STUDENTS
from kinsync.store import pulls
from kinsync.store import uploads as records
from kinsync.store.priorities import priority
from kinsync.store.records import District
from kinsync.store.snapshots import of_kind
from kinsync.store.sources import Source, list_sources
from kinsync.store.staging import Shelf
from kinsync.store.uploads import Upload
from kinsync.transport.spool import Spool

NOTHING: Mapping[int, Path] = MappingProxyType({})


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
    is_of_changes: bool = False
    """Whether the source was asked for changes alone."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands of one source of several; ``path`` None: nothing."""

    source: Source
    standing: Standing
    path: Path | None


@dataclass(frozen=True, slots=True)
class Together:
    """What stands of each source of a district that has several, in the order of their priority."""

    turn: int
    """Of what came last of any of them, whether it stands or not."""
    pieces: Sequence[Piece]
    priority: Priority
    """Of the sources that are read."""
    has_other_files: bool
    """Whether there is a students.csv that is none of them."""
    is_of_changes: bool = False
    """Whether one of the sources was asked for changes alone."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What ``latest_complete`` names, as files."""

    shelf: Shelf

    def newest(
        self, district: District, *, broken: Collection[int] = ()
    ) -> contextlib.AbstractContextManager[Arrived | Together | None]:
        """What a district delivered last, to be read until the context ends; None: nothing whole.

        Of several sources what stands of each: the newest that is not ``broken``.

        Raises:
            ChangeInput: what is published of a source is not kept any more.
            TryAgainLater: the database or storage is away.
        """
        if len(list_sources(district.id)) > 1:
            return self.together(district, broken=broken)
        return self._last(district)

    @contextlib.contextmanager
    def together(
        self,
        district: District,
        *,
        broken: Collection[int] = (),
        given: Mapping[int, Path] = NOTHING,
        without: int | None = None,
    ) -> Iterator[Together | None]:
        """What stands of each source of a district.

        Args:
            district: whose sources.
            broken: arrivals that cannot be read.
            given: by number of a source, a file in the place of what stands of it.
            without: the number of a source that is left out.

        Raises:
            ChangeInput, TryAgainLater: as ``newest``.
        """
        found = stands(district, broken=broken, given=given, without=without)
        with contextlib.ExitStack() as stack:
            pieces = []
            for one in found:
                path = given.get(one.source.id)
                if path is None and one.standing.arrival is not None:
                    reading = self.shelf.reading(district.public_id, one.standing.arrival)
                    path = stack.enter_context(reading)
                pieces.append(Piece(one.source, one.standing, path))
            there = {piece.source.id for piece in pieces if piece.path}
            told = priority(district.id)
            for source in (one for one in told.order if one not in there):
                told = told.without(source)
            turn = max(one.turn for one in found) if found else 0
            has_other_files = latest_complete(district.id) is not None
            arrivals = [one.standing.arrival for one in found if one.standing.arrival is not None]
            of_changes = pulls.are_changes(district.id, arrivals)
            yield Together(turn, pieces, told, has_other_files, of_changes) if there else None

    @contextlib.contextmanager
    def _last(self, district: District) -> Iterator[Arrived | None]:
        """What came last, of all that a district with one source or none delivers."""
        found = latest_complete(district.id)
        turn_of_students = max(map(_turn, found)) if found else -1
        for source in list_sources(district.id):  # one at most
            if newest_of(source)[0] > turn_of_students and not source.paused_at:
                with self.last_of(district, source) as arrived:
                    yield arrived
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
    def last_of(self, district: District, source: Source) -> Iterator[Arrived | None]:
        """What came last of one source, whatever came of others since; None: nothing whole."""
        turn, number = newest_of(source)
        if number is None:
            yield None
            return
        with (
            self.shelf.reading(district.public_id, number) as path,
            self.beside(district, source) as beside,
        ):
            of_changes = pulls.are_changes(district.id, [number])
            yield Arrived(turn, path, source=source, beside=beside, is_of_changes=of_changes)

    @contextlib.contextmanager
    def beside(self, district: District, source: Source) -> Iterator[Path | None]:
        """The newest students.csv, for a source whose files may not name students themselves.

        Where the district has other sources, those are its students: as they are published.
        """
        if has_files(source) and district.published and len(list_sources(district.id)) > 1:
            with Spool() as spool:
                path = spool.path(STUDENTS)
                of_kind(district.id, district.published, "student").select(
                    Student_id="sis_id",
                    School_id="school_sis_id",
                    Last_name="last_name",
                    First_name="first_name",
                ).write_csv(path)
                yield path
            return
        found = latest_complete(district.id) if has_files(source) else None
        if found is None:
            yield None
            return
        with self.shelf.reading(district.public_id, found[0].id) as path:
            yield path


def _turn(upload: Upload | None) -> int:
    return (upload.turn if upload else None) or 0
