"""Frames for the steps before match, written down as a test thinks of them."""

from collections.abc import Iterable, Mapping

import polars as pl
from hypothesis import settings

from kinsync.domain.frames import CLEAN, ROWS
from kinsync.domain.vocabulary import default_vocabulary
from kinsync.pipeline.check import Checked, check_contacts
from kinsync.pipeline.clean import clean_contacts

WORDS = default_vocabulary()
FILE = "students.csv"

laws = settings(max_examples=30)
"""How the laws of this package are tried: a frame costs a millisecond, the first one more."""

COMPLETE = {
    "student_sis_id": "S1",
    "school_sis_id": "101",
    "last_name": "Marlowe",
    "first_name": "Theo",
    "contact_type": "Primary",
    "contact_name": "Lucía Marlowe",
}
"""A row with which nothing is wrong."""


def rows(*given: Mapping[str, str | None]) -> pl.DataFrame:
    """Rows after map (``frames.ROWS``), the first under the header; nothing but what is given."""
    numbered = [{"row": row, "part": 0, **one} for row, one in enumerate(given, start=2)]
    return pl.DataFrame(numbered, schema=ROWS)


def complete(**given: str | None) -> dict[str, str | None]:
    """A complete row, but for what is given (fields of a contact without their prefix)."""
    theirs = {name: f"contact_{name}" for name in given if f"contact_{name}" in ROWS}
    named = {theirs.get(name, name): value for name, value in given.items()}
    return {**COMPLETE, **named}


def cleaned(*given: Mapping[str, str | None]) -> pl.DataFrame:
    """The same after clean (``frames.CLEAN``)."""
    return clean_contacts(rows(*given), WORDS)


def checked(*given: Mapping[str, str | None]) -> Checked:
    """The same after check; a finding's column is the field."""
    return check_contacts(cleaned(*given), WORDS, file=FILE, header=lambda field: field)


def found(findings: pl.DataFrame) -> list[tuple[int, str]]:
    """Row and code of each finding, in order."""
    return sorted(findings.select("row", "code").iter_rows())


def kept(*given: Mapping[str, str | None]) -> pl.DataFrame:
    """Kept rows (``frames.CLEAN``) as link is given them: our names for what is theirs."""
    return checked(*(complete(**one) for one in given)).kept


def series(values: Iterable[str | None]) -> pl.Series:
    return pl.Series(list(values), dtype=pl.String)


assert CLEAN.names()[0] == "row"
