"""Words of a source, turned into ours through the vocabulary."""

from collections.abc import Mapping

import polars as pl

from kinsync.pipeline.text import word_key


def our_words(theirs: pl.Series, table: Mapping[str, str]) -> pl.Series:
    """Our word for each of theirs; null where theirs is blank or not in the vocabulary.

    Sources use few different words, so each is looked up once.
    """
    distinct = theirs.unique().drop_nulls()
    ours = word_key(distinct).replace_strict(
        list(table), list(table.values()), default=None, return_dtype=pl.String
    )
    known = ours.is_not_null()
    return theirs.replace_strict(
        distinct.filter(known), ours.filter(known), default=None, return_dtype=pl.String
    )
