"""Beyond: rows of students who have more contacts than their source is said to have of each."""

from collections.abc import Sequence

import polars as pl


def beyond(keys: pl.DataFrame, is_kept: pl.Series, most: Sequence[tuple[int, int]]) -> pl.Series:
    """Which kept rows are beyond the first of their student.

    Args:
        keys: ``frames.KEYS``, the rows of each source behind those of the source before.
        is_kept: which of them count.
        most: of each source the row behind which its own begin, and how many contacts a student
            has at most; 0 is any number.
    """
    is_beyond = pl.repeat(value=False, n=keys.height, eager=True)
    for number, (start, contacts) in enumerate(most):
        if contacts:
            is_theirs = is_kept & (keys["row"] > start)
            for end, _ in most[number + 1 : number + 2]:
                is_theirs &= keys["row"] <= end
            theirs = is_theirs.arg_true()
            rank = pl.col("row").rank("dense").over("student")
            ranks = keys.select(pl.col("row", "student").gather(theirs)).select(rank)
            is_beyond = is_beyond.scatter(theirs, ranks.to_series() > contacts)
    return is_beyond
