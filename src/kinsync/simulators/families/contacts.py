"""The seven contact columns, as an invented school clerk would type them."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import polars as pl

from kinsync.domain.vocabulary import default_vocabulary
from kinsync.simulators.families import phones
from kinsync.simulators.families.dice import Ints, Mask
from kinsync.simulators.families.district import District
from kinsync.simulators.families.households import (
    AUNT,
    FATHER,
    GRANDMOTHER,
    MOTHER,
    NOBODY,
    ROLES,
    STEP_HOUSEHOLD,
    STEPMOTHER,
    TYPES,
    People,
    Skeleton,
)
from kinsync.simulators.families.people import is_male, language_of, person_named
from kinsync.simulators.families.students import school_of
from kinsync.simulators.families.words import Lists, names, words

_UNCLE = len(ROLES)
_TITLES = ("Mrs. ", "Mr. ")
_ON_LANDLINE = 0.6  # of parents and grandmothers in a family that has one


def _any(district: District, section: str, key: str, *keys: Ints) -> pl.Series:
    """Some word of that list at each place."""
    count = len(words(section, key))
    return words(section, key).gather(district.dice.pick(count, f"{section} {key}", *keys))


def _chosen(kind: Ints, cases: Sequence[pl.Series | None], usual: pl.Series) -> pl.Series:
    """The column of the case that each place is; ``None`` stands for a blank cell."""
    columns = {str(n): case for n, case in enumerate(cases) if case is not None}
    frame = pl.DataFrame({"kind": kind, "usual": usual, **columns})
    chosen = pl.col("usual")
    for n, case in enumerate(cases):
        then = pl.lit(None, dtype=pl.String) if case is None else pl.col(str(n))
        chosen = pl.when(pl.col("kind") == n).then(then).otherwise(chosen)
    return frame.select(chosen).to_series()


def type_words(district: District, rows: Skeleton) -> pl.Series:
    """``Contact_type``."""
    dice, mess, keys = district.dice, district.mess, (rows.student, rows.key)
    lists = Lists.of([words("types", letter) for letter in TYPES])
    usual = lists.drawn(dice, rows.type, mess.type_synonym, "type", *keys)
    kind = dice.kind((mess.type_blank, mess.type_unknown), "type kind", *keys)
    return _chosen(kind, [None, _any(district, "types", "unknown", *keys)], usual)


def relationship_words(district: District, rows: Skeleton) -> pl.Series:
    """``Contact_relationship``, in Spanish for half of the families who speak it."""
    dice, mess, keys = district.dice, district.mess, (rows.student, rows.key)
    roles = [*ROLES, "uncle"]
    tongues = ("relationships", "relationships_spanish")
    lists = Lists.of([words(section, role) for section in tongues for role in roles])
    uncle = (rows.who.slot == AUNT) & is_male(dice, rows.who)
    role = np.where(uncle, _UNCLE, np.maximum(rows.who.slot, 0))
    spanish = language_of(dice, rows.who.family) == names().languages.index("Spanish")
    spanish &= dice.chance(0.5, "in Spanish", rows.who.family)
    which = role + np.where(spanish, len(roles), 0)
    usual = lists.drawn(dice, which, mess.relationship_synonym, "relationship", *keys)
    shares = (mess.relationship_blank, mess.relationship_unknown)
    kind = dice.kind(shares, "relationship kind", *keys)
    return _chosen(kind, [None, _any(district, "relationships", "unknown", *keys)], usual)


def written_names(district: District, rows: Skeleton, renamed: int = 0) -> pl.Series:
    """``Contact_name``: one name for a person, spelled as each student's school spells it.

    ``renamed`` is the night of the person's last new surname, or 0.
    """
    dice, mess, person = district.dice, district.mess, rows.who.person
    plain, *others = _spellings(district, rows, renamed)
    shares = [mess.name_upper, mess.name_lower, mess.name_turned, mess.name_titled]
    style = dice.kind([*shares, mess.name_spaced], "name style", rows.student, person)
    nameless = dice.kind([mess.name_blank, mess.name_placeholder], "nameless", person)
    placeholders = _any(district, "placeholders", "names", person)
    return _chosen(nameless, [None, placeholders], _chosen(style, others, plain))


def _spellings(district: District, rows: Skeleton, renamed: int) -> list[pl.Series]:
    """The whole name: plain, upper and lower case, surname first, titled, with a wide gap."""
    called = person_named(district.dice, district.mess, rows.who, renamed)
    male = is_male(district.dice, rows.who).astype(np.int64)
    frame = pl.DataFrame(
        {
            "given": _as_called(district, rows, called.given),
            "surname": called.surname,
            "initial": _initials(district, rows),
            "tail": _tails(rows.who),
            "title": pl.Series(_TITLES).gather(male),
        }
    )
    plain = pl.concat_str("given", "initial", pl.lit(" "), "surname", "tail")
    return frame.select(
        plain=plain,
        upper=plain.str.to_uppercase(),
        lower=plain.str.to_lowercase(),
        turned=pl.concat_str("surname", "tail", pl.lit(", "), "given", "initial"),
        titled=pl.concat_str("title", plain),
        spaced=pl.concat_str("given", "initial", pl.lit("  "), "surname", "tail"),
    ).get_columns()


def _as_called(district: District, rows: Skeleton, given: pl.Series) -> pl.Series:
    """The given name, by a nickname or with a slip where a student's school has it so."""
    dice, mess, keys = district.dice, district.mess, (rows.student, rows.who.person)
    nickname = given.replace_strict(_nicknames(), default=given)
    is_long = given.str.len_chars() > _LEAST_FOR_A_SLIP
    slip = (given.str.head(2) + given.str.slice(3)).zip_with(is_long, given)
    kind = dice.kind((mess.name_nickname, mess.name_slip), "called", *keys)
    return _chosen(kind, [nickname, slip], given)


_LEAST_FOR_A_SLIP = 5


@cache
def _nicknames() -> dict[str, str]:
    """A nickname for each given name that has one, both with a capital."""
    meant = default_vocabulary().nicknames
    return {
        full.capitalize(): called.capitalize()
        for called in sorted(meant)
        for full in sorted(meant[called])
        if called != full
    }


def _initials(district: District, rows: Skeleton) -> pl.Series:
    """A middle initial for some, left out in the rows that shorten the name."""
    dice, mess, person = district.dice, district.mess, rows.who.person
    letters = pl.Series([f" {letter}." for letter in "ABCDEFGHJKLMNPRST"])
    shown = dice.chance(mess.name_middle, "middle", person)
    shown &= ~dice.chance(mess.name_varies, "shortened", rows.student, person)
    initial = letters.gather(dice.pick(len(letters), "initial", person))
    return initial.zip_with(pl.Series(shown), pl.Series([""]).new_from_index(0, len(person)))


def _tails(who: People) -> pl.Series:
    junior = who.is_namesake & (who.slot == FATHER)
    senior = who.is_namesake & (who.slot != FATHER)
    return pl.Series(["", " Jr.", " Sr."]).gather(junior.astype(np.int64) + 2 * senior)


def _is_on_landline(district: District, who: People) -> Mask:
    """Parents and grandmothers of some families; namesakes and stepmothers always."""
    dice = district.dice
    family = dice.chance(district.mess.landline, "landline", who.family)
    some = np.isin(who.slot, (MOTHER, FATHER, GRANDMOTHER))
    some &= family & dice.chance(_ON_LANDLINE, "on landline", who.person)
    has_step = who.household == STEP_HOUSEHOLD
    step = has_step & np.isin(who.slot, (FATHER, STEPMOTHER))
    shared: Mask = some | step | who.is_namesake
    return shared


def phone_columns(district: District, rows: Skeleton, changed: int = 0) -> dict[str, pl.Series]:
    """``Contact_phone`` and its type. ``changed`` is the night of the last new number, or 0."""
    dice, mess, who = district.dice, district.mess, rows.who
    style = phones.style_of(dice, mess.phone_formatted, rows.student, rows.key)
    own = who.family * phones.NUMBERS_PER_FAMILY + who.slot
    if changed:
        usual = phones.number(own + changed * phones.NEXT_NIGHT, style)
        return {"phone": usual, "type": _phone_types(district, rows, np.zeros_like(own))}
    home = _is_on_landline(district, who)
    landline = who.family * phones.NUMBERS_PER_FAMILY + phones.LANDLINE
    usual = phones.number(np.where(home, landline, own), style)
    shares = (mess.phone_blank, mess.phone_office, mess.phone_broken, mess.phone_placeholder)
    more = (mess.phone_unassigned, mess.phone_extension, mess.phone_second)
    kind = np.where(home, len(_PHONE_CASES), dice.kind(shares + more, "phone kind", who.person))
    cases = _phone_cases(district, rows, usual)
    place = np.where(home, _HOME, np.where(kind == _OFFICE, _WORK, _CELL))
    types = _phone_types(district, rows, place)
    return {
        "phone": _chosen(kind, cases, usual),
        "type": types.zip_with(pl.Series(kind != 0), _nothing(types)),
    }


_PHONE_CASES = ("blank", "office", "broken", "placeholder", "unassigned", "extension", "second")
_OFFICE = _PHONE_CASES.index("office")
_CELL, _HOME, _WORK = range(3)
_SECOND_NUMBERS = 8  # after one number for each slot of a family


def _nothing(like: pl.Series) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, len(like))


def _phone_cases(district: District, rows: Skeleton, usual: pl.Series) -> list[pl.Series | None]:
    """What stands in the cell in each of ``_PHONE_CASES``."""
    dice, who = district.dice, rows.who
    plain = np.zeros_like(who.person)
    school = school_of(district, rows.student, who.family)
    tail = " x" + pl.Series(100 + dice.pick(900, "extension", who.person)).cast(pl.String)
    own = who.family * phones.NUMBERS_PER_FAMILY + who.slot
    second = phones.number(own + _SECOND_NUMBERS, plain)
    return [
        None,
        phones.number(phones.OFFICES + school, plain),
        _any(district, "broken", "phones", who.person),
        _any(district, "placeholders", "phones", who.person),
        "1" + phones.number(own, plain).str.tail(9),  # no area code begins with 1
        usual + tail,
        usual + " / " + second,
    ]


def _phone_types(district: District, rows: Skeleton, place: Ints) -> pl.Series:
    dice, mess, keys = district.dice, district.mess, (rows.student, rows.key)
    lists = Lists.of([words("phone_types", key) for key in ("cell", "home", "work")])
    usual = lists.drawn(dice, place, mess.phone_type_synonym, "phone type", *keys)
    kind = dice.kind((mess.phone_type_blank, mess.phone_type_unknown), "phone type kind", *keys)
    return _chosen(kind, [None, _any(district, "phone_types", "unknown", *keys)], usual)


def emails(district: District, rows: Skeleton, changed: int = 0) -> pl.Series:
    """``Contact_email``. ``changed`` is the night of the last new address, or 0."""
    dice, mess, who = district.dice, district.mess, rows.who
    called = person_named(dice, mess, who)
    number = pl.Series(np.maximum(who.person, 0)).cast(pl.String)
    mailbox = called.given_letters + "." + called.surname_letters + number
    if changed:
        return mailbox + f"n{changed}@" + _any(district, "emails", "domains", who.person)
    usual = mailbox + "@" + _any(district, "emails", "domains", who.person)
    shares = (mess.email_blank, mess.email_office, mess.email_broken, mess.email_placeholder)
    more = (mess.email_typo, mess.email_upper)
    school = pl.Series(school_of(district, rows.student, who.family)).cast(pl.String)
    cases = [
        None,
        "office" + school + "@" + words("emails", "district")[0],
        _any(district, "broken", "emails", who.person),
        _any(district, "placeholders", "emails", who.person),
        mailbox + "@" + _any(district, "broken", "typo_domains", who.person),
        usual.str.to_uppercase(),
    ]
    return _chosen(dice.kind(shares + more, "email kind", who.person), cases, usual)


def sis_ids(district: District, rows: Skeleton, gained: bool = False) -> pl.Series:
    """``Contact_sis_id``: some have one; ``gained`` gives one to everybody."""
    dice, mess, who = district.dice, district.mess, rows.who
    reused = (who.slot == FATHER) & dice.chance(mess.sis_id_reused, "reused", who.family)
    owner = np.where(reused, who.person - FATHER + MOTHER, who.person)
    ids = "P" + pl.Series(2_000_000 + owner).cast(pl.String)
    has = dice.chance(mess.sis_id, "sis id", owner) | gained
    return ids.zip_with(pl.Series(has), _nothing(ids))


def contact_columns(district: District, rows: Skeleton) -> dict[str, pl.Series]:
    """All seven, by header; blank where the student has no contact."""
    phone = phone_columns(district, rows)
    columns = {
        "Contact_relationship": relationship_words(district, rows),
        "Contact_type": type_words(district, rows),
        "Contact_name": written_names(district, rows),
        "Contact_phone": phone["phone"],
        "Contact_phone_type": phone["type"],
        "Contact_email": emails(district, rows),
        "Contact_sis_id": sis_ids(district, rows),
    }
    somebody = pl.Series(rows.who.slot != NOBODY)
    return {name: column.zip_with(somebody, _nothing(column)) for name, column in columns.items()}
