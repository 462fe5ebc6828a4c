"""The columns of a student, the same in each of the student's rows."""

import numpy as np
import polars as pl

from kinsync.simulators.families.dice import Ints
from kinsync.simulators.families.district import SCHOOLS_PER_AREA, District
from kinsync.simulators.families.households import family_of
from kinsync.simulators.families.people import child_named, language_of
from kinsync.simulators.families.words import names, table, words

FIRST_ID = 100_001
SCHOOL_YEAR_ENDS = 2027

_GRADES = ("PreKindergarten", "Kindergarten", *(str(n) for n in range(1, 13)))
_LEVEL_SCHOOLS = ((0, 3), (3, 2), (5, 1))  # elementary, middle, high: first school and how many
_RACES = ("Caucasian", "Black", "Asian", "Two or more", "Pacific Islander", "Unknown")
_DAYS = tuple(f"{month:02d}/{day:02d}/" for month in range(1, 13) for day in range(1, 29))


def grade_of(district: District, students: Ints) -> Ints:
    """Index into the grades: 0 is before kindergarten, 13 the last."""
    return district.dice.pick(len(_GRADES), "grade", students)


def school_of(district: District, students: Ints, families: Ints) -> Ints:
    """School_id: of the family's neighbourhood, by the student's grade."""
    grade = grade_of(district, students)
    level = (grade >= 7).astype(np.int64) + (grade >= 10)
    first = np.array([start for start, _ in _LEVEL_SCHOOLS], dtype=np.int64)[level]
    count = np.array([schools for _, schools in _LEVEL_SCHOOLS], dtype=np.int64)[level]
    area = district.dice.pick(district.areas, "area", families)
    return 101 + area * SCHOOLS_PER_AREA + first + district.dice.pick(count, "school", families)


def _text(numbers: Ints) -> pl.Series:
    return pl.Series(numbers).cast(pl.String)


def _of(options: tuple[str | None, ...] | pl.Series, numbers: Ints) -> pl.Series:
    return pl.Series(options, dtype=pl.String).gather(numbers)


def _flag(district: District, share: float, purpose: str, keys: Ints) -> pl.Series:
    return _of(("N", "Y"), district.dice.chance(share, purpose, keys).astype(np.int64))


def student_columns(district: District, students: Ints) -> dict[str, pl.Series]:
    """By header, in the order of the file up to the contact columns, and ``Username`` last."""
    family = family_of(district.dice, students)
    called = child_named(district.dice, students, family)
    taught = grade_of(district, students) >= 4  # the little ones have no account
    nobody = pl.Series([None], dtype=pl.String).new_from_index(0, len(students))
    login = (
        called.given_letters.str.head(3)
        + called.surname_letters.str.head(5)
        + _text(students % 10_000)
    )
    login = login.zip_with(pl.Series(taught), nobody)
    return {
        "School_id": _text(school_of(district, students, family)),
        "Student_id": _text(students + FIRST_ID),
        "Student_number": _text(700_000 + students),
        "State_id": _text(81_000_000 + students * 7),
        **_named(district, students, called.surname, called.given),
        **_about(district, students, family),
        **_address(district, family),
        "Student_email": login + "@" + words("emails", "district")[0],
        "Username": login,
    }


def _named(
    district: District, students: Ints, surname: pl.Series, given: pl.Series
) -> dict[str, pl.Series]:
    dice = district.dice
    initials = (None, None, *(letter for letter in "ABCDEFGJKLMNPRST"))
    unnamed = pl.Series(dice.chance(district.mess.student_unnamed, "unnamed", students))
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(students))
    return {
        "Last_name": surname,
        "Middle_name": _of(initials, dice.pick(len(initials), "middle name", students)),
        "First_name": nothing.zip_with(unnamed, given),
    }


def _about(district: District, students: Ints, family: Ints) -> dict[str, pl.Series]:
    dice = district.dice
    grade = grade_of(district, students)
    odd = words("broken", "grades").gather(dice.pick(3, "odd grade", students))
    is_odd = pl.Series(dice.chance(district.mess.grade_unknown, "grade unknown", students))
    language = language_of(dice, family)
    spanish = (language == names().languages.index("Spanish")).astype(np.int64)
    birth_year = _text(SCHOOL_YEAR_ENDS - 5 - grade)
    days = _of(_DAYS, dice.pick(len(_DAYS), "birthday", students))
    boy = dice.chance(0.5, "boy", students).astype(np.int64)
    return {
        "Grade": odd.zip_with(is_odd, _of(_GRADES, grade)),
        "Gender": _of(("F", "M"), boy),
        "Graduation_year": _text(SCHOOL_YEAR_ENDS + 13 - grade),
        "DOB": days + birth_year,
        "Race": _of(_RACES, dice.pick(len(_RACES), "race", family)),
        "Hispanic_Latino": _of(("N", "Y"), spanish),
        "Home_language": _of(names().languages, language),
        "Ell_status": _flag(district, 0.1, "ell", students),
        "Frl_status": _of(("Paid", "Free", "Reduced"), dice.pick(3, "frl", family)),
        "IEP_status": _flag(district, 0.12, "iep", students),
    }


def _address(district: District, family: Ints) -> dict[str, pl.Series]:
    """Siblings live together. A few per cent have a comma in their street, and so quotes."""
    dice = district.dice
    streets, suffixes = words("places", "streets"), words("places", "suffixes")
    place = dice.pick(len(words("places", "cities")), "city", family)
    flat = ", Apt " + _text(1 + dice.pick(40, "flat", family))
    in_flat = pl.Series(dice.chance(0.04, "in a flat", family))
    street = (
        _text(100 + dice.pick(9_800, "house", family))
        + " "
        + streets.gather(dice.pick(len(streets), "street", family))
        + " "
        + suffixes.gather(dice.pick(len(suffixes), "suffix", family))
    )
    size = len(family)
    return {
        "Student_street": street + flat.zip_with(in_flat, pl.Series([""]).new_from_index(0, size)),
        "Student_city": words("places", "cities").gather(place),
        "Student_state": pl.Series([table("words.toml")["places"]["state"]]).new_from_index(
            0, size
        ),
        "Student_zip": words("places", "zips").gather(place),
    }
