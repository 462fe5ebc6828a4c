"""Skyward SMS 2.0: the student export of SkyBuild, with the first emergency contact of each."""

import polars as pl

from kinsync.simulators.extracts.extract import Extract, Quirks

_LENGTH = 20
_SHORT = 10


def _rows(families: pl.DataFrame, quirks: Quirks) -> pl.DataFrame:
    first = families.unique("student", keep="first", maintain_order=True)
    name = pl.col("Contact_name")
    if "last-first" in quirks:
        name = pl.concat_str("surname", pl.lit(", "), "given")
    relation = pl.col("Contact_relationship").str.to_uppercase()
    if "cut" in quirks:
        name, relation = name.str.head(_LENGTH), relation.str.head(_SHORT)
    rows = first.select(
        Student_ID="Student_id",
        School_ID="School_id",
        Last_Name="Last_name",
        First_Name="First_name",
        Grade="Grade",
        E1_Full_Name=name,
        E1_Relation_Dsc=relation,
        E1_Cell_Phone="Contact_phone",
        E1_Pri_Phone="work",
        E1_Street_Addr=pl.when(pl.col("person").is_not_null()).then("Student_street"),
        E1_City=pl.when(pl.col("person").is_not_null()).then("Student_city"),
        E1_State=pl.when(pl.col("person").is_not_null()).then("Student_state"),
        E1_Zip_Code=pl.when(pl.col("person").is_not_null()).then("Student_zip"),
        student="student",
        person="person",
        name="name",
    )
    if "parent-columns" in quirks:
        parents = rows.with_columns(Parent_Name="E1_Full_Name", Parent_Phone="E1_Cell_Phone")
        rows = parents.drop("E1_Full_Name", "E1_Cell_Phone")
    if "listed-twice" in quirks:
        rows = pl.concat([rows, _again(rows)]).sort("student", maintain_order=True)
    return rows


def _again(rows: pl.DataFrame) -> pl.DataFrame:
    """Students whom a second school lists too, there with another first contact."""
    some = rows.filter(pl.col("student") % 2 == 0, pl.col("E1_Full_Name").is_not_null())
    nobody = [pl.lit(None, rows.schema[column]).alias(column) for column in ("person", "name")]
    return some.with_columns(
        *nobody, School_ID=pl.lit("999"), E1_Full_Name=pl.lit("Lois Okonjo-Vane")
    )


SKYWARD = Extract(
    name="skyward-auto",
    file="StudentC.csv",
    rows=_rows,
    quirks={
        "cut": f"names end after {_LENGTH} characters, relations after {_SHORT}",
        "last-first": "names as Last, First",
        "listed-twice": "every other student is listed by a second school, with another contact",
        "parent-columns": "Parent_Name and Parent_Phone instead of E1_Full_Name, E1_Cell_Phone",
    },
    renamed={"E1_Pri_Phone": "Home phone"},
)
