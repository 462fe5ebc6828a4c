"""A handful of families in memory, and one chosen edit at a time: for tests of laws.

    families = small_families(seed=7, students=12, mess=0)
    person = families.persons[0]
    later = families.edit(Change.PHONE, person)

``families.rows`` and ``later.rows`` are two nights of one district: the columns of students.csv
as text, and beside them ``person``, ``student`` and ``change``. Hypothesis draws the integers
(``seed``, and which of ``persons_for(change)``); everything follows from them.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from kinsync.simulators.families.amounts import Mess, Nightly
from kinsync.simulators.families.dice import Dice
from kinsync.simulators.families.district import District
from kinsync.simulators.families.households import SLOTS
from kinsync.simulators.families.nights import (
    BY_PERSON,
    Change,
    replaced,
    visible,
    with_newcomers,
)
from kinsync.simulators.families.rows import COLUMNS, first_night

SHOWN = (*COLUMNS, "person", "student", "change")


@dataclass(frozen=True, slots=True)
class Families:
    """One night of a small district. Edits give the night after; nothing is changed in place."""

    district: District
    state: pl.DataFrame  # with those who are away
    night: int = 1

    @property
    def rows(self) -> pl.DataFrame:
        """What stands in the file, with the truth: one row is one contact of one student."""
        return visible(self.state).select(SHOWN)

    @property
    def file(self) -> pl.DataFrame:
        """The columns of students.csv alone; blank cells are null."""
        return self.rows.select(COLUMNS)

    @property
    def persons(self) -> list[int]:
        """Everybody who is a contact tonight, ascending."""
        return self.rows["person"].drop_nulls().unique().sort().to_list()

    def persons_for(self, change: Change) -> list[int]:
        """Those of ``persons`` on whom the edit shows: a blank name has no surname to change."""
        if change not in BY_PERSON:
            return self.persons
        here = self.state["here"] & self.state["person"].is_not_null()
        everybody = np.flatnonzero(here.to_numpy())
        after = replaced(self.district, self.state, everybody, change, self.night + 1)[everybody]
        return after.filter(change=change.value)["person"].unique().sort().to_list()

    def edit(self, change: Change, person: int) -> "Families":
        """A night later, with that one change in all of the person's rows and no other.

        NEW adds one more person to the family of ``person``; RETURNED brings back one who was
        absent; SHUFFLED turns the order of all rows. An edit that does not show is no error.
        """
        night = self.night + 1
        rest = self.state.with_columns(change=pl.lit(Change.SAME.value))
        if change is Change.SHUFFLED:
            shuffled = rest.reverse().with_columns(change=pl.lit(change.value))
            return replace(self, state=shuffled, night=night)
        if change is Change.NEW:
            state = with_newcomers(self.district, rest, np.array([person // SLOTS]))
        elif change in BY_PERSON or change is Change.RETURNED:
            state = self._with_person(rest, change, person)
        else:
            state = rest
        return replace(self, state=state, night=night)

    def _with_person(self, rest: pl.DataFrame, change: Change, person: int) -> pl.DataFrame:
        """``rest`` with the change done to the person's rows, in their places."""
        whose = rest["person"].eq_missing(person)
        if change is Change.RETURNED:
            whose &= ~rest["here"]
        index = np.flatnonzero(whose.to_numpy())
        return replaced(self.district, rest, index, change, self.night + 1)

    def shuffled(self, key: int) -> "Families":
        """The same night with its rows in another order."""
        order = np.argsort(self.district.dice.bits(f"order {key}", np.arange(self.state.height)))
        return replace(self, state=self.state[order])


def small_families(
    seed: int, students: int, *, mess: float | Mess = 1.0, own_sis_ids: float | None = None
) -> Families:
    """The first night of a district of that size: the rows that ``generate`` would write.

    Args:
        mess: A multiple of the usual mess (0 is clean), or amounts of one's own.
        own_sis_ids: Share of the persons who have a Contact_sis_id, where not the usual one.
    """
    amounts = mess if isinstance(mess, Mess) else Mess().scaled(mess)
    if own_sis_ids is not None:
        amounts = replace(amounts, sis_id=own_sis_ids)
    district = District(Dice(seed), amounts, Nightly(), students)
    return Families(district, first_night(district, np.arange(students, dtype=np.int64)))
