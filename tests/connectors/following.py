"""A source that is read whole once and by its changes from then on, and what may happen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import strategies as st

from kinsync.connectors.connector import State, TellsChanges
from kinsync.services.reading import Reading, read_changes, read_whole
from kinsync.simulators.roster import Roster
from kinsync.store.storage import open_frames, write_frames
from kinsync.transport.spool import Spool
from tests.connectors.reading import Reader


@dataclass
class Following:
    """One source, and the tables of its last reading."""

    source: Reader
    moment: State = field(default_factory=dict)
    read: int = 0
    """Rows that the last reading took."""

    def whole(self) -> bytes:
        """Everything that there is now, read in one go."""
        path = self.source.folder / "whole.csv"
        with Spool(self.source.folder) as spool, self.source.http() as http:
            read_whole(self.source.route, http, self.source.given, spool, path)
        return path.read_bytes()

    def start(self) -> None:
        """Read everything, to go on from there."""
        with Spool(self.source.folder) as spool, self.source.http() as http:
            path = spool.path("source.csv")
            self._keep(read_whole(self.source.route, http, self.source.given, spool, path))

    def changes(self) -> bytes:
        """What changed since the last reading, over what was there."""
        route, path = self.source.route, self.source.folder / "changes.csv"
        assert isinstance(route, TellsChanges)
        with (
            Spool(self.source.folder) as spool,
            self.source.http() as http,
            open_frames(self._tables) as before,
        ):
            given = self.source.given
            reading = read_changes(route, http, given, self.moment, before, spool, path)
            self._keep(reading)
        return path.read_bytes()

    @property
    def _tables(self) -> Path:
        return self.source.folder / "tables"

    def _keep(self, reading: Reading) -> None:
        assert reading.moment is not None
        self.read = reading.read
        write_frames(self._tables, reading.tables)
        self.moment = reading.moment


# -- what may happen -----------------------------------------------------------------------------

Edit = tuple[str, int]
"""What happens, and a number that says to whom."""


def edits() -> st.SearchStrategy[list[Edit]]:
    """Some things that happen one after the other."""
    return st.lists(st.tuples(st.sampled_from(sorted(EDITS)), st.integers(0, 99)), max_size=5)


def apply(roster: Roster, happened: Sequence[Edit]) -> None:
    """Let things happen to the people of a roster."""
    for name, number in happened:
        EDITS[name](roster, number)


def _rename_student(roster: Roster, number: int) -> None:
    is_one = _is_nth(roster.students, number)
    name = pl.when(is_one).then(pl.lit(f"Renamed{number}")).otherwise("Last_name")
    roster.students = roster.students.with_columns(Last_name=name)


def _move_student(roster: Roster, number: int) -> None:
    who = _nth(roster.students, number, "Student_id")
    school = roster.schools[number % len(roster.schools)]
    roster.students = _set(roster.students, "Student_id", who, School_id=school)
    roster.contacts = _set(roster.contacts, "student", who, school=school)


def _remove_student(roster: Roster, number: int) -> None:
    if roster.students.height < 3:
        return
    who = _nth(roster.students, number, "Student_id")
    roster.students = roster.students.filter(pl.col("Student_id") != who)
    roster.contacts = roster.contacts.filter(pl.col("student") != who)


def _add_student(roster: Roster, number: int) -> None:
    """A sibling of somebody, with contacts of theirs."""
    who = _nth(roster.students, number, "Student_id")
    new = str(roster.students["Student_id"].cast(pl.Int64).max() + 1)  # type: ignore[operator]
    other = roster.students.filter(pl.col("Student_id") == who)
    named = other.with_columns(Student_id=pl.lit(new), Student_number=pl.lit(new))
    theirs = roster.contacts.filter(pl.col("student") == who).with_columns(student=pl.lit(new))
    roster.students = pl.concat([roster.students, named])
    roster.contacts = pl.concat([roster.contacts, theirs])


def _change_phone(roster: Roster, number: int) -> None:
    if not roster.contacts.is_empty():
        who = _nth(roster.contacts, number, "person")
        roster.contacts = _set(roster.contacts, "person", who, phone=f"42555501{number:02}")


def _remove_contact(roster: Roster, number: int) -> None:
    roster.contacts = roster.contacts.filter(~_is_nth(roster.contacts, number))


def _add_contact(roster: Roster, number: int) -> None:
    """Somebody of another family for a student who has no such contact."""
    if roster.contacts.is_empty():
        return
    student = roster.students.row(number % roster.students.height, named=True)
    is_theirs = pl.col("student") == student["Student_id"]
    known = roster.contacts.filter(is_theirs)["person"]
    others = roster.contacts.filter(~pl.col("person").is_in(known.implode()))
    if others.is_empty():
        return
    new = others.filter(_is_nth(others, number)).with_columns(
        student=pl.lit(student["Student_id"]),
        school=pl.lit(student["School_id"]),
        number=pl.lit(roster.contacts["number"].max() + 1, pl.Int64),  # type: ignore[operator]
        order=pl.lit(9, pl.Int64),
    )
    roster.contacts = pl.concat([roster.contacts, new])


EDITS: dict[str, Callable[[Roster, int], None]] = {
    "add a contact": _add_contact,
    "add a student": _add_student,
    "change a phone": _change_phone,
    "move a student": _move_student,
    "remove a contact": _remove_contact,
    "remove a student": _remove_student,
    "rename a student": _rename_student,
}


def _is_nth(frame: pl.DataFrame, number: int) -> pl.Expr:
    return pl.int_range(pl.len()) == number % max(1, frame.height)


def _nth(frame: pl.DataFrame, number: int, column: str) -> Any:
    return frame[column][number % frame.height]


def _set(frame: pl.DataFrame, column: str, value: Any, **told: str) -> pl.DataFrame:
    is_one = pl.col(column) == value
    return frame.with_columns(
        **{name: pl.when(is_one).then(pl.lit(new)).otherwise(name) for name, new in told.items()}
    )
