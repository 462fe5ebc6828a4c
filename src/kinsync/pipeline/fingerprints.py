"""People who are as they were: found by one hash join each, before any evidence is weighed."""

import polars as pl

from kinsync.domain.frames import CONTACT_DETAILS, RELATIONSHIP_DETAILS
from kinsync.domain.priority import MARKS
from kinsync.pipeline.people import People


def unchanged(ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """Pairs of people that read alike and are the only ones to do so on their side.

    A person who only changed type or relationship, or only gained or lost a ``sis_id``, is still
    found here: nights on which a whole district does so stay cheap.

    Args:
        ours: fingerprints of the incoming people.
        theirs: fingerprints of the published people.

    Returns:
        ``incoming``, ``published``: one row per pair, each person in one pair at most.
    """
    found = []
    numbers = ours["number"], theirs["number"]
    for name in ("exact", "students", "unnumbered"):
        pairs = _pair(ours, theirs, name)
        if name == "unnumbered":
            pairs = _newly_numbered(pairs, *numbers)
        found.append(pairs.select("incoming", "published"))
        ours = ours.filter(~pl.col("who").is_in(pairs["incoming"].implode()))
        theirs = theirs.filter(~pl.col("who").is_in(pairs["published"].implode()))
    return pl.concat(found)


def fingerprints(people: People) -> pl.DataFrame:
    """What each person reads like, as 64-bit hashes: one row per person.

    Hashes are compared within one run only; they do not depend on the order of rows.

    Returns:
        ``who``; ``exact``: all details and relationships; ``students``: all details and the
        students; ``unnumbered``: the same without ``sis_id``; ``number``: ``sis_id``, or null.
    """
    details = [name for name in said(CONTACT_DETAILS) if name != "sis_id"]
    kinds = row_hash(["student_id", *said(RELATIONSHIP_DETAILS)])
    ties = people.ties.group_by("who").agg(
        kinds=kinds.sum(), students=pl.col("student_id").hash(11).sum()
    )
    number = pl.col("sis_id").hash(7)
    return (
        people.contacts.select(
            "who",
            number=pl.when(pl.col("sis_id").is_not_null()).then(number),
            details=row_hash(details),
        )
        .join(ties, on="who", how="left")
        .with_columns(pl.col("kinds", "students", "number").fill_null(0).name.suffix("_sum"))
        .select(
            "who",
            "number",
            exact=pl.col("details") + pl.col("kinds_sum") + pl.col("number_sum"),
            students=pl.col("details") + pl.col("students_sum") + pl.col("number_sum"),
            unnumbered=pl.col("details") + pl.col("students_sum"),
        )
    )


def said(schema: pl.Schema) -> list[str]:
    """The columns that say something; which source says it, is another matter."""
    return [name for name in schema if name != MARKS]


def row_hash(columns: list[str]) -> pl.Expr:
    """One 64-bit hash over columns; much faster than hashing them as a struct."""
    hashed = [pl.col(column).hash(seed) for seed, column in enumerate(columns, start=101)]
    return pl.sum_horizontal(hashed).hash(13)


def _pair(ours: pl.DataFrame, theirs: pl.DataFrame, name: str) -> pl.DataFrame:
    mine, other = (
        side.filter(pl.col(name).is_unique()).select("who", "number", name)
        for side in (ours, theirs)
    )
    return mine.rename({"who": "incoming"}).join(
        other.rename({"who": "published"}), on=name, how="inner", suffix="_published"
    )


def _newly_numbered(pairs: pl.DataFrame, ours: pl.Series, theirs: pl.Series) -> pl.DataFrame:
    """Pairs of which one has a ``sis_id`` that nobody has on the other side, and one has none."""
    gained = pl.col("number_published").is_null() & ~pl.col("number").is_in(theirs.implode())
    lost = pl.col("number").is_null() & ~pl.col("number_published").is_in(ours.implode())
    return pairs.filter(gained.fill_null(value=False) | lost.fill_null(value=False))
