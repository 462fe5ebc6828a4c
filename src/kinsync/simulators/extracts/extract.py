"""One extract: the rows that a system would write, and the truth about them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from kinsync.domain.errors import ChangeInput
from kinsync.simulators.extracts.layout import LAYOUTS, Layout, laid_out
from kinsync.simulators.families import Change, small_families

Quirks = Collection[str]
Rows = Callable[[pl.DataFrame, Quirks], pl.DataFrame]
"""From ``families.rows`` to the columns of the system, with ``person`` and ``student`` beside."""

TRUTH = ("student", "person", "name")


@dataclass(frozen=True, slots=True)
class Extract:
    """A system that writes a file. ``quirks`` are its own, beside those of every layout."""

    name: str
    file: str
    rows: Rows
    quirks: Mapping[str, str]
    renamed: Mapping[str, str]
    """What some districts call a column, for the quirk ``renamed``."""
    pack: "Pack | None" = None
    """How its files are written, where it writes several into one archive."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was written. ``truth`` has a row for each contact of a student that is in the file:
    ``student`` (its id), ``person`` (who that really is) and ``name``."""

    path: Path
    table: pl.DataFrame
    truth: pl.DataFrame
    layout: Layout


def write_extract(
    extract: Extract,
    folder: Path,
    *,
    students: int,
    seed: int = 1,
    night: int = 1,
    quirks: Quirks = (),
    mess: float = 0,
) -> Extracted:
    """Write the file of one night. Each night one first contact more has another phone.

    Raises:
        ChangeInput: a quirk is not known.
    """
    known = {**({} if extract.pack else LAYOUTS), **extract.quirks}
    if unknown := sorted(set(quirks) - known.keys()):
        raise ChangeInput(
            f"{extract.name} has no quirk {', '.join(unknown)}. Known: {', '.join(known)}."
        )
    if extract.pack:
        folder.mkdir(parents=True, exist_ok=True)
        return extract.pack(folder / extract.file, students, seed, night, quirks)
    families = small_families(seed, students, mess=mess)
    for number in range(1, night):
        first = families.rows.unique("student", keep="first")["person"]
        persons = sorted(set(first) & set(families.persons_for(Change.PHONE)))
        families = families.edit(Change.PHONE, persons[number % len(persons)])
    rows = extract.rows(with_parts(families.rows), quirks)
    table = rows.drop(TRUTH).fill_null("")
    truth = rows.select(TRUTH).filter(pl.col("person").is_not_null()).unique(maintain_order=True)
    if "renamed" in quirks:
        table = table.rename(dict(extract.renamed))
    folder.mkdir(parents=True, exist_ok=True)
    layout = Layout.of(table, quirks)
    path = folder / extract.file
    path.write_bytes(laid_out(table, layout, quirks))
    return Extracted(path, table, truth, layout)


Pack = Callable[[Path, int, int, int, Quirks], Extracted]
"""Writes the archive of so many students, by a seed, as it is after so many nights."""


def with_parts(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of families with what systems keep apart: names in two, a phone of the household.

    ``order`` counts the contacts of a student from 1; ``household`` is the phone of the first,
    ``work`` one that nobody else has.
    """
    name = pl.col("Contact_name")
    has_contact = pl.col("person").is_not_null()
    counted = pl.when(has_contact).then(pl.int_range(1, pl.len() + 1).over("student"))
    digits = pl.col("Contact_phone").str.replace_all(r"[^0-9]", "").str.tail(10)
    first = pl.col("Contact_phone").first().over("student")
    return rows.with_columns(
        name=name,
        given=name.str.extract(r"^(\S+)"),
        surname=name.str.extract(r"^\S+\s+(.*)$"),
        order=counted,
        household=pl.when(has_contact).then(first),
        work=digits.str.head(6) + digits.str.tail(4).str.reverse(),
        key=pl.when(has_contact).then(pl.col("person") + 50_000),
    )


def flag(condition: pl.Expr, yes: Any = "1", no: Any = "0") -> pl.Expr:
    """A flag as systems write it; blank where there is no contact."""
    told = pl.when(condition).then(pl.lit(yes)).otherwise(pl.lit(no))
    return pl.when(pl.col("person").is_not_null()).then(told)


def about_contact(value: pl.Expr) -> pl.Expr:
    """A value where there is a contact, else blank."""
    return pl.when(pl.col("person").is_not_null()).then(value)
