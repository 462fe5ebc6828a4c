"""Saved records of another service, put together: one row per id, judged by the file alone."""

import polars as pl

from kinsync.domain.frames import CONTACT_DETAILS, RELATIONSHIP_DETAILS
from kinsync.domain.moving import JUDGED, MOVING, SAVED
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.people import People, describe
from kinsync.pipeline.phones import clean_phones
from kinsync.pipeline.text import tidy

ID = r"^[0-9a-f]{24}$"

_ORDER = {kind: place for place, kind in enumerate(MOVING)}
_TEXTS = ("kind", "id", "legacy_id", "sis_id", "name", "phone", "email", "type", "relationship")


def put_together(
    saved: pl.DataFrame, students: pl.DataFrame, vocabulary: Vocabulary
) -> tuple[pl.DataFrame, int]:
    """Saved records (``SAVED``), one row per id, as ``JUDGED``; and how many only repeated others.

    ``outcome`` is null where the file speaks against nothing; ``students`` are SIS ids then.

    Args:
        saved: in the order of the files, tidied.
        students: ``id``, ``sis_id`` of students whose id in the other service is known already.
    """
    rows = saved
    parts = []
    for take_out in (_without_wrong, _once, _without_known_legacy, _without_doubles):
        rows, left = take_out(rows)
        parts.append(left)
    repeated = saved.height - rows.height - sum(part.height for part in parts)
    own = rows.filter(pl.col("kind") == "student").select("id", "sis_id")
    known = pl.concat([own, students]).drop_nulls().unique("id", keep="first", maintain_order=True)
    parts.append(_judged(_with_students(rows, known), vocabulary))
    return pl.concat([part.select(JUDGED.names()) for part in parts]), repeated


def tidied(saved: pl.DataFrame) -> pl.DataFrame:
    """Saved records with blank cells as null, spelling and phones as *clean* has them."""
    told = saved.with_columns(tidy(saved[name]) for name in _TEXTS)
    return told.with_columns(clean_phones(told["phone"])["phone"])


def _without_wrong(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    is_sound = rows.select(_is_wrong().is_null()).to_series()
    return _only(rows, is_sound), _left(rows.filter(~is_sound), _is_wrong())


def _only(rows: pl.DataFrame, wanted: pl.Series) -> pl.DataFrame:
    """Those rows; millions are not copied where none is left out."""
    return rows if wanted.all() else rows.filter(wanted)


def _is_wrong() -> pl.Expr:
    """Why an id cannot be one, else null."""
    kind, id_, legacy = pl.col("kind"), pl.col("id"), pl.col("legacy_id")
    return (
        pl.when(~kind.is_in(MOVING) | kind.is_null())
        .then(pl.lit("the kind is not school, student or contact"))
        .when(id_.is_null())
        .then(pl.lit("there is no id"))
        .when(~id_.str.contains(ID))
        .then(pl.lit("the id is not 24 hex digits in lower case"))
        .when((kind == "contact") & legacy.is_not_null() & ~legacy.str.contains(ID))
        .then(pl.lit("the legacy id is not 24 hex digits in lower case"))
    )


def _left(rows: pl.DataFrame, reason: pl.Expr, outcome: str = "refused") -> pl.DataFrame:
    told = rows.with_columns(reason.cast(pl.String).alias("reason"), outcome=pl.lit(outcome))
    return told.select(JUDGED.names())


def _once(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row per kind and id, and rows whose id stands for two records.

    A contact may be saved once per student, and pages overlap: what is said is taken together.
    """
    again = pl.struct("kind", "id").is_duplicated()
    several = rows.filter(again)
    if several.is_empty():
        return rows, _left(several, pl.lit(None))
    is_torn = pl.col("sis_id").drop_nulls().n_unique().over("kind", "id") > 1
    torn = _left(several.filter(is_torn), pl.lit("the id stands under two SIS ids"))
    told = [pl.col(name).drop_nulls().first() for name in SAVED if name not in _ONCE]
    folded = (
        several.filter(~is_torn)
        .group_by("kind", "id", maintain_order=True)
        .agg(
            pl.col("file", "place").first(),
            *told,
            pl.col("students").explode().drop_nulls().unique(maintain_order=True),
        )
    )
    return pl.concat([rows.filter(~again), folded.select(SAVED.names())]), torn


_ONCE = ("kind", "id", "file", "place", "students")


def _without_known_legacy(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows without people by their v2 id whom a v3 record names as well."""
    known = rows.filter(pl.col("kind") == "contact")["legacy_id"].drop_nulls()
    is_known = (rows["kind"] == "legacy") & rows["id"].is_in(known.implode())
    return _only(rows, ~is_known), JUDGED.to_frame()


def _without_doubles(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows whose ids are theirs alone, and the others: no id is ever of two records.

    The first keeps it, in the order of ``MOVING``. A school or student under two ids has neither.
    """
    keys = rows.select(
        "kind",
        "id",
        "sis_id",
        rank=pl.col("kind").replace_strict(_ORDER, return_dtype=pl.UInt8),
        legacy_id=pl.when(
            (pl.col("kind") == "contact") & (pl.col("legacy_id") != pl.col("id"))
        ).then("legacy_id"),
    ).with_row_index("at")
    ids = pl.concat(
        [keys.select("at", "rank", "id"), keys.select("at", "rank", id="legacy_id").drop_nulls()]
    ).sort("rank", "at", maintain_order=True)
    taken = ids.filter(~pl.col("id").is_first_distinct())["at"]
    is_taken = keys["at"].is_in(taken.implode())
    numbered = pl.col("kind").is_in(("school", "student")) & pl.col("sis_id").is_not_null()
    double = keys.filter(numbered & pl.struct("kind", "sis_id").is_duplicated())["at"]
    is_double = keys["at"].is_in(double.implode()) & ~is_taken
    doubled = [
        _left(rows.filter(is_taken), pl.lit("the id stands for another record as well")),
        _left(rows.filter(is_double), pl.lit("two ids for one SIS id"), "ambiguous"),
    ]
    return _only(rows, ~(is_taken | is_double)), pl.concat(doubled)


def _with_students(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The SIS ids of each contact's students in place of the other service's ids.

    An id of 24 hex digits that is no known student's is nobody's; any other text is a SIS id.
    """
    numbered = rows.with_row_index("at")
    named = (
        numbered.select("at", "students")
        .explode("students")
        .drop_nulls()
        .join(known, left_on="students", right_on="id", how="left", maintain_order="left")
    )
    told = pl.coalesce(
        "sis_id", pl.when(~pl.col("students").str.contains(ID)).then(pl.col("students"))
    )
    named = named.select("at", students=told).filter(pl.col("students").fill_null("") != "")
    lists = named.unique(maintain_order=True).group_by("at", maintain_order=True).agg("students")
    joined = numbered.drop("students").join(lists, on="at", how="left", maintain_order="left")
    return joined.select(SAVED.names())


def _judged(rows: pl.DataFrame, vocabulary: Vocabulary) -> pl.DataFrame:
    """Rows with ``outcome`` unknown where nothing tells whose id it is."""
    is_person = ~pl.col("kind").is_in(("school", "student"))
    is_told = pl.col("students").is_not_null() | pl.any_horizontal(
        pl.col("phone", "email").is_not_null()
    )
    is_named = _name_keys(rows, vocabulary).is_not_null().alias("is_named")
    reason = (
        pl.when(~is_person & pl.col("sis_id").is_null())
        .then(pl.lit("there is no SIS id"))
        .when((pl.col("kind") == "relationship") & pl.col("students").is_null())
        .then(pl.lit("the student is not known: save the students as well"))
        .when(is_person & pl.col("sis_id").is_null() & ~pl.col("is_named"))
        .then(pl.lit("a placeholder or no name, and no SIS id"))
        .when(is_person & pl.col("sis_id").is_null() & ~is_told)
        .then(pl.lit("a name without student, phone or e-mail"))
    )
    return (
        rows.with_columns(is_named)
        .with_columns(reason=reason)
        .with_columns(outcome=pl.when(pl.col("reason").is_not_null()).then(pl.lit("unknown")))
    )


def _name_keys(rows: pl.DataFrame, vocabulary: Vocabulary) -> pl.Series:
    return describe(as_people(rows, vocabulary))["name_key"]


def as_people(
    rows: pl.DataFrame, vocabulary: Vocabulary, ties: pl.DataFrame | None = None
) -> People:
    """Records as people: ``who`` is their place in ``rows``.

    ``ties`` has ``who`` and ``student_id``, and relationship details where they are known.
    """
    blank = pl.lit(None, pl.String)
    contacts = rows.with_row_index("who").select(
        "who", *(name if name in rows.columns else blank.alias(name) for name in CONTACT_DETAILS)
    )
    given = pl.DataFrame(schema={"who": pl.UInt32, "student_id": pl.String})
    given = given if ties is None else ties
    details = [
        name if name in given.columns else blank.alias(name) for name in RELATIONSHIP_DETAILS
    ]
    return People(contacts, given.select("who", "student_id", *details), vocabulary)
