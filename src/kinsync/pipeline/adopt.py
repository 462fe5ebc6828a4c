"""Adopt: the records of a snapshot under the ids that another service gave them."""

import polars as pl

from kinsync.domain.changes import Matched, Snapshot
from kinsync.domain.frames import KINDS
from kinsync.domain.moving import GIVEN
from kinsync.pipeline.people import aligned


def adopt(snapshot: Snapshot, given: pl.DataFrame) -> Matched:
    """The snapshot under new ids; ``merged`` points from each id that was to the one that is.

    Args:
        snapshot: records under the ids they have.
        given: ``GIVEN``, one row per record and id; every id is nobody else's.
    """
    given = given.select(GIVEN.names())
    moved = {
        kind: given.filter(pl.col("kind") == kind, pl.col("ours") != pl.col("id"))
        for kind in (*KINDS, "legacy")
    }
    frames = dict(snapshot.frames)
    frames["contact"] = _renamed(frames["contact"], "legacy_id", moved["legacy"], key="id")
    frames["relationship"] = _renamed(frames["relationship"], "contact_id", moved["contact"])
    frames["relationship"] = _renamed(frames["relationship"], "student_id", moved["student"])
    for kind in KINDS:
        if moved[kind].height:
            frames[kind] = _renamed(frames[kind], "id", moved[kind]).sort("id")
    pointers = pl.concat([moved[kind] for kind in KINDS]).select(from_id="ours", into_id="id")
    return Matched(Snapshot(frames), pointers.sort("from_id"))


def _renamed(
    frame: pl.DataFrame, column: str, moved: pl.DataFrame, *, key: str | None = None
) -> pl.DataFrame:
    """The frame with ``column`` as it is to be where ``key`` (else the column itself) moves."""
    if moved.is_empty():
        return frame
    ids = aligned(frame[key or column], moved["ours"], moved["id"])
    return frame.with_columns(ids.zip_with(ids.is_not_null(), frame[column]).alias(column))
