"""What changed in an Ed-Fi API since a version of its changes.

No upper version is asked for: a row that changes while its list is read would leave such a window,
and push another one over the edge of a page. So the window only grows; what is read twice does no
harm, and what goes meanwhile is noticed (``Api.check_still``).

A row that comes into the sight of the key because of another one has not changed itself: the
contacts of a student who was enrolled, or the person whom a new association names. They are asked
for by their keys.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from kinsync.connectors.ed_fi.resources import Api
from kinsync.connectors.ed_fi.shapes import Words
from kinsync.connectors.ed_fi.tables import CONTACTS, ENROLMENTS, KEY, STUDENTS, TIES
from kinsync.domain.errors import ChangesUntold
from kinsync.transport.source_table import Gone, Piece, Table

PERSON = "contactUniqueId"
MOST_ASKED_ALONE = 200
"""Rows that are asked for one by one; with more of them everything is read."""

Tables = Mapping[str, pl.LazyFrame]


@dataclass(slots=True)
class Changed:
    """The changes from ``least`` on, as they are read; ``before`` are the tables that they meet."""

    api: Api
    words: Words
    before: Tables
    least: int
    _came: dict[str, set[Any]] = field(default_factory=dict)
    _asked: int = 0

    def read(self) -> Iterator[Piece | Gone]:
        """Everything that came, changed or went.

        Raises:
            ChangesUntold: a whole pull is the surer way.
            IncompletePull, SourceRefusal: it is not the whole of them.
        """
        since = {"minChangeVersion": str(self.least)}
        for table in (ENROLMENTS, STUDENTS, TIES, CONTACTS):
            yield from self._rows(table, since)
        enrolled = self._new(ENROLMENTS, KEY, self._came_of(ENROLMENTS, KEY))
        for student in enrolled:
            yield from self._rows(STUDENTS, {KEY: str(student)})
            yield from self._rows(TIES, {KEY: str(student)})
        named = self._came_of(TIES, PERSON) - self._came_of(CONTACTS, PERSON)
        for person in self._new(CONTACTS, PERSON, named):
            name = PERSON if self.api.site.has_contacts else "parentUniqueId"
            yield from self._rows(CONTACTS, {name: str(person)})
        for table in (STUDENTS, ENROLMENTS, TIES, CONTACTS):
            yield from self.api.gone(table, self.least)

    def _rows(self, table: Table, params: Mapping[str, str]) -> Iterator[Piece]:
        for page in self.api.rows(table, self.words, params):
            for name in (KEY, PERSON):
                if name in table.columns:
                    self._came_of(table, name).update(row.get(name) for row in page)
            yield Piece(table.name, page)

    def _came_of(self, table: Table, column: str) -> set[Any]:
        return self._came.setdefault(f"{table.name}.{column}", set())

    def _new(self, table: Table, column: str, values: Collection[Any]) -> list[Any]:
        """Those of these values that were in no row of the table before.

        Raises:
            ChangesUntold: they are too many to be asked for one by one.
        """
        wanted = pl.LazyFrame({column: [str(one) for one in values if one is not None]})
        wanted = wanted.cast({column: pl.String})
        found = wanted.join(self.before[table.file], on=column, how="anti").collect()
        self._asked += found.height
        if self._asked > MOST_ASKED_ALONE:
            raise ChangesUntold(f"{self.api.http.who} has too many new people to ask for alone.")
        return sorted(found[column])
