"""A source, read as a pull reads it, without a database."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from kinsync.connectors import find_connector
from kinsync.connectors.connector import Connector, Given, default_mapping
from kinsync.domain.mapping import Mapping as SourceMapping
from kinsync.pipeline.map import Columns
from kinsync.services.pulls import read_whole
from kinsync.simulators.serving import Serving
from kinsync.transport.http import Http, Limits
from kinsync.transport.spool import Spool


def impatient(limits: Limits) -> Limits:
    """The same limits, for a system on this machine: nobody waits for seconds."""
    return replace(
        limits, tries=3, first_wait_seconds=0.001, silent_seconds=0.4, answer_seconds=1.5
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """One use of a connector: what it is told, and where it reads."""

    name: str
    settings: Mapping[str, str]
    folder: Path

    @property
    def route(self) -> Connector:
        route = find_connector(self.name)
        assert isinstance(route, Connector)
        return route

    @property
    def given(self) -> Given:
        defaults = {one.name: one.default for one in self.route.settings if one.default is not None}
        return Given({**defaults, **self.settings})

    def http(self) -> Http:
        route = self.route
        return Http(
            route.base(self.given),
            route.auth(self.given),
            who=route.title,
            limits=impatient(route.limits),
        )

    def read(self) -> pl.DataFrame:
        """The source table, as text; blank is null."""
        path = self.folder / "source.csv"
        with Spool(self.folder) as spool, self.http() as http:
            read_whole(self.route, http, self.given, spool, path)
        return pl.read_csv(path, infer_schema=False)

    def rows(self) -> pl.DataFrame:
        """Contact rows as the default mapping makes them of the source table."""
        table = self.read()
        mapping = SourceMapping.from_toml(default_mapping(self.route), name=self.name)
        columns = Columns(table.columns, mapping, file=self.name)
        assert columns.findings.filter(pl.col("code") == "column-missing").is_empty()
        return columns.rows(table.with_row_index("row", 2))

    def look(self) -> list[str]:
        """What ``kinsync source test`` says."""
        with self.http() as http:
            return list(self.route.look(http, self.given))


def reader(name: str, serving: Serving, folder: Path, **settings: str) -> Reader:
    """A use of a connector that reads a simulator."""
    return Reader(name, {**serving.settings, **settings}, folder)
