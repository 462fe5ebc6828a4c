"""Diff: what differs between the published snapshot and the incoming one, by id."""

import polars as pl

from kinsync.domain.changes import Changes, KindChanges, Snapshot
from kinsync.domain.frames import KINDS, PUBLISHED
from kinsync.pipeline.fingerprints import row_hash


def diff(incoming: Snapshot, published: Snapshot, merged: pl.DataFrame | None = None) -> Changes:
    """Everything that publishing ``incoming`` would do.

    Rows are compared by hash, and whole rows touched only where they differ: a night costs what
    changed. Frames of the result are ordered by id.
    """
    kinds = {kind: _of_kind(incoming.frames[kind], published.frames[kind], kind) for kind in KINDS}
    return Changes(kinds) if merged is None else Changes(kinds, merged)


def _of_kind(incoming: pl.DataFrame, published: pl.DataFrame, kind: str) -> KindChanges:
    ours, theirs = _unlike(incoming, published, list(PUBLISHED[kind]))
    was, is_now = (
        pl.col("id").is_in(theirs["id"].implode()),
        pl.col("id").is_in(ours["id"].implode()),
    )
    return KindChanges(
        created=ours.filter(~was),
        updated=ours.filter(was),
        previous=theirs.filter(is_now),
        deleted=theirs.filter(~is_now),
    )


def _unlike(
    incoming: pl.DataFrame, published: pl.DataFrame, columns: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of each side that the other has not, by id."""
    ours = incoming.select(row_hash(columns)).to_series()
    theirs = published.select(row_hash(columns)).to_series()
    return (
        incoming.filter(~ours.is_in(theirs.implode())).select(columns).sort("id"),
        published.filter(~theirs.is_in(ours.implode())).select(columns).sort("id"),
    )
