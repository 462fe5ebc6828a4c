"""Priority: of several sources of one district, whose value stands, field by field.

Of each field the value of the source that comes first stands, of those that say anything: a blank
never beats a value. Sources are named by their numbers.

What is published knows where it came from by ``sources``, a column of each record: the fields that
are *not* of the oldest source of its version, each with the number of the one that they are of.

    email:7 phones:7

Null is a record that is all of the oldest source. So a district with one source marks nothing, and
a second one changes no record but those that it has a part in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kinsync.domain.flags import NAMES
from kinsync.domain.frames import STUDENT_DETAILS

Fields = Mapping[str, tuple[str, ...]]
"""Field → the columns that are of one source together. It says something where the first does."""

MARKS = "sources"
"""The column."""

CONTACT: Fields = {
    "name": ("name",),
    "phones": ("phone", "phone_extension", "phone_type", "phone_type_source"),
    "email": ("email",),
    "address": ("address",),
    "sis_id": ("sis_id",),
}
RELATIONSHIP: Fields = {
    "type": ("type", "type_source"),
    "relationship": ("relationship", "relationship_source"),
    **{name: (name,) for name in NAMES},
}
STUDENT: Fields = {name: (name,) for name in STUDENT_DETAILS}

ORDERED = (
    *(name for name in CONTACT if name != "sis_id"),
    *("type", "relationship", "flags"),
    *("student_email" if name == "email" else name for name in STUDENT_DETAILS),
)
"""Fields that may have an order of their own. Two different SIS ids are never one person."""


@dataclass(frozen=True, slots=True)
class Priority:
    """Numbers of sources, the one whose values stand first: in general, and for some fields.

    ``by_field`` need not name all: the others follow in the general order.
    """

    order: tuple[int, ...] = ()
    by_field: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def is_of_one(self) -> bool:
        """Whether nobody has to stand back."""
        return len(self.order) < 2

    @property
    def oldest(self) -> int:
        """The source whose values bear no mark."""
        return min(self.order)

    def of(self, name: str) -> tuple[int, ...]:
        """The order for one field (``ORDERED``)."""
        first = [one for one in self.by_field.get(name, ()) if one in self.order]
        return (*first, *(one for one in self.order if one not in first))

    def as_json(self) -> dict[str, object]:
        return {
            "order": list(self.order),
            "fields": {name: list(order) for name, order in self.by_field.items()},
        }

    def without(self, source: int) -> "Priority":
        """The same without one source."""

        def others(order: Sequence[int]) -> tuple[int, ...]:
            return tuple(one for one in order if one != source)

        told = {name: others(order) for name, order in self.by_field.items()}
        return Priority(others(self.order), {name: order for name, order in told.items() if order})


ONE_SOURCE = Priority()
"""Of a delivery that has nobody to stand back."""


def read_marks(text: str | None) -> dict[str, int]:
    """The fields of one record that bear a mark, and of which source each is."""
    pairs = (mark.rpartition(":") for mark in (text or "").split())
    return {name: int(number) for name, _, number in pairs}
