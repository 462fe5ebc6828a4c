"""Restrict: who is to be kept from which student, told in one way throughout a snapshot.

A relationship is restricted where any between the same two is; a person where all of theirs are.
Shares look at both, so that neither has to be worked out for each reader.
"""

from collections.abc import Mapping

import polars as pl

from kinsync.domain.changes import Changes, Snapshot
from kinsync.pipeline.diff import diff

YES = pl.lit("Y")
_PAIR = ("contact_id", "student_id")


def restricted(snapshot: Snapshot) -> Snapshot:
    """The snapshot with ``restricted`` as its relationships say. It holds all of each person's."""
    ties, people = snapshot.frames["relationship"], snapshot.frames["contact"]
    is_told = pl.col("restricted").is_not_null()
    if not (ties.select(is_told.any()).item() or people.select(is_told.any()).item()):
        return snapshot
    pairs = ties.filter(is_told).select(_PAIR).unique()
    ties = _marked(ties, list(_PAIR), pairs)
    free = ties.filter(~is_told)["contact_id"].unique()
    withheld = ties.filter(is_told).select(id="contact_id").unique()
    withheld = withheld.filter(~pl.col("id").is_in(free.implode()))
    return Snapshot(
        {
            **snapshot.frames,
            "relationship": ties,
            "contact": _marked(people, ["id"], withheld),
        }
    )


def still_restricted(earlier: Snapshot, now: Snapshot) -> Snapshot:
    """An earlier snapshot, in which whoever is restricted now is so as well."""
    pairs = now.frames["relationship"].filter(pl.col("restricted").is_not_null()).select(_PAIR)
    return barred(earlier, pairs.unique())


def barred(snapshot: Snapshot, pairs: pl.DataFrame) -> Snapshot:
    """The snapshot, in which these are restricted as well: ``contact_id`` from ``student_id``."""
    if pairs.is_empty():
        return restricted(snapshot)
    ties = snapshot.frames["relationship"]
    more = _marked(ties, list(_PAIR), pairs)["restricted"]
    both = ties.with_columns(pl.coalesce("restricted", pl.lit(more)))
    return restricted(Snapshot({**snapshot.frames, "relationship": both}))


def newly_restricted(changes: Changes) -> pl.Series:
    """Ids of published relationships that are restricted once these changes are published."""
    of_kind = changes.kinds["relationship"]
    before = of_kind.previous.filter(pl.col("restricted").is_null())["id"]
    now = of_kind.updated.filter(pl.col("restricted").is_not_null())
    return now.filter(pl.col("id").is_in(before.implode()))["id"]


def restricting(published: Mapping[str, pl.LazyFrame], ids: pl.Series) -> Changes:
    """What restricting these relationships alone would change.

    Args:
        published: by kind, frames of ``frames.PUBLISHED``, not read yet.
        ids: of published relationships.
    """
    is_named = pl.col("id").is_in(ids.implode())
    people = published["relationship"].filter(is_named).select("contact_id").unique().collect()
    theirs = pl.col("contact_id").is_in(people["contact_id"].implode())
    before = Snapshot(
        {
            **Snapshot.of_nothing().frames,
            "relationship": published["relationship"].filter(theirs).collect(),
            "contact": published["contact"]
            .filter(pl.col("id").is_in(people["contact_id"].implode()))
            .collect(),
        }
    )
    told = pl.when(is_named).then(YES).otherwise("restricted").alias("restricted")
    ties = before.frames["relationship"].with_columns(told)
    return diff(restricted(Snapshot({**before.frames, "relationship": ties})), before)


def _marked(frame: pl.DataFrame, key: list[str], who: pl.DataFrame) -> pl.DataFrame:
    """``restricted`` of the records that ``who`` names, and of no others."""
    found = frame.select(key).join(
        who.with_columns(YES.alias("restricted")), on=key, how="left", maintain_order="left"
    )
    return frame.with_columns(found["restricted"])
