"""Illuminate: a custom report that lies on SFTP, one row per student and contact."""

import polars as pl

from kinsync.simulators.extracts.extract import Extract, Quirks, about_contact, flag


def _rows(families: pl.DataFrame, quirks: Quirks) -> pl.DataFrame:
    is_first = pl.col("order") == 1
    is_primary = pl.col("order") <= 2 if "two-primaries" in quirks else is_first
    is_guardian = pl.col("Contact_type").is_in(["Secondary", "Parent/Guardian"])
    rows = families.select(
        local_student_id="Student_id",
        local_site_id="School_id",
        student_last_name="Last_name",
        student_first_name="First_name",
        grade_level="Grade",
        contact_id=pl.col("key").cast(pl.String),
        contact_last_name="surname",
        contact_first_name="given",
        relationship="Contact_relationship",
        is_primary=flag(is_primary),
        is_emergency=flag(pl.col("Contact_type") == "Emergency"),
        legal_guardian=flag(is_guardian),
        cell_phone="Contact_phone",
        home_phone=about_contact(pl.col("household")),
        work_phone=pl.lit(None, pl.String),
        email="Contact_email",
        contact_street=about_contact(pl.col("Student_street")),
        contact_city=about_contact(pl.col("Student_city")),
        contact_state=about_contact(pl.col("Student_state")),
        contact_zip=about_contact(pl.col("Student_zip")),
        household_id=about_contact((pl.col("student") + 5_000).cast(pl.String)),
        primary_residence=flag(is_first),
        student="student",
        person="person",
        name="name",
    )
    if "own-relations" in quirks:
        tribal = pl.when(pl.col("is_primary") == "0").then(pl.lit("Tribal Liaison"))
        rows = rows.with_columns(tribal.otherwise("relationship").alias("relationship"))
    if "self-contacts" in quirks:
        rows = _with_selves(rows)
    return rows


def _with_selves(rows: pl.DataFrame) -> pl.DataFrame:
    """A contact that stands for the student, with the student's own phone."""
    theirs = rows.unique("student", keep="first", maintain_order=True).with_columns(
        contact_id="9" + pl.col("local_student_id"),
        contact_last_name="student_last_name",
        contact_first_name="student_first_name",
        relationship=pl.lit("Self"),
        is_primary=pl.lit("0"),
        is_emergency=pl.lit("0"),
        legal_guardian=pl.lit("0"),
        cell_phone=pl.lit("7145550190"),
        home_phone=pl.lit(None, pl.String),
        email=pl.lit(None, pl.String),
        person=-pl.col("student"),
        name=pl.concat_str("student_first_name", pl.lit(" "), "student_last_name"),
    )
    return pl.concat([rows, theirs]).sort("student", maintain_order=True)


ILLUMINATE = Extract(
    name="illuminate",
    file="contacts.csv",
    rows=_rows,
    quirks={
        "two-primaries": "a primary contact in each of two households",
        "self-contacts": "every student is a contact too",
        "own-relations": "a relation that only this district has",
    },
    renamed={"cell_phone": "mobile_number"},
)
