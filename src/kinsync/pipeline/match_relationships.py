"""Which published relationship each incoming one is, once people and students are known."""

import polars as pl

from kinsync.domain.frames import RELATIONSHIP_DETAILS
from kinsync.pipeline.fingerprints import row_hash, said

_STEPS: tuple[list[str], ...] = (["type", "relationship"], ["type"], ["relationship"], [])
"""Among one contact's relationships to one student: what must agree, the best first."""


def match_relationships(
    incoming: pl.DataFrame, published: pl.DataFrame, absent: pl.DataFrame
) -> pl.Series:
    """The id of each incoming relationship, null where it is new.

    A changed type is an update: what is left on both sides of one contact and student is paired
    in canonical order.

    Args:
        incoming: ``contact_id``, ``student_id`` and ``frames.RELATIONSHIP_DETAILS``.
        published: ``frames.PUBLISHED_RELATIONSHIPS``.
        absent: the same, of relationships that were deleted.
    """
    ours = _numbered(incoming, "place")
    ids = pl.Series("id", [None], dtype=pl.String).new_from_index(0, incoming.height)
    for before in (published, absent):
        left = ours if before is published else ours.filter(ids.is_null())
        if before.is_empty() or left.is_empty():
            continue
        pairs = _pairs(left, _numbered(before, "was"))
        ids = ids.scatter(pairs["place"], before["id"][pairs["was"]])
    return ids


def _numbered(relationships: pl.DataFrame, name: str) -> pl.DataFrame:
    """Each relationship as a number, and what it is compared by."""
    return relationships.with_row_index(name).select(
        name,
        *RELATIONSHIP_DETAILS,
        ends=row_hash(["contact_id", "student_id"]),
    )


def _pairs(ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """``place``, ``was`` of the same relationships: those as they were first, by one hash join."""
    found = [_alike(ours, theirs)]
    ours, theirs = _rest(ours, theirs, found[0])
    ours = ours.filter(pl.col("ends").is_in(theirs["ends"].implode()))
    theirs = theirs.filter(pl.col("ends").is_in(ours["ends"].implode()))
    for step in _STEPS:
        found.append(_pair(ours, theirs, ["ends", *step]))
        ours, theirs = _rest(ours, theirs, found[-1])
    return pl.concat(found)


def _rest(
    ours: pl.DataFrame, theirs: pl.DataFrame, taken: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    return ours.join(taken, on="place", how="anti"), theirs.join(taken, on="was", how="anti")


def _alike(ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    alike = row_hash(["ends", *said(RELATIONSHIP_DETAILS)])
    mine = ours.select("place", alike=alike).filter(pl.col("alike").is_unique())
    other = theirs.select("was", alike=alike).filter(pl.col("alike").is_unique())
    return mine.join(other, on="alike").select("place", "was")


def _pair(ours: pl.DataFrame, theirs: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """The first of one key with the first, the second with the second, in canonical order."""
    mine, other = (
        side.sort(*RELATIONSHIP_DETAILS, nulls_last=True, maintain_order=True).with_columns(
            nth=pl.int_range(pl.len()).over(key)
        )
        for side in (ours, theirs)
    )
    return mine.join(other, on=["nth", *key], nulls_equal=True).select("place", "was")
