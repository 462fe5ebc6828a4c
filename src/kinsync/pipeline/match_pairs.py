"""Pairs of people who could be the same, and what each pair agrees about."""

from dataclasses import dataclass, replace

import polars as pl

from kinsync.pipeline.people import People, describe, office_reaches, reaches

CROWD = 32
"""People of one side under one key; a key that more share tells nobody apart, and costs much."""


@dataclass(frozen=True, slots=True)
class Side:
    """The leftovers of one side with everything that is compared.

    ``everyone`` are all people of that side, leftovers or not: whether a phone is somebody's own
    depends on all of them.
    """

    everyone: People
    leftovers: People
    described: pl.DataFrame
    reached: pl.DataFrame

    @staticmethod
    def of(everyone: People, leftovers: People) -> "Side":
        described = describe(leftovers)
        return Side(everyone, leftovers, described, reaches(leftovers))

    def keyed(self) -> list[pl.DataFrame]:
        """The keys under which people are looked for: ``who`` and one or two more columns each."""
        named = self.described.filter(pl.col("name_key").is_not_null())
        students = self.leftovers.ties.select("who", "student_id").unique()
        reached = self.reached.select("who", "reach")
        unnamed = self.described.filter(pl.col("name_key").is_null())
        return [
            self.described.filter(pl.col("sis_id").is_not_null()).select("who", "sis_id"),
            students.join(named.select("who", "name_key"), on="who"),
            students.join(named.select("who", "given_name"), on="who"),
            students.join(unnamed.select("who", "raw_name"), on="who"),
            students.join(reached, on="who"),
            reached.join(named.select("who", "name_key"), on="who"),
        ]


def without_offices(*sides: Side) -> list[Side]:
    """The sides without phones and mailboxes that many names share: those are an office's."""
    reached = pl.concat([side.reached["reach"] for side in sides]).unique()
    shared = pl.concat([office_reaches(side.everyone, reached) for side in sides])
    is_office = pl.col("reach").is_in(shared.implode())
    return [replace(side, reached=side.reached.filter(~is_office)) for side in sides]


def candidates(ours: Side, theirs: Side) -> pl.DataFrame:
    """Every pair that shares a key: ``incoming``, ``published``, once each."""
    found = [_share(mine, other) for mine, other in zip(ours.keyed(), theirs.keyed(), strict=True)]
    return pl.concat(found).unique()


def _share(ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    key = [name for name in ours.columns if name != "who"]
    mine, other = (
        _uncrowded(side, key).rename({"who": name})
        for side, name in ((ours, "incoming"), (theirs, "published"))
    )
    return mine.join(other, on=key, how="inner").select("incoming", "published")


def _uncrowded(people: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    crowds = people.group_by(key).len().filter(pl.col("len") > CROWD)
    return people.join(crowds, on=key, how="anti") if crowds.height else people


def agreements(pairs: pl.DataFrame, ours: Side, theirs: Side) -> pl.DataFrame:
    """What each pair agrees about: the columns that ``match_rules`` weighs.

    Returns:
        ``pairs`` with both SIS ids, ``is_…`` and ``has_…`` flags, and the counts ``students`` and
        ``reaches`` of what both have. ``has_own_reach`` is told for renamed people only.
    """
    key = ["incoming", "published"]
    named = _names(pairs, ours, theirs)
    by_student = shared_students(pairs, ours, theirs)
    by_reach = _shared_reaches(pairs, ours, theirs)
    renamed = named.filter(pl.col("is_named"), ~pl.col("is_same_given_name"))
    own = _own_reaches(by_student, by_reach.join(renamed, on=key, how="semi"), ours, theirs)
    return (
        named.join(_student_agreements(by_student), on=key, how="left")
        .join(_reach_agreements(by_reach), on=key, how="left")
        .join(own, on=key, how="left")
        .with_columns(pl.col("students", "reaches").fill_null(0))
        .with_columns(pl.col("^(is|has)_.*$").fill_null(value=False))
        .with_columns(_is_unreached(ours, "incoming"), _is_unreached(theirs, "published"))
    )


def _names(pairs: pl.DataFrame, ours: Side, theirs: Side) -> pl.DataFrame:
    mine = ours.described.rename({"who": "incoming"})
    other = theirs.described.rename({"who": "published"})
    both = pairs.join(mine, on="incoming").join(other, on="published", suffix="_before")

    def same(name: str) -> pl.Expr:
        return pl.col(name) == pl.col(f"{name}_before")

    return both.select(
        "incoming",
        "published",
        "sis_id",
        "sis_id_before",
        is_same_sis_id=same("sis_id"),
        is_other_sis_id=~same("sis_id"),
        is_same_name=same("name_key"),
        is_same_raw_name=same("raw_name"),
        is_same_given_name=same("given_name"),
        is_named=pl.col("name_key").is_not_null() & pl.col("name_key_before").is_not_null(),
        is_unnamed=pl.col("name_key").is_null() & pl.col("name_key_before").is_null(),
        is_other_suffix=~same("name_suffix"),
        is_same_suffix=pl.col("name_suffix").eq_missing("name_suffix_before"),
    )


def shared_students(pairs: pl.DataFrame, ours: Side, theirs: Side) -> pl.DataFrame:
    """One row per pair and student of both, with the relationships that both have to that student.

    A person may stand to a student in several ways; then a pair has a row for each combination.
    """
    mine = ours.leftovers.ties.rename({"who": "incoming"})
    other = theirs.leftovers.ties.rename({"who": "published"})
    return pairs.join(mine, on="incoming").join(
        other, on=["published", "student_id"], suffix="_before"
    )


def _student_agreements(by_student: pl.DataFrame) -> pl.DataFrame:
    return by_student.group_by("incoming", "published").agg(
        students=pl.col("student_id").n_unique(),
        is_same_type=(pl.col("type") == pl.col("type_before")).any(),
        is_same_relationship=_is_same_relationship().any(),
    )


def _is_same_relationship() -> pl.Expr:
    """The same word, and no other one in the source: Mother and Father are both Parent."""
    word = pl.col("relationship") == pl.col("relationship_before")
    ours = pl.col("relationship_source").str.to_lowercase()
    theirs = pl.col("relationship_source_before").str.to_lowercase()
    return (word & (ours == theirs).fill_null(value=True)).fill_null(value=False)


def _shared_reaches(pairs: pl.DataFrame, ours: Side, theirs: Side) -> pl.DataFrame:
    mine = ours.reached.rename({"who": "incoming"})
    other = theirs.reached.rename({"who": "published"})
    return pairs.join(mine, on="incoming").join(other, on=["published", "reach"], suffix="_before")


def _reach_agreements(by_reach: pl.DataFrame) -> pl.DataFrame:
    return by_reach.group_by("incoming", "published").agg(reaches=pl.len())


def _own_reaches(
    by_student: pl.DataFrame, by_reach: pl.DataFrame, ours: Side, theirs: Side
) -> pl.DataFrame:
    """Pairs with ``has_own_reach``: a phone or mailbox that nobody else of a shared student has.

    A home phone is never somebody's own: a stepmother on the same landline is not the mother.
    """
    own = by_reach.filter(~pl.col("is_household"), ~pl.col("is_household_before"))
    shared = by_student.join(own, on=["incoming", "published"]).select(
        "incoming", "published", "student_id", "reach"
    )
    for side in (ours, theirs):
        lonely = _reached_alone(side.everyone.around(shared["student_id"].unique()))
        shared = shared.join(lonely, on=["student_id", "reach"], how="semi")
    return shared.select("incoming", "published", has_own_reach=pl.lit(value=True)).unique()


def _reached_alone(people: People) -> pl.DataFrame:
    """``student_id``, ``reach`` of phones and mailboxes that one contact of that student has."""
    reached = people.ties.select("who", "student_id").unique()
    reached = reached.join(reaches(people), on="who")
    counted = reached.group_by("student_id", "reach").agg(pl.len().alias("people"))
    return counted.filter(pl.col("people") == 1)


def _is_unreached(side: Side, name: str) -> pl.Expr:
    reached = side.reached["who"].unique()
    return (~pl.col(name).is_in(reached.implode())).alias(f"is_unreached_{name}")
