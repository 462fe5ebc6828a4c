"""The TOML text of a mapping: read, and everything that is wrong with it named at once."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kinsync.domain.errors import ChangeInput
from kinsync.domain.expressions import Expression, Unusable
from kinsync.domain.frames import CONTACT_FIELDS
from kinsync.domain.mapping import (
    FIELDS,
    MANY_FIELDS,
    MOST_OF_MANY,
    REQUIRED,
    REQUIRED_FOR_CONTACTS,
    Feed,
    pieces,
)
from kinsync.domain.mapping import Mapping as SourceMapping
from kinsync.domain.toml_places import Path, place_of, places
from kinsync.domain.vocabulary import PHONE_TYPES, RELATIONSHIPS, TYPES, WORD_LISTS

FORMS = ("column", "join", "first", "constant", "many", "expression")
BESIDE = {
    "default": ("column", "join", "first", "expression"),
    "turn": ("column", "join", "first", "expression"),
    "required": ("column", "join", "first", "many"),
    "separator": ("join",),
    "split": ("many",),
}
"""What may stand beside which form."""

_TOP = (
    *("name", "source", "where", "contact_where", "contacts_per_student"),
    *("fields", "slots", "words"),
)
_OURS = {
    "type": TYPES,
    "relationship": RELATIONSHIPS,
    "phone_type": PHONE_TYPES,
    "flag": ("Y", "N"),
}
_FORM_SHOWN = 'a table such as { column = "…" }'


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the text of a mapping; line and column count from 1."""

    line: int
    column: int
    says: str


class Faulty(ChangeInput):
    """A mapping that cannot be so, and everything that is wrong with it, in the file's order."""

    def __init__(self, name: str, faults: Sequence[Fault]) -> None:
        lines = [f"line {one.line}, column {one.column}: {one.says}" for one in faults]
        super().__init__(f"{name}: " + "; ".join(lines) + ".")
        self.faults = faults


def read_mapping(text: str, *, name: str) -> SourceMapping:
    """The mapping that a TOML file describes; ``name`` is the file, for messages.

    Raises:
        ChangeInput: it is no TOML.
        Faulty: naming every fault at once, in the order of the file.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ChangeInput(f"{name}: not valid TOML: {error}.") from error
    reader = _Reader()
    mapping = reader.mapping(data, name)
    if reader.faults:
        known = places(text)
        told = sorted((place_of(path, known), fault) for path, fault in reader.faults)
        raise Faulty(name, [Fault(*place, fault) for place, fault in told])
    return mapping


def place_in(text: str, word: str) -> tuple[int, int]:
    """Line and column at which a word stands first; the beginning, where it stands nowhere."""
    for number, line in enumerate(text.splitlines(), 1):
        if word in line:
            return number, line.index(word) + 1
    return 1, 1


@dataclass(slots=True)
class _Reader:
    """Builds what can be built, and notes a fault with its path for everything else."""

    faults: list[tuple[Path, str]] = field(default_factory=list)

    def mapping(self, data: Mapping[str, Any], name: str) -> SourceMapping:
        for key in data.keys() - set(_TOP):
            self._fault((key,), f"{key!r} is not known{_nearest(key, _TOP)}")
        slots = data.get("slots", [])
        return SourceMapping(
            name=str(data.get("name", name)),
            feeds=self._feeds(("fields",), data.get("fields", {}), FIELDS),
            words=self._words(data.get("words", {})),
            slots=self._slots(slots, data.get("fields", {})),
            where=self._condition("where", data),
            contact_where=self._condition("contact_where", data),
            contacts_per_student=self._number("contacts_per_student", data),
            has_slots="slots" in data,
        )

    def _fault(self, path: Path, says: str) -> None:
        self.faults.append((path, says))

    def _table(self, path: Path, value: Any) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self._fault(path, f"{path[-1]} must be a table")
        return {}

    # -- fields and slots --------------------------------------------------------------------

    def _feeds(self, path: Path, fields: Any, allowed: Iterable[str]) -> dict[str, Feed]:
        feeds = {}
        for name, form in self._table(path, fields).items():
            here = (*path, name)
            if name not in allowed:
                self._fault(here, _not_a_field(name, allowed))
            elif (feed := self._feed(here, name, form)) is not None:
                feeds[name] = feed
        self._check_many(path, feeds)
        return feeds

    def _slots(self, slots: Any, fields: Any) -> tuple[dict[str, Feed], ...]:
        if not isinstance(slots, list) or not all(isinstance(slot, dict) for slot in slots):
            self._fault(("slots",), "slots must be tables, each headed [[slots]]")
            return ()
        for number, slot in enumerate(slots):
            for name in slot.keys() & set(fields if isinstance(fields, dict) else ()):
                self._fault(
                    ("slots", number, name), f"{name} is fed in fields too; say it in one place"
                )
        return tuple(
            self._feeds(("slots", number), slot, CONTACT_FIELDS)
            for number, slot in enumerate(slots)
        )

    def _feed(self, path: Path, name: str, form: Any) -> Feed | None:
        if not isinstance(form, dict):
            self._fault(path, f"{path[-1]} must be {_FORM_SHOWN}")
            return None
        kinds = [kind for kind in FORMS if kind in form]
        for key in form.keys() - {*FORMS, *BESIDE}:
            self._fault((*path, key), f"{name} has {key!r}{_nearest(key, (*FORMS, *BESIDE))}")
        if len(kinds) != 1:
            self._fault(path, f"{name} needs exactly one of {', '.join(FORMS)}")
            return None
        kind = kinds[0]
        for key in form.keys() & BESIDE.keys():
            self._check_beside((*path, key), key, kind, form)
        feed = self._of_form((*path, kind), name, kind, form)
        return None if feed is None else _with_beside(feed, form)

    def _check_beside(self, path: Path, key: str, kind: str, form: Mapping[str, Any]) -> None:
        value = form[key]
        if kind not in BESIDE[key]:
            self._fault(path, f"{key} means nothing beside {kind}")
        elif key == "turn" and not isinstance(value, bool):
            self._fault(path, "turn is true or false")
        elif key == "required" and value not in (True, False, REQUIRED_FOR_CONTACTS):
            self._fault(path, f'required is true, false or "{REQUIRED_FOR_CONTACTS}"')
        elif key in ("separator", "split", "default") and not isinstance(value, str):
            self._fault(path, f"{key} is a text")
        elif key == "split" and not value:
            self._fault(path, "split is the text between two values; it cannot be blank")

    def _of_form(self, path: Path, name: str, kind: str, form: Mapping[str, Any]) -> Feed | None:
        value = form[kind]
        if kind == "many":
            return self._many(path, name, value, form.get("split"))
        if kind in ("join", "first"):
            columns = _columns(value)
            if columns is None:
                self._fault(path, f'{kind} lists columns, such as ["First", "Last"]')
                return None
            return Feed(kind, columns)
        if not isinstance(value, str) or (kind == "column" and not value.strip()):
            self._fault(path, f"{kind} is a text")
            return None
        if kind == "expression":
            checked = self._expression(path, value, is_condition=False)
            return Feed(kind, checked.columns, expression=checked) if checked else None
        return Feed(kind, constant=value) if kind == "constant" else Feed(kind, (value,))

    def _many(self, path: Path, name: str, value: Any, split: Any) -> Feed | None:
        if name not in MANY_FIELDS:
            self._fault(path, f"{name} is one value; many is for {', '.join(MANY_FIELDS)}")
            return None
        if isinstance(value, str) and isinstance(split, str) and split:
            return Feed("many", many=tuple(pieces(value, split)))
        if not isinstance(value, list) or not value or split is not None:
            self._fault(
                path, 'many lists columns or forms, or is one column beside split, such as ";"'
            )
            return None
        if len(value) > MOST_OF_MANY:
            self._fault(path, f"many lists {len(value)}; at most {MOST_OF_MANY} are read")
        listed = [
            Feed("column", (one,)) if isinstance(one, str) else self._feed(path, name, one)
            for one in value
        ]
        for one in listed:
            if one is not None and one.many:
                self._fault(path, "many cannot stand inside many")
        return Feed("many", many=tuple(one for one in listed if one is not None))

    def _check_many(self, path: Path, feeds: Mapping[str, Feed]) -> None:
        phones, types = feeds.get("contact_phone"), feeds.get("contact_phone_type")
        if types and types.many and phones and len(types.many) > max(len(phones.many), 1):
            self._fault(
                (*path, "contact_phone_type"),
                f"contact_phone_type lists {len(types.many)} types for {max(len(phones.many), 1)} "
                "phones; the n-th type stands beside the n-th phone",
            )

    # -- conditions and words ----------------------------------------------------------------

    def _condition(self, key: str, data: Mapping[str, Any]) -> Expression | str | None:
        value = data.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            self._fault((key,), f"{key} is a text: a condition over columns")
            return None
        return self._expression((key,), value, is_condition=True) if value.strip() else ""

    def _number(self, key: str, data: Mapping[str, Any]) -> int | None:
        value = data.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
            return value
        self._fault((key,), f"{key} is a number; 0 means as many as there are")
        return None

    def _expression(self, path: Path, text: str, *, is_condition: bool) -> Expression | None:
        try:
            return Expression.checked(text, is_condition=is_condition)
        except Unusable as fault:
            self._fault(path, f"the expression {fault}")
            return None

    def _words(self, words: Any) -> dict[str, dict[str, str]]:
        told: dict[str, dict[str, str]] = {}
        for name, table in self._table(("words",), words).items():
            if name not in WORD_LISTS:
                says = f"words.{name} is not a list{_nearest(name, WORD_LISTS)}"
                self._fault(("words", name), says)
                continue
            for word, target in self._table(("words", name), table).items():
                self._check_word(("words", name, word), name, target)
                told.setdefault(name, {})[word] = str(target)
        return told

    def _check_word(self, path: Path, name: str, target: Any) -> None:
        ours = _OURS.get(name)
        if not isinstance(target, str):
            self._fault(path, f"words.{name}: our word is a text")
        elif ours and target not in ours:
            self._fault(
                path, f"words.{name}: {target!r} is none of our words{_nearest(target, ours)}"
            )


def _with_beside(feed: Feed, form: Mapping[str, Any]) -> Feed:
    required, default = form.get("required", False), form.get("default")
    return Feed(
        form=feed.form,
        columns=feed.columns,
        constant=feed.constant,
        expression=feed.expression,
        many=feed.many,
        separator=str(form.get("separator", feed.separator)),
        default=None if default is None else str(default),
        turn=bool(form.get("turn", False)),
        required=REQUIRED if required is True else str(required or ""),
    )


def _columns(value: Any) -> tuple[str, ...] | None:
    listed = value if isinstance(value, list) else [value]
    is_told = bool(listed) and all(isinstance(one, str) and one.strip() for one in listed)
    return tuple(listed) if is_told else None


def _not_a_field(name: str, allowed: Iterable[str]) -> str:
    allowed = tuple(allowed)
    if name in FIELDS:
        return f"{name} is about the student; slots differ in fields of the contact alone"
    return f"{name!r} is not a field of Kinsync{_nearest(name, allowed)}"


def _nearest(word: str, known: Iterable[str]) -> str:
    """What was probably meant, or everything that could be."""
    spelled = {one.lower(): one for one in known}
    near = difflib.get_close_matches(word.lower(), spelled, n=1, cutoff=0.6)
    return (
        f"; did you mean {spelled[near[0]]}?" if near else f"; known: {', '.join(spelled.values())}"
    )
