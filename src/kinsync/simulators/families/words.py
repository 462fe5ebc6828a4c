"""The word lists beside this file, as columns to be gathered from by number."""

import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any

import numpy as np
import polars as pl

from kinsync.simulators.families.dice import Dice, Ints, Shares

PARTS = ("female", "male", "surnames")
FEMALE, MALE, SURNAME = range(len(PARTS))


@cache
def table(name: str) -> dict[str, Any]:
    """A TOML file of this package."""
    return tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))


@cache
def words(section: str, key: str) -> pl.Series:
    """One list of ``words.toml``; a text stands for the words between its blanks."""
    found = table("words.toml")[section][key]
    return pl.Series(key, found.split() if isinstance(found, str) else found, dtype=pl.String)


_UNMARKED = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "ß": "ss", "đ": "d", "Đ": "D"})


def _bare(name: str) -> str:
    """A name in Latin letters without its accents."""
    decomposed = unicodedata.normalize("NFKD", name.translate(_UNMARKED))
    return decomposed.encode("ascii", "ignore").decode()


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalpha())


def _scattered(word: str) -> bytes:
    """Where a name stands in its list: not beside its neighbours in the alphabet."""
    return blake2b(word.encode(), digest_size=8).digest()


@dataclass(frozen=True, slots=True)
class Names:
    """Every name of every language in one column, and where each list starts.

    ``native`` and ``bare`` spell the same name, as the family does and as an old machine would;
    ``letters`` is a to z alone.
    ``start`` and ``count`` are indexed by language and part (``PARTS``).
    """

    languages: tuple[str, ...]
    edges: Shares
    start: Ints
    count: Ints
    native: pl.Series
    bare: pl.Series
    letters: pl.Series


def _listed(language: dict[str, Any], part: str) -> list[str]:
    listed: list[str] = language[part].split()
    if part == "surnames" and "first" in language:
        listed += [a + b for a in language["first"].split() for b in language["last"].split()]
    return sorted(listed, key=_scattered)


@cache
def names() -> Names:
    """``names.toml``, ready to be drawn from."""
    languages = table("names.toml")
    lists = [_listed(language, part) for language in languages.values() for part in PARTS]
    entries = [entry.replace("_", " ").partition("=") for listed in lists for entry in listed]
    counts = np.array([len(listed) for listed in lists], dtype=np.int64).reshape(-1, len(PARTS))
    weights = np.array([language["weight"] for language in languages.values()], dtype=np.int64)
    bare = [_bare(roman or native) for native, _, roman in entries]
    return Names(
        languages=tuple(languages),
        edges=np.cumsum(weights)[:-1] / int(weights.sum()),
        start=(np.cumsum(counts) - counts.ravel()).reshape(counts.shape),
        count=counts,
        native=pl.Series([native for native, _, _ in entries], dtype=pl.String),
        bare=pl.Series(bare, dtype=pl.String),
        letters=pl.Series([_letters(name) for name in bare], dtype=pl.String),
    )


@dataclass(frozen=True, slots=True)
class Lists:
    """Several word lists in one column; the first word of each is the usual one."""

    all: pl.Series
    start: Ints
    count: Ints

    @staticmethod
    def of(lists: list[pl.Series]) -> "Lists":
        counts = np.array([len(listed) for listed in lists], dtype=np.int64)
        flat = pl.concat([listed.rename("") for listed in lists])
        return Lists(flat, np.cumsum(counts) - counts, counts)

    def drawn(
        self, dice: Dice, which: Ints, synonyms: float, purpose: str, *keys: Ints
    ) -> pl.Series:
        """A word of list ``which`` at each place: the usual one, or a synonym at those odds."""
        other = 1 + dice.pick(self.count[which] - 1, f"{purpose} word", *keys)
        usual = ~dice.chance(synonyms, f"{purpose} synonym", *keys)
        return self.all.gather(self.start[which] + np.where(usual, 0, other))
