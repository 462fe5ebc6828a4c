"""Pulls: a source is read as a whole, or not at all, and becomes a delivery like an uploaded file.

ask ─ pages ─▶ tables on disk ─▶ source table ─▶ shelf, recorded with its sync
  └───────── short in any way: incomplete, with the reason; nothing is compared
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from kinsync.connectors import find_connector
from kinsync.connectors.connector import Connector, Given
from kinsync.connectors.extract import Extract
from kinsync.domain.errors import ChangeInput, IncompletePull, KinsyncError, TryAgainLater
from kinsync.services.source_files import collect
from kinsync.services.sources import Reach, connected, given
from kinsync.store import pulls, records
from kinsync.store.sources import Source
from kinsync.store.staging import CHUNK_BYTES, Shelf, Staged, Staging
from kinsync.store.uploads import OnComplete
from kinsync.transport.http import Http
from kinsync.transport.source_table import SourceTable, Written
from kinsync.transport.spool import Spool


def _nobody(*_: object) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class PullTools:
    """What a pull needs from outside. ``on_complete`` is called as for a whole upload."""

    reach: Reach
    staging: Staging
    shelf: Shelf
    on_complete: OnComplete = field(default=_nobody)
    retention: timedelta = timedelta(days=30)
    progress: Callable[[str, int], None] = field(default=_nobody)
    """Told a table, and how many rows of it have come."""


def pull(district: records.District, source: Source, tools: PullTools) -> pulls.Pull:
    """Read a whole source, and lay it where uploads lie.

    Raises:
        ChangeInput: the source refuses, or is none that can be asked; nothing was changed.
        TryAgainLater: what came is not the whole, or the disk or database is away.
    """
    route = _asked(source)
    pull_id = pulls.begin(district.id, source.id, at=tools.reach.now())
    try:
        with Spool() as spool:
            path = spool.path("source.csv")
            written = _read(route, source, tools, spool, path)
            return _keep(district, source, pull_id, path, written, tools)
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
    with Spool() as spool:
        path = spool.path("source.csv")
        _read(route, source, tools, spool, path)
        yield path


def _asked(source: Source) -> Connector | Extract:
    route = find_connector(source.connector)
    if not isinstance(route, Connector | Extract):
        raise ChangeInput(f"{route.title} cannot be read by itself: its files are uploaded.")
    return route


def _read(
    route: Connector | Extract, source: Source, tools: PullTools, spool: Spool, path: Path
) -> Written:
    if isinstance(route, Extract):
        return collect(route, source, path, at=tools.reach.now())
    told = given(route, source, tools.reach)
    with connected(route, source, told, tools.reach) as http:
        return read_whole(route, http, told, spool, path, tools.progress)


def read_whole(
    route: Connector,
    http: Http,
    told: Given,
    spool: Spool,
    path: Path,
    progress: Callable[[str, int], None] = _nobody,
) -> Written:
    """Read everything that a source has into one file.

    Raises:
        SourceRefusal, IncompletePull: it is not the whole.
        TryAgainLater: the disk is full.
    """
    table = SourceTable(route.tables_of(told), route.key, spool, who=http.who)
    for piece in route.read(http, told, {}):
        table.add(piece)
        progress(piece.table, table.rows[piece.table])
    written = table.write(path, route.join)
    if not written.students:
        raise IncompletePull(
            f"{http.who} gave no students at all. Nothing was published. Check the year and the "
            "schools of the source: 'kinsync source test'."
        )
    return written


def _keep(
    district: records.District,
    source: Source,
    pull_id: int,
    path: Path,
    written: Written,
    tools: PullTools,
) -> pulls.Pull:
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
        pull_id,
        rows=written.rows,
        size=staged.size,
        sha256=sha256,
        at=tools.reach.now(),
        on_complete=tools.on_complete,
    )
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
