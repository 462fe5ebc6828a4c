"""The sample district, Lakeside Unified, written into a folder: ``python -m … --out samples``.

Its families are drawn like any other; ``sample.toml`` adds the rows of which the docs need one.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from kinsync.simulators.families.amounts import Mess, Nightly
from kinsync.simulators.families.contacts import emails, phone_columns
from kinsync.simulators.families.dice import Dice
from kinsync.simulators.families.district import District
from kinsync.simulators.families.households import newcomers
from kinsync.simulators.families.nights import arrivals, next_night, visible
from kinsync.simulators.families.people import person_named
from kinsync.simulators.families.rows import COLUMNS, CONTACT_COLUMNS, first_night
from kinsync.simulators.families.students import FIRST_ID
from kinsync.simulators.families.words import table

STUDENTS = 1_990
NIGHTS = (1, 2)

MESS = Mess(
    contacts_per_student=2.18,
    name_blank=0.0005,
    type_blank=0.0005,
    phone_office=0.03,
    email_office=0.02,
    phone_extension=0.006,
    ragged=0.0,
)

NIGHTLY = Nightly(
    phone=0.0025,
    email=0.0018,
    phone_and_email=0.0015,
    type=0.0018,
    relationship=0.0015,
    surname=0.0015,
    gained_sis_id=0.004,
    absent=0.0015,
    gone=0.001,
    new=0.002,
    shuffled=0.003,
    student_left=0.002,
    student_arrived=0.002,
)

DISTRICT = District(Dice(20_261), MESS, NIGHTLY, STUDENTS)

_HEADER = (*COLUMNS, "Bus_route", "Grade")  # a column of no use, and one that is there twice
_DIRECTIVES = ("student", "alone", "nights", "repeat", "ragged", "night2")

_CUSTOM_HEADER = (
    *("contact_id", "student_id", "first_name", "last_name", "type", "relationship"),
    *("phone", "phone_type", "email"),
)
_CUSTOM_STUDENTS = range(300, 339)
_UNKNOWN_STUDENT = "999999"


def drawn_nights() -> list[pl.DataFrame]:
    """The drawn rows of each night, as they stand in the file, with the truth beside them."""
    rows = first_night(DISTRICT, np.arange(STUDENTS, dtype=np.int64))
    nights = [visible(rows)]
    for night in NIGHTS[1:]:
        rows = next_night(DISTRICT, rows, night)
        rows = pl.concat([rows, first_night(DISTRICT, arrivals(DISTRICT, night))])
        nights.append(visible(rows))
    return nights


def _planted() -> list[dict[str, Any]]:
    """The rows of ``sample.toml``, crowds spelled out."""
    plants: list[dict[str, Any]] = list(table("sample.toml")["row"])
    for crowd in table("sample.toml")["crowd"]:
        cells = {name: value for name, value in crowd.items() if name in CONTACT_COLUMNS}
        for n in range(crowd["count"]):
            email = cells["Contact_email"].format(n=n + 1)
            plants.append({"student": crowd["first_student"] + n, **cells, "Contact_email": email})
    return plants


def _planted_row(plant: dict[str, Any], about: dict[str, Any], night: int) -> dict[str, Any]:
    """One row: the student's details, with the plant's own columns."""
    blank = dict.fromkeys(CONTACT_COLUMNS)
    own = {name: value or None for name, value in plant.items() if name not in _DIRECTIVES}
    later = plant.get("night2", {}) if night == 2 else {}
    ragged = plant.get("ragged", False)
    return {**about, **blank, **own, **later, "student": plant["student"], "ragged": ragged}


def file_of(drawn: pl.DataFrame, night: int) -> pl.DataFrame:
    """The cells of one night's file, ``ragged`` beside them; drawn rows and planted ones."""
    drawn = drawn.select(*COLUMNS, "student", ragged=pl.lit(False))
    details = drawn.unique("student", keep="first", maintain_order=True)
    about = {row["student"]: row for row in details.iter_rows(named=True)}
    plants = [plant for plant in _planted() if night in plant.get("nights", NIGHTS)]
    plants = [plant for plant in plants if plant["student"] in about]
    alone = [plant["student"] for plant in plants if plant.get("alone")]
    rows = [
        _planted_row(plant, about[plant["student"]], night)
        for plant in plants
        for _ in range(1 + plant.get("repeat", False))
    ]
    kept = drawn.filter(~pl.col("student").is_in(alone))
    planted = pl.DataFrame(rows, schema=drawn.schema)
    return pl.concat([kept, planted]).sort("student", maintain_order=True)


def csv_of(cells: pl.DataFrame) -> str:
    """The file's text, with the columns that Kinsync has no use for."""
    routes = "Route " + (pl.col("student") % 23 + 1).cast(pl.String)
    whole = cells.select(*COLUMNS, Bus_route=routes, again="Grade")
    lines = whole.write_csv(include_header=False).removesuffix("\n").split("\n")
    ends = ["," if ragged else "" for ragged in cells["ragged"]]
    body = (line + end for line, end in zip(lines, ends, strict=True))
    return "\n".join([",".join(_HEADER), *body, ""])


def custom_contacts() -> str:
    """``contacts.csv`` of the second file shape: further people for students of the district."""
    students = np.array(_CUSTOM_STUDENTS, dtype=np.int64)
    shape = newcomers(DISTRICT.dice, students, MESS.contacts_per_student)
    called = person_named(DISTRICT.dice, MESS, shape.who)
    phone = phone_columns(DISTRICT, shape)
    ids = pl.Series(students + FIRST_ID).cast(pl.String)
    columns = (
        "C" + pl.Series(shape.who.person).cast(pl.String),
        ids.scatter(len(ids) - 1, _UNKNOWN_STUDENT),
        called.given,
        called.surname,
        pl.Series(["Guardian", "Emergency", "Family"]).gather(students % 3),
        pl.Series(["Aunt", "Grandparent", None]).gather(students % 3),
        phone["phone"],
        phone["type"],
        emails(DISTRICT, shape),
    )
    return pl.DataFrame(dict(zip(_CUSTOM_HEADER, columns, strict=True))).write_csv()


def texts() -> dict[str, str]:
    """Every generated file of the sample: its path in the folder, and its text."""
    first, second = (csv_of(file_of(d, n)) for n, d in zip(NIGHTS, drawn_nights(), strict=True))
    return {
        "students.csv": first,
        "night2/students.csv": second,
        "customcontacts/contacts.csv": custom_contacts(),
    }


def write(folder: Path) -> None:
    """Writes ``texts`` below the folder, as UTF-8 with LF."""
    for name, text in texts().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes the sample district's files.")
    parser.add_argument("--out", type=Path, required=True, help="the folder, such as samples")
    write(parser.parse_args().out)


if __name__ == "__main__":
    main()
