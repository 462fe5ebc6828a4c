"""Dates as sources write them."""

import polars as pl

_FORMS = ("%m/%d/%Y", "%Y-%m-%d", "%m-%d-%Y", "%Y%m%d", "%m/%d/%y")
_FIRST_YEAR = 1900
"""Two digits of a year read as four stand before it."""


def clean_dates(cells: pl.Series) -> pl.Series:
    """Dates as YYYY-MM-DD, else null; a time behind them is passed over.

    Each further form is tried on what is still open alone.
    """
    day = cells.str.extract(r"^([^\sT]+)")
    found = _date(day, _FORMS[0])
    for form in _FORMS[1:]:
        still = (found.is_null() & day.is_not_null()).arg_true()
        if still.is_empty():
            break
        found = found.scatter(still, _date(day.gather(still), form))
    return found.dt.to_string("iso")


def _date(days: pl.Series, form: str) -> pl.Series:
    parsed = days.str.to_date(form, strict=False)
    return parsed.set(parsed.dt.year() < _FIRST_YEAR, None)
