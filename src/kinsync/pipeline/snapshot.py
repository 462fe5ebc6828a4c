"""Linked rows to the records of a snapshot: contacts, and what they are to their students.

The order of the rows changes nothing: a contact has its fullest name, its phones in the order
cell, home, work, other, its mailboxes in the order of the alphabet; of several addresses and of
several words of the source for one relationship, the first of the alphabet stands. Whoever any
row restricts is restricted in all that they are to that student.

Where several sources speak of one contact, ``pipeline.priority`` has said before which of their
values stand.
"""

from collections.abc import Iterable, Iterator

import polars as pl

from kinsync.domain.frames import CONTACTS, RELATIONSHIPS
from kinsync.domain.priority import CONTACT, MARKS, ONE_SOURCE, RELATIONSHIP, Fields, Priority
from kinsync.domain.vocabulary import PHONE_TYPES
from kinsync.pipeline import priority as sources
from kinsync.pipeline.evidence import joint
from kinsync.pipeline.flags import fold_flags
from kinsync.pipeline.phones import comparable_phone

TOLD = (
    "name", "sis_id", "phone", "phone_extension", "phone_type", "phone_type_source", "email",
    "address",
)  # fmt: skip
"""What one row tells about its person."""

Rows = Iterable[pl.DataFrame]
"""Kept rows (``frames.CLEAN``), in pieces."""


def plan(
    keys: pl.DataFrame,
    linked: pl.DataFrame,
    source: pl.Series | None = None,
    priority: Priority = ONE_SOURCE,
) -> pl.DataFrame:
    """What each kept row adds, beside ``keys`` row for row.

    Returns:
        ``contact``: the number of the row's person, counted from 0.
        ``is_detail``: the first row that says just this about the person.
        ``is_kind``: the first row that ties the person to this student in this way.
        ``is_wording``: the first row that ties the person to this student in this way, or the
        first that says so in other words of the source, or with other flags.
        ``has_wordings``: whether what it says of the two is said in several wordings.
        ``is_restricted``: whether any row keeps this person from this student.
        ``is_withheld``: whether that is so with every student of the person.
        With several sources also ``source``: then each has first rows of its own, unless all of
        them say the same.

    Args:
        keys: ``frames.KEYS``.
        linked: ``link.Linked.rows``.
        source: the number of each row's source, where there are several.
        priority: whose values stand.
    """
    person = linked["person"]
    people = person.filter(person.is_first_distinct()).to_frame().with_row_index("contact")
    contact = linked.select("person").join(people, on="person", how="left", maintain_order="left")
    said = keys.select("kind", "wording", "details").with_columns(person)
    tie = joint(said, "person", "kind", seed=100)
    is_kind = tie.is_first_distinct()
    is_wording = joint(said, "person", "kind", "wording", seed=100).is_first_distinct()
    again = tie.filter(is_wording & ~is_kind).unique()
    is_restricted, is_withheld = _restricted(keys, person)
    planned = contact.select(
        "contact",
        is_detail=joint(said, "person", "details", seed=110).is_first_distinct(),
        is_kind=is_kind,
        is_wording=is_wording,
        has_wordings=tie.is_in(again.implode()),
        is_restricted=is_restricted,
        is_withheld=is_withheld,
    )
    return planned if source is None else _of_sources(planned, said, keys, source, priority)


def _of_sources(
    planned: pl.DataFrame,
    said: pl.DataFrame,
    keys: pl.DataFrame,
    source: pl.Series,
    priority: Priority,
) -> pl.DataFrame:
    """The plan where several sources speak: what each of them says of the same is looked at."""
    told = said.with_columns(source.alias("source"), keys["student"])
    is_echo = sources.echoes(told["person"], source, told["details"], priority)
    is_first = joint(told, "person", "details", "source", seed=130).is_first_distinct()
    pair = joint(told, "person", "student", seed=140)
    wordings = joint(told, "kind", "wording", seed=150)
    echoes_tie = sources.echoes(pair, source, wordings, priority)
    is_wording = joint(told, "person", "kind", "wording", "source", seed=160).is_first_distinct()
    own = pl.DataFrame({"pair": pair, "source": source}).filter(~echoes_tie)
    of_several = own.filter(sources.several(own["pair"], own["source"]))["pair"].unique()
    is_of_several = pair.is_in(of_several.implode()) & ~echoes_tie
    return planned.with_columns(
        source.alias("source"),
        is_detail=is_first & ~is_echo,
        is_wording=planned["is_wording"] & ~is_of_several | is_wording & is_of_several,
        has_wordings=planned["has_wordings"] | is_of_several,
    )


def _restricted(keys: pl.DataFrame, person: pl.Series) -> tuple[pl.Series, pl.Series]:
    if not keys["restricted"].any():
        nobody = pl.repeat(value=False, n=keys.height, dtype=pl.Boolean, eager=True)
        return nobody, nobody
    pair = joint(keys.select("student").with_columns(person), "person", "student", seed=120)
    is_restricted = pair.is_in(pair.filter(keys["restricted"]).unique().implode())
    return is_restricted, ~person.is_in(person.filter(~is_restricted).unique().implode())


def contact_pieces(
    kept: Rows, planned: pl.DataFrame, priority: Priority = ONE_SOURCE
) -> Iterator[pl.DataFrame]:
    """One row per person (``frames.CONTACTS``), in pieces.

    Those about whom one row says everything come in the order of the rows, and at last the others.
    """
    told = planned.filter("is_detail")["contact"]
    is_told_twice = pl.col("contact").is_in(told.filter(told.is_duplicated()).unique().implode())
    several = []
    for piece in _beside(kept, planned):
        told_here = _only(
            piece, "is_detail", "contact", *TOLD, *_source_of(piece), _yes("is_withheld")
        )
        several.append(told_here.filter(is_told_twice))
        alone = told_here.filter(~is_told_twice)
        yield alone.with_columns(
            *(pl.lit(None, pl.String).alias(name) for name in ("more_phones", "more_emails")),
            _marks(alone, CONTACT, priority),
        ).select(CONTACTS.names())
    if several:
        rows = pl.concat(several)
        rows = sources.people(rows, priority) if "source" in rows.columns else rows
        yield folded(rows).select(CONTACTS.names())


def relationship_pieces(
    rows: Rows, planned: pl.DataFrame, priority: Priority = ONE_SOURCE
) -> Iterator[pl.DataFrame]:
    """One row per contact, student, type and relationship (``frames.RELATIONSHIPS``), in pieces.

    Those that all rows say in the same words come in the order of the rows, and at last the others.
    """
    several = []
    told = [name for name in RELATIONSHIPS if name not in ("restricted", MARKS)]
    for piece in _beside(rows, planned):
        worded = _only(
            piece, "is_wording", *told, *_source_of(piece), _yes("is_restricted"), "has_wordings"
        )
        several.append(worded.filter("has_wordings"))
        alone = worded.filter(~pl.col("has_wordings"))
        yield alone.with_columns(_marks(alone, RELATIONSHIP, priority)).select(
            RELATIONSHIPS.names()
        )
    if several:
        kind = ["contact", "student_sis_id", "type", "relationship"]
        worded = pl.concat(several)
        if "source" in worded.columns:
            worded = sources.ties(worded, priority)
        else:
            worded = worded.with_columns(_marks(worded, RELATIONSHIP, priority))
        ordered = worded.sort(*kind, "relationship_source", "type_source")
        yield _with_one_of_each_flag(ordered, kind).select(RELATIONSHIPS.names())


def _source_of(piece: pl.DataFrame) -> list[str]:
    return ["source"] if "source" in piece.columns else []


def _marks(records: pl.DataFrame, kind: Fields, priority: Priority) -> pl.Expr:
    """``sources`` of records that one source speaks of alone."""
    if "source" in records.columns:
        return sources.of_one_source(kind, priority)
    return pl.lit(None, pl.String).alias(MARKS)


def _with_one_of_each_flag(ordered: pl.DataFrame, kind: list[str]) -> pl.DataFrame:
    first = ordered.unique(kind, keep="first", maintain_order=True)
    if ordered["flags"].null_count() == ordered.height:
        return first
    folded = fold_flags(ordered, kind)
    both = first.drop("flags").join(
        folded, on=kind, how="left", nulls_equal=True, maintain_order="left"
    )
    return both.select(RELATIONSHIPS.names())


def _only(piece: pl.DataFrame, is_wanted: str, *columns: str | pl.Expr) -> pl.DataFrame:
    """Those columns of the wanted rows: no other column is copied."""
    return piece.select(*columns, is_wanted).filter(is_wanted).drop(is_wanted)


def _yes(is_so: str) -> pl.Expr:
    return pl.when(is_so).then(pl.lit("Y")).alias("restricted")


def schools(students: pl.DataFrame) -> pl.DataFrame:
    """One row per school that a student names (``frames.SCHOOLS``)."""
    ids = students.select(sis_id="school_sis_id").drop_nulls().unique().sort("sis_id")
    return ids.with_columns(name=pl.lit(None, pl.String))


def _beside(rows: Rows, planned: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Each piece of the rows, with the columns of its part of the plan."""
    start = 0
    for piece in rows:
        yield piece.hstack(planned.slice(start, piece.height))
        start += piece.height


def folded(told: pl.DataFrame) -> pl.DataFrame:
    """People (``contact``) about whom rows (``TOLD``) say several things.

    The fullest name stands: one in order before "Last, First", one in small letters too before
    one in capitals alone. Of several SIS ids, which people alone can bring together, the first.
    """
    name = pl.col("name")
    is_turned = name.str.contains(",", literal=True)
    is_shouted = name.str.to_uppercase() == name
    if MARKS not in told.columns:
        told = told.with_columns(pl.lit(None, pl.String).alias(MARKS))
    people = (
        told.sort(
            "contact",
            is_turned,
            -name.str.len_chars().cast(pl.Int32),
            is_shouted,
            name,
            nulls_last=True,
        )
        .group_by("contact", maintain_order=True)
        .agg(pl.col("name", "restricted", MARKS).first(), pl.col("sis_id", "address").min())
    )
    return (
        people.join(_phones(told), on="contact", how="left")
        .join(_emails(told), on="contact", how="left")
        .sort("contact")
    )


def _phones(told: pl.DataFrame) -> pl.DataFrame:
    """The first phone of each person, and the others as JSON."""
    rank = pl.col("phone_type").replace_strict(
        PHONE_TYPES, range(len(PHONE_TYPES)), default=len(PHONE_TYPES), return_dtype=pl.UInt8
    )
    ordered = (
        told.drop_nulls("phone")
        .with_columns(same=comparable_phone(pl.col("phone")))
        .sort(
            "contact", rank, "same", "phone_extension", "phone_type_source", "phone",
            nulls_last=True,
        )
        .unique(["contact", "same"], keep="first", maintain_order=True)
    )  # fmt: skip
    more = pl.struct(
        phone="phone",
        extension="phone_extension",
        type="phone_type",
        type_source="phone_type_source",
    )
    others = _others(ordered, more.alias("more_phones"))
    first = ordered.unique("contact", keep="first", maintain_order=True)
    return first.select(
        "contact", "phone", "phone_extension", "phone_type", "phone_type_source"
    ).join(others, on="contact", how="left")


def _emails(told: pl.DataFrame) -> pl.DataFrame:
    """The first address of each person, and the others as JSON."""
    ordered = (
        told.drop_nulls("email")
        .select("contact", "email", same=pl.col("email").str.to_lowercase())
        .sort("contact", "same", "email")
        .unique(["contact", "same"], keep="first", maintain_order=True)
    )
    others = _others(ordered, pl.col("email").alias("more_emails"))
    first = ordered.unique("contact", keep="first", maintain_order=True)
    return first.select("contact", "email").join(others, on="contact", how="left")


def _others(ordered: pl.DataFrame, value: pl.Expr) -> pl.DataFrame:
    """All but the first value of each person, as a JSON list under the value's name."""
    name = value.meta.output_name()
    listed = (
        ordered.filter(~pl.col("contact").is_first_distinct())
        .group_by("contact", maintain_order=True)
        .agg(value)
    )
    encoded = pl.struct(more=name).struct.json_encode()
    return listed.select("contact", encoded.str.strip_prefix('{"more":').str.head(-1).alias(name))
