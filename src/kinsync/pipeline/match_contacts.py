"""Which published person each incoming person is.

Nearly everybody reads as last night and is paired by fingerprint; evidence is weighed for the
leftovers of both sides alone. Nothing depends on the order of rows.
"""

from collections.abc import Mapping

import polars as pl

from kinsync.pipeline.fingerprints import fingerprints, unchanged
from kinsync.pipeline.match_pairs import (
    Side,
    agreements,
    candidates,
    shared_students,
    without_offices,
)
from kinsync.pipeline.match_rules import RULES, SCORE, Rule
from kinsync.pipeline.one_to_one import mutual_best, without
from kinsync.pipeline.people import People

_PAIR = {"incoming": pl.UInt32(), "published": pl.UInt32()}


def match_people(incoming: People, before: Mapping[str, People]) -> pl.DataFrame:
    """Pairs of the same person, with those of one time before after the other.

    Args:
        incoming: everyone in this sync.
        before: the people published now, then those who were deleted, each under a name.

    Returns:
        ``incoming``, ``when`` (the name of the time before), ``published`` (``who`` there): one row
        per pair, each person once.
    """
    prints = fingerprints(incoming)
    numbers = pl.concat([people.contacts["sis_id"] for people in before.values()])
    taken = pl.DataFrame(schema={**_PAIR, "when": pl.String})
    for when, people in before.items():
        if people.contacts.is_empty():
            continue
        prints = prints.filter(~pl.col("who").is_in(taken["incoming"].implode()))
        pairs = unchanged(prints, fingerprints(people))
        seen = pl.concat([taken["incoming"], pairs["incoming"]])
        ours = Side.of(incoming, incoming.without(seen))
        theirs = Side.of(people, people.without(pairs["published"]))
        found = _leftovers(ours, theirs, numbers)
        taken = pl.concat([taken, pl.concat([pairs, found]).with_columns(when=pl.lit(when))])
    return taken


def _leftovers(ours: Side, theirs: Side, numbers: pl.Series) -> pl.DataFrame:
    """Pairs among those who do not read as before, by evidence."""
    ours, theirs = without_offices(ours, theirs)
    pairs = evidence(ours, theirs, numbers)
    pairs = pairs.join(canonical_ranks(ours.leftovers), on="incoming")
    return _by_evidence(pairs, shared_students(pairs, ours, theirs))


def evidence(ours: Side, theirs: Side, numbers: pl.Series) -> pl.DataFrame:
    """Every pair that could be one person, with all that the rules weigh, and its score.

    ``numbers`` are the SIS ids of everyone there was before.
    """
    pairs = agreements(candidates(ours, theirs), ours, theirs)
    pairs = _judge_numbers(pairs, numbers, ours.everyone.contacts["sis_id"])
    return pairs.with_columns(SCORE)


def canonical_ranks(people: People) -> pl.DataFrame:
    """People in an order that the order of rows does not touch: ``incoming``, ``rank``.

    By the first student, then by name, then by all that is known of them.
    """
    first = people.ties.group_by("who").agg(pl.col("student_id").min())
    return (
        people.contacts.select("who", "name")
        .join(first, on="who", how="left")
        .join(fingerprints(people).select("who", "exact"), on="who")
        .sort("student_id", "name", "exact", nulls_last=True)
        .select(pl.col("who").alias("incoming"), rank=pl.int_range(pl.len()))
    )


def _judge_numbers(pairs: pl.DataFrame, known: pl.Series, sent: pl.Series) -> pl.DataFrame:
    """``is_new_sis_id``: nobody ever had it; ``is_gone_sis_id``: nobody in this sync has it."""
    differ = pairs.filter("is_other_sis_id")
    still_known = known.filter(known.is_in(differ["sis_id"].implode()))
    still_sent = sent.filter(sent.is_in(differ["sis_id_before"].implode()))
    return pairs.with_columns(
        is_new_sis_id=(~pl.col("sis_id").is_in(still_known.implode())).fill_null(value=False),
        is_gone_sis_id=(~pl.col("sis_id_before").is_in(still_sent.implode())).fill_null(
            value=False
        ),
    )


def _by_evidence(pairs: pl.DataFrame, by_student: pl.DataFrame) -> pl.DataFrame:
    """The pairs taken by the rules, one rule after the other."""
    taken = pairs.clear().select("incoming", "published")
    for rule in RULES:
        held = pairs.filter(rule.holds)
        taken = pl.concat([taken, _by_rule(rule, held, by_student)])
        pairs = without(pairs, taken)
    return taken


def _by_rule(rule: Rule, pairs: pl.DataFrame, by_student: pl.DataFrame) -> pl.DataFrame:
    taken = mutual_best(pairs.select("incoming", "published", "score"))
    left = without(pairs, taken)
    if not rule.may_choose or left.is_empty():
        return taken
    level = left.join(_rivals(left, by_student), on=["incoming", "published"], how="anti")
    return pl.concat([taken, mutual_best(_in_order(level))])


def _rivals(pairs: pl.DataFrame, by_student: pl.DataFrame) -> pl.DataFrame:
    """Pairs in which somebody has two candidates who cannot be one person.

    Those are two people at one student, or two people whom the source numbers differently.
    """
    shared = by_student.join(pairs, on=["incoming", "published"], how="semi").select(
        "incoming", "published", "student_id"
    )
    two = (pl.col("published").n_unique().over("incoming", "student_id") > 1) | (
        pl.col("incoming").n_unique().over("published", "student_id") > 1
    )
    numbered = (pl.col("sis_id_before").drop_nulls().n_unique().over("incoming") > 1) | (
        pl.col("sis_id").drop_nulls().n_unique().over("published") > 1
    )
    return pl.concat(
        [
            frame.select("incoming", "published")
            for frame in (shared.filter(two), pairs.filter(numbered))
        ]
    )


def _in_order(pairs: pl.DataFrame) -> pl.DataFrame:
    """The same pairs with no two scores level: the oldest id first, then the canonical order."""
    older, earlier = -pl.col("published").cast(pl.Int64), -pl.col("rank")
    order = pl.struct(pl.col("score"), older, earlier.alias("rank")).rank("dense")
    return pairs.select("incoming", "published", score=order)
