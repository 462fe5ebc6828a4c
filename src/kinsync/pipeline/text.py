"""Text as people type it, made comparable; slow work only on the cells that need it."""

from collections.abc import Callable

import polars as pl

from kinsync.domain.vocabulary import ACCENTS, UNDECOMPOSED

_UNTIDY = r"^$|^ | $|  |[^ -~]"
"""Cells that may not be tidy: one look at each, because nearly all are."""


def amend(
    values: pl.Series, where: pl.Series, change: Callable[[pl.Series], pl.Series]
) -> pl.Series:
    """``values``, with ``change`` applied to the cells of ``where`` alone.

    A branch of ``when`` is computed for every row; this pays for the exceptions only.
    """
    places = where.fill_null(value=False).arg_true()
    if places.is_empty():
        return values
    return values.clone().scatter(places, change(values.gather(places)))  # scatter is in place


def is_beyond_ascii(values: pl.Series) -> pl.Series:
    """Which cells hold a character outside ASCII."""
    return values.str.len_bytes() != values.str.len_chars()


def tidy(values: pl.Series) -> pl.Series:
    """NFC, trimmed, inner white space and control characters as one space; blank is null."""
    return amend(values, values.str.contains(_UNTIDY), _tidied)


def _tidied(values: pl.Series) -> pl.Series:
    composed = amend(values, is_beyond_ascii(values), _compose)
    plain = composed.str.replace_all(r"[\s\x00-\x1f\x7f]+", " ").str.strip_chars()
    return plain.set(plain == "", None)


def _compose(values: pl.Series) -> pl.Series:
    """NFC, with the spaces and invisible characters of office software made plain."""
    plain = values.str.replace_all(r"[\p{Z}\u{85}]", " ")
    visible = plain.str.replace_all(
        r"[\u{80}-\u{9f}\u{ad}\u{61c}\u{180e}\u{200b}-\u{200f}\u{202a}-\u{202e}"
        r"\u{2060}-\u{2069}\u{feff}]",
        "",
    )
    return visible.str.normalize("NFC")


def fold(values: pl.Series) -> pl.Series:
    """Lower case without accents: "García" and "garcia" are one.

    Signs that spell another sound are no accents: राम and रमा are two names.
    """
    lower = values.str.to_lowercase()
    return amend(lower, is_beyond_ascii(lower), _without_accents)


def _without_accents(values: pl.Series) -> pl.Series:
    """Decomposed, the accents dropped, and what is left put together again (Hangul, kana)."""
    bare = values.str.normalize("NFKD").str.replace_all(ACCENTS, "")
    return bare.str.normalize("NFC").str.to_lowercase().str.replace_many(UNDECOMPOSED)


def word_key(values: pl.Series) -> pl.Series:
    """The form in which words of a vocabulary are compared: folded, letters and digits alone."""
    return fold(values).str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ").str.strip_chars()
