"""What one connection may see of its district: which records, and which fields of them.

A share names what is let through; what it does not name is not limited. People follow the
students that are shared: a person is seen as what they are to those, and not at all without one.
"""

import difflib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

from kinsync.domain.errors import ChangeInput
from kinsync.domain.flags import FLAGS
from kinsync.domain.vocabulary import RELATIONSHIPS, TYPES

OPTIONAL: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "contact.phone": ("contact", ("phone",)),
    "contact.phone_type": ("contact", ("phone_type", "phone_type_source")),
    "contact.email": ("contact", ("email",)),
    "contact.sis_id": ("contact", ("sis_id",)),
    "contact.relationship": ("relationship", ("relationship", "relationship_source")),
    "student.student_number": ("student", ("student_number",)),
    "student.state_id": ("student", ("state_id",)),
    "student.grade": ("student", ("grade",)),
    "student.gender": ("student", ("gender",)),
    "student.graduation_year": ("student", ("graduation_year",)),
    "student.dob": ("student", ("dob",)),
    "student.race": ("student", ("race",)),
    "student.hispanic_ethnicity": ("student", ("hispanic_ethnicity",)),
    "student.home_language": ("student", ("home_language",)),
    "student.ell_status": ("student", ("ell_status",)),
    "student.frl_status": ("student", ("frl_status",)),
    "student.iep_status": ("student", ("iep_status",)),
    "student.location": ("student", ("street", "city", "state", "zip")),
    "student.email": ("student", ("email",)),
    "student.credentials": ("student", ("username",)),
}
"""Fields that a share may leave out, by the name that the API gives them: kind and columns."""

ALWAYS: Mapping[str, tuple[str, ...]] = {
    "school": ("sis_id", "name"),
    "student": ("sis_id", "school_sis_id", "last_name", "middle_name", "first_name"),
    "contact": ("legacy_id", "name"),
    "relationship": ("contact_id", "student_id", "type", "type_source"),
}
"""Columns of each kind that every share lets through."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a connection may see. ``None`` does not limit; an empty set lets nothing through."""

    schools: frozenset[str] | None = None
    """SIS ids of schools: their students."""
    grades: frozenset[str] | None = None
    """Grades, in our words: the students in them."""
    types: frozenset[str] | None = None
    """What a contact must be to a student, as ``vocabulary.TYPES``."""
    relationships: frozenset[str] | None = None
    """The same of ``vocabulary.RELATIONSHIPS``; "" stands for a blank."""
    flags: frozenset[str] | None = None
    """Of which of ``flags.FLAGS`` a contact must have one with a student."""
    fields: frozenset[str] | None = None
    """Which of ``OPTIONAL`` are served."""
    withheld: frozenset[str] = frozenset()
    """Ids of contacts who are shown to nobody, whatever else is shared."""
    restricted: bool = False
    """Whether people are shown who are to be kept from a student, as such a student's contacts."""

    @property
    def is_open(self) -> bool:
        """Whether every record is seen, but for restricted ones where these are not shown.

        Each record says itself whether it is restricted. Fields may be left out all the same.
        """
        return replace(self, fields=None, restricted=False) == EVERYTHING

    @property
    def limits_students(self) -> bool:
        """Whether which people are seen depends on where their students are."""
        return self.schools is not None or self.grades is not None

    @property
    def left_out(self) -> frozenset[str]:
        """The fields of ``OPTIONAL`` that are not served."""
        return frozenset() if self.fields is None else frozenset(OPTIONAL) - self.fields

    def withholding_with(self, people: Collection[str]) -> "Share":
        """The same share; who of these people is withheld is so with all the others of them."""
        if self.withheld.isdisjoint(people):
            return self
        return replace(self, withheld=self.withheld.union(people))

    def columns(self, kind: str) -> list[str]:
        """The columns of a kind whose values are served, in some version of the API."""
        optional = [
            column
            for field, (of_kind, columns) in OPTIONAL.items()
            if of_kind == kind and field not in self.left_out
            for column in columns
        ]
        return [*ALWAYS[kind], *optional]

    def as_json(self) -> dict[str, list[str] | bool]:
        """The limits by name; nothing for what is not limited."""
        given = {one.name: getattr(self, one.name) for one in fields(self)}
        told = given.pop("restricted")
        limits: dict[str, list[str] | bool] = {
            name: sorted(words)
            for name, words in given.items()
            if words or (words is not None and name != "withheld")
        }
        return limits | ({"restricted": True} if told else {})

    @staticmethod
    def from_json(given: Mapping[str, object]) -> "Share":
        """A share as it was kept.

        Raises:
            ChangeInput: it limits something that we do not know: it cannot be kept to.
        """
        known = {one.name for one in fields(Share)}
        if unknown := sorted(set(given) - known):
            raise ChangeInput(f"A share cannot limit {unknown[0]!r}. Known: {', '.join(known)}.")
        words = {name: of for name, of in given.items() if name != "restricted"}
        limits: dict[str, Any] = {
            name: frozenset(map(str, _listed(of))) for name, of in words.items()
        }
        return Share(**limits, restricted=given.get("restricted") is True)


EVERYTHING = Share()
"""The share that leaves nothing out but people who are restricted."""


@lru_cache(maxsize=1024)
def parsed(share: str) -> Share:
    """A share from the JSON text in which it is kept."""
    return Share.from_json(json.loads(share))


def chosen(what: str, given: Iterable[str], known: Iterable[str]) -> frozenset[str]:
    """Words of a closed list, in our spelling, whatever the case they were given in.

    Raises:
        ChangeInput: one is not in the list; the message names the nearest.
    """
    by_key = {word.casefold(): word for word in known}
    found = set()
    for word in given:
        key = word.strip().casefold()
        if key not in by_key:
            near = difflib.get_close_matches(key, by_key, n=1)
            advice = f"Did you mean {by_key[near[0]]!r}?" if near else _all(by_key.values())
            raise ChangeInput(f"There is no {what} {word!r}. {advice}")
        found.add(by_key[key])
    return frozenset(found)


def types(given: Iterable[str]) -> frozenset[str]:
    """Contact types by name.

    Raises:
        ChangeInput: as ``chosen``.
    """
    return chosen("contact type", given, TYPES)


def relationships(given: Iterable[str]) -> frozenset[str]:
    """Relationships by name; "blank" stands for none.

    Raises:
        ChangeInput: as ``chosen``.
    """
    words = chosen("relationship", given, (*RELATIONSHIPS, "blank"))
    return frozenset("" if word == "blank" else word for word in words)


def flags(given: Iterable[str]) -> frozenset[str]:
    """Flags by name; a space or hyphen is as good as an underscore.

    Raises:
        ChangeInput: as ``chosen``.
    """
    return chosen("flag", (word.replace(" ", "_").replace("-", "_") for word in given), FLAGS)


def optional_fields(given: Iterable[str]) -> frozenset[str]:
    """Fields of ``OPTIONAL`` by name; ``contact`` or ``student`` stands for all of its kind, and
    ``none`` for no field: names and ids alone are served.

    Raises:
        ChangeInput: as ``chosen``.
    """
    kinds = {"contact", "student"}
    words = chosen("field", given, (*OPTIONAL, *kinds, "none"))
    whole = {field for field in OPTIONAL if field.partition(".")[0] in words}
    return frozenset(words - kinds - {"none"}) | whole


def _listed(words: object) -> Iterable[object]:
    return words if isinstance(words, list) else [words]


def _all(words: Iterable[str]) -> str:
    return f"Known: {', '.join(words)}."
