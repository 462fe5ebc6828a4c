"""Flags and addresses: what is said of a contact who is there. Most sources say none of it.

Columns that nothing fills cost next to nothing: they are passed over before anything is cleaned.
"""

from collections.abc import Mapping

import polars as pl

from kinsync.domain.flags import DATES, FLAG_FIELDS, FLAGS, NAMES, ORDER, RESTRICTED, YES
from kinsync.domain.frames import ADDRESS_PARTS
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.dates import clean_dates
from kinsync.pipeline.text import tidy
from kinsync.pipeline.words import our_words

_SHAPE = pl.Struct({name: pl.Int64 if name == ORDER else pl.String for name in NAMES})
_A_NUMBER = r"^0*(\d{1,4})(?:\.0+)?$"

Told = Mapping[str, tuple[pl.Series, pl.Series]]
"""By field, cells as the source wrote them, tidied, and what they mean; null is blank or unknown.
"""


def clean_flags(rows: pl.DataFrame, vocabulary: Vocabulary) -> tuple[pl.Series, pl.Series]:
    """``flags`` (``domain.flags``) and ``restricted`` of contact rows (``frames.ROWS``).

    A word in ``contact_restricted`` that is not understood restricts all the same: who may be a
    danger is not told of until somebody has said that they are none.
    """
    told = told_flags(rows, vocabulary)
    words = {field.removeprefix("contact_"): ours for field, (_, ours) in told.items()}
    restricted = pl.repeat(value=False, n=rows.height, dtype=pl.Boolean, eager=True)
    if RESTRICTED in words:
        source, ours = told[f"contact_{RESTRICTED}"]
        restricted = (ours == YES).fill_null(value=False) | (ours.is_null() & source.is_not_null())
    named = {name: words[name] for name in NAMES if name in words}
    if not named:
        return _blank(rows.height), restricted
    return pl.DataFrame(named).select(_encoded(named)).to_series(), restricted


def fold_flags(ties: pl.DataFrame, kind: list[str]) -> pl.DataFrame:
    """``kind`` and ``flags`` of each kind about which rows say several things.

    The lowest order counts, and whatever any of them says Y to; dates reach as far as any does.
    """
    lowest, rest = [ORDER, DATES[0]], [*FLAGS, DATES[1]]
    decoded = ties.select(kind).hstack(decoded_flags(ties["flags"]))
    folded = decoded.group_by(kind).agg(pl.col(lowest).min(), pl.col(rest).max())
    return folded.select(*kind, encoded_flags())


def decoded_flags(flags: pl.Series) -> pl.DataFrame:
    """A column for each of ``domain.flags.NAMES``, from texts."""
    return flags.to_frame("flags").select(pl.col("flags").str.json_decode(_SHAPE)).unnest("flags")


def encoded_flags() -> pl.Expr:
    """``flags`` again, from these columns."""
    return _encoded(NAMES)


def clean_addresses(rows: pl.DataFrame) -> pl.Series:
    """The address of each contact row (``frames.ROWS``) as one text, null where there is none."""
    cells = {name: rows[f"contact_{name}"] for name in ADDRESS_PARTS}
    if all(cell.null_count() == cell.len() for cell in cells.values()):
        return _blank(rows.height)
    parts = pl.DataFrame({name: tidy(cell) for name, cell in cells.items()})
    is_there = parts.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    encoded = parts.filter(is_there).select(pl.struct(pl.all()).struct.json_encode())
    return _blank(rows.height).scatter(is_there.arg_true(), encoded.to_series())


def told_flags(rows: pl.DataFrame, vocabulary: Vocabulary) -> Told:
    """The fields that say anything in these contact rows (``frames.ROWS``)."""
    told = {}
    for field in FLAG_FIELDS:
        cells = rows[field]
        if cells.null_count() < cells.len():
            source = tidy(cells)
            told[field] = (source, _meaning(field.removeprefix("contact_"), source, vocabulary))
    return told


def _meaning(name: str, source: pl.Series, vocabulary: Vocabulary) -> pl.Series:
    if name == ORDER:
        return source.str.extract(_A_NUMBER)
    if name in DATES:
        return clean_dates(source)
    return our_words(source, vocabulary.words["flag"])


def _encoded(names: Mapping[str, object] | tuple[str, ...]) -> pl.Expr:
    """The text of these columns: nothing in them has to be escaped."""
    told = [
        pl.format(f'"{name}":{{}}' if name == ORDER else f'"{name}":"{{}}"', pl.col(name))
        for name in names
    ]
    text = pl.concat_str(told, separator=",", ignore_nulls=True)
    whole = pl.concat_str(pl.lit("{"), text, pl.lit("}"))
    return pl.when(text != "").then(whole).alias("flags")


def _blank(height: int) -> pl.Series:
    return pl.repeat(None, height, dtype=pl.String, eager=True)
