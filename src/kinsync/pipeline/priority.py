"""Several sources: of what they say about the same record, the values that stand, and their marks.

A source is the column ``source`` of a row, its number. ``domain.priority`` says which one stands;
here it is done to whole columns. Rows that a source alone speaks of pass unchanged.
"""

from collections.abc import Mapping

import polars as pl

from kinsync.domain.flags import DATES, FLAGS, NAMES, ORDER
from kinsync.domain.frames import STUDENTS
from kinsync.domain.priority import CONTACT, MARKS, RELATIONSHIP, STUDENT, Fields, Priority
from kinsync.pipeline.flags import decoded_flags, encoded_flags

_PAIR = ["contact", "student_sis_id"]


def echoes(who: pl.Series, source: pl.Series, said: pl.Series, priority: Priority) -> pl.Series:
    """Rows of all sources but the first, of those of whom all sources say the very same.

    Args:
        who: of whom a row speaks.
        source: who says it.
        said: what it says, as a hash.
        priority: which source is the first.
    """
    rows = pl.DataFrame({"who": who, "rank": _ranked(source, priority), "said": said})
    whole = rows.lazy().unique().group_by("who", "rank").agg(pl.col("said").sum())
    alike = (
        whole.group_by("who")
        .agg(pl.len(), first=pl.col("rank").min(), is_alike=pl.col("said").n_unique() == 1)
        .filter("is_alike", pl.col("len") > 1)
        .select("who", "first")
        .collect()
    )
    if alike.is_empty():
        return pl.repeat(value=False, n=who.len(), dtype=pl.Boolean, eager=True)
    found = rows.join(alike, on="who", how="left", maintain_order="left")
    return (found["rank"] > found["first"]).fill_null(value=False)


def _ranked(source: pl.Series, priority: Priority) -> pl.Series:
    order = list(priority.order)
    return source.replace_strict(order, range(len(order)), return_dtype=pl.UInt32)


def several(who: pl.Series, source: pl.Series) -> pl.Series:
    """Rows of somebody of whom several sources speak."""
    rows = pl.DataFrame({"who": who, "source": source})
    return rows.select(
        pl.col("source").min().over("who") != pl.col("source").max().over("who")
    ).to_series()


def of_one_source(kind: Fields, priority: Priority) -> pl.Expr:
    """The marks of records of which one source says everything: the column ``source``."""
    is_marked = pl.col("source") != priority.oldest
    told = {
        name: pl.when(is_marked & _says(kind, name, columns[0])).then("source")
        for name, columns in kind.items()
    }
    return _marks(told)


def _says(kind: Fields, name: str, column: str) -> pl.Expr:
    """Whether a record says anything of a field. Flags are still one text (``domain.flags``)."""
    if kind is RELATIONSHIP and name in NAMES:
        return pl.col("flags").str.contains(f'"{name}":', literal=True).fill_null(value=False)
    return pl.col(column).is_not_null()


def _marks(sources: Mapping[str, pl.Expr]) -> pl.Expr:
    """The column of marks, from the number of the source of each field; null: none."""
    told = [pl.format(f"{name}:{{}}", source) for name, source in sources.items()]
    text = pl.concat_str(told, separator=" ", ignore_nulls=True)
    return pl.when(text != "").then(text).alias(MARKS)


def _winner(name: str) -> str:
    return f"source of {name}"


def _with_winners(
    rows: pl.DataFrame, by: list[str], kind: Fields, priority: Priority
) -> pl.DataFrame:
    """The rows, and for each field whose value stands: the number of a source, or null."""

    def best(name: str, column: str) -> pl.Expr:
        of = "flags" if kind is RELATIONSHIP and name in NAMES else name
        of = "student_email" if kind is STUDENT and name == "email" else of
        order = list(priority.of(of))
        rank = pl.col("source").replace_strict(order, range(len(order)), return_dtype=pl.UInt32)
        first = pl.when(pl.col(column).is_not_null()).then(rank).min().over(by)
        return first.replace_strict(
            range(len(order)), order, default=None, return_dtype=pl.UInt32
        ).alias(_winner(name))

    return rows.with_columns(best(name, columns[0]) for name, columns in kind.items())


def prevailing(rows: pl.DataFrame, by: list[str], kind: Fields, priority: Priority) -> pl.DataFrame:
    """The rows with those values alone that stand, and the marks of each record.

    Args:
        rows: the columns of ``kind``, ``source`` and what tells the records.
        by: what tells the records.
    """
    told = _with_winners(rows, by, kind, priority)
    stands = {name: pl.col("source") == pl.col(_winner(name)) for name in kind}
    marks = {
        name: pl.when(pl.col(_winner(name)) != priority.oldest).then(_winner(name)) for name in kind
    }
    return told.with_columns(
        *(
            pl.when(stands[name]).then(column).alias(column)
            for name, columns in kind.items()
            for column in columns
        ),
        _marks(marks),
    ).drop(_winner(name) for name in kind)


def marks_of_parts(parts: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """``contact`` and ``sources`` of contacts that were put together from others, value by value.

    Args:
        parts: ``contact``, ``frames.CONTACT_DETAILS``: those who are one contact.
        whole: the same of the contacts that they became; each value is of one of the parts.
    """
    both = parts.join(whole, on="contact", suffix=" of all").sort("contact", MARKS)

    def source(name: str, column: str) -> pl.Expr:
        number = pl.col(MARKS).str.extract(rf"(?:^| ){name}:(\d+)")
        is_theirs = pl.col(column) == pl.col(f"{column} of all")
        return number.filter(is_theirs).first().alias(name)

    told = both.group_by("contact", maintain_order=True).agg(
        source(name, columns[0]) for name, columns in CONTACT.items()
    )
    return told.select("contact", _marks({name: pl.col(name) for name in CONTACT}))


def people(told: pl.DataFrame, priority: Priority) -> pl.DataFrame:
    """Rows about contacts (``snapshot.TOLD``) with the values that stand, and ``sources``."""
    return prevailing(told, ["contact"], CONTACT, priority).drop("source")


def students(rows: pl.DataFrame, priority: Priority) -> pl.DataFrame:
    """One row per student (``frames.STUDENTS``) from the first row of each source."""
    told = prevailing(rows, ["sis_id"], STUDENT, priority)
    first = [pl.col(name).drop_nulls().first() for name in (*STUDENT, MARKS)]
    return told.group_by("sis_id", maintain_order=True).agg(first).select(STUDENTS.names())


def ties(rows: pl.DataFrame, priority: Priority) -> pl.DataFrame:
    """What contacts are to students: the rows of the source whose types stand, with all else that
    stands, and ``sources``.

    Args:
        rows: ``frames.RELATIONSHIPS`` and ``source``, a row for each wording.
    """
    by_words = [*_PAIR, "relationship", "relationship_source", "type", "type_source"]
    told = rows.hstack(decoded_flags(rows["flags"])).sort(by_words, nulls_last=True)
    told = _with_winners(told, _PAIR, RELATIONSHIP, priority)
    given = told.with_columns(
        _given(name, column)
        for name, columns in RELATIONSHIP.items()
        if name != "type"
        for column in columns
    )
    kept = given.filter(pl.col("source") == pl.col(_winner("type")))
    kind = [*_PAIR, "type", "relationship"]  # of which one row will be left
    marks = {
        name: pl.when(
            (pl.col(_winner(name)) != priority.oldest)
            & pl.col(columns[0]).is_not_null().any().over(kind)
        ).then(_winner(name))
        for name, columns in RELATIONSHIP.items()
    }
    return kept.with_columns(encoded_flags(), _marks(marks)).select(
        *(name for name in rows.columns if name not in ("source", MARKS)), MARKS
    )


def _given(name: str, column: str) -> pl.Expr:
    """A field of a relationship: the source's own where it stands, else what the one that stands
    says of that type, or of any."""
    is_told = pl.col(RELATIONSHIP[name][0]).is_not_null()
    stands = (pl.col("source") == pl.col(_winner(name))) & is_told
    theirs = pl.col(column).filter(stands)
    what = {"first": theirs.first(), "min": theirs.min(), "max": theirs.max()}[_folding(name)]
    return (
        pl.when(pl.col(_winner(name)) == pl.col(_winner("type")))
        .then(column)
        .when(stands.any().over([*_PAIR, "type"]))
        .then(what.over([*_PAIR, "type"]))
        .otherwise(what.over(_PAIR))
        .alias(column)
    )


def _folding(name: str) -> str:
    """How several rows of one source are one value, as ``flags.fold_flags`` has it."""
    if name in (ORDER, DATES[0]):
        return "min"
    return "max" if name in (*FLAGS, DATES[1]) else "first"
