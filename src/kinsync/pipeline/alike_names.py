"""How alike two names are: the same, shortened, a nickname, a letter or two apart."""

from collections.abc import Callable, Mapping
from difflib import SequenceMatcher
from itertools import permutations

import polars as pl

_ALIKE = 0.85
_FEMININE = ("a", "ia", "ine", "ette")
"""What makes another name of one, and is no slip: Paul and Paula are two people."""
_SHORT = 6
"""Up to so many letters an "e" does the same: Louis and Louise. A longer name has lost it."""


def names_alike(pairs: pl.DataFrame, nicknames: Mapping[str, frozenset[str]]) -> pl.DataFrame:
    """The pairs whose names could be one person's, with ``name_reason``, a key of ``REASONS``.

    Args:
        pairs: with ``name``, ``given``, ``surname`` and the same ending in ``_other``: comparable
            names and their first and last words.
        nicknames: ``domain.vocabulary``.
    """
    is_same_given = pl.col("given") == pl.col("given_other")
    is_same_surname = pl.col("surname") == pl.col("surname_other")
    same = pairs.filter(pl.col("name") == pl.col("name_other"))
    rest = pairs.filter(pl.col("name") != pl.col("name_other"))
    is_shorter = _is_part("name", "name_other") | _is_part("name_other", "name")
    by_given = rest.filter(~is_shorter, is_same_given)
    by_surname = rest.filter(~is_shorter, ~is_same_given, is_same_surname)
    both = rest.filter(~is_shorter, is_same_given, is_same_surname)
    return pl.concat(
        [
            _because(same, "same-name"),
            _because(rest.filter(is_shorter), "shorter-name"),
            _because(both, "shorter-name"),
            _by_surname(by_given.filter(~is_same_surname)),
            _by_given(by_surname, nicknames),
        ]
    )


def _because(pairs: pl.DataFrame, reason: str) -> pl.DataFrame:
    return pairs.with_columns(name_reason=pl.lit(reason))


def _is_part(name: str, other: str) -> pl.Expr:
    """Whether every word of one name, two at least, is a word of the other."""
    words, others = (pl.col(column).str.split(" ") for column in (name, other))
    return (words.list.len() > 1) & (words.list.set_difference(others).list.len() == 0)


def _by_surname(pairs: pl.DataFrame) -> pl.DataFrame:
    """Of one given name: the surname is a slip, or another one."""
    alike = _distinct(pairs, "surname", _are_alike)
    told = pairs.join(alike, on=["surname", "surname_other"], how="left")
    reason = pl.when("is_alike").then(pl.lit("surname-alike")).otherwise(pl.lit("other-surname"))
    return told.with_columns(name_reason=reason).drop("is_alike")


def _by_given(pairs: pl.DataFrame, nicknames: Mapping[str, frozenset[str]]) -> pl.DataFrame:
    """Of one surname: those whose given names can be one person's."""
    given, other = pl.col("given"), pl.col("given_other")
    is_initial = (pl.min_horizontal(given.str.len_chars(), other.str.len_chars()) == 1) & (
        given.str.head(1) == other.str.head(1)
    )
    known = _nickname_pairs(nicknames)
    called = pairs.join(known, on=["given", "given_other"], how="semi")
    rest = pairs.join(known, on=["given", "given_other"], how="anti")
    slips = _distinct(rest.filter(~is_initial, _is_near(given, other)), "given", _are_alike)
    slipped = rest.join(slips.filter("is_alike"), on=["given", "given_other"], how="semi")
    return pl.concat(
        [
            _because(called, "nickname"),
            _because(rest.filter(is_initial), "initial"),
            _because(slipped, "given-name-alike"),
        ]
    )


def _is_near(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Whether it is worth comparing two words letter by letter: that is slow, and most differ."""
    lengths = (one.str.len_chars().cast(pl.Int32) - other.str.len_chars().cast(pl.Int32)).abs()
    begins = one.str.head(1) == other.str.head(1)
    ends = one.str.slice(1) == other.str.slice(1)
    return (lengths <= 2) & (begins | ends)


def _nickname_pairs(nicknames: Mapping[str, frozenset[str]]) -> pl.DataFrame:
    """Every two names that may stand for one: ``given``, ``given_other``, both ways round."""
    called: dict[str, set[str]] = {}
    for name, full in nicknames.items():
        for meant in full:
            called.setdefault(meant, {meant}).add(name)
    found = {pair for names in called.values() for pair in permutations(sorted(names), 2)}
    schema = {"given": pl.String, "given_other": pl.String}
    return pl.DataFrame(sorted(found), schema=schema, orient="row")


def _distinct(
    pairs: pl.DataFrame, column: str, compare: Callable[[str, str], bool]
) -> pl.DataFrame:
    """Both columns of each different pair of words, and ``is_alike``."""
    other = f"{column}_other"
    words = pairs.select(column, other).unique()
    alike = [compare(one, two) for one, two in words.iter_rows()]
    return words.with_columns(pl.Series("is_alike", alike, dtype=pl.Boolean))


def _are_alike(one: str, other: str) -> bool:
    """Whether one word may be the other with a slip."""
    short, long = sorted((one, other), key=len)
    more = long.removeprefix(short) if long.startswith(short) else ""
    if more in _FEMININE or (more == "e" and len(short) <= _SHORT):
        return False
    return SequenceMatcher(None, short, long, autojunk=False).ratio() >= _ALIKE
