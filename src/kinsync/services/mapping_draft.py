"""A mapping while it is written: everything that is wrong with it, and what it would change."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kinsync.connectors import find_connector
from kinsync.connectors.connector import Route
from kinsync.domain.errors import ChangeInput
from kinsync.domain.mapping import Mapping as SourceMapping
from kinsync.domain.mapping_text import Fault, Faulty, place_in
from kinsync.pipeline.map import header_key
from kinsync.services.mapping_data import Data, columns_of_data
from kinsync.services.mapping_outcome import Trial
from kinsync.services.mapping_trials import Tried, try_out
from kinsync.services.mappings import read_own
from kinsync.store.sources import Source


@dataclass(frozen=True, slots=True)
class Draft:
    """A mapping that is not saved yet.

    ``faults`` are why it cannot be saved. ``missing`` are columns that it names and the data have
    not: it can be saved, but that is rarely meant. ``refusal`` is why the data could not be read
    with it at all.
    """

    route: Route
    columns: Sequence[str]
    """What the data have."""
    faults: Sequence[Fault] = ()
    missing: Sequence[Fault] = ()
    refusal: str = ""
    tried: Tried | None = None

    @property
    def can_be_saved(self) -> bool:
        return not self.faults


def look_at(source: Source, toml: str, data: Data | None) -> Draft:
    """What there is to say of a mapping, and, where there are data, what it would change.

    Raises:
        TryAgainLater: the database or the disk is away.
    """
    route = find_connector(source.connector)
    columns, refusal = _columns(source, data)
    try:
        mapping = read_own(source, toml, name="the mapping")
    except Faulty as error:
        return Draft(route, columns, error.faults)
    except ChangeInput as error:
        return Draft(route, columns, [Fault(1, 1, str(error))])
    missing = _missing(toml, columns) if columns else []
    if data is None or refusal:
        return Draft(route, columns, missing=missing, refusal=refusal)
    tried, refusal = _tried(source, mapping, data)
    return Draft(route, columns, missing=missing, refusal=refusal, tried=tried)


def _tried(source: Source, mapping: SourceMapping, data: Data) -> tuple[Tried | None, str]:
    try:
        return try_out(Trial(source, data.path, data.beside, data.kept), mapping), ""
    except ChangeInput as error:
        return None, str(error)


def _columns(source: Source, data: Data | None) -> tuple[Sequence[str], str]:
    if data is None:
        return (), ""
    try:
        return columns_of_data(source, data), ""
    except ChangeInput as error:
        return (), str(error)


def _missing(toml: str, columns: Iterable[str]) -> list[Fault]:
    """Columns that the text itself names and the data have not, each with the nearest there is."""
    known = {header_key(column): column for column in columns}
    own = SourceMapping.from_toml(toml, name="the mapping") if toml.strip() else None
    named = own.columns if own else ()
    return [
        Fault(
            *place_in(toml, column), f"the data have no column {column!r}{_nearest(column, known)}"
        )
        for column in named
        if header_key(column) not in known
    ]


def _nearest(column: str, known: dict[str, str]) -> str:
    near = difflib.get_close_matches(header_key(column), known, n=1, cutoff=0.6)
    return f"; did you mean {known[near[0]]}?" if near else ""
