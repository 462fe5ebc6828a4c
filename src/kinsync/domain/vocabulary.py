"""The words that sources use, turned into ours.

The default vocabulary is a data file beside this module; a mapping may add words to it.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

TYPES = ("Primary", "Parent/Guardian", "Secondary", "Family", "Emergency", "Other")
"""What a contact is to the school, in the order in which a student's contacts are asked first."""

RELATIONSHIPS = ("Parent", "Grandparent", "Self", "Aunt/Uncle", "Sibling", "Other")
OF_RELATION = {
    "Parent": "Parent/Guardian",
    "Grandparent": "Family",
    "Aunt/Uncle": "Family",
    "Sibling": "Family",
    "Self": "Other",
}
"""The type of whoever is called a relation where a type is asked for: "Tía materna" is Family."""

PHONE_TYPES = ("Cell", "Home", "Work", "Other")
"""In the order in which a contact's phones are served."""

WORD_LISTS = (
    "type",
    "relationship",
    "phone_type",
    "grade",
    "gender",
    "race",
    "flag",
    "frl_status",
)
"""The lists that turn words of a source into ours."""

ACCENTS = (
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u065f\u0670]"
)
"""A pattern for marks above, below and through letters that names are compared without: those of
Latin, Greek and Cyrillic, the vowel points of Hebrew and Arabic. Other scripts spell with theirs.
"""

UNDECOMPOSED = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i",
    "ħ": "h", "ŋ": "n",
}  # fmt: skip
"""Letters that are compared as others, though Unicode takes them for letters of their own."""


def word_key(word: str) -> str:
    """The form in which words are compared: no case, accents or punctuation.

    The same as ``pipeline.text.word_key`` does for whole columns; a test holds them together.
    """
    bare = re.sub(ACCENTS, "", unicodedata.normalize("NFKD", word.lower())).lower()
    plain = "".join(UNDECOMPOSED.get(c, c) for c in unicodedata.normalize("NFC", bare))
    return " ".join(
        "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in plain).split()
    )


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every word that is understood.

    ``words`` maps a list's name to its table: comparable word → our word. The other attributes
    are what is known not to name anybody.
    """

    words: Mapping[str, Mapping[str, str]]
    placeholder_names: frozenset[str]
    placeholder_phones: frozenset[str]
    placeholder_emails: frozenset[str]
    placeholder_mailboxes: frozenset[str]
    placeholder_sis_ids: frozenset[str]
    typo_domains: Mapping[str, str]
    nicknames: Mapping[str, frozenset[str]]

    @staticmethod
    def from_toml(text: str) -> "Vocabulary":
        """The vocabulary that a file in the form of ``vocabulary.toml`` describes."""
        data = tomllib.loads(text)
        placeholder = data["placeholder"]
        words = {name: _table(data[name]) for name in WORD_LISTS}
        words["type"] = _types(words["relationship"]) | words["type"]
        return Vocabulary(
            words=words,
            placeholder_names=frozenset(map(word_key, placeholder["names"])),
            placeholder_phones=frozenset(placeholder["phones"])
            | {digit * length for digit in "0123456789" for length in (10, 11)},
            placeholder_emails=frozenset(placeholder["emails"]),
            placeholder_mailboxes=frozenset(placeholder["mailboxes"]),
            placeholder_sis_ids=_in_cases(placeholder["sis_ids"])
            | {"0" * length for length in range(1, 13)},
            typo_domains=data["typo_domains"],
            nicknames=_nicknames(data["nicknames"]),
        )

    def with_words(self, added: Mapping[str, Mapping[str, str]]) -> "Vocabulary":
        """This vocabulary with a mapping's own words, which win: list → source word → our word."""
        own = {
            name: {word_key(word): ours for word, ours in added.get(name, {}).items()}
            for name in self.words
        }
        own["type"] = _types(own["relationship"]) | own["type"]
        return replace(self, words={name: {**self.words[name], **own[name]} for name in own})


def _types(relations: Mapping[str, str]) -> dict[str, str]:
    """Comparable word of a relation → the type of whoever is called so."""
    told = {word: ours for word, ours in relations.items() if ours in OF_RELATION}
    return {word: OF_RELATION[ours] for word, ours in told.items()}


def _in_cases(words: list[str]) -> frozenset[str]:
    """Each word in small letters, in capitals, and with the first letter a capital."""
    cases = (str.lower, str.upper, str.capitalize, str.title)
    return frozenset(case(word) for word in words for case in cases)


def _table(words: Mapping[str, list[str]]) -> dict[str, str]:
    """Comparable word → our word; our own words first."""
    table = {word_key(theirs): ours for ours, known in words.items() for theirs in known}
    return table | {word_key(ours): ours for ours in words}


def _nicknames(names: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    """Every name and nickname → the full names that it may stand for."""
    full: dict[str, set[str]] = {}
    for name, known in names.items():
        for called in (name, *known):
            full.setdefault(word_key(called), set()).add(name)
    return {called: frozenset(meant) for called, meant in full.items()}


@cache
def default_vocabulary() -> Vocabulary:
    """The vocabulary that comes with Kinsync."""
    return Vocabulary.from_toml(vocabulary_text())


def vocabulary_text() -> str:
    """The data file that comes with Kinsync."""
    return resources.files("kinsync.domain").joinpath("vocabulary.toml").read_text("utf-8")
