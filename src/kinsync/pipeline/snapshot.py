"""Linked rows to the records of a snapshot: contacts, and what they are to their students.

The order of the rows changes nothing: a contact has its fullest name, its phones in the order
cell, home, work, other, its addresses in the order of the alphabet; of several words of the
source for one relationship, the first of the alphabet stands beside ours.
"""

from collections.abc import Iterable, Iterator

import polars as pl

from kinsync.domain.frames import CONTACTS, RELATIONSHIPS
from kinsync.domain.vocabulary import PHONE_TYPES
from kinsync.pipeline.evidence import joint
from kinsync.pipeline.phones import comparable_phone

TOLD = (
    "name", "sis_id", "phone", "phone_extension", "phone_type", "phone_type_source", "email",
)  # fmt: skip
"""What one row tells about its person."""

Rows = Iterable[pl.DataFrame]
"""Kept rows (``frames.CLEAN``), in pieces."""


def plan(keys: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """What each kept row adds, beside ``keys`` row for row.

    Returns:
        ``contact``: the number of the row's person, counted from 0.
        ``is_detail``: the first row that says just this about the person.
        ``is_kind``: the first row that ties the person to this student in this way.
        ``is_wording``: the first row that ties the person to this student in this way, or the
        first that says so in other words of the source.
        ``has_wordings``: whether what it says of the two is said in several wordings.
    """
    person = linked["person"]
    people = person.filter(person.is_first_distinct()).to_frame().with_row_index("contact")
    contact = linked.select("person").join(people, on="person", how="left", maintain_order="left")
    said = keys.select("kind", "wording", "details").with_columns(person)
    tie = joint(said, "person", "kind", seed=100)
    is_kind = tie.is_first_distinct()
    is_wording = joint(said, "person", "kind", "wording", seed=100).is_first_distinct()
    again = tie.filter(is_wording & ~is_kind).unique()
    return contact.select(
        "contact",
        is_detail=joint(said, "person", "details", seed=110).is_first_distinct(),
        is_kind=is_kind,
        is_wording=is_wording,
        has_wordings=tie.is_in(again.implode()),
    )


def contact_pieces(rows: Rows, planned: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """One row per person (``frames.CONTACTS``), in pieces.

    Those about whom one row says everything come in the order of the rows, and at last the others.
    """
    told = planned.filter("is_detail")["contact"]
    is_told_twice = pl.col("contact").is_in(told.filter(told.is_duplicated()).unique().implode())
    several = []
    for piece in _beside(rows, planned):
        told_here = piece.filter("is_detail").select("contact", *TOLD)
        several.append(told_here.filter(is_told_twice))
        alone = told_here.filter(~is_told_twice)
        yield alone.with_columns(
            pl.lit(None, pl.String).alias(name) for name in ("more_phones", "more_emails")
        ).select(CONTACTS.names())
    if several:
        yield folded(pl.concat(several)).select(CONTACTS.names())


def relationship_pieces(rows: Rows, planned: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """One row per contact, student, type and relationship (``frames.RELATIONSHIPS``), in pieces.

    Those that all rows say in the same words come in the order of the rows, and at last the others.
    """
    several = []
    for piece in _beside(rows, planned):
        worded = piece.filter("is_wording").select(*RELATIONSHIPS.names(), "has_wordings")
        several.append(worded.filter("has_wordings").drop("has_wordings"))
        yield worded.filter(~pl.col("has_wordings")).drop("has_wordings")
    if several:
        kind = ["contact", "student_sis_id", "type", "relationship"]
        ordered = pl.concat(several).sort(*kind, "relationship_source", "type_source")
        yield ordered.unique(kind, keep="first", maintain_order=True)


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


def folded(told: pl.DataFrame) -> pl.DataFrame:
    """People (``contact``) about whom rows (``TOLD``) say several things.

    The fullest name stands: one in order before "Last, First", one in small letters too before
    one in capitals alone. Of several SIS ids, which people alone can bring together, the first.
    """
    name = pl.col("name")
    is_turned = name.str.contains(",", literal=True)
    is_shouted = name.str.to_uppercase() == name
    people = (
        told.sort(
            "contact",
            is_turned,
            -name.str.len_chars().cast(pl.Int32),
            is_shouted,
            name,
        )
        .group_by("contact", maintain_order=True)
        .agg(pl.col("name").first(), pl.col("sis_id").min())
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
