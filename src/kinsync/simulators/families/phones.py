"""Phone numbers that could be in use and are nobody's in particular."""

from functools import cache

import numpy as np
import polars as pl

from kinsync.simulators.families.dice import Dice, Ints
from kinsync.simulators.families.words import words

NUMBERS_PER_FAMILY = 16
LANDLINE = 15
NEXT_NIGHT = 1 << 28
OFFICES = 9 * NEXT_NIGHT
"""Where the numbers of schools begin."""

_SPREAD = 2_654_435_761  # a prime, so that different keys have different numbers

# Before the area code, after it, after the exchange: the first is bare digits.
_STYLES = (
    ("", "", ""),
    ("(", ") ", "-"),
    ("", "-", "-"),
    ("", ".", "."),
    ("+1 ", " ", " "),
    ("1", "", ""),
    ("(", ")", "-"),
    ("1-", "-", "-"),
)
STYLES = len(_STYLES)
_BEFORE, _AFTER_AREA, _AFTER_EXCHANGE = (
    pl.Series([style[part] for style in _STYLES], dtype=pl.String) for part in range(3)
)


@cache
def _exchanges() -> pl.Series:
    usable = (n for n in range(200, 1000) if n != 555 and n % 100 != 11)
    return pl.Series([str(n) for n in usable], dtype=pl.String)


@cache
def _lines() -> pl.Series:
    return pl.Series([f"{n:04d}" for n in range(10_000)], dtype=pl.String)


def number(key: Ints, style: Ints) -> pl.Series:
    """The phone of each key, typed in one of the ``STYLES``; different keys do not collide."""
    areas, exchanges, lines = words("phones", "areas"), _exchanges(), _lines()
    spread = key % (len(areas) * len(exchanges) * len(lines)) * _SPREAD
    rest, line = np.divmod(spread % (len(areas) * len(exchanges) * len(lines)), len(lines))
    area, exchange = np.divmod(rest, len(exchanges))
    parts = {
        "before": _BEFORE.gather(style),
        "area": areas.gather(area),
        "middle": _AFTER_AREA.gather(style),
        "exchange": exchanges.gather(exchange),
        "end": _AFTER_EXCHANGE.gather(style),
        "line": lines.gather(line),
    }
    return pl.DataFrame(parts).select(pl.concat_str(pl.all())).to_series()


def style_of(dice: Dice, formatted: float, *keys: Ints) -> Ints:
    """Bare digits, or one of the other styles at those odds."""
    other = 1 + dice.pick(STYLES - 1, "phone style", *keys)
    return np.where(dice.chance(formatted, "phone formatted", *keys), other, 0)
