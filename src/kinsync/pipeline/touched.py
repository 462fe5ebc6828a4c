"""Touched: which rows of a file can end otherwise than last night, and which cannot.

A row whose line is as last night ends as last night unless something it is held against has
changed. Everything that looks across rows looks along one of four ties:

* *student*: the first of a student's rows tells the details, the others are compared with it;
  rows repeat within a student; link joins contacts of one name at one student; a ragged row is
  believed where its student is known; carry lets a held row speak for its student.
* *SIS id* of the contact: link joins by it, ``judge_sis_ids`` compares its names, match asks
  whether it is new or gone, carry lets a held row speak by it.
* *phone* and *mailbox*: link joins one name by them, and counts the names under each; match and
  carry look at them as link does, and whose own they are is told within a student.

Whoever is joined is joined along these, so persons need no tie of their own. Rows are followed
along all ties to the end: what is left over shares nothing with what changed.
"""

from collections.abc import Mapping

import polars as pl

TIES = ("student", "sis_id", "phone", "email")

IN_ORDER = frozenset(
    {
        "student-rows-differ",
        "student-detail-missing",
        "student-detail-unknown",
        "contact-repeated",
        "phone-shared",
        "email-shared",
    }
)
"""Findings that stand where they do because of the order of the rows."""


def same_lines(old: pl.Series, new: pl.Series) -> pl.Series:
    """For each new line the place of the old one that reads the same, or null.

    Both are hashes. Lines that stand several times are paired one by one, in their order.
    """
    before = pl.DataFrame({"line": old}).with_row_index("place")
    after = pl.DataFrame({"line": new})
    on = ["line"]
    if before["line"].is_duplicated().any() or after["line"].is_duplicated().any():
        on = ["line", "nth"]
        before, after = (side.with_columns(nth=_nth()) for side in (before, after))
    return after.join(before, on=on, how="left", maintain_order="left")["place"]


def _nth() -> pl.Expr:
    return pl.int_range(pl.len(), dtype=pl.UInt32).over("line")


def touched(
    lines: pl.DataFrame, further: pl.DataFrame, seeds: pl.Series, keys: Mapping[str, pl.Series]
) -> tuple[pl.Series, Mapping[str, pl.Series]]:
    """Which lines are touched, and all keys of theirs.

    Args:
        lines: a column for each of ``TIES``; one row is one line of last night.
        further: ``place`` of a line, and more phones and mailboxes of it.
        seeds: which lines are touched to begin with.
        keys: by tie, keys of lines that are new, touched to begin with as well.
    """
    found, known = seeds.clone(), {name: keys[name].clear() for name in TIES}
    newly, fresh = seeds, keys
    while True:
        theirs = _keys_of(lines, further, newly)
        fresh = {
            name: pl.concat([fresh[name], theirs[name]]).drop_nulls().unique() for name in TIES
        }
        fresh = {
            name: values.filter(~values.is_in(known[name].implode()))
            for name, values in fresh.items()
        }
        if not any(values.len() for values in fresh.values()):
            return found, known
        known = {name: pl.concat([known[name], fresh[name]]) for name in TIES}
        newly = _who_has(lines, further, fresh) & ~found
        found = found | newly
        fresh = {name: values.clear() for name, values in fresh.items()}


def _keys_of(lines: pl.DataFrame, further: pl.DataFrame, chosen: pl.Series) -> dict[str, pl.Series]:
    some = lines.select(TIES).filter(chosen)
    more = further.filter(pl.col("place").is_in(chosen.arg_true().implode()))
    return {
        name: pl.concat([some[name], more[name]]) if name in more.columns else some[name]
        for name in TIES
    }


def _who_has(
    lines: pl.DataFrame, further: pl.DataFrame, keys: Mapping[str, pl.Series]
) -> pl.Series:
    """Which lines have one of these keys."""
    has = pl.any_horizontal(
        pl.col(name).is_in(values.implode()) for name, values in keys.items() if values.len()
    )
    found = lines.select(has.fill_null(value=False)).to_series()
    more = pl.any_horizontal(
        pl.col(name).is_in(keys[name].implode()) for name in ("phone", "email")
    )
    return found.scatter(further.filter(more.fill_null(value=False))["place"].unique(), values=True)
