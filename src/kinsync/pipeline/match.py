"""Match: the incoming snapshot under the ids that the same records already have.

Schools and students are known by their SIS ids, contacts by the best evidence there is,
relationships by their two ends. What nobody was before gets new ids, in an order that the order
of rows does not touch: shuffled rows make the same snapshot.
"""

from collections.abc import Callable, Mapping

import polars as pl

from kinsync.domain.changes import Matched, Snapshot
from kinsync.domain.frames import KINDS, PUBLISHED, RELATIONSHIP_DETAILS
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.match_contacts import canonical_ranks, match_people
from kinsync.pipeline.match_relationships import match_relationships
from kinsync.pipeline.merges import merges
from kinsync.pipeline.people import People, aligned

Frames = Mapping[str, pl.DataFrame]
"""A frame for each kind of record."""

NewIds = Callable[[int], pl.Series]
"""That many ids nobody ever had, ascending, also from one call to the next."""


def match(
    incoming: Frames,
    published: Snapshot,
    absent: Snapshot,
    new_ids: NewIds,
    vocabulary: Vocabulary,
) -> Matched:
    """Give every incoming record the id that it has, had, or gets now.

    Args:
        incoming: by kind, frames of ``SCHOOLS``, ``STUDENTS``, ``CONTACTS``, ``RELATIONSHIPS``.
        published: what is published now.
        absent: the last state of records that were deleted within retention, under their ids.
        new_ids: where new ids come from.
        vocabulary: which names, phones and mailboxes are placeholders, and no evidence.
    """
    times = {"published": _by_age(published.frames), "absent": _by_age(absent.frames)}
    frames = {kind: _by_sis_id(kind, incoming, times, new_ids) for kind in ("school", "student")}
    ties = _with_students(incoming["relationship"], frames["student"])
    now = People.incoming(incoming["contact"], ties, vocabulary)
    before = {when: _people(known, vocabulary) for when, known in times.items()}
    pairs = match_people(now, before)
    known = _known_ids(pairs, times)
    merged = _merged(now, before["published"], pairs, known, times)
    ids = pl.concat([known, _fresh_ids(now.without(known["contact"]), new_ids)])
    frames["contact"] = incoming["contact"].with_columns(
        _told(incoming["contact"]["contact"], ids, name) for name in ("id", "legacy_id")
    )
    ties = ties.with_columns(_told(ties["contact"], ids, "id").alias("contact_id"))
    frames["relationship"] = _relationships(ties, merged, times, new_ids)
    return Matched(
        Snapshot({kind: frames[kind].select(list(PUBLISHED[kind])) for kind in KINDS}), merged
    )


def _by_age(frames: Frames) -> Frames:
    """The frames with contacts in the order of their ids, the oldest first."""
    contacts = frames["contact"]
    return frames if contacts["id"].is_sorted() else {**frames, "contact": contacts.sort("id")}


def _people(frames: Frames, vocabulary: Vocabulary) -> People:
    return People.published(frames["contact"], frames["relationship"], vocabulary)


def _by_sis_id(
    kind: str, incoming: Frames, times: Mapping[str, Frames], new_ids: NewIds
) -> pl.DataFrame:
    """Records that the source itself names for good, with their ids; the published one first."""
    known = pl.concat([frames[kind].select("sis_id", "id") for frames in times.values()])
    known = known.unique("sis_id", keep="first", maintain_order=True)
    keys = incoming[kind]["sis_id"]
    ids = aligned(keys, known["sis_id"], known["id"])
    new = keys.filter(ids.is_null()).sort()
    if new.len():
        ids = ids.zip_with(ids.is_not_null(), aligned(keys, new, new_ids(new.len())))
    return incoming[kind].with_columns(ids.alias("id"))


def _with_students(relationships: pl.DataFrame, students: pl.DataFrame) -> pl.DataFrame:
    """Relationships with their ``student_id``; every student of theirs is in the snapshot."""
    ids = aligned(relationships["student_sis_id"], students["sis_id"], students["id"])
    return relationships.with_columns(ids.alias("student_id"))


def _known_ids(pairs: pl.DataFrame, times: Mapping[str, Frames]) -> pl.DataFrame:
    """``contact``, ``id``, ``legacy_id`` of everyone who was there before."""
    found = []
    for when, frames in times.items():
        mine = pairs.filter(pl.col("when") == when)
        ids = frames["contact"].select("id", "legacy_id")[mine["published"]]
        found.append(ids.select(mine["incoming"].alias("contact"), "id", "legacy_id"))
    return pl.concat(found)


def _fresh_ids(new: People, new_ids: NewIds) -> pl.DataFrame:
    """``contact``, ``id``, ``legacy_id`` of everyone who was not."""
    count = new.contacts.height
    given = new_ids(2 * count)
    return pl.DataFrame(
        {
            "contact": canonical_ranks(new).sort("rank")["incoming"],
            "id": given.head(count),
            "legacy_id": given.tail(count),
        }
    )


def _merged(
    now: People,
    before: People,
    pairs: pl.DataFrame,
    known: pl.DataFrame,
    times: Mapping[str, Frames],
) -> pl.DataFrame:
    """``from_id``, ``into_id`` of published contacts who are somebody else now."""
    matched = pairs.filter(pl.col("when") == "published")["published"]
    ids = known.select(into="contact", into_id="id")
    found = merges(before.without(matched), now, ids)
    gone = times["published"]["contact"]["id"][found["gone"]]
    return found.select(gone.alias("from_id"), "into_id").sort("from_id")


def _told(contacts: pl.Series, ids: pl.DataFrame, name: str) -> pl.Series:
    return aligned(contacts, ids["contact"], ids[name]).alias(name)


def _relationships(
    ties: pl.DataFrame, merged: pl.DataFrame, times: Mapping[str, Frames], new_ids: NewIds
) -> pl.DataFrame:
    """Relationships with their ids; those of a merged contact go on under the one who is left."""
    before = times["published"]["relationship"]
    if merged.height:
        told = pl.col("contact_id").replace(merged["from_id"], merged["into_id"])
        before = before.with_columns(told)
    ids = match_relationships(ties, before, times["absent"]["relationship"])
    ordered = ties.with_row_index("place").filter(ids.is_null())
    ordered = ordered.sort("student_id", "contact_id", *RELATIONSHIP_DETAILS, nulls_last=True)
    if ordered.height:
        ids = ids.scatter(ordered["place"], new_ids(ordered.height))
    return ties.with_columns(ids.alias("id"))
