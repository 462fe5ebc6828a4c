"""A source, read as a pull reads it, without a database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from kinsync.connectors import find_connector
from kinsync.connectors.connector import Connector, Given
from kinsync.domain.flags import read
from kinsync.domain.frames import FINDINGS, empty
from kinsync.domain.mapping import Mapping as SourceMapping
from kinsync.pipeline.map import Columns
from kinsync.services.counts import Counts
from kinsync.services.delivery import delivery_of
from kinsync.services.extracts import mapping_over
from kinsync.services.intake import Intake, Source
from kinsync.services.reading import read_whole
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Serving
from kinsync.simulators.spelling import address
from kinsync.transport.delimited import open_delimited
from kinsync.transport.http import Http, Limits
from kinsync.transport.spool import Spool


def homes(roster: Roster, *, unit: bool = False) -> set[tuple[str, str]]:
    """Name and address of everybody whom a simulator gives the one of the family."""
    told = set()
    for name, family in roster.contacts.select("name", "family").iter_rows():
        lives = address(family)
        if unit:
            lives["street"] += f" Apt {family % 9}"
        told.add((name, json.dumps(lives, separators=(",", ":"))))
    return told


def impatient(limits: Limits) -> Limits:
    """The same limits, for a system on this machine: nobody waits for seconds."""
    return replace(
        limits, tries=3, first_wait_seconds=0.001, silent_seconds=1.0, answer_seconds=1.5
    )


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of the rows. One row of ``people`` is what one person is to one student."""

    counts: Counts
    findings: pl.DataFrame
    people: pl.DataFrame

    def flags(self) -> pl.DataFrame:
        """The same, with a column for each flag that is told."""
        told = pl.DataFrame([dict(read(text)) for text in self.people["flags"]])
        return self.people.hstack(told)

    def addresses(self) -> set[tuple[str, str]]:
        """Name and address of everybody who has one."""
        known = self.people.drop_nulls("address")
        return set(known.select("name", "address").iter_rows())

    def codes(self) -> set[str]:
        """What was found."""
        return set(self.findings["code"])


@dataclass(frozen=True, slots=True)
class Reader:
    """One use of a connector: what it is told, and where it reads."""

    name: str
    settings: Mapping[str, str]
    folder: Path
    own: str = ""
    """The TOML of the district's own mapping."""

    @property
    def route(self) -> Connector:
        route = find_connector(self.name)
        assert isinstance(route, Connector)
        return route

    @property
    def given(self) -> Given:
        defaults = {one.name: one.default for one in self.route.settings if one.default is not None}
        return Given({**defaults, **self.settings}, self.mapping.columns)

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
        """Contact rows as the default mapping makes them, each with its first phone."""
        table = self.read().with_row_index("row", 2)
        columns = Columns(table.columns, self.mapping, file=self.name)
        assert columns.findings.filter(pl.col("code") == "column-missing").is_empty()
        slots = [columns.rows(table, slot) for slot in range(columns.slots)]
        return pl.concat(slots).filter(pl.col("part") == 0)

    def taken_in(self) -> TakenIn:
        """What a sync makes of it, up to the people."""
        self.read()
        file = open_delimited(self.folder / "source.csv")
        with Spool(self.folder) as spool:
            delivery = delivery_of([Source(file, self.mapping)])
            taken = Intake(delivery.sources, spool)
            taken.take_in(delivery.vocabulary, lambda _read, _size: None)
            findings = pl.concat([empty(FINDINGS), *taken.findings()])
            stands = taken.relationships().join(taken.contacts(), on="contact")
            return TakenIn(taken.counts, findings, stands)

    @property
    def mapping(self) -> SourceMapping:
        own = SourceMapping.from_toml(self.own, name="own") if self.own else None
        return mapping_over(self.route, own)

    def look(self) -> list[str]:
        """What ``kinsync source test`` says."""
        with self.http() as http:
            return list(self.route.look(http, self.given))


def reader(name: str, serving: Serving, folder: Path, **settings: str) -> Reader:
    """A use of a connector that reads a simulator."""
    return Reader(name, {**serving.settings, **settings}, folder)
