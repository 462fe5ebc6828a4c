"""One night later: who is drawn to change, and what the change does to the rows.

Changes are drawn for a person, a family or a student, never for a row, so that siblings agree
whichever chunk they stand in.
"""

from enum import StrEnum

import numpy as np
import polars as pl

from kinsync.simulators.families.contacts import (
    emails,
    phone_columns,
    sis_ids,
    written_names,
)
from kinsync.simulators.families.dice import Ints, Mask
from kinsync.simulators.families.district import District
from kinsync.simulators.families.households import (
    NEWCOMER,
    NOBODY,
    SLOTS,
    TYPES,
    Skeleton,
    family_of,
    newcomers,
    people,
)
from kinsync.simulators.families.rows import CONTACT_COLUMNS, TRUTH, rows_of
from kinsync.simulators.families.students import FIRST_ID
from kinsync.simulators.families.words import words


class Change(StrEnum):
    """What happened to a row since the night before."""

    SAME = "same"
    PHONE = "phone"
    EMAIL = "email"
    PHONE_AND_EMAIL = "phone+email"
    TYPE = "type"
    RELATIONSHIP = "relationship"
    SURNAME = "surname"
    GAINED_SIS_ID = "gained-sis-id"
    ABSENT = "absent"
    RETURNED = "returned"
    NEW = "new"
    GONE = "gone"
    SHUFFLED = "shuffled"


_REWRITTEN = (
    Change.PHONE,
    Change.EMAIL,
    Change.PHONE_AND_EMAIL,
    Change.TYPE,
    Change.RELATIONSHIP,
    Change.SURNAME,
    Change.GAINED_SIS_ID,
)

BY_PERSON = (*_REWRITTEN, Change.ABSENT, Change.GONE)  # in the order in which they are drawn

# The word that a changed type becomes; a person of two types keeps two.
_OTHER_TYPE = {"P": "S", "S": "P", "G": "S", "E": "F", "F": "E", "O": "E"}


def shape_of(district: District, rows: pl.DataFrame) -> Skeleton:
    """The numbers behind rows that have a contact."""
    who = people(district.dice, rows["person"].to_numpy(), district.mess.contacts_per_student)
    return Skeleton(rows["student"].to_numpy() - FIRST_ID, rows["type_index"].to_numpy(), who)


def rewritten(district: District, rows: pl.DataFrame, change: Change, night: int) -> pl.DataFrame:
    """The same rows after that change to each of their persons.

    Rows that it cannot change (a surname where the name is blank) stay, and stay ``same``.
    """
    if rows.is_empty():
        return rows
    after = rows.with_columns(**_new_columns(district, rows, change, night))
    moved = pl.any_horizontal(
        rows[name].ne_missing(after[name]).alias(name) for name in CONTACT_COLUMNS
    )
    word = pl.when(moved).then(pl.lit(change.value)).otherwise(pl.lit(Change.SAME.value))
    return after.with_columns(change=word)


def _new_columns(
    district: District, rows: pl.DataFrame, change: Change, night: int
) -> dict[str, pl.Series]:
    shape = shape_of(district, rows)
    if change is Change.SURNAME:
        renamed = written_names(district, shape, renamed=night)
        return {"Contact_name": renamed}
    if change is Change.GAINED_SIS_ID:
        return {"Contact_sis_id": sis_ids(district, shape, gained=True)}
    if change is Change.TYPE:
        return _new_type(rows)
    if change is Change.RELATIONSHIP:
        return _new_relationship(rows)
    columns: dict[str, pl.Series] = {}
    if change in (Change.PHONE, Change.PHONE_AND_EMAIL):
        phone = phone_columns(district, shape, changed=night)
        columns |= {"Contact_phone": phone["phone"], "Contact_phone_type": phone["type"]}
    if change in (Change.EMAIL, Change.PHONE_AND_EMAIL):
        columns["Contact_email"] = emails(district, shape, changed=night)
    return columns


def _new_type(rows: pl.DataFrame) -> dict[str, pl.Series]:
    other = pl.Series([TYPES.index(_OTHER_TYPE[letter]) for letter in TYPES])
    index = other.gather(rows["type_index"])
    usual = pl.Series([words("types", letter)[0] for letter in TYPES])
    return {"type_index": index, "Contact_type": usual.gather(index)}


def _new_relationship(rows: pl.DataFrame) -> dict[str, pl.Series]:
    """A word of another meaning than the one before, whatever that was."""
    was_aunt = rows["Contact_relationship"].eq_missing("Aunt")
    return {"Contact_relationship": _pair("Aunt", "Grandparent").gather(was_aunt.cast(pl.Int64))}


def _pair(first: str, second: str) -> pl.Series:
    return pl.Series([first, second], dtype=pl.String)


def next_night(district: District, rows: pl.DataFrame, night: int) -> pl.DataFrame:
    """The same students a night later. ``rows`` keeps those who are away, marked as not here."""
    woken = _woken(rows)
    settled = _shuffled(district, woken, night)
    moved = _left(district, _rewritten_by_chance(district, settled, night), night)
    return _with_newcomers_by_chance(district, moved, night)


def _woken(rows: pl.DataFrame) -> pl.DataFrame:
    """Those who were absent are back; everybody else is the same for now."""
    back = (pl.col("change") == Change.ABSENT.value) & pl.col("enrolled")
    word = pl.when(back).then(pl.lit(Change.RETURNED.value)).otherwise(pl.lit(Change.SAME.value))
    return rows.with_columns(change=word, here=pl.col("here") | back)


def _is_open(rows: pl.DataFrame) -> Mask:
    """Rows to which something may happen tonight."""
    quiet = pl.col("here") & (pl.col("change") == Change.SAME.value)
    return rows.select(quiet & pl.col("person").is_not_null()).to_series().to_numpy()


def _rewritten_by_chance(district: District, rows: pl.DataFrame, night: int) -> pl.DataFrame:
    odds = district.nightly
    shares = (odds.phone, odds.email, odds.phone_and_email, odds.type, odds.relationship)
    more = (odds.surname, odds.gained_sis_id, odds.absent, odds.gone)
    person = rows["person"].fill_null(NOBODY).to_numpy()
    drawn = district.dice.kind(shares + more, f"change {night}", person)
    drawn = np.where(_is_open(rows), drawn, len(BY_PERSON))
    for nth, change in enumerate(BY_PERSON):
        rows = replaced(district, rows, np.flatnonzero(drawn == nth), change, night)
    return rows


def replaced(
    district: District, rows: pl.DataFrame, index: Ints, change: Change, night: int
) -> pl.DataFrame:
    """``rows`` with the change done at those places."""
    if not len(index):
        return rows
    after = changed(district, rows[index], change, night)
    touched = [name for name in (*CONTACT_COLUMNS, *TRUTH) if name != "student"]
    return rows.with_columns(rows[name].clone().scatter(index, after[name]) for name in touched)


def changed(district: District, rows: pl.DataFrame, change: Change, night: int) -> pl.DataFrame:
    """Those rows after the change, which may take them out of the file."""
    if change in _REWRITTEN:
        return rewritten(district, rows, change, night)
    away = change in (Change.ABSENT, Change.GONE)
    return rows.with_columns(change=pl.lit(change.value), here=pl.lit(not away))


def _left(district: District, rows: pl.DataFrame, night: int) -> pl.DataFrame:
    """Students who left the district, with all of their rows."""
    students = rows["student"].to_numpy()
    left = district.dice.chance(district.nightly.student_left, f"left {night}", students)
    leaving = pl.Series(left) & rows["enrolled"]
    word = pl.when(leaving).then(pl.lit(Change.GONE.value)).otherwise("change")
    return rows.with_columns(
        change=word, here=pl.col("here") & ~leaving, enrolled=pl.col("enrolled") & ~leaving
    )


def _shuffled(district: District, rows: pl.DataFrame, night: int) -> pl.DataFrame:
    """Some students' rows in the opposite order, otherwise untouched."""
    students = rows["student"].to_numpy()
    drawn = district.dice.chance(district.nightly.shuffled, f"shuffled {night}", students)
    starts = np.flatnonzero(np.r_[True, students[1:] != students[:-1]])
    sizes = np.diff(np.r_[starts, len(students)])
    first, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    drawn &= size > 1
    if not drawn.any():
        return rows
    here = np.arange(len(students))
    order = np.where(drawn, 2 * first + size - 1 - here, here)
    moved = pl.Series(drawn) & (rows["change"] == Change.SAME.value) & rows["here"]
    word = pl.when(moved).then(pl.lit(Change.SHUFFLED.value)).otherwise("change")
    return rows.with_columns(change=word)[order]


def _with_newcomers_by_chance(district: District, rows: pl.DataFrame, night: int) -> pl.DataFrame:
    family = family_of(district.dice, rows["student"].unique().to_numpy() - FIRST_ID)
    drawn = district.dice.chance(district.nightly.new, f"new {night}", family)
    return with_newcomers(district, rows, family[drawn])


def with_newcomers(district: District, rows: pl.DataFrame, families: Ints) -> pl.DataFrame:
    """One more person for the students of those families, after their other rows.

    Families who named nobody so far, and those who have a newcomer already, stay as they are.
    """
    known = rows.filter(pl.col("enrolled") & pl.col("person").is_not_null())
    named = known.filter(pl.col("person") % SLOTS == NEWCOMER)["student"].implode()
    students = known.filter(~pl.col("student").is_in(named))["student"].unique().sort()
    numbers = students.to_numpy() - FIRST_ID
    numbers = numbers[np.isin(family_of(district.dice, numbers), families)]
    if not len(numbers):
        return rows
    shape = newcomers(district.dice, numbers, district.mess.contacts_per_student)
    return pl.concat([rows, rows_of(district, shape)]).sort("student", maintain_order=True)


def visible(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that stand in the file.

    An enrolled student all of whose contacts are away keeps one row, without a contact.
    """
    nobody = ~pl.col("here").any().over("student") & pl.col("enrolled")
    alone = rows.select(nobody & pl.col("student").is_first_distinct()).to_series()
    if not alone.any():
        return rows.filter("here")
    nothing = [pl.when(~alone).then(name).alias(name) for name in (*CONTACT_COLUMNS, "person")]
    same = pl.when(alone).then(pl.lit(Change.SAME.value)).otherwise("change").alias("change")
    return rows.with_columns(*nothing, same).filter(pl.col("here") | alone)


def arrivals(district: District, night: int) -> Ints:
    """Numbers of the students who come on that night: they follow those of the nights before."""
    if night == 1:
        return np.arange(0)
    size = max(1, round(district.students * district.nightly.student_arrived))
    size = size if district.nightly.student_arrived else 0
    first = district.students + (night - 2) * size
    return np.arange(first, first + size, dtype=np.int64)
