"""A source as one file: all that it has, or what changed laid over what it had before.

whole     moment ─▶ every row ────────────────────────▶ tables ─▶ source table
changes   moment ─▶ rows that changed ─▶ over the tables of before ─▶ source table

Either way the file is the same. The moment is asked for before anything is read: what changes
meanwhile is told again the next time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from kinsync.connectors.connector import Connector, Given, State, TellsChanges
from kinsync.domain.errors import ChangesUntold, IncompletePull, SourceRefusal
from kinsync.store.pulls import CHANGES, WHOLE
from kinsync.transport.http import Http
from kinsync.transport.source_table import Gone, SourceTable, Written
from kinsync.transport.spool import Spool

Progress = Callable[[str, int], None]


def nobody(*_: object) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading of a source came to.

    ``read`` is how many rows were read of it, ``moment`` since when the next reading wants the
    changes, where it can have them; ``tables`` are what those are laid over, there as long as the
    spool is.
    """

    written: Written
    kind: str
    read: int
    why: str = ""
    """Why all was read, where changes alone might have been."""
    moment: State | None = None
    tables: Mapping[str, pl.LazyFrame] = field(default_factory=dict)


def read_whole(
    route: Connector,
    http: Http,
    told: Given,
    spool: Spool,
    path: Path,
    progress: Progress = nobody,
    why: str = "",
) -> Reading:
    """Read everything that a source has into one file.

    Raises:
        SourceRefusal, IncompletePull: it is not the whole.
        TryAgainLater: the disk is full.
    """
    moment = _moment(route, http, told, {})
    table = SourceTable(route.tables_of(told), route.key, spool, who=http.who)
    for piece in route.read(http, told, {}):
        table.add(piece)
        progress(piece.table, table.rows[piece.table])
    return _reading(route, http, table, path, WHOLE, why, moment)


def read_changes(
    route: TellsChanges,
    http: Http,
    told: Given,
    since: State,
    before: Mapping[str, pl.LazyFrame],
    spool: Spool,
    path: Path,
    progress: Progress = nobody,
) -> Reading:
    """Read what changed since then, and lay it over the tables of before, into one file.

    Raises:
        SourceRefusal: the source does not tell: everything is to be read.
        IncompletePull: it is not the whole of the changes.
        TryAgainLater: the disk is full.
    """
    now = _moment(route, http, told, since)
    if now is None:
        raise ChangesUntold(f"{http.who} does not tell changes any more.")
    table = SourceTable(route.tables_of(told), route.key, spool, who=http.who)
    for part in route.read_changes(http, told, since, now, before):
        if isinstance(part, Gone):
            table.drop(part)
        else:
            table.add(part)
            progress(part.table, table.rows[part.table])
    table.lay_over(before)
    return _reading(route, http, table, path, CHANGES, "", now)


def _moment(route: Connector, http: Http, told: Given, since: State) -> State | None:
    if not isinstance(route, TellsChanges):
        return None
    try:
        return route.moment(http, told, since)
    except SourceRefusal:  # of this question alone; of any other one the reading says it
        return None


def _reading(
    route: Connector,
    http: Http,
    table: SourceTable,
    path: Path,
    kind: str,
    why: str,
    moment: State | None,
) -> Reading:
    written = table.write(path, route.join)
    if not written.rows:
        raise IncompletePull(
            f"{http.who} gave no students at all. Nothing was published. Check the year and the "
            "schools of the source: 'kinsync source test'."
        )
    tables = dict(table.kept()) if moment is not None else {}
    return Reading(written, kind, sum(table.rows.values()), why, moment, tables)
