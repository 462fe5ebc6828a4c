"""What a person is called, and under which phone and e-mail address: functions of the number."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from kinsync.simulators.families.amounts import Mess
from kinsync.simulators.families.dice import Dice, Ints, Mask
from kinsync.simulators.families.households import (
    AUNT,
    FATHER,
    FRIEND,
    GRANDFATHER,
    GRANDMOTHER,
    MOTHER,
    NEWCOMER,
    STEPMOTHER,
    People,
)
from kinsync.simulators.families.words import FEMALE, MALE, SURNAME, names

_BARE = 0.72  # families whose names the school typed without accents, in Latin letters
_STRANGERS = (STEPMOTHER, AUNT, FRIEND, NEWCOMER)  # who bear no surname of the family
_DOUBLE = {"Spanish": (0.45, " "), "Portuguese": (0.3, " "), "English": (0.02, "-")}


@dataclass(frozen=True, slots=True)
class Called:
    """The parts of names, one person at each place; ``*_letters`` are a to z alone."""

    given: pl.Series
    surname: pl.Series
    given_letters: pl.Series
    surname_letters: pl.Series


def language_of(dice: Dice, families: Ints) -> Ints:
    """Index into ``names().languages``."""
    shares = dice.share("language", families)
    return np.searchsorted(names().edges, shares, side="right").astype(np.int64)


def is_male(dice: Dice, who: People) -> Mask:
    """Fathers and grandfathers are; uncles, friends and newcomers by chance."""
    either = np.isin(who.slot, (AUNT, FRIEND, NEWCOMER))
    drawn: Mask = either & dice.chance(0.45, "male", who.person)
    male: Mask = (who.slot == FATHER) | (who.slot == GRANDFATHER) | drawn
    return male


def _drawn(dice: Dice, part: Ints, language: Ints, purpose: str, *keys: Ints) -> Ints:
    """Index into the column of all names: one of that language and part."""
    pool = names()
    return pool.start[language, part] + dice.pick(pool.count[language, part], purpose, *keys)


def _spelled(index: Ints, families: Ints, dice: Dice) -> pl.Series:
    native, bare = names().native.gather(index), names().bare.gather(index)
    return bare.zip_with(pl.Series(dice.chance(_BARE, "bare", families)), native)


def _second(dice: Dice, language: Ints, key: Ints, first: Ints) -> tuple[Mask, Ints, pl.Series]:
    """Which have a double surname, its second half, and what stands between the halves."""
    languages = names().languages
    odds = np.array([_DOUBLE.get(name, (0.0, ""))[0] for name in languages])
    joiners = pl.Series([_DOUBLE.get(name, (0.0, " "))[1] for name in languages])
    other = _drawn(dice, np.full_like(key, SURNAME), language, "surname 2", key)
    has: Mask = (dice.share("double", key) < odds[language]) & (other != first)
    return has, other, joiners.gather(language)


def _surnames(dice: Dice, families: Ints, key: Ints) -> tuple[pl.Series, pl.Series]:
    """Surname as it is written, and its letters. ``key`` is whose: a family's or a person's."""
    language = language_of(dice, families)
    first = _drawn(dice, np.full_like(key, SURNAME), language, "surname", key)
    double, other, joiner = _second(dice, language, key, first)
    frame = pl.DataFrame(
        {
            "first": _spelled(first, families, dice),
            "joiner": joiner,
            "other": _spelled(other, families, dice),
            "double": double,
        }
    )
    both = pl.concat_str("first", "joiner", "other")
    written = frame.select(pl.when("double").then(both).otherwise("first")).to_series()
    return written, names().letters.gather(first)


def child_named(dice: Dice, students: Ints, families: Ints) -> Called:
    """A student: the family's surname, a given name of its own."""
    language = language_of(dice, families)
    male = dice.chance(0.5, "boy", students)
    part = np.where(male, MALE, FEMALE)
    given = _drawn(dice, part, language, "child", students)
    surname, letters = _surnames(dice, families, families)
    return Called(_spelled(given, families, dice), surname, names().letters.gather(given), letters)


def _surname_key(dice: Dice, mess: Mess, who: People) -> Ints:
    """The family's number, or one of the person's own where the surname is another."""
    may_differ = (who.slot == MOTHER) | (who.slot == GRANDMOTHER)
    own = may_differ & dice.chance(mess.own_surname, "own surname", who.person)
    return np.where(own | np.isin(who.slot, _STRANGERS), -2 - who.person, who.family)


def person_named(dice: Dice, mess: Mess, who: People, renamed: int = 0) -> Called:
    """Contacts. ``renamed`` is the night of their last new surname, 0 for the first one."""
    part = np.where(is_male(dice, who), MALE, FEMALE)
    key = -2 - who.person - (renamed << 40) if renamed else _surname_key(dice, mess, who)
    given = _given(dice, who, part)
    surname, letters = _surnames(dice, who.family, key)
    spelled = _spelled(given, who.family, dice)
    return Called(spelled, surname, names().letters.gather(given), letters)


def _given(dice: Dice, who: People, part: Ints) -> Ints:
    """Index into all names. No two of a family share one, but for namesakes."""
    pool, language = names(), language_of(dice, who.family)
    count = pool.count[language, part]
    nth = np.where(who.is_namesake, FATHER, who.slot)
    return pool.start[language, part] + (dice.pick(count, "given", who.family, part) + nth) % count
