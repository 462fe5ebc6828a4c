"""Comparable names: what is left of a name when spelling, order and titles are set aside."""

import polars as pl

from kinsync.pipeline.text import amend, fold, word_key

_BEFORE = "mr|mrs|ms|miss|mx|dr|prof|rev|sr|sra|srta|don|dona|hon|sgt|capt|lt|col"
_BEHIND = "phd|md|dds|esq|rn|edd|jd|cpa"
_GENERATION_WORDS = "jr|junior|sr|senior|ii|iii|iv|2nd|3rd|4th"
_CLEAR = r"^[a-z]+(?: [a-z]+)*$"
_MARKED = rf"^(?:{_BEFORE}) | (?:{_BEHIND}|{_GENERATION_WORDS})$"
_PREFIXES = rf"^(?:(?:{_BEFORE})\s+)+"
_TITLES = rf"[\s,]+(?:{_BEHIND})$"
_GENERATION = rf"[\s,]+({_GENERATION_WORDS})$"
_GENERATIONS = {"junior": "jr", "senior": "sr", "2nd": "ii", "3rd": "iii", "4th": "iv"}
_JOINTS = r"['’‘`´ʻʼ＇.．]"
_LAST_FIRST = r"^([^,]+),([^,]+)$"
_LAST_GENERATION = rf"^([^,]+?)[\s,]+({_GENERATION_WORDS})\s*,([^,]+)$"


def comparable(names: pl.Series) -> pl.DataFrame:
    """How names are compared: one row per name, null where the name is null.

    Returns:
        ``name_key``: case, accents, punctuation, titles and the order of "Last, First" set aside.
        ``name_suffix``: the generation (jr, sr, ii …) that stood behind it, else null: a father
        and a son of one name are two people.
    """
    key = names.str.to_lowercase()
    unclear = (~key.str.contains(_CLEAR) | key.str.contains(_MARKED)).fill_null(value=False)
    places = unclear.arg_true()
    closely = _compared_closely(names.gather(places))
    suffix = pl.repeat(None, names.len(), dtype=pl.String, eager=True)
    return pl.DataFrame(
        {
            "name_key": key.scatter(places, closely["name_key"]),
            "name_suffix": suffix.scatter(places, closely["name_suffix"]),
        }
    )


def _compared_closely(names: pl.Series) -> pl.DataFrame:
    """``comparable`` for names with more than plain letters, or with a title or generation."""
    key = fold(amend(names, names.str.contains(_JOINTS), _joined))
    key = amend(key, key.str.contains(_TITLES), lambda some: some.str.replace(_TITLES, ""))
    key = amend(key, key.str.contains(",", literal=True), _with_generation_last)
    suffix = key.str.extract(_GENERATION)
    key = amend(key, suffix.is_not_null(), lambda some: some.str.replace(_GENERATION, ""))
    key = amend(key, key.str.contains(r"[^a-z ]"), _plain)
    key = amend(key, key.str.contains(_PREFIXES), _without_prefixes)
    return pl.DataFrame(
        {
            "name_key": key.set(key == "", None),
            "name_suffix": suffix.replace(_GENERATIONS),
        }
    )


def _joined(names: pl.Series) -> pl.Series:
    """Apostrophes and full stops part no words: O'Brien is obrien, Jr. is jr."""
    return names.str.replace_all(_JOINTS, "")


def _with_generation_last(names: pl.Series) -> pl.Series:
    """ "Smith Jr, John" as "Smith, John Jr"."""
    return names.str.replace(_LAST_GENERATION, "$1,$3 $2")


def _without_prefixes(names: pl.Series) -> pl.Series:
    """Titles dropped where a given name and a surname are left: Mr and Mrs Smith are two people."""
    bare = names.str.replace(_PREFIXES, "")
    return bare.zip_with(bare.str.contains(" ", literal=True), names)


def _plain(names: pl.Series) -> pl.Series:
    """ "Last, First" turned; all other punctuation parts words."""
    turned = names.str.replace(_LAST_FIRST, "$2 $1")
    return turned.str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ").str.strip_chars()


def searchable(names: pl.Series) -> pl.Series:
    """Names as they are looked for: folded words with one space between, "Last, First" turned."""
    turned = amend(names, names.str.contains(",", literal=True), _surname_last)
    return word_key(amend(turned, turned.str.contains(_JOINTS), _joined))


def _surname_last(names: pl.Series) -> pl.Series:
    return names.str.replace(_LAST_FIRST, "$2 $1")


def given_name(name_key: pl.Expr) -> pl.Expr:
    """The first word of a comparable name."""
    return name_key.str.extract(r"^(\S+)")
