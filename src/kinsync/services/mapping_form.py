"""A mapping as a form: which field is fed by what, read from TOML and written back into it.

The usual cases are a form, a few columns, and a text. What is more stays in the TOML as it is; so
do comments, and the order in which somebody wrote.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tomlkit

from kinsync.domain.errors import ChangeInput
from kinsync.domain.frames import CONTACT_FIELDS, STUDENT_FIELDS
from kinsync.domain.mapping import MANY_FIELDS, Feed, columns_of
from kinsync.domain.mapping import Mapping as SourceMapping

OF_COLUMNS = ("column", "join", "first", "many")
OF_TEXT = ("constant", "expression")
AS_DEFAULT, AS_WRITTEN = "", "toml"
"""Forms of a field of which nothing is said, and of one that is said in the TOML alone."""
_BESIDE = ("turn", "default")
_FEWEST = 3
"""Columns that a form has room for at least."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a form says about one field."""

    form: str = AS_DEFAULT
    columns: tuple[str, ...] = ()
    text: str = ""
    turn: bool = False
    default: str = ""

    def as_text(self) -> str:
        """The same for a hidden field of a page, to tell later what was changed."""
        return json.dumps([self.form, self.columns, self.text, self.turn, self.default])

    @property
    def room(self) -> Sequence[str]:
        """Its columns, and blank ones to fill in."""
        blank = max(_FEWEST - len(self.columns), 1)
        return [*self.columns, *[""] * blank]


@dataclass(frozen=True, slots=True)
class Field:
    """One field with what a district says about it, and what feeds it where it says nothing."""

    name: str
    entry: Entry
    default: str
    is_about_contacts: bool
    is_in_slots: bool

    @property
    def may_be_many(self) -> bool:
        return self.name in MANY_FIELDS


def read_form(toml: str, default: SourceMapping) -> list[Field]:
    """Every field, those about contacts first.

    Raises:
        ChangeInput: the text is no TOML.
    """
    told = _fields(parse(toml))
    slotted = {name for slot in default.slots for name in slot}
    return [
        Field(
            name,
            _entry(told[name]) if name in told else Entry(),
            _by_default(name, default),
            name in CONTACT_FIELDS,
            name in slotted,
        )
        for name in (*CONTACT_FIELDS, *STUDENT_FIELDS)
    ]


def parse(toml: str) -> dict[str, Any]:
    """The text as it is, whether or not a mapping can be so.

    Raises:
        ChangeInput: the text is no TOML.
    """
    try:
        return tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise ChangeInput(f"This is not valid TOML: {error}.") from error


def write_form(
    toml: str,
    entries: Mapping[str, Entry],
    words: Iterable[tuple[str, str, str]],
    default: SourceMapping,
) -> str:
    """The TOML with other entries for some fields, and with words that are mapped beside.

    Args:
        toml: what was written before.
        entries: field → what is said now.
        words: list, word of the source, our word.
        default: what is there where nothing is said.

    Raises:
        ChangeInput: the text before is no TOML.
    """
    wanted, words = parse(toml), list(words)
    if not (entries or words) or not _is_regular(wanted):
        return toml
    fields = {**_fields(wanted)}
    for name, entry in entries.items():
        if entry.form == AS_DEFAULT:
            fields.pop(name, None)
        elif entry.form != AS_WRITTEN:
            fields[name] = _table(entry, default.feeds.get(name))
    _put(wanted, "fields", fields)
    lists = {name: dict(table) for name, table in wanted.get("words", {}).items()}
    for name, word, ours in words:
        lists.setdefault(name, {})[word] = ours
    _put(wanted, "words", lists)
    return _written(toml, wanted)


def feed_in_words(feed: Feed) -> str:
    """What feeds a field, for a person."""
    columns = list(dict.fromkeys(columns_of(feed)))
    listed = ", ".join(columns)
    return {
        "column": f"column {listed}",
        "join": f"{' + '.join(columns)}, joined",
        "first": f"the first that is filled of {listed}",
        "constant": f"always {feed.constant!r}",
        "many": f"all that are filled of {listed}" if columns else "one of each, in order",
        "expression": f"an expression over {listed}" if columns else "an expression",
    }.get(feed.form, feed.form)


# -- from TOML to a form -------------------------------------------------------------------------


def _fields(data: Mapping[str, Any]) -> Mapping[str, Any]:
    found = data.get("fields", {})
    return found if isinstance(found, dict) else {}


def _entry(told: Any) -> Entry:
    """What a form shows of a field; what it has no place for is left to the TOML."""
    if not isinstance(told, dict):
        return Entry(AS_WRITTEN)
    forms = [form for form in (*OF_COLUMNS, *OF_TEXT) if form in told]
    if len(forms) != 1 or told.keys() - {*forms, *_BESIDE, "required"}:
        return Entry(AS_WRITTEN)
    form, value = forms[0], told[forms[0]]
    turn, default = told.get("turn", False), told.get("default", "")
    if not isinstance(turn, bool) or not isinstance(default, str):
        return Entry(AS_WRITTEN)
    if form in OF_TEXT:
        is_known = isinstance(value, str)
        return Entry(form, (), value, turn, default) if is_known else Entry(AS_WRITTEN)
    columns = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in columns):
        return Entry(AS_WRITTEN)
    return Entry(form, tuple(columns), "", turn, default)


def _by_default(name: str, default: SourceMapping) -> str:
    if feed := default.feeds.get(name):
        return feed_in_words(feed)
    slots = [slot[name] for slot in default.slots if name in slot]
    if slots:
        return f"{feed_in_words(slots[0])}, and so on for each contact of the row"
    return "nothing"


# -- from a form to TOML -------------------------------------------------------------------------


def _table(entry: Entry, before: Feed | None) -> dict[str, Any]:
    columns = [one for one in entry.columns if one]
    value: Any = entry.text if entry.form in OF_TEXT else columns
    if entry.form == "column":
        value = columns[0] if columns else ""
    told: dict[str, Any] = {entry.form: value}
    if entry.turn and entry.form not in ("constant", "many"):
        told["turn"] = True
    if entry.default and entry.form not in ("constant", "many"):
        told["default"] = entry.default
    if before is not None and before.required and entry.form in OF_COLUMNS:
        told["required"] = True if before.required == "required" else before.required
    return told


def _is_regular(data: Mapping[str, Any]) -> bool:
    """Whether fields and words are tables at all: where not, their fault is said first."""
    words = data.get("words", {})
    return (
        isinstance(data.get("fields", {}), dict)
        and isinstance(words, dict)
        and all(isinstance(table, dict) for table in words.values())
    )


def _put(data: dict[str, Any], name: str, value: dict[str, Any]) -> None:
    if value:
        data[name] = value
    else:
        data.pop(name, None)


def _written(toml: str, wanted: dict[str, Any]) -> str:
    """``wanted`` in the words of the text before; anew where these cannot be kept."""
    if parse(toml) == wanted:
        return toml
    document = tomlkit.parse(toml)
    for name in ("fields", "words"):
        _change(document, name, wanted.get(name, {}))
    text = document.as_string().strip() + "\n"
    if _means(text) == wanted:
        return text
    fresh = tomlkit.document()
    for name, value in sorted(wanted.items(), key=lambda one: isinstance(one[1], dict | list)):
        if name == "fields":
            fresh[name] = _new_table(value)
        else:
            fresh[name] = value
    return fresh.as_string().strip() + "\n"


def _change(document: tomlkit.TOMLDocument, name: str, wanted: Mapping[str, Any]) -> None:
    if not wanted:
        document.pop(name, None)
        return
    if name not in document:
        document[name] = tomlkit.table(name == "words")
    table: Any = document[name]
    for key in [key for key in table if key not in wanted]:
        del table[key]
    for key, value in wanted.items():
        if key not in table or table[key] != value:
            if name == "words" and key in table:
                for word, ours in value.items():
                    table[key][word] = ours
            else:
                table[key] = _inline(value) if name == "fields" else value


def _new_table(fields: Mapping[str, Any]) -> Any:
    table = tomlkit.table()
    for name, value in fields.items():
        table[name] = _inline(value)
    return table


def _inline(value: Mapping[str, Any]) -> Any:
    table = tomlkit.inline_table()
    table.update(value)
    return table


def _means(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
