"""Counts of a delivery, and of the rows of one that need not be read again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import polars as pl

from kinsync.domain.frames import FINDINGS, empty


@dataclass(frozen=True, slots=True)
class Counts:
    """Where the rows of a delivery went: ``rows = published + held + collapsed + excluded``."""

    rows: int = 0
    published: int = 0
    held: int = 0
    collapsed: int = 0
    excluded: int = 0
    students: int = 0
    contacts: int = 0
    relationships: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        sums = {
            name.name: getattr(self, name.name) + getattr(other, name.name)
            for name in fields(Counts)
        }
        return Counts(**sums)


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts of one source, in a delivery of several."""

    source: int
    name: str
    """As findings call its file."""
    arrival: int | None = None
    """The upload or pull that is read; None: nothing of it is."""
    note: str = ""
    """The rule that says why it is not what came last; "" where it is."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Rows of a delivery that end as they did last time, and have to do with no other rows.

    ``findings`` (``frames.FINDINGS``) stand under the rows they are on now; ``schools``
    (``school_sis_id``) are those that their students name.
    """

    counts: Counts = Counts()
    linked: Mapping[str, int] = field(default_factory=dict)
    findings: pl.DataFrame = field(default_factory=lambda: empty(FINDINGS))
    schools: pl.Series = field(default_factory=lambda: pl.Series("school_sis_id", dtype=pl.String))
    has_unreadable_student: bool = False
