"""Resources of Ed-Fi as rows: what is nested becomes a column, lists become cells.

A descriptor, ``uri://namespace#Code value``, is told by its code value. A state may have numbers
of its own, in a namespace of its own: then the short description stands there, if the API tells it.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kinsync.transport.cells import cell

Resource = Mapping[str, Any]
_COMMON = "uri://ed-fi.org/"

_PHONE_ORDER = ("Mobile", "Home", "Work")
_MAIL_ORDER = ("Home/Personal", "Work", "Organization", "Other")


@dataclass(frozen=True, slots=True)
class Words:
    """What descriptors mean. ``told`` are the short descriptions of states' own ones."""

    told: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def of(descriptors: Sequence[Resource]) -> "Words":
        """The words of some descriptors, as their resources list them."""
        return Words(
            {
                f"{one.get('namespace')}#{one.get('codeValue')}": str(one.get("shortDescription"))
                for one in descriptors
                if one.get("shortDescription")
            }
        )

    @property
    def checksum(self) -> str:
        """Another one where any word is another."""
        return hashlib.sha256(json.dumps(self.told, sort_keys=True).encode()).hexdigest()

    def of_value(self, descriptor: object) -> str:
        """The word of a descriptor; blank where there is none."""
        whole = str(descriptor or "")
        code = whole.rpartition("#")[2]
        return code if whole.startswith(_COMMON) else self.told.get(whole, code)


def reached(resource: Resource, path: str) -> Any:
    """What stands at a path of names with dots; of a list, the element with such a descriptor.

    ``telephones.Mobile.telephoneNumber`` is the number of the first telephone of the type Mobile.
    """
    found: Any = resource
    for name in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(name)
        elif isinstance(found, list):
            found = next((one for one in found if _is_of_type(one, name)), None)
        else:
            return None
    return found


def _is_of_type(element: Any, name: str) -> bool:
    return isinstance(element, Mapping) and any(
        key.endswith("Descriptor") and str(value).rpartition("#")[2] == name
        for key, value in element.items()
    )


def rows_of(
    resources: Sequence[Resource],
    columns: Sequence[str],
    made: Callable[[Resource], Resource],
) -> list[dict[str, Any]]:
    """Resources as rows of these columns.

    What Ed-Fi leaves out is blank, for it leaves out whatever is null; but a name that it always
    gives stays missing, so that it is missed.
    """
    rows = []
    for resource in resources:
        row = {name: value for name, value in resource.items() if not _is_nested(value)}
        for name in columns:
            if name not in row and "." in name:
                value = reached(resource, name)
                row[name] = None if _is_nested(value) else value
        rows.append({**row, **made(resource)})
    return rows


def _is_nested(value: object) -> bool:
    return isinstance(value, Mapping | list)


def phones(contact: Resource, words: Words, withheld: Collection[str]) -> dict[str, str]:
    """The phones that may be published in one cell, in their order, and in another their types."""
    told = [
        (words.of_value(one.get("telephoneNumberTypeDescriptor")), one)
        for one in _listed(contact, "telephones")
        if one.get("telephoneNumber") and one.get("doNotPublishIndicator") is not True
    ]
    kept = sorted(
        ((kind, one) for kind, one in told if kind not in withheld),
        key=lambda pair: (
            _place(pair[1].get("orderOfPriority")),
            _rank(pair[0], _PHONE_ORDER),
            pair[0],
            str(pair[1]["telephoneNumber"]),
        ),
    )
    return {
        "telephones": cell(one["telephoneNumber"] for _, one in kept),
        "telephoneTypes": cell(kind for kind, _ in kept),
    }


def mails(contact: Resource, words: Words) -> dict[str, str]:
    """The addresses that may be published in one cell: the primary one first."""
    told = sorted(
        (
            one
            for one in _listed(contact, "electronicMails")
            if one.get("electronicMailAddress") and one.get("doNotPublishIndicator") is not True
        ),
        key=lambda one: (
            one.get("primaryEmailAddressIndicator") is not True,
            _rank(words.of_value(one.get("electronicMailTypeDescriptor")), _MAIL_ORDER),
            str(one["electronicMailAddress"]),
        ),
    )
    return {"electronicMails": cell(one["electronicMailAddress"] for one in told)}


def address(person: Resource, words: Words) -> dict[str, Any]:
    """Where somebody lives: the home address, or else the first of those to be published."""
    told = sorted(
        (
            one
            for one in _listed(person, "addresses")
            if one.get("doNotPublishIndicator") is not True
        ),
        key=lambda one: (
            words.of_value(one.get("addressTypeDescriptor")) != "Home",
            str(one.get("addressTypeDescriptor")),
            str(one.get("streetNumberName")),
        ),
    )
    if not told:
        return {}
    street = " ".join(
        str(part)
        for part in (told[0].get("streetNumberName"), told[0].get("apartmentRoomSuiteNumber"))
        if part
    )
    return {
        "street": street,
        "city": told[0].get("city"),
        "state": words.of_value(told[0].get("stateAbbreviationDescriptor")),
        "postalCode": told[0].get("postalCode"),
    }


def _listed(resource: Resource, name: str) -> list[Resource]:
    found = resource.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _place(order: object) -> int:
    return order if isinstance(order, int) else 1_000_000


def _rank(word: str, order: Sequence[str]) -> int:
    return order.index(word) if word in order else len(order)
