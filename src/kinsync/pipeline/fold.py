"""Fold: contacts whom people decided to be the same, published as one; and back again.

A night is matched against the parts that stand behind each face, so each goes on as itself through
every edit; only then are they folded. Folding twice changes nothing, and the order in which parts
are folded changes nothing: what a decision publishes at once is what the next delivery publishes.
"""

from collections.abc import Mapping

import polars as pl

from kinsync.domain.changes import Matched, Snapshot
from kinsync.domain.deciding import PARTS
from kinsync.domain.frames import (
    CONTACT_DETAILS,
    PUBLISHED,
    PUBLISHED_CONTACTS,
    PUBLISHED_RELATIONSHIPS,
    RELATIONSHIP_DETAILS,
)
from kinsync.domain.priority import MARKS
from kinsync.pipeline.flags import fold_flags
from kinsync.pipeline.people import emails_of, phones_of
from kinsync.pipeline.priority import marks_of_parts
from kinsync.pipeline.restrict import restricted
from kinsync.pipeline.snapshot import TOLD, folded

Lazy = Mapping[str, pl.LazyFrame]
"""By kind, records that are not read yet."""

_TIE = pl.Schema({"id": pl.String(), "student_id": pl.String(), **RELATIONSHIP_DETAILS})
_KIND = ["contact_id", "student_id", "type", "relationship"]


def unfolded(published: Lazy, parts: pl.DataFrame) -> dict[str, pl.LazyFrame]:
    """What is published, with the parts in the place of each face that is published here."""
    if parts.is_empty():
        return dict(published)
    is_face = pl.col("id").is_in(parts["face_id"].unique().implode())
    here = published["contact"].filter(is_face).select("id").collect()["id"]
    behind = parts.filter(pl.col("face_id").is_in(here.implode()))
    is_theirs = pl.col("contact_id").is_in(here.implode())
    contacts = behind.select(list(PUBLISHED_CONTACTS)).lazy()
    return {
        **published,
        "contact": pl.concat([published["contact"].filter(~is_face), contacts]),
        "relationship": pl.concat(
            [published["relationship"].filter(~is_theirs), ties_of(behind).lazy()]
        ),
    }


def ties_of(parts: pl.DataFrame) -> pl.DataFrame:
    """The relationships of parts (``PUBLISHED_RELATIONSHIPS``)."""
    ties = parts.select(
        pl.col("id").alias("contact_id"),
        pl.col("ties").str.json_decode(pl.List(pl.Struct(_TIE))).alias("tie"),
    ).explode("tie")
    return (
        ties.filter(pl.col("tie").is_not_null())
        .select("contact_id", *(pl.col("tie").struct.field(name).alias(name) for name in _TIE))
        .select(list(PUBLISHED_RELATIONSHIPS))
    )


def parts_of(snapshot: Snapshot, faces: pl.DataFrame) -> pl.DataFrame:
    """The contacts of a snapshot (not folded) who stand behind a face: ``PARTS``, by id."""
    people = snapshot.frames["contact"].join(faces.select("id", "face_id"), on="id")
    is_theirs = pl.col("contact_id").is_in(people["id"].implode())
    ties = (
        snapshot.frames["relationship"]
        .filter(is_theirs)
        .sort("id")
        .group_by("contact_id")
        .agg(pl.struct(list(_TIE)).alias("more"))
    )
    told = pl.struct("more").struct.json_encode().str.strip_prefix('{"more":').str.head(-1)
    ties = ties.select(pl.col("contact_id").alias("id"), told.alias("ties"))
    listed = people.join(ties, on="id", how="left").sort("id")
    return listed.with_columns(pl.col("ties").fill_null("[]")).select(list(PARTS))


def fold(matched: Matched, faces: pl.DataFrame, published: pl.Series) -> Matched:
    """The snapshot with everybody behind a face as one contact.

    Args:
        matched: the snapshot under its parts' ids.
        faces: ``deciding.FACES``.
        published: ids of the contacts that are published now, among those compared.

    Returns:
        The snapshot, and in ``merged`` the published contacts who go on under their face.
    """
    frames = matched.snapshot.frames
    people = frames["contact"].join(faces, on="id", how="inner")
    if people.is_empty():
        return Matched(matched.snapshot, _merged(matched.merged, people, published, faces))
    ids = pl.col("id").is_in(people["id"].implode())
    of_people = pl.col("contact_id").is_in(people["id"].implode())
    ties = frames["relationship"]
    snapshot = Snapshot(
        {
            **frames,
            "contact": pl.concat([frames["contact"].filter(~ids), _one_contact(people)]),
            "relationship": pl.concat(
                [ties.filter(~of_people), _one_tie(ties.filter(of_people), people)]
            ),
        }
    )
    return Matched(restricted(snapshot), _merged(matched.merged, people, published, faces))


def _merged(
    merged: pl.DataFrame, people: pl.DataFrame, published: pl.Series, faces: pl.DataFrame
) -> pl.DataFrame:
    """Published contacts who are somebody else now: by what was delivered, or by decision."""
    told = merged.join(faces.select(into_id="id", face_id="face_id"), on="into_id", how="left")
    told = told.select("from_id", into_id=pl.coalesce("face_id", "into_id"))
    decided = people.select(from_id="id", into_id="face_id")
    both = pl.concat([told, decided]).filter(
        pl.col("from_id") != pl.col("into_id"), pl.col("from_id").is_in(published.implode())
    )
    is_face = pl.col("from_id").is_in(people["face_id"].implode())
    return both.filter(~is_face).unique("from_id", keep="first").sort("from_id")


def _one_contact(people: pl.DataFrame) -> pl.DataFrame:
    """Everybody behind a face as one (``PUBLISHED_CONTACTS``), as if one file said it all."""
    numbers = people.select("face_id", "face_legacy_id").unique().sort("face_id")
    numbers = numbers.unique("face_id", keep="first", maintain_order=True).with_row_index("contact")
    people = people.join(numbers.select("face_id", "contact"), on="face_id")
    whole = folded(_told(people))
    if people[MARKS].null_count() < people.height:
        marks = marks_of_parts(people, whole)
        whole = whole.drop(MARKS).join(marks, on="contact", how="left")
    return whole.join(numbers, on="contact").select(
        pl.col("face_id").alias("id"),
        pl.col("face_legacy_id").alias("legacy_id"),
        *CONTACT_DETAILS,
    )


def _told(people: pl.DataFrame) -> pl.DataFrame:
    """What the parts say of each contact, a row for each phone and each mailbox."""
    named = people.select("contact", "name", "sis_id", "address").with_row_index("who")
    numbered = people.with_row_index("who")
    reached = pl.concat([phones_of(numbered), emails_of(numbered)], how="diagonal")
    bare = named.select("who")
    told = pl.concat([bare, reached], how="diagonal").join(named, on="who")
    blank = [pl.lit(None, pl.String).alias(name) for name in TOLD if name not in told.columns]
    return told.with_columns(blank).select(
        "contact", *TOLD, pl.lit(None, pl.String).alias("restricted")
    )


def _one_tie(ties: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Relationships under their faces; of several of one kind one stays, with the lowest id.

    It is restricted if any of them is.
    """
    moved = ties.with_columns(pl.col("contact_id").replace(people["id"], people["face_id"]))
    ids = moved.group_by(_KIND).agg(pl.col("id").min(), pl.col("restricted").max())
    ordered = moved.sort(*_KIND, "relationship_source", "type_source")
    said = ordered.unique(_KIND, keep="first", maintain_order=True)
    said = said.drop("id", "restricted", "flags")
    told = said.join(ids, on=_KIND, nulls_equal=True)
    told = told.join(fold_flags(ordered, _KIND), on=_KIND, how="left", nulls_equal=True)
    return told.select(list(PUBLISHED["relationship"]))
