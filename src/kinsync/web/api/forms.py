"""The forms of single values on the wire, the same in every version of the API."""

import re
from datetime import datetime
from functools import lru_cache

ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
US_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


@lru_cache(maxsize=4096)
def timestamp(moment: datetime) -> str:
    """``2026-01-05T08:00:00.000Z``."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def enumeration(*words: str) -> dict[str | None, str]:
    """A closed list, as a table from what is stored to what is served; blank stays blank.

    Clients break on any other word: look values up with ``get``, and what stands for the rest.
    """
    return {**{word: word for word in words}, "": "", None: ""}


FLAGS = enumeration("Y", "N")
RACES = enumeration(
    "Caucasian",
    "Asian",
    "Black or African American",
    "American Indian",
    "Hawaiian or Other Pacific Islander",
    "Two or More Races",
    "Unknown",
)


TYPES = enumeration("Parent/Guardian", "Emergency", "Primary", "Secondary", "Family", "Other")
RELATIONSHIPS = enumeration("Parent", "Grandparent", "Self", "Aunt/Uncle", "Sibling", "Other")
PHONE_TYPES = enumeration("Cell", "Home", "Work", "Other")
"""What contacts are, from v2.0 on. v1.2 has the source's own words."""
TWO_GENDERS = enumeration("M", "F")
GENDERS = enumeration("M", "F", "X")
"""Up to v2.0, and from v2.1 on."""
FEW_GRADES = enumeration(
    *map(str, range(1, 13)), "PreKindergarten", "Kindergarten", "PostGraduate", "Other"
) | {
    "InfantToddler": "Other",
    "Preschool": "PreKindergarten",
    "TransitionalKindergarten": "Kindergarten",
}
"""Up to v2.0; grades that there is no word for stand under the nearest one."""
GRADES = enumeration(
    "InfantToddler",
    "Preschool",
    "PreKindergarten",
    "TransitionalKindergarten",
    "Kindergarten",
    *map(str, range(1, 14)),
    "PostGraduate",
    "Ungraded",
    "Other",
)
"""From v2.1 on."""


@lru_cache(maxsize=4096)
def birth_date(value: str | None) -> str | None:
    """``M/D/YYYY``; None where it is blank or no date, since clients check the pattern."""
    if not value:
        return None
    if found := ISO_DATE.match(value):
        year, month, day = found.groups()
    elif found := US_DATE.fullmatch(value):
        month, day, year = found.groups()
    else:
        return None
    return f"{int(month)}/{int(day)}/{year}"


def person_name(*, first: str | None, middle: str | None, last: str | None) -> dict[str, str]:
    """A name by its parts. One that is missing is left out."""
    parts = {"first": first, "middle": middle, "last": last}
    return {part: text for part, text in parts.items() if text}


def present(**values: str | None) -> dict[str, str]:
    """The values that are there: for attributes whose pattern or list has no blank."""
    return {name: value for name, value in values.items() if value}
