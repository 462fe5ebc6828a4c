"""Several values in one cell of a source table, as a mapping takes them apart: ``split = "|"``."""

from collections.abc import Iterable

import polars as pl

BETWEEN = "|"
"""Stands between the values of one cell, such as phones; in a value it becomes a blank."""


def cell(values: Iterable[object]) -> str:
    """Values in one cell, blank ones too: the n-th values of two cells belong together."""
    return BETWEEN.join("" if one is None else str(one).replace(BETWEEN, " ") for one in values)


def gathered(column: pl.Expr) -> pl.Expr:
    """The same of a text column, for the rows of a group in their order."""
    clear = column.fill_null("").str.replace_all(BETWEEN, " ", literal=True)
    return clear.str.join(BETWEEN)


def number(column: str) -> pl.Expr:
    """A column of numbers that came as texts, to sort by; null where one is none."""
    return pl.col(column).cast(pl.Int64, strict=False)
