"""SchoolInsight: an export of Query Builder, one row per student and contact."""

import polars as pl

from kinsync.simulators.extracts.extract import Extract, Quirks, about_contact, flag


def _rows(families: pl.DataFrame, quirks: Quirks) -> pl.DataFrame:
    is_emergency = pl.col("Contact_type") == "Emergency"
    email = pl.col("Contact_email")
    if "several-emails" in quirks:
        email = email + "; second." + email
    rows = families.select(
        pl.col("Student_id").alias("Student ID"),
        pl.col("School_id").alias("School ID"),
        pl.col("Last_name").alias("Student Last Name"),
        pl.col("First_name").alias("Student First Name"),
        "Grade",
        ("C-" + pl.col("key").cast(pl.String)).alias("Contact ID"),
        pl.col("given").alias("Contact First Name"),
        pl.col("surname").alias("Contact Last Name"),
        pl.col("Contact_relationship").alias("Relationship"),
        flag(is_emergency, "", "Custodial").alias("Custodial Status"),
        flag(is_emergency, "Yes", "No").alias("Emergency Contact"),
        pl.col("order").cast(pl.String).alias("Contact Order"),
        pl.col("Contact_phone").alias("Cell Phone"),
        about_contact(pl.col("household")).alias("Home Phone"),
        (pl.col("work") + " ext 4").alias("Work Phone"),
        email.alias("Email"),
        about_contact(pl.col("Student_street")).alias("Contact Address"),
        about_contact(pl.col("Student_city")).alias("Contact City"),
        about_contact(pl.col("Student_state")).alias("Contact State"),
        about_contact(pl.col("Student_zip")).alias("Contact Zip"),
        "student",
        "person",
        "name",
    )
    if "restricted" in quirks:
        rows = _with_restricted(rows)
    if "organisations" in quirks:
        rows = _with_organisations(rows)
    if "repeated" in quirks:
        rows = pl.concat([rows, rows.head(3)])
    if "few-columns" in quirks:
        rows = rows.drop("Contact ID", "Custodial Status", "Emergency Contact", "Contact Order")
    if "damaged-ids" in quirks:
        damaged = pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("1.00E+05"))
        rows = rows.with_columns(damaged.otherwise("Student ID").alias("Student ID"))
    if "blank-columns" in quirks:
        rows = rows.with_columns(pl.lit("").alias("  "))
    return rows


def _with_restricted(rows: pl.DataFrame) -> pl.DataFrame:
    """Somebody beside every first contact who must not be contacted."""
    court = pl.lit("Court order: NO CONTACT")
    theirs = rows.filter(pl.col("Contact Order") == "1").with_columns(
        pl.lit("C-1").alias("Contact ID"),
        pl.lit("Barred").alias("Contact First Name"),
        pl.lit("Person").alias("Contact Last Name"),
        court.alias("Custodial Status"),
        pl.lit(None, pl.Int64).alias("person"),
        pl.lit(None, pl.String).alias("name"),
    )
    return pl.concat([rows, theirs]).sort("student", maintain_order=True)


def _with_organisations(rows: pl.DataFrame) -> pl.DataFrame:
    """The last contacts are day cares: one name alone."""
    is_last = pl.col("Contact Order").cast(pl.Int64) == pl.col("Contact Order").cast(
        pl.Int64
    ).max().over("student")
    names = {"Contact First Name": "Bright Steps", "Contact Last Name": "", "name": "Bright Steps"}
    return rows.with_columns(
        pl.when(is_last).then(pl.lit(text)).otherwise(column).alias(column)
        for column, text in {**names, "Relationship": "Day Care", "Contact ID": "C-2"}.items()
    ).with_columns(pl.when(is_last).then(-2).otherwise("person").alias("person"))


SCHOOLINSIGHT = Extract(
    name="schoolinsight",
    file="query_builder_contacts.csv",
    rows=_rows,
    quirks={
        "several-emails": "two e-mails in one cell",
        "restricted": "people who must not be contacted, beside the others",
        "organisations": "day cares with one name alone",
        "repeated": "some rows twice",
        "few-columns": "none of the columns that a report may leave out",
        "damaged-ids": "an id that a spreadsheet has rewritten",
        "blank-columns": "a column without a name at the end",
    },
    renamed={"Cell Phone": "Mobile", "Email": "Email Address"},
)
