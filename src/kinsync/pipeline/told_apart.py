"""Told apart: rows of people whom *link* would join and somebody decided are different.

Each such person is an *anchor*, with all that is known of them. A row that names an anchor, by name
or SIS id, and has more in common with one of them than with any other goes on under that anchor as
under a SIS id of its own: link never joins two of these. A row that could be of either is joined to
neither, and says so (``link-conflict``).
"""

from dataclasses import dataclass

import polars as pl

from kinsync.domain.frames import KEYS
from kinsync.pipeline.people import People, describe, reaches

KIND = ("student_sis_id", "type", "relationship")
"""How a row says what somebody is to a student: ``frames.KEYS`` has its hash as ``kind``."""

_SAME_NUMBER, _SAME_STUDENT, _SAME_REACH, _SAME_KIND, _SAME_SUFFIX = 32, 12, 6, 3, 1


@dataclass(frozen=True, slots=True)
class Anchors:
    """Who is told apart, as hashes.

    ``named`` has one row per anchor: ``label`` (hash of the id), ``face`` (hash of the id of their
    face, of themselves where they have none), ``name``, ``suffix``, ``sis_id``.
    ``students``, ``kinds`` and ``reaches`` have ``label`` and one thing of theirs under ``value``.
    """

    named: pl.DataFrame
    students: pl.DataFrame
    kinds: pl.DataFrame
    reaches: pl.DataFrame

    @staticmethod
    def of(people: People, ids: pl.DataFrame, students: pl.DataFrame) -> "Anchors":
        """The anchors that these people are.

        Args:
            people: those who are told apart.
            ids: ``who``, ``id`` and ``face_id`` (null where none) of each.
            students: ``student_id`` and ``student_sis_id`` of all their students.
        """
        label = ids.select(
            "who", label=pl.col("id").hash(), face=pl.coalesce("face_id", "id").hash()
        )
        named = describe(people).join(label, on="who")
        ties = people.ties.join(label, on="who").join(students, on="student_id")
        kinds = ties.select("label").with_columns(value=ties.select(KIND).hash_rows())
        return Anchors(
            named.select(
                "label",
                "face",
                name=_hash("name_key"),
                suffix=_hash("name_suffix"),
                sis_id=_hash("sis_id"),
            ),
            ties.select("label", value=pl.col("student_sis_id").hash()).unique(),
            kinds.unique(),
            reaches(people)
            .join(label, on="who")
            .select("label", value=pl.col("reach").hash())
            .unique(),
        )

    @staticmethod
    def of_nobody() -> "Anchors":
        """Nobody is told apart."""
        hashes = {"label": pl.UInt64, "value": pl.UInt64}
        named = dict.fromkeys(("label", "face", "name", "suffix", "sis_id"), pl.UInt64)
        return Anchors(pl.DataFrame(schema=named), *(pl.DataFrame(schema=hashes) for _ in range(3)))


def told_apart(keys: pl.DataFrame, anchors: Anchors) -> pl.DataFrame:
    """The keys (``frames.KEYS``), an anchor in the place of ``sis_id`` where a row is one's."""
    if anchors.named.is_empty():
        return keys
    whose = _whose(keys, anchors)
    return keys.with_columns(keys["sis_id"].scatter(whose["place"], whose["label"]))


def _whose(keys: pl.DataFrame, anchors: Anchors) -> pl.DataFrame:
    """``place`` and ``label`` of each row that is one anchor's more than any other's."""
    named = anchors.named
    is_near = keys["name"].is_in(named["name"].drop_nulls().implode()) | keys["sis_id"].is_in(
        named["sis_id"].drop_nulls().implode()
    )
    places = is_near.fill_null(value=False).arg_true()
    rows = keys[places].with_columns(places.alias("place")).drop("row", "part", "details")
    pairs = pl.concat(
        [
            rows.join(named, on="name", suffix="_known", coalesce=False),
            rows.join(named, on="sis_id", suffix="_known", coalesce=False),
        ]
    )
    scored = _scored(_without_conflicts(pairs).unique(["place", "label"]), anchors)
    best = scored.filter(pl.col("score") == pl.col("score").max().over("place"))
    ones = best.filter(pl.col("face").n_unique().over("place") == 1)
    return ones.group_by("place").agg(pl.col("label").min())


def _without_conflicts(pairs: pl.DataFrame) -> pl.DataFrame:
    is_other = (pl.col("sis_id") != pl.col("sis_id_known")) | (
        pl.col("suffix") != pl.col("suffix_known")
    )
    return pairs.filter(~is_other.fill_null(value=False))


def _scored(pairs: pl.DataFrame, anchors: Anchors) -> pl.DataFrame:
    """``place``, ``label`` and ``score`` of the pairs that have more than a name in common."""

    def has(column: str, known: pl.DataFrame) -> pl.Expr:
        both = (pl.col("label").hash(1) + pl.col(column).hash(2)).is_in(
            known.select(pl.col("label").hash(1) + pl.col("value").hash(2)).to_series().implode()
        )
        return both & pl.col(column).is_not_null()

    is_same_number = (pl.col("sis_id") == pl.col("sis_id_known")).fill_null(value=False)
    is_same_suffix = pl.col("suffix").eq_missing(pl.col("suffix_known"))
    evidence = (
        _SAME_NUMBER * is_same_number.cast(pl.Int32)
        + _SAME_STUDENT * has("student", anchors.students).cast(pl.Int32)
        + _SAME_REACH * has("phone", anchors.reaches).cast(pl.Int32)
        + _SAME_REACH * has("email", anchors.reaches).cast(pl.Int32)
    )
    more = _SAME_KIND * has("kind", anchors.kinds).cast(pl.Int32) + (
        _SAME_SUFFIX * is_same_suffix.cast(pl.Int32)
    )
    return (
        pairs.with_columns(evidence=evidence, score=evidence + more)
        .filter(pl.col("evidence") > 0)
        .select("place", "label", "face", "score")
    )


def _hash(column: str) -> pl.Expr:
    return pl.when(pl.col(column).is_not_null()).then(pl.col(column).hash()).cast(KEYS["name"])
