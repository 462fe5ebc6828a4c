"""Infinite Campus: an extract of an ad hoc filter over students and their contacts.

One row is one contact of one student by one way (household or relationship); a student without any
has one row with blanks. Source: the view ``v_CensusContactSummary`` and its ad hoc names.
"""

import polars as pl

from kinsync.simulators.extracts.extract import Extract, Quirks, about_contact, flag

_SELF = "self-rows"


def _rows(families: pl.DataFrame, quirks: Quirks) -> pl.DataFrame:
    rows = families.select(
        *_student(),
        *_contact(has_flags="no-flags" not in quirks),
        *_TRUTH,
    )
    parts = [rows]
    if "two-households" in quirks:
        other = pl.lit("(763)555-0190")
        again = rows.filter(pl.col("contacts.seq") == "1")
        parts.append(again.with_columns(other.alias("contacts.householdPhone")))
    if _SELF in quirks:
        parts.append(_self_rows(rows))
    rows = pl.concat(parts)
    if "household-names" in quirks:
        is_first = pl.col("contacts.seq").min().over("student", "person") == "1"
        blank = [
            pl.when(~is_first).then(pl.col(name)).alias(name)
            for name in ("contacts.firstName", "contacts.lastName")
        ]
        surname = pl.col("name").str.extract(r"(\S+)$")
        rows = rows.with_columns(
            *blank,
            pl.when(is_first).then(surname + "/Voss").otherwise("contacts.householdName")
            .alias("contacts.householdName"),
            pl.when(is_first).then(surname + "/Voss").otherwise("name").alias("name"),
        )  # fmt: skip
    if "nine-fields" in quirks:
        rows = rows.drop(_OPTIONAL)
    return rows.sort("student", maintain_order=True)


_OPTIONAL = (
    "student.personID", "contacts.contactPersonID", "contacts.guardian", "contacts.seq",
)  # fmt: skip
_TRUTH = ("student", "person", "name")


def _student() -> list[pl.Expr]:
    return [
        pl.col("Student_id").alias("student.studentNumber"),
        (pl.col("student") + 400_000).cast(pl.String).alias("student.personID"),
        pl.col("School_id").alias("school.number"),
        pl.col("Last_name").alias("student.lastName"),
        pl.col("First_name").alias("student.firstName"),
        pl.col("Grade").alias("student.grade"),
    ]


def _contact(*, has_flags: bool) -> list[pl.Expr]:
    digits = pl.col("Contact_phone").str.replace_all(r"[^0-9]", "").str.tail(10)
    phone = pl.format("({}){}-{}", *(digits.str.slice(at, n) for at, n in ((0, 3), (3, 3), (6, 4))))
    is_guardian = pl.col("Contact_type").is_in(["Primary", "Secondary", "Parent/Guardian"])
    blank = pl.lit(None, pl.String)
    return [
        pl.col("key").cast(pl.String).alias("contacts.contactPersonID"),
        pl.col("given").alias("contacts.firstName"),
        pl.col("surname").alias("contacts.lastName"),
        pl.col("Contact_relationship").alias("contacts.relationship"),
        (flag(is_guardian) if has_flags else blank).alias("contacts.guardian"),
        (pl.col("order").cast(pl.String) if has_flags else blank).alias("contacts.seq"),
        pl.col("Contact_email").alias("contacts.email"),
        blank.alias("contacts.homePhone"),
        about_contact(pl.col("household")).alias("contacts.householdPhone"),
        (pl.col("work") + "x44").alias("contacts.workPhone"),
        phone.alias("contacts.cellPhone"),
        about_contact(pl.col("Last_name")).alias("contacts.householdName"),
    ]


def _self_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """The student as one of his own contacts; nobody whom the truth knows."""
    theirs = rows.unique("student", keep="first", maintain_order=True)
    blank = [
        pl.lit(None, rows.schema[name]).alias(name)
        for name in ("contacts.guardian", "contacts.seq", "contacts.workPhone", "person", "name")
    ]
    return theirs.with_columns(
        *blank,
        pl.col("student.personID").alias("contacts.contactPersonID"),
        pl.col("student.firstName").alias("contacts.firstName"),
        pl.col("student.lastName").alias("contacts.lastName"),
        pl.lit("Self").alias("contacts.relationship"),
        pl.lit("student@students.example.org").alias("contacts.email"),
    )


INFINITE_CAMPUS = Extract(
    name="infinite-campus-auto",
    file="ic_contacts_20260914.csv",
    rows=_rows,
    quirks={
        _SELF: "every student is one of his own contacts",
        "two-households": "first contacts once more, with another household's phone",
        "no-flags": "guardian and seq are blank",
        "household-names": "first contacts without a name, but with a household's",
        "nine-fields": "only the nine contacts.* fields and the student's",
    },
    renamed={"contacts.cellPhone": "Guardian cell"},
)
