"""Published people who turned out to be somebody else who is published too."""

import polars as pl

from kinsync.pipeline.people import People, describe

_KEYS = (["student_id", "name_key"], ["student_id", "sis_id"], ["sis_id", "name_key"])


def merges(gone: People, incoming: People, ids: pl.DataFrame) -> pl.DataFrame:
    """Who went into whom: ``gone`` (``who``), ``into_id``; one row per person merged.

    Somebody is merged when a person known by another id now has two of these in common with them:
    a student, the comparable name, the SIS id.

    Args:
        gone: published people whom nobody incoming is.
        incoming: everyone in this sync.
        ids: ``into``, ``into_id``: who the incoming people are, but for the new ones.
    """
    near = _near(gone, incoming)
    shared = _shared(_keyed(gone), _keyed(near))
    counted = shared.join(ids, on="into").group_by("gone", "into_id").len("times")
    ordered = counted.sort("times", "into_id", descending=[True, False])
    return ordered.unique("gone", keep="first", maintain_order=True).select("gone", "into_id")


def _near(gone: People, incoming: People) -> People:
    """Everyone now who has a student or a SIS id of those who are gone."""
    students = pl.col("student_id").is_in(gone.ties["student_id"].unique().implode())
    numbers = pl.col("sis_id").is_in(gone.contacts["sis_id"].drop_nulls().implode())
    by_student = incoming.ties.filter(students)["who"]
    by_number = incoming.contacts.filter(numbers)["who"]
    return incoming.only(pl.concat([by_student, by_number]).unique())


def _keyed(people: People) -> pl.DataFrame:
    named = describe(people).select("who", "sis_id", "name_key", "name_suffix")
    students = people.ties.select("who", "student_id").unique()
    return named.join(students, on="who", how="left")


def _shared(gone: pl.DataFrame, near: pl.DataFrame) -> pl.DataFrame:
    """``gone``, ``into``: a row for each key that both have, but for conflicting people."""
    found = [gone.join(near, on=key, suffix="_now", coalesce=False) for key in _KEYS]
    is_other = (pl.col("name_suffix") != pl.col("name_suffix_now")) | (
        pl.col("sis_id") != pl.col("sis_id_now")
    )
    pairs = pl.concat([frame.filter(~is_other.fill_null(value=False)) for frame in found])
    return pairs.select(gone="who", into="who_now")
