"""One contact id under several names: a person spelled in two ways, or an id used twice."""

from collections.abc import Mapping
from difflib import SequenceMatcher
from itertools import groupby

import polars as pl

from kinsync.domain.priority import Priority

_ALIKE = 0.85


def rows_to_judge(keys: pl.DataFrame) -> pl.Series:
    """``row`` of every kept row (``frames.KEYS``) whose id stands under more than one name."""
    named = keys.lazy().filter(pl.col("sis_id").is_not_null() & pl.col("name").is_not_null())
    return (
        named.select("row", "sis_id", who=pl.struct("name", "suffix").hash())
        .filter(pl.col("who").min().over("sis_id") != pl.col("who").max().over("sis_id"))
        .select(pl.col("row").unique())
        .collect()["row"]
    )


def judge_sis_ids(rows: pl.DataFrame, nicknames: Mapping[str, frozenset[str]]) -> pl.DataFrame:
    """What to think of each row whose id stands under more than one name.

    Args:
        rows: ``row``, ``sis_id``, ``name_key`` and ``name_suffix`` of the rows to judge.
        nicknames: ``domain.vocabulary``.

    Returns:
        ``row`` and ``code``: ``sis-id-reused`` for every row of an id under unrelated names,
        ``sis-id-names-differ`` for the rows that do not bear the id's usual name.
    """
    names = (
        rows.drop_nulls("name_key")
        .group_by("sis_id", "name_key", "name_suffix")
        .agg(pl.len().alias("count"))
        .sort(
            "sis_id", "count", pl.col("name_key").str.len_bytes(), "name_key",
            descending=[False, True, True, False],
        )
    )  # fmt: skip
    verdicts = [
        (sis_id, key, suffix, code)
        for sis_id, group in groupby(names.iter_rows(), key=lambda name: name[0])
        for key, suffix, code in _verdicts([name[1:3] for name in group], nicknames)
    ]
    judged = pl.DataFrame(
        verdicts,
        schema={"sis_id": pl.String, "name_key": pl.String, "name_suffix": pl.String,
                "code": pl.String},
        orient="row",
    )  # fmt: skip
    return (
        rows.join(judged, on=["sis_id", "name_key", "name_suffix"], nulls_equal=True)
        .select("row", "code")
        .unique()
        .sort("row", "code")
    )


def of_later_sources(
    places: pl.DataFrame,
    rows: pl.DataFrame,
    priority: Priority,
    nicknames: Mapping[str, frozenset[str]],
) -> pl.DataFrame:
    """The same judgement where several sources use an id: the first of them is believed.

    An id that is one person's in the first source to have it is theirs: rows of other sources
    that give it to somebody else are held alone.

    Args:
        places: what ``judge_sis_ids`` says of all rows.
        rows: those, with the number of their ``source``.
    """
    reused = places.filter(pl.col("code") == "sis-id-reused")["row"]
    doubtful = rows.filter(pl.col("row").is_in(reused.implode()))
    order = list(priority.order)
    rank = pl.col("source").replace_strict(order, range(len(order)), return_dtype=pl.UInt32)
    first = doubtful.filter(rank == rank.min().over("sis_id"))
    again = judge_sis_ids(first, nicknames)
    stay = first.filter(
        ~pl.col("row").is_in(again.filter(pl.col("code") == "sis-id-reused")["row"].implode())
    )
    theirs = stay.select("sis_id", "name_key", "name_suffix").unique()
    alike = doubtful.join(theirs, on=["sis_id", "name_key", "name_suffix"], nulls_equal=True)
    cleared = pl.concat([stay["row"], alike["row"]])
    return pl.concat(
        [
            places.filter(~pl.col("row").is_in(cleared.implode())),
            again.filter(pl.col("code") != "sis-id-reused"),
        ]
    )


_Name = tuple[str, str | None]


def _verdicts(
    names: list[_Name], nicknames: Mapping[str, frozenset[str]]
) -> list[tuple[str, str | None, str]]:
    """The verdict on each of one id's names; the first is the usual one."""
    usual, *others = names
    if all(_is_related(usual, other, nicknames) for other in others):
        return [(*other, "sis-id-names-differ") for other in others]
    return [(*name, "sis-id-reused") for name in names]


def _is_related(one: _Name, other: _Name, nicknames: Mapping[str, frozenset[str]]) -> bool:
    """Whether two names can be one person's: respelled, shortened, or with a new surname."""
    if one[1] and other[1] and one[1] != other[1]:
        return False  # father and son
    ours, theirs = one[0].split(), other[0].split()
    if set(ours) <= set(theirs) or set(theirs) <= set(ours):
        return True
    return _is_same_given(ours[0], theirs[0], nicknames, has_surname=ours[-1] == theirs[-1])


def _is_same_given(
    one: str, other: str, nicknames: Mapping[str, frozenset[str]], *, has_surname: bool
) -> bool:
    """Whether two given names can be one person's; with one surname, a likeness is enough."""
    if one == other:
        return True
    full, others = nicknames.get(one, frozenset()), nicknames.get(other, frozenset())
    if (full | {one}) & (others | {other}):
        return True
    is_initial = min(len(one), len(other)) == 1 and one[0] == other[0]
    return has_surname and (
        is_initial or SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE
    )
