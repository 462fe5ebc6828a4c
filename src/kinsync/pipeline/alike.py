"""Alike: pairs of contacts who may be one person, though no rule joins them.

Only people who share something are compared: a phone or mailbox, a home (the address of their
students, else the student), or the surname of their students and a school, and with it a name or
part of one. A key that many share tells nobody apart and is left out, so the pairs grow with the
people and never with the square of a crowd. Somebody who is gone is compared with those alone who
came to the same student on the same night: a new surname and a new phone at once look so.
"""

import polars as pl

from kinsync.domain.alike import ALIKE, LEAST, MOST, REASONS, TURNED
from kinsync.domain.changes import Snapshot
from kinsync.domain.frames import empty
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.alike_names import names_alike
from kinsync.pipeline.match_pairs import CROWD
from kinsync.pipeline.people import People, describe, office_reaches, reaches

OFTEN = 4
"""A name that more contacts of the district bear is a common one."""
MOST_PAIRS = 100_000
"""So many of the best are kept: nobody looks at more."""

_BOTH = ("who", "who_other")


def alike(
    snapshot: Snapshot,
    vocabulary: Vocabulary,
    gone: Snapshot | None = None,
    turned: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Pairs of contacts that look alike (``ALIKE``), the best first.

    Args:
        snapshot: what is published.
        vocabulary: which names, phones and mailboxes are placeholders, and nobody's.
        gone: contacts who went, and their relationships, as they last were.
        turned: who came as one of these went (``TURNED``).
    """
    gone, turned = gone or Snapshot.of_nothing(), empty(TURNED) if turned is None else turned
    contacts, ties = (
        pl.concat([snapshot.frames[kind], gone.frames[kind]])
        for kind in ("contact", "relationship")
    )
    contacts = contacts.sort("id")
    people = People.published(contacts, ties, vocabulary)
    named = _named(people)
    reached = _reached(people, named)
    homes = _homes(people, snapshot.frames["student"])
    pairs = _with_turned(_candidates(named, reached, homes), contacts, gone, turned)
    pairs = names_alike(_with_names(pairs, named), vocabulary.nicknames)
    scored = _scored(pairs, named, reached, homes, people.ties)
    ids = contacts["id"]
    return (
        scored.select(
            low_id=ids.gather(scored["who"]),
            high_id=ids.gather(scored["who_other"]),
            score="score",
            reasons="reasons",
        )
        .sort("score", "low_id", "high_id", descending=[True, False, False])
        .head(MOST_PAIRS)
        .cast(ALIKE)
    )


def _named(people: People) -> pl.DataFrame:
    """Those who have a name: ``who``, ``name``, ``given``, ``surname``, ``suffix``, ``sis_id``."""
    named = describe(people).filter(pl.col("name_key").is_not_null())
    key = pl.col("name_key")
    return named.select(
        "who",
        "sis_id",
        name="name_key",
        given="given_name",
        surname=key.str.extract(r"(\S+)$"),
        suffix="name_suffix",
        is_common=pl.len().over("name_key") > OFTEN,
    )


def _reached(people: People, named: pl.DataFrame) -> pl.DataFrame:
    """``who``, ``reach`` (a hash), ``is_household``, ``is_mailbox``; an office's are left out."""
    found = reaches(people).filter(pl.col("who").is_in(named["who"].implode()))
    often = found.group_by("reach").len().filter(pl.col("len") > CROWD // 4)["reach"]
    offices = office_reaches(people, often)
    return found.filter(~pl.col("reach").is_in(offices.implode())).select(
        "who",
        "is_household",
        is_mailbox=pl.col("reach").str.contains("@", literal=True),
        reach=pl.col("reach").hash(),
    )


def _homes(people: People, students: pl.DataFrame) -> pl.DataFrame:
    """``who``, and of each student of theirs the ``student``, ``home`` and ``family`` as hashes.

    Two students have one home where the street and zip are the same; a family is a surname at a
    school.
    """
    street = pl.concat_str(
        pl.col("street").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " "),
        pl.coalesce("zip", "city"),
        separator="|",
    )
    family = pl.concat_str(pl.col("last_name").str.to_lowercase(), "school_sis_id", separator="|")
    told = students.select(
        pl.col("id").alias("student_id"),
        student=pl.col("id").hash(),
        home=pl.coalesce(street, "id").hash(),
        family=pl.when(family.is_not_null()).then(family.hash()),
    )
    return (
        people.ties.select("who", "student_id")
        .unique()
        .join(told, on="student_id")
        .drop("student_id")
    )


def _candidates(named: pl.DataFrame, reached: pl.DataFrame, homes: pl.DataFrame) -> pl.DataFrame:
    """``who``, ``who_other``: pairs that share a place and a part of their name, once each."""
    words = named.select(
        "who", *(pl.col(name).hash(seed) for seed, name in enumerate(("name", "given", "surname")))
    )
    places = [
        (reached.select("who", place="reach"), ("given", "surname")),
        (homes.select("who", place="home"), ("given", "surname")),
        (homes.select("who", place="family").drop_nulls(), ("name",)),
    ]
    found = []
    for place, parts in places:
        at = place.unique().join(words, on="who")
        found += [_pairs(at.select("who", key=pl.col("place") + pl.col(part))) for part in parts]
    return pl.concat(found).unique()


def _with_turned(
    pairs: pl.DataFrame, contacts: pl.DataFrame, gone: Snapshot, turned: pl.DataFrame
) -> pl.DataFrame:
    """The pairs, with ``came-as-other-went``: of who is gone, those of ``turned`` alone."""
    code = "came-as-other-went"
    if turned.is_empty():
        return pairs.with_columns(pl.lit(value=False).alias(code))
    numbered = contacts.with_row_index("who").select("who", "id")
    is_gone = pl.col("id").is_in(gone.frames["contact"]["id"].implode())
    who = numbered.filter(is_gone)["who"].implode()
    here = pairs.filter(~pl.col("who").is_in(who), ~pl.col("who_other").is_in(who))
    ends = turned.join(numbered, on="id").join(
        numbered.rename({"who": "was", "id": "gone_id"}), on="gone_id"
    )
    both = ends.select(
        who=pl.min_horizontal("who", "was"), who_other=pl.max_horizontal("who", "was")
    ).unique()
    return pl.concat(
        [
            here.with_columns(pl.lit(value=False).alias(code)),
            both.with_columns(pl.lit(value=True).alias(code)),
        ]
    )


def _pairs(keyed: pl.DataFrame) -> pl.DataFrame:
    """Every two who share a ``key``, but for keys that a crowd shares."""
    shared = keyed.filter(pl.col("key").is_duplicated()).unique()
    shared = shared.filter(pl.len().over("key") <= CROWD // 2)
    return (
        shared.join(shared, on="key", suffix="_other")
        .filter(pl.col("who") < pl.col("who_other"))
        .select(_BOTH)
    )


def _with_names(pairs: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """The pairs with all that is known of both names, but for those of two generations."""
    other = named.rename({name: f"{name}_other" for name in named.columns})
    both = pairs.join(named, on="who").join(other, on="who_other")
    is_two = (pl.col("suffix") != pl.col("suffix_other")).fill_null(value=False)
    return both.filter(~is_two)


def _scored(
    pairs: pl.DataFrame,
    named: pl.DataFrame,
    reached: pl.DataFrame,
    homes: pl.DataFrame,
    ties: pl.DataFrame,
) -> pl.DataFrame:
    """The pairs that score enough: ``who``, ``who_other``, ``score`` and ``reasons``."""
    told = (
        pairs.join(_shared_reaches(pairs, reached), on=_BOTH, how="left")
        .join(_shared_homes(pairs, homes), on=_BOTH, how="left")
        .join(_shared_ties(pairs, ties), on=_BOTH, how="left")
        .with_columns(
            pl.col("^(same|other|two)-.*$").fill_null(value=False),
            **{
                "other-sis-id": (pl.col("sis_id") != pl.col("sis_id_other")).fill_null(value=False),
                "common-name": pl.col("is_common") & (pl.col("name_reason") == "same-name"),
            },
            **{name: pl.col("name_reason") == name for name in _NAMES},
        )
    )
    points = pl.sum_horizontal(
        pl.col(code).cast(pl.Int16) * reason.points for code, reason in REASONS.items()
    )
    codes = pl.concat_list(pl.when(code).then(pl.lit(code)) for code in REASONS).list.drop_nulls()
    return (
        told.with_columns(score=points)
        .filter(pl.col("score") >= LEAST)
        .select(*_BOTH, pl.col("score").clip(upper_bound=MOST), reasons=codes)
    )


_NAMES = (
    "same-name", "shorter-name", "nickname", "given-name-alike", "initial", "surname-alike",
    "other-surname",
)  # fmt: skip


def _both(pairs: pl.DataFrame, told: pl.DataFrame, on: str) -> pl.DataFrame:
    """A row for each thing that both of a pair have under ``on``."""
    few = told.filter(
        pl.col("who").is_in(pairs["who"].implode())
        | pl.col("who").is_in(pairs["who_other"].implode())
    )
    mine = pairs.select(_BOTH).join(few, on="who")
    return mine.join(few.rename({"who": "who_other"}), on=["who_other", on], suffix="_theirs")


def _shared_reaches(pairs: pl.DataFrame, reached: pl.DataFrame) -> pl.DataFrame:
    shared = _both(pairs, reached, "reach")
    is_home = pl.col("is_household") | pl.col("is_household_theirs")
    is_phone = ~pl.col("is_mailbox")
    return (
        shared.group_by(_BOTH)
        .agg(
            pl.col("is_mailbox").any().alias("same-mailbox"),
            (is_phone & ~is_home).any().alias("same-phone"),
            (is_phone & is_home).any().alias("is_home"),
        )
        .select(
            *_BOTH,
            "same-mailbox",
            "same-phone",
            (pl.col("is_home") & ~pl.col("same-phone")).alias("same-home-phone"),
        )
    )


def _shared_homes(pairs: pl.DataFrame, homes: pl.DataFrame) -> pl.DataFrame:
    found = []
    for column, code in _PLACES.items():
        told = homes.select("who", column).drop_nulls().unique()
        found.append(_both(pairs, told, column).select(*_BOTH, code=pl.lit(code)))
    shared = pl.concat(found)
    codes = pl.col("code").unique()
    return (
        shared.group_by(_BOTH)
        .agg(codes.alias("codes"))
        .select(
            *_BOTH,
            *(pl.col("codes").list.contains(code).alias(code) for code in _PLACES.values()),
        )
        .with_columns(
            (pl.col("same-address") & ~pl.col("same-student")).alias("same-address"),
            (
                pl.col("same-family-at-school") & ~pl.col("same-address") & ~pl.col("same-student")
            ).alias("same-family-at-school"),
        )
    )


_PLACES = {"student": "same-student", "home": "same-address", "family": "same-family-at-school"}


def _shared_ties(pairs: pl.DataFrame, ties: pl.DataFrame) -> pl.DataFrame:
    """What both are called: for any students of theirs, and for the same one."""
    word = pl.coalesce(
        pl.col("relationship_source").str.to_lowercase(), pl.col("relationship").str.to_lowercase()
    )
    called = ties.select("who", "student_id", "type", word=word)
    alike = _both(pairs, called.select("who", "word").drop_nulls().unique(), "word")
    same = alike.select(_BOTH).unique().with_columns(pl.lit(value=True).alias("same-relationship"))
    at_one = _both(pairs, called, "student_id").group_by(_BOTH)
    of_one = at_one.agg(
        (pl.col("word") != pl.col("word_theirs")).all().alias("other-relationship"),
        (pl.col("type") == pl.col("type_theirs")).any().alias("two-at-one-student"),
    )
    return same.join(of_one, on=_BOTH, how="full", coalesce=True).with_columns(
        pl.col("same-relationship").fill_null(value=False)
    )
