"""Pulls: a source is read as a whole, or not at all, and becomes a delivery like an uploaded file.

ask ─ pages ─▶ tables on disk ─▶ source table ─▶ shelf, recorded with its sync
  └───────── short in any way: incomplete, with the reason; nothing is compared

Where a system tells what changed, that alone is read, and laid over the tables of the pull before:
the source table is the same. The first pull of a day reads everything.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from kinsync.connectors import find_connector
from kinsync.connectors.connector import Connector, Given, TellsChanges
from kinsync.connectors.extract import Extract
from kinsync.domain.errors import (
    ChangeInput,
    ChangesUntold,
    KinsyncError,
    SourceRefusal,
    TryAgainLater,
)
from kinsync.services import known
from kinsync.services.known import Known
from kinsync.services.pause import time_zone
from kinsync.services.reading import Progress, Reading, nobody, read_changes, read_whole
from kinsync.services.source_files import collect
from kinsync.services.sources import Reach, connected, given
from kinsync.store import pulls, records, sources
from kinsync.store.folders import Folder
from kinsync.store.sources import Source
from kinsync.store.staging import CHUNK_BYTES, Shelf, Staged, Staging
from kinsync.store.storage import open_frames
from kinsync.store.uploads import OnComplete
from kinsync.transport.spool import Spool


@dataclass(frozen=True, slots=True)
class PullTools:
    """What a pull needs from outside. ``on_complete`` is called as for a whole upload."""

    reach: Reach
    staging: Staging
    shelf: Shelf
    on_complete: OnComplete = field(default=nobody)
    retention: timedelta = timedelta(days=30)
    progress: Progress = field(default=nobody)
    """Told a table, and how many rows of it have come."""


def pull(
    district: records.District, source: Source, tools: PullTools, *, is_full: bool = False
) -> pulls.Pull:
    """Read a source, and lay what it has now where uploads lie.

    ``is_full`` reads everything, also where the changes alone would do.

    Raises:
        ChangeInput: the source refuses, or is none that can be asked; nothing was changed.
        TryAgainLater: what came is not the whole, or the disk or database is away.
    """
    route = _asked(source)
    pull_id = pulls.begin(district.id, source.id, at=tools.reach.now())
    try:
        with ExitStack() as stack:
            path = stack.enter_context(Spool()).path("source.csv")
            if isinstance(route, TellsChanges):
                asking = _Asking(district, source, route, pull_id, tools, stack, path)
                reading, after = asking.read(is_full=is_full)
            else:
                reading, after = _read(route, source, tools, stack, path), None
            return _keep(district, source, pull_id, path, reading, after, tools)
    except KinsyncError as error:
        pulls.fail(district.id, pull_id, str(error), at=tools.reach.now())
        raise


@contextmanager
def pulled_aside(source: Source, tools: PullTools) -> Iterator[Path]:
    """The whole of a source as a file, as long as the context lasts: for a preview.

    Raises:
        ChangeInput, TryAgainLater: as ``pull``.
    """
    route = _asked(source)
    with ExitStack() as stack:
        path = stack.enter_context(Spool()).path("source.csv")
        _read(route, source, tools, stack, path)
        yield path


def _asked(source: Source) -> Connector | Extract:
    route = find_connector(source.connector)
    if not isinstance(route, Connector | Extract):
        raise ChangeInput(f"{route.title} cannot be read by itself: its files are uploaded.")
    return route


def _read(
    route: Connector | Extract, source: Source, tools: PullTools, stack: ExitStack, path: Path
) -> Reading:
    if isinstance(route, Extract):
        written = collect(route, source, path, at=tools.reach.now())
        return Reading(written, pulls.WHOLE, written.rows)
    told = given(route, source, tools.reach)
    spool = stack.enter_context(Spool())
    with connected(route, source, told, tools.reach) as http:
        return read_whole(route, http, told, spool, path, tools.progress)


@dataclass(frozen=True, slots=True)
class _Asking:
    """One pull of a system that tells changes. What is read lies there as long as ``stack``."""

    district: records.District
    source: Source
    route: TellsChanges
    pull_id: int
    tools: PullTools
    stack: ExitStack
    path: Path

    def read(self, *, is_full: bool) -> tuple[Reading, Known | None]:
        """What was read, and what the next pull can build on; None: on nothing."""
        at = self.tools.reach.now()
        mark_of = sources.sealed(self.source)  # before they are opened: who changes them is seen
        before = Known.of(sources.source(self.district.id, self.source.id).state)
        told = given(self.route, self.source, self.tools.reach)
        mark = known.made_with(self.route, self.source, told, mark_of)
        zone = time_zone(self.district)
        why = known.ASKED_FOR if is_full else ""
        why = why or known.why_whole(before, self.source, self.pull_id, mark, at=at, zone=zone)
        reading = None
        if before is not None and not why:
            reading, why = self._changes(before, told)
        reading = reading or self._whole(told, why)
        return reading, known.known_next(before, reading, self.pull_id, mark, at=at)

    def _whole(self, told: Given, why: str) -> Reading:
        spool = self.stack.enter_context(Spool())
        with connected(self.route, self.source, told, self.tools.reach) as http:
            return read_whole(self.route, http, told, spool, self.path, self.tools.progress, why)

    def _changes(self, before: Known, told: Given) -> tuple[Reading | None, str]:
        """What changed, laid over the tables of before; or else why that cannot be."""
        folder = _tables(self.district, self.source, self.tools) / str(before.pull)
        try:
            tables = self.stack.enter_context(open_frames(folder))
        except ChangeInput:
            return None, known.DAMAGED
        spool = self.stack.enter_context(Spool())
        try:
            with connected(self.route, self.source, told, self.tools.reach) as http:
                reading = read_changes(
                    self.route, http, told, before.moment, tables, spool, self.path,
                    self.tools.progress,
                )  # fmt: skip
            return reading, ""
        except ChangesUntold as error:
            return None, str(error).rstrip(".")
        except SourceRefusal:
            return None, known.UNTOLD


def _tables(district: records.District, source: Source, tools: PullTools) -> Folder:
    return tools.shelf.storage.tables(district.public_id, source.id)


def _keep(
    district: records.District,
    source: Source,
    pull_id: int,
    path: Path,
    reading: Reading,
    after: Known | None,
    tools: PullTools,
) -> pulls.Pull:
    """Keep what was read, and then say in one transaction that all of it counts."""
    folder = _tables(district, source, tools)
    if after is not None:
        known.keep_tables(folder, reading, pull_id)
    with _staged(tools.staging, district.id, pull_id) as staged:
        with path.open("rb") as file:
            offset = 0
            while chunk := file.read(CHUNK_BYTES):
                staged.write(offset, chunk)
                offset += len(chunk)
        sha256 = staged.seal()
        tools.shelf.keep(staged.path, district.public_id, pull_id)
    pulls.complete(
        district.id,
        source.id,
        pull_id,
        kind=reading.kind,
        read=reading.read,
        why=reading.why,
        rows=reading.written.rows,
        size=staged.size,
        sha256=sha256,
        source_state=after.state() if after else {},
        at=tools.reach.now(),
        on_complete=tools.on_complete,
    )
    known.forget_tables(folder, before=pull_id)
    _forget_old(district, tools)
    return next(one for one in pulls.recent(district.id, source.id) if one.id == pull_id)


@contextmanager
def _staged(staging: Staging, district_id: int, pull_id: int) -> Iterator[Staged]:
    """A file on the shelf's disk, gone again where it did not get onto the shelf."""
    try:
        staged = staging.begin(district_id, pull_id)
        try:
            yield staged
        except BaseException:
            staged.drop()
            raise
        staged.let_go()
    except OSError as error:
        raise TryAgainLater(
            f"The storage folder cannot be written ({error.strerror}). Nothing was published. "
            "Make room on the disk; the next pull tries again."
        ) from error


def _forget_old(district: records.District, tools: PullTools) -> None:
    """Remove the bytes of this district's pulls that are older than uploads may become."""
    at = tools.reach.now()
    for district_id, public_id, pull_id in pulls.kept_before(at - tools.retention):
        if district_id == district.id:
            tools.shelf.remove(public_id, pull_id)
            pulls.discard(district_id, pull_id, at=at)
