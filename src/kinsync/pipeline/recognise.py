"""Recognise: whose id, among our records, each id of another service is.

Schools and students by SIS id; people by the rules by which they are matched from night to night,
the first three of them: the same SIS id, the same student and name, the same name and phone or
e-mail. Placeholders are nobody, and of two who could be meant neither is taken.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from kinsync.domain.changes import Snapshot
from kinsync.domain.frames import CONTACT_DETAILS
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.fingerprints import row_hash
from kinsync.pipeline.match_contacts import evidence
from kinsync.pipeline.match_pairs import Side, without_offices
from kinsync.pipeline.match_rules import ADOPTING
from kinsync.pipeline.one_to_one import mutual_best, without
from kinsync.pipeline.people import People, describe
from kinsync.pipeline.saved import as_people

Frames = Mapping[str, pl.DataFrame]
"""A frame for each kind of record."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """``pairs`` has ``kind``, ``at`` (the place among the records to adopt) and ``ours`` (our id);
    ``ambiguous`` lists places of records that could be somebody, and nobody can tell who."""

    pairs: pl.DataFrame
    ambiguous: pl.Series


def recognise(to_adopt: pl.DataFrame, snapshot: Snapshot, vocabulary: Vocabulary) -> Recognised:
    """Which record of the snapshot each row of ``TO_ADOPT`` is, one to one."""
    rows = to_adopt.with_row_index("at")
    frames = snapshot.frames
    pairs = [
        _by_sis_id(kind, rows.filter(pl.col("kind") == kind), frames[kind])
        for kind in ("school", "student")
    ]
    unsure = []
    students = frames["student"].select(student_id="id", students="sis_id")
    for kind in ("contact", "legacy", "relationship"):
        mine = rows.filter(pl.col("kind") == kind)
        if mine.is_empty():
            continue
        ours = _ties_as_people(frames) if kind == "relationship" else _contacts(frames)
        ids = frames["relationship" if kind == "relationship" else "contact"]["id"]
        ties = _ties(mine, students)
        before = as_people(mine.drop("type", "relationship"), vocabulary, ties)
        found, doubtful = _same_people(People(*ours, vocabulary), before)
        if kind == "relationship":
            found = _of_one_student(found, ours[1], ties)
        pairs.append(
            found.select(
                pl.lit(kind).alias("kind"),
                at=pl.lit(mine["at"]).gather(pl.col("published")),
                ours=pl.lit(ids).gather(pl.col("incoming")),
            )
        )
        unsure.append(mine["at"].gather(doubtful))
    return Recognised(pl.concat(pairs), pl.concat([rows["at"].clear(), *unsure]))


def _by_sis_id(kind: str, rows: pl.DataFrame, ours: pl.DataFrame) -> pl.DataFrame:
    found = rows.filter(pl.col("sis_id").is_not_null()).join(
        ours.select("sis_id", ours="id"), on="sis_id"
    )
    return found.select(pl.lit(kind).alias("kind"), "at", "ours")


def _ties(rows: pl.DataFrame, students: pl.DataFrame) -> pl.DataFrame:
    """``who``, ``student_id`` and the words of each record's students that we have too."""
    named = rows.with_row_index("who").select(
        "who", "students", "type", "relationship", relationship_source="relationship"
    )
    return named.explode("students").join(students, on="students").drop("students")


def _contacts(frames: Frames) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Our contacts, by their place, and their relationships."""
    contacts = frames["contact"].with_row_index("who")
    who = contacts.select("who", contact_id="id")
    ties = frames["relationship"].join(who, on="contact_id")
    return (
        contacts.select("who", *CONTACT_DETAILS),
        ties.select("who", "student_id", *_DETAILS),
    )


def _ties_as_people(frames: Frames) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Our relationships, by their place, each as a person of its own, in the source's words."""
    ties = frames["relationship"].with_row_index("who")
    people = ties.select("who", "contact_id").join(
        frames["contact"].rename({"id": "contact_id"}),
        on="contact_id",
        how="left",
        maintain_order="left",
    )
    words = [pl.coalesce(f"{name}_source", name).alias(name) for name in ("type", "relationship")]
    return (
        people.select("who", *CONTACT_DETAILS),
        ties.with_columns(words).select("who", "student_id", *_DETAILS),
    )


_DETAILS = ("type", "type_source", "relationship", "relationship_source")


def _of_one_student(pairs: pl.DataFrame, ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """Pairs whose two relationships are to the same student."""
    mine = ours.select(incoming="who", student_id="student_id")
    other = theirs.select(published="who", student_id="student_id")
    return pairs.join(mine, on="incoming").join(other, on=["published", "student_id"], how="semi")


def _same_people(ours: People, theirs: People) -> tuple[pl.DataFrame, pl.Series]:
    """``incoming`` (ours), ``published`` (theirs) of each pair; and those of theirs left unsure."""
    pairs = _plain(ours, theirs)
    left = ours.without(pairs["incoming"]), theirs.without(pairs["published"])
    if left[0].contacts.is_empty() or left[1].contacts.is_empty():
        return pairs, pl.Series(dtype=pl.UInt32)
    sides = without_offices(Side.of(ours, left[0]), Side.of(theirs, left[1]))
    weighed = evidence(sides[0], sides[1], theirs.contacts["sis_id"])
    held = weighed.clear()
    for rule in ADOPTING:
        held = pl.concat([held, weighed.filter(rule.holds)])
        taken = mutual_best(weighed.filter(rule.holds).select("incoming", "published", "score"))
        pairs, weighed = pl.concat([pairs, taken]), without(weighed, taken)
    unsure = held["published"].unique().sort()
    return pairs, unsure.filter(~unsure.is_in(pairs["published"].implode()))


def _plain(ours: People, theirs: People) -> pl.DataFrame:
    """Pairs about whom the rules could say nothing else: millions are told by one join.

    They have one SIS id or none, one name and the same students, and nobody else of one of these
    students has that name, on either side.
    """
    mine, other = (
        _prints(side).select("print", pl.col("who").alias(name))
        for side, name in ((ours, "incoming"), (theirs, "published"))
    )
    return mine.join(other, on="print").select("incoming", "published")


def _prints(people: People) -> pl.DataFrame:
    """``who``, ``print`` of those who have a name and are alone with it at all their students."""
    named = describe(people).filter(pl.col("name_key").is_not_null())
    ties = people.ties.select("who", "student_id").unique().join(named, on="who")
    namesakes = pl.struct("student_id", "name_key").is_duplicated()
    students = (
        ties.with_columns(has_namesake=namesakes)
        .group_by("who")
        .agg(students=pl.col("student_id").hash(11).sum(), is_alone=~pl.col("has_namesake").any())
    )
    return (
        named.join(students.filter("is_alone"), on="who")
        .select("who", print=row_hash(["sis_id", "name_key", "name_suffix", "students"]))
        .filter(pl.col("print").is_unique())
    )
