"""Which column of a source feeds which field: data, in TOML, that a district can change.

where = "\"Status\" = 'Active'"              # rows that are read; the others are excluded
contact_where = "\"Relation\" <> 'Self'"     # rows whose contact is read; of others the student
contacts_per_student = 1                     # of further rows of a student, the student alone

[fields]
student_sis_id = { column = "Student_ID", required = true }
contact_name = { join = ["First", "Last"] }                 # with separator = ", " for another
contact_email = { first = ["Email", "Work_email"] }         # the first that is filled
contact_phone = { many = ["Cell", "Home"] }                 # all that are filled, in this order
contact_phone_type = { many = [{ constant = "Cell" }, { constant = "Home" }] }
contact_type = { expression = "CASE WHEN Legal = '1' THEN 'Parent/Guardian' ELSE 'Other' END" }

[[slots]]                                    # one row, several contacts: what differs in each
contact_name = { column = "Emerg_1", turn = true }

[words.relationship]
"Tata" = "Parent"                            # beside the shared vocabulary

``domain.mapping_text`` reads it and says everything that is wrong with it.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Table
from dataclasses import dataclass, field, replace

from kinsync.domain.expressions import Expression
from kinsync.domain.frames import CONTACT_FIELDS, STUDENT_FIELDS, TELLING_FIELDS

FIELDS = (*STUDENT_FIELDS, *CONTACT_FIELDS)
MANY_FIELDS = ("contact_phone", "contact_phone_type", "contact_email")
"""Fields of which a contact may have several; the n-th of each stand together."""
MOST_OF_MANY = 16

REQUIRED = "required"
REQUIRED_FOR_CONTACTS = "for contacts"

_JUDGED = ("contact_type", "contact_phone_type")
"""What an expression says in these fields is said about a contact, and makes none."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What feeds one field: one form over columns of the source."""

    form: str  # column, join, first, constant, expression, many, or piece (of a cell of many)
    columns: tuple[str, ...] = ()
    constant: str | None = None
    expression: Expression | None = None
    many: "tuple[Feed, ...]" = ()
    separator: str = " "  # between joined cells, and between the pieces of one
    piece: int = 0
    default: str | None = None
    turn: bool = False
    required: str = ""  # "", REQUIRED or REQUIRED_FOR_CONTACTS

    def makes_contact(self, name: str) -> bool:
        """Whether a row has a contact as soon as this says something in the field ``name``."""
        if name not in TELLING_FIELDS:
            return False  # many sources repeat the student's address, and fill every flag
        if self.many:
            return any(one.makes_contact(name) for one in self.many)
        return self.form != "constant" and not (self.form == "expression" and name in _JUDGED)


Feeds = Table[str, Feed]


@dataclass(frozen=True, slots=True)
class Mapping:
    """One source's mapping: field → feed, and words beside the shared vocabulary.

    ``slots`` are the feeds of each contact of a row, where a row has several. A condition is None
    where nothing is said about it, and "" where everything is to be read.
    """

    name: str
    feeds: Feeds
    words: Table[str, Table[str, str]]
    slots: tuple[Feeds, ...] = ()
    where: "Expression | str | None" = None
    contact_where: "Expression | str | None" = None
    contacts_per_student: int | None = None  # 0: any number
    has_slots: bool = field(default=False, repr=False)  # said, if only that there are none

    @staticmethod
    def from_toml(text: str, *, name: str) -> "Mapping":
        """The mapping that a TOML file describes; ``name`` is the file, for messages.

        Raises:
            ChangeInput: naming every fault at once, each with its line and column.
        """
        from kinsync.domain.mapping_text import read_mapping  # it builds what stands here

        return read_mapping(text, name=name)

    def over(self, base: "Mapping") -> "Mapping":
        """This mapping where it speaks, and ``base`` elsewhere.

        A field that it feeds is fed so in every slot of ``base``.
        """
        lists = base.words.keys() | self.words.keys()
        words = {key: {**base.words.get(key, {}), **self.words.get(key, {})} for key in lists}
        slots = self.slots if self.has_slots else tuple(map(self._left_to, base.slots))
        inside = {name for slot in slots for name in slot}
        feeds = {**base.feeds, **self.feeds}
        return replace(
            self,
            feeds={name: feed for name, feed in feeds.items() if name not in inside},
            words=words,
            slots=slots,
            where=base.where if self.where is None else self.where,
            contact_where=base.contact_where if self.contact_where is None else self.contact_where,
            contacts_per_student=(
                base.contacts_per_student
                if self.contacts_per_student is None
                else self.contacts_per_student
            ),
            has_slots=bool(slots),
        )

    def _left_to(self, slot: Feeds) -> Feeds:
        return {name: feed for name, feed in slot.items() if name not in self.feeds}

    def feeds_of(self, slot: int) -> Feeds:
        """All feeds of the ``slot``-th contact of a row, counted from 0."""
        return {**self.feeds, **self.slots[slot]} if self.slots else self.feeds

    @property
    def contacts_per_row(self) -> int:
        """How many contacts a row may have at most."""
        return max(len(self.slots), 1)

    @property
    def is_row_for_row(self) -> bool:
        """Whether each row is one contact of one student or a student alone, and none excluded."""
        return not (self.slots or self.conditions or self.contacts_per_student)

    @property
    def conditions(self) -> tuple[Expression, ...]:
        """The conditions that there are."""
        both = (self.where, self.contact_where)
        return tuple(one for one in both if isinstance(one, Expression))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that it names: what a connector has to ask the source for."""
        feeds = [*self.feeds.values(), *(one for slot in self.slots for one in slot.values())]
        named = [column for feed in feeds for column in columns_of(feed)]
        told = [column for one in self.conditions for column in one.columns]
        return tuple(dict.fromkeys([*named, *told]))


def columns_of(feed: Feed) -> Iterator[str]:
    """The columns that a feed names, in its order."""
    yield from feed.columns
    for one in feed.many:
        yield from columns_of(one)


def pieces(column: str, separator: str) -> Iterable[Feed]:
    """The feeds of one cell that holds many values."""
    for piece in range(MOST_OF_MANY):
        yield Feed("piece", (column,), separator=separator, piece=piece)
