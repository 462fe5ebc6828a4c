"""Who belongs together: students in families, families with the people who answer for them.

A person's number is ``family * SLOTS + slot``, a family's that of its first place in the cell.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from kinsync.simulators.families.amounts import SIBLINGS
from kinsync.simulators.families.dice import Dice, Ints, Mask, Shares

ROLES = ("mother", "father", "grandmother", "grandfather", "stepmother", "aunt", "friend", "new")
"""What the person in each slot of a family is; *aunt* may be an uncle."""

SLOTS = len(ROLES)
NOBODY = -1
MOTHER, FATHER, GRANDMOTHER, GRANDFATHER, STEPMOTHER, AUNT, FRIEND, NEWCOMER = range(SLOTS)

TYPES = "PSGEFO"
"""Primary, Secondary, Parent/Guardian, Emergency, Family, Other."""

_SHORT = {"M": 0, "F": 1, "GM": 2, "GF": 3, "SM": 4, "AU": 5, "FR": 6}

# Weight, and the student's rows in order: who, and as what type.
_HOUSEHOLDS: tuple[tuple[int, str], ...] = (
    (10, ""),
    (80, "M:P"),
    (20, "F:P"),
    (200, "M:P F:S"),
    (60, "M:G F:G"),
    (40, "F:P GM:E"),
    (260, "M:P F:S GM:E"),
    (70, "M:P GM:F AU:E"),
    (30, "M:P F:S M:E"),  # one person in two ways
    (10, "M:P F:S GF:E"),  # father and grandfather of one name: Jr. and Sr.
    (40, "F:P SM:S M:G"),
    (110, "M:P F:S GM:E AU:E"),
    (50, "M:G F:G GM:E GF:E"),
    (70, "M:P F:S GM:E AU:E FR:O"),
    (20, "M:P F:S SM:G GM:E AU:E FR:O"),
)
JUNIOR_SENIOR, STEP_HOUSEHOLD = (
    [rows for _, rows in _HOUSEHOLDS].index(layout) for layout in ("M:P F:S GF:E", "F:P SM:S M:G")
)

CELL = 40
"""Students who are laid out together; siblings are found within one cell."""

_TOGETHER = round(CELL * SIBLINGS)
_PATTERNS = ((2, 2, 2), (3, 3), (2, 4))


def _rows(household: str) -> list[tuple[int, int]]:
    pairs = [part.split(":") for part in household.split()]
    return [(_SHORT[who], TYPES.index(kind)) for who, kind in pairs] or [(NOBODY, 0)]


_LAYOUT = [_rows(rows) for _, rows in _HOUSEHOLDS]
_COUNTS = np.array([len(rows) for rows in _LAYOUT], dtype=np.int64)
_WIDEST = int(_COUNTS.max())
_PADDED = [rows + [(NOBODY, 0)] * (_WIDEST - len(rows)) for rows in _LAYOUT]
_SLOT = np.array([[slot for slot, _ in rows] for rows in _PADDED], dtype=np.int64)
_TYPE = np.array([[kind for _, kind in rows] for rows in _PADDED], dtype=np.int64)


def _first_places() -> Ints:
    """For each pattern and place in a cell: the first place of the same family."""
    table = np.tile(np.arange(CELL, dtype=np.int64), (len(_PATTERNS), 1))
    for row, pattern in zip(table, _PATTERNS, strict=True):
        row[:_TOGETHER] = np.repeat(np.cumsum((0, *pattern[:-1])), pattern)
    return table


_FIRST_PLACE = _first_places()


def family_of(dice: Dice, students: Ints) -> Ints:
    """The family of each student. Siblings stand near one another in the file, not in a row."""
    cell, place = np.divmod(students, CELL)
    shuffled = (place * 7 + dice.pick(CELL, "cell", cell)) % CELL
    return cell * CELL + _FIRST_PLACE[dice.pick(len(_PATTERNS), "siblings", cell), shuffled]


@cache
def _thresholds(contacts_per_student: float) -> Shares:
    """Cumulative shares of the households, tilted to that many rows a student."""
    weights = np.array([weight for weight, _ in _HOUSEHOLDS], dtype=np.float64)
    low, high = 0.05, 20.0
    for _ in range(60):
        tilt = (low + high) / 2
        tilted = weights * tilt**_COUNTS
        mean = float((tilted * _COUNTS).sum() / tilted.sum())
        low, high = (tilt, high) if mean < contacts_per_student else (low, tilt)
    edges: Shares = np.round(np.cumsum(tilted) / tilted.sum(), 9)
    return edges


def household_of(dice: Dice, families: Ints, contacts_per_student: float) -> Ints:
    """Which of the households each family is."""
    shares = dice.share("household", families)
    edges = _thresholds(contacts_per_student)[:-1]
    return np.searchsorted(edges, shares, side="right").astype(np.int64)


@dataclass(frozen=True, slots=True)
class People:
    """People as numbers: one place of each array is one of them."""

    person: Ints  # NOBODY where a student has no contact
    family: Ints
    household: Ints
    slot: Ints  # index into ROLES, or NOBODY

    @property
    def is_namesake(self) -> Mask:
        """The father and grandfather who go by one name, Jr. and Sr."""
        either = (self.slot == FATHER) | (self.slot == GRANDFATHER)
        named: Mask = either & (self.household == JUNIOR_SENIOR)
        return named


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Contact rows as numbers: one place of each array is one row of the file."""

    student: Ints
    type: Ints  # index into TYPES
    who: People

    @property
    def key(self) -> Ints:
        """Tells apart the rows of one student."""
        return self.who.slot * len(TYPES) + self.type


def people(dice: Dice, persons: Ints, contacts_per_student: float) -> People:
    """What is known about persons by their numbers alone."""
    family, slot = np.divmod(persons, SLOTS)
    return People(persons, family, household_of(dice, family, contacts_per_student), slot)


def skeleton(dice: Dice, students: Ints, contacts_per_student: float) -> Skeleton:
    """The rows of those students, in the order of the file."""
    family = family_of(dice, students)
    household = household_of(dice, family, contacts_per_student)
    counts = _COUNTS[household]
    starts = np.cumsum(counts) - counts
    nth = np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(starts, counts)
    family, household = np.repeat(family, counts), np.repeat(household, counts)
    slot = _SLOT[household, nth]
    person = np.where(slot == NOBODY, NOBODY, family * SLOTS + slot)
    who = People(person, family, household, slot)
    return Skeleton(np.repeat(students, counts), _TYPE[household, nth], who)


def newcomers(dice: Dice, students: Ints, contacts_per_student: float) -> Skeleton:
    """One more row for each of those students: the person whom the family names later."""
    persons = family_of(dice, students) * SLOTS + NEWCOMER
    kinds = np.full(len(students), TYPES.index("E"), dtype=np.int64)
    return Skeleton(students, kinds, people(dice, persons, contacts_per_student))
