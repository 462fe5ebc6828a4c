"""Which column of a source feeds which field: data, in TOML, that a district can change.

[fields.contact_name]
column = "Contact_name"          # or: join = ["First", "Last"], first = ["Cell", "Home"]
required = true                  # the column must be there
default = "Parent/Guardian"      # where the cell is blank
turn = true                      # "Last, First" becomes "First Last"

[words.relationship]
"Tata" = "Parent"                # beside the shared vocabulary
"""

import tomllib
from collections.abc import Mapping as Table
from dataclasses import dataclass

from kinsync.domain.errors import ChangeInput
from kinsync.domain.frames import CONTACT_FIELDS, STUDENT_FIELDS
from kinsync.domain.vocabulary import PHONE_TYPES, RELATIONSHIPS, TYPES, WORD_LISTS

FIELDS = (*STUDENT_FIELDS, *CONTACT_FIELDS)

REQUIRED = "required"
REQUIRED_FOR_CONTACTS = "for contacts"

_OURS = {"type": TYPES, "relationship": RELATIONSHIPS, "phone_type": PHONE_TYPES}
_FORMS = ("column", "join", "first", "constant")
_KEYS = (*_FORMS, "default", "turn", "required")


@dataclass(frozen=True, slots=True)
class Feed:
    """What feeds one field: one form over columns of the source."""

    form: str  # column, join, first or constant
    columns: tuple[str, ...] = ()
    constant: str | None = None
    default: str | None = None
    turn: bool = False
    required: str = ""  # "", REQUIRED or REQUIRED_FOR_CONTACTS


@dataclass(frozen=True, slots=True)
class Mapping:
    """One source's mapping: field → feed, and words beside the shared vocabulary."""

    name: str
    feeds: Table[str, Feed]
    words: Table[str, Table[str, str]]

    @staticmethod
    def from_toml(text: str, *, name: str) -> "Mapping":
        """The mapping that a TOML file describes; ``name`` is the file, for messages.

        Raises:
            ChangeInput: naming every fault at once.
        """
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ChangeInput(f"{name}: not valid TOML: {error}.") from error
        faults = [*_field_faults(data.get("fields", {})), *_word_faults(data.get("words", {}))]
        faults += [f"{key!r} is not known; use fields, words" for key in data.keys() - _TOP]
        if faults:
            raise ChangeInput(f"{name}: " + "; ".join(sorted(faults)) + ".")
        feeds = {field: _feed(form) for field, form in data.get("fields", {}).items()}
        return Mapping(data.get("name", name), feeds, data.get("words", {}))

    def over(self, base: "Mapping") -> "Mapping":
        """This mapping where it speaks, and ``base`` elsewhere."""
        lists = base.words.keys() | self.words.keys()
        words = {key: {**base.words.get(key, {}), **self.words.get(key, {})} for key in lists}
        return Mapping(self.name, {**base.feeds, **self.feeds}, words)


_TOP = {"name", "source", "fields", "words"}


def _feed(form: Table[str, object]) -> Feed:
    kind = next(name for name in _FORMS if name in form)
    value = form[kind]
    required = form.get("required", False)
    default = form.get("default")
    return Feed(
        form=kind,
        columns=() if kind == "constant" else _columns(value),
        constant=str(value) if kind == "constant" else None,
        default=None if default is None else str(default),
        turn=bool(form.get("turn", False)),
        required=REQUIRED if required is True else str(required or ""),
    )


def _columns(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _field_faults(fields: Table[str, Table[str, object]]) -> list[str]:
    faults = []
    for field, form in fields.items():
        if field not in FIELDS:
            faults.append(f"{field!r} is not a field of Kinsync; known: {', '.join(FIELDS)}")
        elif not isinstance(form, dict):
            faults.append(f'{field} must be a table such as {{ column = "…" }}')
        elif sum(name in form for name in _FORMS) != 1:
            faults.append(f"{field} needs exactly one of {', '.join(_FORMS)}")
        elif unknown := sorted(set(form) - set(_KEYS)):
            faults.append(f"{field} has {unknown[0]!r}; known: {', '.join(_KEYS)}")
    return faults


def _word_faults(words: Table[str, Table[str, str]]) -> list[str]:
    faults = []
    for name, table in words.items():
        if name not in WORD_LISTS:
            faults.append(f"words.{name} is not a list; known: {', '.join(WORD_LISTS)}")
            continue
        ours = _OURS.get(name)
        faults += [
            f"words.{name}: {target!r} is not one of {', '.join(ours)}"
            for target in table.values()
            if ours and target not in ours
        ]
    return faults
