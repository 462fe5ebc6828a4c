"""Ids of another service that wait: new records of a sync get them instead of new ones."""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from kinsync.domain.changes import Changes, Matched, Snapshot
from kinsync.domain.frames import KINDS, PUBLISHED, empty
from kinsync.domain.moving import GIVEN
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.adopt import adopt
from kinsync.pipeline.recognise import recognise
from kinsync.store import adopted


def with_waiting_ids(
    district_id: int,
    matched: Matched,
    before: Sequence[Snapshot],
    published: Mapping[str, pl.LazyFrame],
    vocabulary: Vocabulary,
) -> Matched:
    """What a sync would publish, with the ids that wait for those of its records that are new.

    Args:
        district_id: the district.
        matched: under the ids that records have, or get from the clock.
        before: the published and absent records that it was matched with: these keep their ids.
        published: all that is published, not read yet: an id of these is not given again.
        vocabulary: which names, phones and mailboxes are placeholders, and no evidence.
    """
    rows = adopted.waiting(district_id)
    if rows.is_empty():
        return matched
    absent = [{kind: one.frames[kind].lazy() for kind in KINDS} for one in before]
    for ids in [_in_force(rows, frames) for frames in (published, *absent) if frames]:
        adopted.settle(district_id, ids)
        rows = rows.filter(~pl.col("id").is_in(ids.implode()))
    new = _new(matched.snapshot, before)
    pairs = recognise(rows, _around(matched.snapshot, new), vocabulary).pairs
    pairs = pairs.filter(pl.col("ours").is_in(pl.concat([*new.values()]).implode()))
    found = adopt(
        matched.snapshot, given_by(rows.with_row_index("at").join(pairs, on=["at", "kind"]))
    )
    return Matched(found.snapshot, matched.merged)


def first_with_waiting_ids(
    district_id: int, pieces: Iterator[tuple[str, pl.DataFrame]], vocabulary: Vocabulary
) -> Iterator[tuple[str, pl.DataFrame]]:
    """The records of a first version (kind and frame), with the ids that wait for them.

    Where none wait the pieces pass one by one; otherwise all of them are gathered first.
    """
    if adopted.waiting(district_id).is_empty():
        yield from pieces
        return
    gathered = {kind: [empty(PUBLISHED[kind])] for kind in KINDS}
    for kind, piece in pieces:
        gathered[kind].append(piece)
    snapshot = Snapshot({kind: pl.concat(frames) for kind, frames in gathered.items()})
    matched = Matched(snapshot, Changes({}).merged)
    yield from with_waiting_ids(district_id, matched, (), {}, vocabulary).snapshot.frames.items()


def _in_force(rows: pl.DataFrame, frames: Mapping[str, pl.LazyFrame]) -> pl.Series:
    """Those ids of the rows that one of these records has."""
    wanted = pl.col("id").is_in(rows["id"].implode())
    ids = [frames[kind].select("id") for kind in KINDS]
    ids.append(frames["contact"].select(id="legacy_id"))
    return pl.concat([some.filter(wanted).collect()["id"] for some in ids])


def _new(snapshot: Snapshot, before: Sequence[Snapshot]) -> dict[str, pl.Series]:
    """The ids of records that nobody was before, by kind."""
    new = {}
    for kind in KINDS:
        ids = snapshot.frames[kind]["id"]
        for known in before:
            ids = ids.filter(~ids.is_in(known.frames[kind]["id"].implode()))
        new[kind] = ids
    return new


def _around(snapshot: Snapshot, new: dict[str, pl.Series]) -> Snapshot:
    """The records among which ids are looked for: people who are new or newly related."""
    frames = dict(snapshot.frames)
    people = new["contact"].implode()
    ties = frames["relationship"].filter(
        pl.col("id").is_in(new["relationship"].implode()) | pl.col("contact_id").is_in(people)
    )
    related = ties["contact_id"].implode()
    frames["relationship"] = ties
    frames["contact"] = frames["contact"].filter(
        pl.col("id").is_in(people) | pl.col("id").is_in(related)
    )
    return Snapshot(frames)


def settle_waiting_ids(district_id: int, changes: Changes) -> None:
    """Forget the evidence of ids that these published changes brought into force."""
    rows = adopted.waiting(district_id)
    if rows.height:
        kinds = changes.kinds.items()
        parts = {kind: pl.concat([of.created, of.updated]).lazy() for kind, of in kinds}
        adopted.settle(district_id, _in_force(rows, parts))


def given_by(rows: pl.DataFrame) -> pl.DataFrame:
    """``GIVEN`` for recognised rows (``ours``). A contact's own v2 id comes first."""
    is_whole = (pl.col("kind") == "contact") & pl.col("legacy_id").is_not_null()
    legacy = rows.filter(is_whole).select(pl.lit("legacy").alias("kind"), "ours", id="legacy_id")
    given = pl.concat([legacy, rows.select(GIVEN.names())])
    return given.unique(["kind", "ours"], keep="first", maintain_order=True)
