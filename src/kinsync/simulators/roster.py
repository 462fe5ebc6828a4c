"""The people of a pretended system: invented families, taken apart as systems keep them.

What a system serves is a view of ``Roster.students`` and ``Roster.contacts``; who is who is known
(``person``), and a night may pass.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Generic, TypeVar

import numpy as np
import polars as pl

from kinsync.simulators.families.amounts import Mess, Nightly
from kinsync.simulators.families.dice import Dice
from kinsync.simulators.families.district import District
from kinsync.simulators.families.households import ROLES, SLOTS, TYPES
from kinsync.simulators.families.nights import arrivals, next_night, visible
from kinsync.simulators.families.rows import first_night
from kinsync.simulators.families.words import table

STUDENT_COLUMNS = (
    *("School_id", "Student_id", "Student_number", "State_id", "Last_name", "Middle_name"),
    *("First_name", "Grade", "Gender", "Graduation_year", "DOB", "Home_language"),
    *("Student_street", "Student_city", "Student_state", "Student_zip", "Student_email"),
)

CONTACTS = pl.Schema(
    {
        "student": pl.String(),  # Student_id
        "school": pl.String(),
        "person": pl.Int64(),  # who it really is
        "family": pl.Int64(),
        "number": pl.Int64(),  # tells the rows of a student apart, the same every night
        "order": pl.Int64(),  # 1 and 2 for the first two, 3 and more for others
        "type": pl.String(),  # a letter of households.TYPES
        "role": pl.String(),  # mother, grandfather, uncle, friend …; blank where it is not told
        "name": pl.String(),  # the whole name
        "first": pl.String(),
        "last": pl.String(),
        "phone": pl.String(),
        "phone_kind": pl.String(),  # cell, home, work, or blank
        "email": pl.String(),
    }
)
"""One row is one contact of one student, in the order of the student's file."""


class Roster:
    """The students of a district and their contacts, night after night."""

    def __init__(self, *, students: int, seed: int = 1, mess: float = 0.0) -> None:
        """``mess`` is how much is typed wrongly, as a multiple of the generator's usual."""
        self._district = District(Dice(seed), Mess().scaled(mess), Nightly(), students)
        self._rows = first_night(self._district, np.arange(students, dtype=np.int64))
        self._view: View = lambda contacts: contacts
        self.night = 1
        self._take_apart()

    def next_night(self) -> None:
        """Let a night pass."""
        self.night += 1
        rows = next_night(self._district, self._rows, self.night)
        coming = arrivals(self._district, self.night)
        if len(coming):
            rows = pl.concat([rows, first_night(self._district, coming)])
        self._rows = rows
        self._take_apart()

    def seen_as(self, view: "View") -> None:
        """From now on ``contacts`` are what a system can hold of them."""
        self._view = view
        self._take_apart()

    def _take_apart(self) -> None:
        shown = visible(self._rows)
        self.students = shown.select(STUDENT_COLUMNS).unique(
            "Student_id", keep="first", maintain_order=True
        )
        self.contacts = self._view(_contacts(shown.filter(pl.col("person").is_not_null())))
        self.schools = self.students["School_id"].unique().sort().to_list()


View = Callable[[pl.DataFrame], pl.DataFrame]


Record = TypeVar("Record")


class Shown(Generic[Record]):
    """What a system makes of a frame, made once for each night."""

    def __init__(self, make: Callable[[pl.DataFrame], Sequence[Record]]) -> None:
        self._make = make
        self._of: pl.DataFrame | None = None
        self._records: Sequence[Record] = ()

    def of(self, frame: pl.DataFrame) -> Sequence[Record]:
        """The records of a frame."""
        if self._of is not frame:
            self._of, self._records = frame, self._make(frame)
        return self._records


_OF_PERSON = ("name", "first", "last", "phone", "phone_kind", "email")


def as_persons(contacts: pl.DataFrame) -> pl.DataFrame:
    """What a system holds that has a record for each person, and one tie to each student."""
    told = (pl.col(name).first().over("person") for name in _OF_PERSON)
    return contacts.with_columns(told).unique(
        ("student", "person"), keep="first", maintain_order=True
    )


def _contacts(rows: pl.DataFrame) -> pl.DataFrame:
    slot = pl.col("person") % SLOTS
    again = pl.int_range(pl.len()).over("student", "person")
    letter = pl.col("type_index").replace_strict(dict(enumerate(TYPES)), return_dtype=pl.String)
    told = pl.concat_str(slot.cast(pl.String), pl.lit("|"), "Contact_relationship")
    kinds = _kinds("phone_types")
    return rows.select(
        student="Student_id",
        school="School_id",
        person="person",
        family=pl.col("person") // SLOTS,
        number=1 + slot + 10 * again,
        order=pl.when(letter == "P").then(1).when(letter == "S").then(2).otherwise(3 + slot),
        type=letter,
        role=told.replace_strict(_roles(), default="unknown", return_dtype=pl.String).fill_null(""),
        name=pl.col("Contact_name").fill_null(""),
        first=pl.col("Contact_name").str.extract(r"^(\S+)").fill_null(""),
        last=pl.col("Contact_name").str.extract(r"^\S+\s+(.*)$").fill_null(""),
        phone=pl.col("Contact_phone").fill_null(""),
        phone_kind=pl.col("Contact_phone_type").replace_strict(
            kinds, default="", return_dtype=pl.String
        ),
        email=pl.col("Contact_email").fill_null(""),
    ).cast(CONTACTS)


@cache
def _roles() -> dict[str, str]:
    """Slot and word of a relationship → what the person is: the slot's own role where it fits."""
    lists = [_kinds("relationships"), _kinds("relationships_spanish")]
    found: dict[str, str] = {}
    for slot, role in enumerate(ROLES):
        for kinds in lists:
            found |= {f"{slot}|{word}": kind for word, kind in kinds.items()}
        for name in ("relationships", "relationships_spanish"):
            own = table("words.toml")[name][role]
            found |= {f"{slot}|{word}": role for word in own}
    return found


@cache
def _kinds(name: str) -> dict[str, str]:
    """Word → the thing that it means, out of one list of words."""
    lists: dict[str, list[str]] = table("words.toml")[name]
    return {word: kind for kind, words in reversed(lists.items()) for word in words}
