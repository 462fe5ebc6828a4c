"""Linked rows to the records of a snapshot: contacts, and what they are to their students.

The order of the rows changes nothing: a contact has its fullest name, its phones in the order
cell, home, work, other, its addresses in the order of the alphabet.
"""

from collections.abc import Iterable, Iterator

import polars as pl

from kinsync.domain.frames import CONTACTS, RELATIONSHIPS
from kinsync.domain.vocabulary import PHONE_TYPES
from kinsync.pipeline.phones import comparable_phone

_TOLD = (
    "name", "sis_id", "phone", "phone_extension", "phone_type", "phone_type_source", "email",
)  # fmt: skip

Rows = Iterable[pl.DataFrame]
"""Kept rows (``frames.CLEAN``), in pieces."""


def plan(keys: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """What each kept row adds, beside ``keys`` row for row.

    Returns:
        ``contact``: the number of the row's person, counted from 0.
        ``is_detail``: the first row that says just this about the person.
        ``is_kind``: the first row that ties the person to this student in this way.
    """
    people = linked.select("person").unique(maintain_order=True).with_row_index("contact")
    return (
        linked.select("person")
        .hstack(keys.select("details", "kind"))
        .lazy()
        .join(people.lazy(), on="person", how="left", maintain_order="left")
        .select(
            "contact",
            is_detail=pl.struct("person", "details").is_first_distinct(),
            is_kind=pl.struct("person", "kind").is_first_distinct(),
        )
        .collect()
    )


def contact_pieces(rows: Rows, planned: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """One row per person (``frames.CONTACTS``), in pieces.

    Those about whom one row says everything come in the order of the rows, and at last the others.
    """
    told = planned.filter("is_detail")["contact"]
    is_told_twice = pl.col("contact").is_in(told.filter(told.is_duplicated()).unique().implode())
    several = []
    for piece in _beside(rows, planned):
        told_here = piece.filter("is_detail").select("contact", *_TOLD)
        several.append(told_here.filter(is_told_twice))
        alone = told_here.filter(~is_told_twice)
        yield alone.with_columns(
            pl.lit(None, pl.String).alias(name) for name in ("more_phones", "more_emails")
        ).select(CONTACTS.names())
    if several:
        yield _folded(pl.concat(several)).select(CONTACTS.names())


def relationship_pieces(rows: Rows, planned: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """One row per contact, student, type and relationship (``frames.RELATIONSHIPS``), in pieces."""
    for piece in _beside(rows, planned):
        yield piece.filter("is_kind").select(RELATIONSHIPS.names())


def schools(students: pl.DataFrame) -> pl.DataFrame:
    """One row per school that a student names (``frames.SCHOOLS``)."""
    ids = students.select(sis_id="school_sis_id").drop_nulls().unique().sort("sis_id")
    return ids.with_columns(name=pl.lit(None, pl.String))


def _beside(rows: Rows, planned: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Each piece of the rows, with the columns of its part of the plan."""
    start = 0
    for piece in rows:
        yield piece.hstack(planned.slice(start, piece.height))
        start += piece.height


def _folded(told: pl.DataFrame) -> pl.DataFrame:
    """People about whom the rows say several things."""
    fuller = [pl.col("name").str.len_chars(), pl.col("name")]
    people = (
        told.sort("contact", *fuller, descending=[False, True, False])
        .group_by("contact", maintain_order=True)
        .agg(pl.col("name").first(), pl.col("sis_id").drop_nulls().first())
    )
    return (
        people.join(_phones(told), on="contact", how="left")
        .join(_emails(told), on="contact", how="left")
        .sort("contact")
    )


def _phones(told: pl.DataFrame) -> pl.DataFrame:
    """The first phone of each person, and the others as JSON."""
    rank = pl.col("phone_type").replace_strict(
        PHONE_TYPES, range(len(PHONE_TYPES)), default=len(PHONE_TYPES), return_dtype=pl.UInt8
    )
    ordered = (
        told.drop_nulls("phone")
        .with_columns(same=comparable_phone(pl.col("phone")))
        .sort(
            "contact", rank, "same", "phone_extension", "phone_type_source", "phone",
            nulls_last=True,
        )
        .unique(["contact", "same"], keep="first", maintain_order=True)
    )  # fmt: skip
    more = pl.struct(
        phone="phone",
        extension="phone_extension",
        type="phone_type",
        type_source="phone_type_source",
    )
    others = _others(ordered, more.alias("more_phones"))
    first = ordered.unique("contact", keep="first", maintain_order=True)
    return first.select(
        "contact", "phone", "phone_extension", "phone_type", "phone_type_source"
    ).join(others, on="contact", how="left")


def _emails(told: pl.DataFrame) -> pl.DataFrame:
    """The first address of each person, and the others as JSON."""
    ordered = (
        told.drop_nulls("email")
        .select("contact", "email", same=pl.col("email").str.to_lowercase())
        .sort("contact", "same", "email")
        .unique(["contact", "same"], keep="first", maintain_order=True)
    )
    others = _others(ordered, pl.col("email").alias("more_emails"))
    first = ordered.unique("contact", keep="first", maintain_order=True)
    return first.select("contact", "email").join(others, on="contact", how="left")


def _others(ordered: pl.DataFrame, value: pl.Expr) -> pl.DataFrame:
    """All but the first value of each person, as a JSON list under the value's name."""
    name = value.meta.output_name()
    listed = (
        ordered.filter(~pl.col("contact").is_first_distinct())
        .group_by("contact", maintain_order=True)
        .agg(value)
    )
    encoded = pl.struct(more=name).struct.json_encode()
    return listed.select("contact", encoded.str.strip_prefix('{"more":').str.head(-1).alias(name))
