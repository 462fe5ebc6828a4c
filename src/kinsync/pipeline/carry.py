"""Carry: what held rows speak of stays as it was published. A held row deletes nobody."""

from collections.abc import Mapping

import polars as pl

from kinsync.domain.changes import Matched, Snapshot
from kinsync.domain.frames import CONTACT_DETAILS, KINDS, PUBLISHED, RELATIONSHIP_DETAILS
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.people import People, describe, reaches

Frames = Mapping[str, pl.DataFrame]
"""A frame for each kind of record."""

_KEYS = (
    ["student_id", "name_key"],
    ["student_id", "raw_name"],
    ["student_id", "reach"],
    ["student_id", "sis_id"],
)
_KEYS_BEYOND_STUDENTS = (["sis_id"], ["name_key", "reach"])


def carry(
    matched: Matched,
    published: Snapshot,
    held: pl.DataFrame,
    vocabulary: Vocabulary,
    *,
    defer_deletions: bool = False,
) -> Matched:
    """The matched snapshot, and with it what would be deleted although a held row speaks of it.

    A held row speaks of a published relationship by the same student and name, the same SIS id, a
    name with its phone or e-mail, or a phone or e-mail at the same student; a row of which only
    the student can be read speaks of all that student's. The contact and the student stay too.

    Args:
        matched: what would be published.
        published: what is published now.
        held: the held rows, ``frames.HELD``.
        defer_deletions: the student of a held row cannot be read, so it may speak of anybody:
            nobody is deleted but those who were merged.
        vocabulary: which names, phones and mailboxes are placeholders, and no evidence.
    """
    gone = _gone(matched.snapshot, published)
    if defer_deletions:
        stays = _all_but_merged(gone, matched)
    elif held.is_empty():
        return matched
    else:
        stays = _spoken_of(gone, published, held, vocabulary)
    return _kept(matched, stays)


def kept_from(snapshot: Snapshot, held: pl.DataFrame, vocabulary: Vocabulary) -> pl.DataFrame:
    """``contact_id`` and ``student_id`` of whom held rows keep from their student, each once.

    A row that is held for something else says so all the same: by the student and the name, SIS id,
    phone or e-mail.
    """
    rows, contacts = held.filter("restricted"), snapshot.frames["contact"]
    if rows.is_empty():
        return snapshot.frames["relationship"].select("contact_id", "student_id").clear()
    told = _keyed(_held_people(rows, snapshot.frames["student"], vocabulary))
    people = _keyed(People.published(contacts, snapshot.frames["relationship"], vocabulary))
    found = _named(people, told, leaving=pl.Series(dtype=pl.UInt32))
    return found.select(
        pl.lit(contacts["id"]).gather("who").alias("contact_id"), "student_id"
    ).unique()


def _gone(incoming: Snapshot, published: Snapshot) -> Frames:
    """Everything that would be deleted, by kind."""
    return {
        kind: published.frames[kind].filter(
            ~pl.col("id").is_in(incoming.frames[kind]["id"].implode())
        )
        for kind in KINDS
    }


def _all_but_merged(gone: Frames, matched: Matched) -> Frames:
    """Everything that would be deleted, without contacts who go on under another id."""
    is_merged = pl.col("id").is_in(matched.merged["from_id"].implode())
    is_theirs = pl.col("contact_id").is_in(matched.merged["from_id"].implode())
    return {
        **gone,
        "contact": gone["contact"].filter(~is_merged),
        "relationship": gone["relationship"].filter(~is_theirs),
    }


def _spoken_of(
    gone: Frames, published: Snapshot, held: pl.DataFrame, vocabulary: Vocabulary
) -> Frames:
    """What would be deleted although a held row speaks of it, by kind, with what it hangs on."""
    told = _keyed(_held_people(held, published.frames["student"], vocabulary))
    spoken = _spoken_relationships(gone, published.frames["contact"], told, vocabulary)
    is_told = pl.col("sis_id").is_in(held["student_sis_id"].implode())
    is_tied = pl.col("id").is_in(spoken["student_id"].implode())
    students = gone["student"].filter(is_told | is_tied)
    is_theirs = pl.col("sis_id").is_in(students["school_sis_id"].implode())
    return {
        "school": gone["school"].filter(is_theirs),
        "student": students,
        "contact": gone["contact"].filter(pl.col("id").is_in(spoken["contact_id"].implode())),
        "relationship": spoken,
    }


def _spoken_relationships(
    gone: Frames, contacts: pl.DataFrame, told: pl.DataFrame, vocabulary: Vocabulary
) -> pl.DataFrame:
    """The relationships that would be deleted although a held row speaks of them."""
    relationships = gone["relationship"]
    contacts = contacts.filter(pl.col("id").is_in(relationships["contact_id"].implode()))
    before = _keyed(People.published(contacts, relationships, vocabulary))
    leaving = contacts["id"].is_in(gone["contact"]["id"].implode()).arg_true()
    named = _named(before, told, leaving).with_columns(
        contact_id=pl.lit(contacts["id"]).gather(pl.col("who"))
    )
    is_bare = pl.col("student_id").is_in(_bare(told).implode())
    return pl.concat(
        [
            relationships.filter(is_bare),
            relationships.filter(~is_bare).join(named, on=["contact_id", "student_id"], how="semi"),
        ]
    )


def _held_people(held: pl.DataFrame, students: pl.DataFrame, vocabulary: Vocabulary) -> People:
    """The held rows as people: ``who`` is the row."""
    fields = {"name": "contact_name", "sis_id": "contact_sis_id"}
    fields |= {"phone": "contact_phone", "email": "contact_email"}
    blank = pl.lit(None, dtype=pl.String)
    contacts = held.select(
        pl.col("row").alias("who"),
        *(
            (pl.col(fields[name]) if name in fields else blank).alias(name)
            for name in CONTACT_DETAILS
        ),
    )
    keys = students.select("id", student_sis_id="sis_id")
    ties = held.join(keys, on="student_sis_id").select(
        pl.col("row").alias("who"),
        pl.col("id").alias("student_id"),
        *(blank.alias(name) for name in RELATIONSHIP_DETAILS),
    )
    return People(contacts, ties, vocabulary)


def _keyed(people: People) -> pl.DataFrame:
    """One row per person, student, and phone or mailbox, with the names; null where none."""
    students = people.ties.select("who", "student_id").unique()
    reached = reaches(people).select("who", "reach")
    return (
        describe(people)
        .select("who", "sis_id", "name_key", "raw_name")
        .join(students, on="who", how="left")
        .join(reached, on="who", how="left")
    )


def _named(before: pl.DataFrame, told: pl.DataFrame, leaving: pl.Series) -> pl.DataFrame:
    """``who``, ``student_id`` of the relationships that held rows name.

    A row of another student speaks only for a contact who would otherwise be gone altogether.
    """
    found = [before.join(told, on=key, how="semi") for key in _KEYS]
    lost = before.filter(pl.col("who").is_in(leaving.implode()))
    found += [lost.join(told, on=key, how="semi") for key in _KEYS_BEYOND_STUDENTS]
    return pl.concat(found).select("who", "student_id")


def _bare(told: pl.DataFrame) -> pl.Series:
    """Students of held rows that say nothing else by which anybody could be told."""
    identifying = pl.any_horizontal(pl.col("name_key", "raw_name", "sis_id", "reach").is_not_null())
    return told.filter(~identifying)["student_id"].drop_nulls()


def _kept(matched: Matched, stays: Frames) -> Matched:
    frames = {
        kind: pl.concat([matched.snapshot.frames[kind], stays[kind].select(list(PUBLISHED[kind]))])
        for kind in KINDS
    }
    is_here = pl.col("from_id").is_in(stays["contact"]["id"].implode())
    return Matched(Snapshot(frames), matched.merged.filter(~is_here))
