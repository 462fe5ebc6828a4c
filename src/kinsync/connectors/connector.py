"""What every connector says of itself, and what it does: it reads, and nothing else.

A connector speaks the system's own words: columns are named as the system names them, values are
what it wrote. What they mean is the mapping's business.
"""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, ClassVar, Protocol, runtime_checkable

import httpx2
import polars as pl

from kinsync.domain.errors import ChangeInput
from kinsync.transport.http import Http, Limits
from kinsync.transport.source_table import Gone, Piece, Table

State = Mapping[str, Any]
"""Where an incremental pull goes on: numbers and times, never a value of a row."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that a source of this connector is told. Secrets are sealed and never shown."""

    name: str
    words: str
    default: str | None = None
    """What it is where nothing is said; None: it has to be said."""
    is_secret: bool = False
    is_local: bool = False
    """Whether it names something of the machine that Kinsync runs on: for a command to say alone,
    not for a page, behind which people of one district sit."""


@dataclass(frozen=True, slots=True)
class Carries:
    """What of a contact comes along on this way, each in words for an admin."""

    contacts: str
    sis_id: str
    email: str
    type: str
    phones: str
    addresses: str
    flags: str
    schools: str
    changes: str = "not told: everything is read every time"
    """What of the changes since the pull before can be read by itself, and what cannot."""
    lost: Sequence[str] = ()
    """What the system knows and this way does not bring."""


@dataclass(frozen=True, slots=True)
class Given:
    """The settings and secrets of one source, defaults filled in."""

    values: Mapping[str, str] = field(repr=False)
    columns: Sequence[str] = ()
    """What the mapping of the source names: all of it is asked for that the system has."""

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def number(self, name: str) -> int:
        """A setting that is a whole number, 1 or more.

        Raises:
            ChangeInput: it is none.
        """
        text = self[name].strip()
        if not text.isascii() or not text.isdigit() or not int(text):
            raise ChangeInput(f"The setting {name} is to be a whole number, 1 or more.")
        return int(text)

    def listed(self, name: str) -> tuple[str, ...]:
        """A setting that is a list, separated by commas."""
        return tuple(one.strip() for one in self[name].split(",") if one.strip())

    def is_on(self, name: str) -> bool:
        """A setting that is yes or no.

        Raises:
            ChangeInput: it is neither.
        """
        answer = self[name].strip().lower()
        if answer not in ("yes", "no"):
            raise ChangeInput(f"The setting {name} is to be yes or no.")
        return answer == "yes"

    def chosen(self, name: str, words: Sequence[str]) -> str:
        """A setting that is one of some words.

        Raises:
            ChangeInput: it is none of them.
        """
        word = self[name].strip().lower()
        if word not in words:
            raise ChangeInput(f"The setting {name} is to be {' or '.join(words)}.")
        return word


class Route(Protocol):
    """What is common to everything that a source can be, whichever way its data come.

    The default mapping stands beside the class, in a TOML file with the name of its module, or the
    one that it names.
    """

    name: ClassVar[str]
    """As in ``kinsync source add --connector``."""
    title: ClassVar[str]
    """The system, as people call it."""
    carries: ClassVar[Carries]
    settings: ClassVar[Sequence[Setting]]
    mapping: ClassVar[str] = ""
    """The file of the default mapping, without its ending, where routes share one."""


@runtime_checkable
class Connector(Route, Protocol):
    """A route that asks the system over HTTP."""

    cadence: ClassVar[str]
    """The timetable that a new source is given (``services.schedules``)."""
    tables: ClassVar[Sequence[Table]]
    """The first one lists the students."""
    key: ClassVar[str]
    """The column that tells students apart, in every table that has it."""
    limits: ClassVar[Limits]

    def tables_of(self, given: Given) -> Sequence[Table]:
        """The tables, with everything in them that the mapping of a source names."""
        return [table.widened(given.columns) for table in self.tables]

    def base(self, given: Given) -> str:
        """The address at which paths begin."""

    def auth(self, given: Given) -> httpx2.Auth:
        """How requests are authenticated."""

    def look(self, http: Http, given: Given) -> Iterator[str]:
        """What a first look finds, in plain words: version, year, rights, how much there is.

        Raises:
            SourceRefusal, IncompletePull, ChangeInput: what has to be put right first.
        """

    def read(self, http: Http, given: Given, state: State) -> Iterator[Piece]:
        """The rows of the tables, as pages come.

        Raises:
            SourceRefusal, IncompletePull: it is not the whole.
        """

    def join(self, tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
        """The source table: one row is one contact of one student, or a student without any.

        Rows of one student stand together and in an order that the system's own does not change.
        ``tables`` hold some students at a time, all of their rows.
        """


@runtime_checkable
class TellsChanges(Connector, Protocol):
    """A connector whose system can say what changed since a moment.

    Changes laid over the tables of the pull before have to make the tables that a whole pull would
    make now. What the system does not tell is said in ``carries.changes``: the whole pull of the
    next day sees it.
    """

    def moment(self, http: Http, given: Given, since: State) -> State | None:
        """Where the system stands; asked before anything is read. None: it tells no changes.

        ``since`` is what was answered before the last pull; nothing, where all is read anew.

        Raises:
            SourceRefusal: it tells none either.
            IncompletePull: it did not answer.
        """

    def read_changes(
        self,
        http: Http,
        given: Given,
        since: State,
        now: State,
        before: Mapping[str, pl.LazyFrame],
    ) -> Iterator[Piece | Gone]:
        """What came, changed and went since then: rows whole, in the place of rows with their key.

        Tables without the student's key come whole every time, unless they are handed out.

        Args:
            since: the moment of the pull before; now: that of this one.
            before: the tables as they were (``Table.file``).

        Raises:
            SourceRefusal: the system does not know any more, or a whole pull is the surer way.
            IncompletePull: it is not the whole of the changes.
        """


@runtime_checkable
class Installs(Route, Protocol):
    """A route for which something is installed at the system."""

    def plugin(self, columns: Sequence[str]) -> bytes:
        """The file that is installed there, so that these columns may be read."""


def default_mapping(route: Route) -> str:
    """The TOML of a route's default mapping."""
    package, _, module = type(route).__module__.rpartition(".")
    return (
        resources.files(importlib.import_module(package))
        .joinpath(f"{route.mapping or module}.toml")
        .read_text("utf-8")
    )
