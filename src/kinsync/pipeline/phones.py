"""Phones as people write them, and what applications are promised: digits."""

import re
from collections.abc import Collection
from functools import cache

import phonenumbers
import polars as pl

from kinsync.pipeline.text import amend, is_beyond_ascii, tidy

_PLAIN = r"^[0-9]{10,11}$"
_EXTENSION = r"(?i)[\s,;.(-]*(?:extension|exten|extn|ext|anexo|x|#)[\s.:#]*([0-9]{1,7})\)?\s*$"
_NUMBER = r"^([0-9]{10,11})\.0+$"
"""What a spreadsheet makes of a phone."""
_ROUNDED = r"(?i)^[0-9][.,][0-9]+e\+?[0-9]+$"
"""What is left of one once it was shown as 2.53E+09."""
_PARTS = r"\s*(?:[;,|/\n]|\bor\b|\band\b|\by\b|\bo\b|&)\s*"
_GROUPED = (
    r"(?i)(?:\+?\b1[ .-]?)?\(?\b[0-9]{3}\)?[ .-]*[0-9]{3}[ .-]*[0-9]{4}\b"
    r"(?:[ ,(]*(?:ext|x|#)[. ]*[0-9]{1,7}\b)?"
)
"""A number in the groups of the numbering plan, for cells where nothing but blanks or words stand
between several."""
_OTHER_DIGITS = {digit: str(value % 10) for value, digit in enumerate("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")}
_MOST_DIGITS = 11
_MOST_PARTS = 20
"""A cell with more digits than so many phones have is no list of phones."""


def split_phones(cells: pl.Series) -> pl.Series:
    """The phones of each cell, as a list: people put several into one.

    Only cells with more digits than one phone has, extension apart, are split: at what stands
    between phones, or into numbers of ten digits where those are all the digits there are.
    """
    plain = plain_digits(tidy(cells.str.replace_all(r"[\r\n]+", ";")))
    digits = pl.col("bare").str.count_matches(r"[0-9]")
    parts = pl.col("cells").str.replace_all(_PARTS, "\n").str.split("\n")
    numbers = pl.col("cells").str.extract_all(_GROUPED)
    is_all = _digits_of(numbers.list.join(" ")) == _digits_of(pl.col("cells"))
    return (
        pl.DataFrame({"cells": plain, "bare": plain.str.replace(_EXTENSION, "")})
        .select(
            pl.when(~digits.is_between(_MOST_DIGITS + 1, _MOST_PARTS * _MOST_DIGITS))
            .then(pl.concat_list("cells"))
            .when((numbers.list.len() > parts.list.len()) & is_all)
            .then(numbers)
            .otherwise(parts)
        )
        .to_series()
        .list.eval(pl.element().filter(pl.element().str.contains(r"[0-9]") | (pl.len() == 1)))
    )


def _digits_of(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(r"[^0-9]", "")


def has_many_digits(cells: pl.Series) -> pl.Series:
    """Which cells may hold several phones; false for a blank one."""
    is_long = (cells.str.len_bytes() > _MOST_DIGITS + 5).fill_null(value=False)
    places = is_long.arg_true()
    many = cells.gather(places).str.count_matches(r"\p{Nd}") > _MOST_DIGITS
    return is_long.scatter(places, many)


def plain_digits(cells: pl.Series) -> pl.Series:
    """The digits of other scripts, and full-width ones, as 0 to 9."""
    return amend(cells, is_beyond_ascii(cells), _with_plain_digits)


def _with_plain_digits(cells: pl.Series) -> pl.Series:
    return cells.str.normalize("NFKC").str.replace_many(_OTHER_DIGITS)


def clean_phones(cells: pl.Series) -> pl.DataFrame:
    """Digits that are published for a phone, and the extension that stood behind them.

    Districts type phones the way people write them; applications are promised digits alone.
    Punctuation, a leading +1 and an extension are understood; nothing else is guessed.

    Returns:
        ``phone``: 10 digits, or 11 where 11 were given; null where the cell is blank or not a
        phone. ``phone_extension``: digits, else null.

    Source:
        Student contacts guide, ``Contact_phone``.
    """
    cells = plain_digits(cells)
    unclear = ~cells.str.contains(_PLAIN)
    extension = amend(cells, unclear, lambda some: some.str.extract(_EXTENSION))
    extension = extension.set(~unclear.fill_null(value=True), None)
    phone = amend(cells, unclear, _digits)
    return pl.DataFrame({"phone": phone, "phone_extension": extension.set(phone.is_null(), None)})


def _digits(cells: pl.Series) -> pl.Series:
    """10 or 11 digits with everything around them set aside, else null."""
    number = cells.str.replace(_EXTENSION, "").str.replace(_NUMBER, "$1")
    digits = number.str.replace_all(r"[^0-9]", "")
    return digits.set(~digits.str.contains(_PLAIN) | cells.str.contains(_ROUNDED), None)


def comparable_phone(phone: pl.Expr) -> pl.Expr:
    """Ten digits: a leading 1 makes no other number."""
    return (
        pl.when(phone.str.len_bytes() == _MOST_DIGITS)
        .then(phone.str.strip_prefix("1"))
        .otherwise(phone)
    )


def is_placeholder_phone(phone: pl.Expr, placeholders: Collection[str]) -> pl.Expr:
    """Digits that stand in for a number that nobody gave: never evidence of who somebody is."""
    known = sorted(placeholders)
    return phone.is_in(known) | comparable_phone(phone).is_in(known)


def is_unassigned(phone: pl.Expr) -> pl.Expr:
    """Never assigned by the numbering plan, or 11 digits without a leading 1.

    On the mainland the plan decides by area code and the digit behind it. Islands with a plan of
    their own (Guam, Barbados …) decide further on, so what begins like theirs is let pass.
    """
    ten = comparable_phone(phone)
    return ~ten.str.slice(0, 4).is_in(_assigned_prefixes()) | (ten.str.len_bytes() != 10)


@cache
def _assigned_prefixes() -> list[str]:
    """Four leading digits of every number that can have been assigned in the numbering plan."""
    islands = re.compile("|".join(_island_area_codes()))
    prefixes = (f"{n:04d}" for n in range(2000, 10_000))
    return [
        prefix
        for prefix in prefixes
        if islands.match(prefix)
        or phonenumbers.is_valid_number(
            phonenumbers.PhoneNumber(country_code=1, national_number=int(prefix + "345678"))
        )
    ]


def _island_area_codes() -> list[str]:
    """Patterns of the area codes that belong to one of the smaller regions of the plan."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[1]
    known = (phonenumbers.PhoneMetadata.metadata_for_region(region) for region in regions)
    return [f"(?:{one.leading_digits})" for one in known if one and one.leading_digits]
