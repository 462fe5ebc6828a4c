"""Which contacts an answer names: read from the answer itself, so that no view can forget to say.

What is found is put on record before the answer goes out (``answers.endpoint``). A record names a
range of ids and the address that was asked, from which the people follow; so an address that serves
contacts has to be known here, and one that is not is a defect, not a gap in the record.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kinsync.domain.errors import Defect
from kinsync.services.disclosures import Disclosed

Record = Mapping[str, Any]

OBJECT_ID = re.compile(r"[0-9a-f]{24}")
OF_ONE_STUDENT = frozenset({"students/{id}/contacts", "users/{id}/mycontacts"})
WHOLE = frozenset({"contacts", "contacts/{id}", "users", "users/{id}", "events", "events/{id}"})
"""Addresses of contacts of everybody who is shared, all or one. Ids of events are events' own."""
EVENT_TYPES = ("users.", "contacts.", "studentcontacts.")


def disclosed(version: str, path: str, body: Record) -> Disclosed | None:
    """What to put on record of an answer; None where it names no contact.

    Raises:
        Defect: the address is not known to serve contacts, and does.
    """
    if "data" not in body:
        return None
    parts = path.lower().strip("/").split("/")[1:]
    endpoint = "/".join("{id}" if OBJECT_ID.fullmatch(part) else part for part in parts)
    named = list(_named(version, endpoint, _records(body)))
    if not named:
        return None
    if endpoint not in WHOLE | OF_ONE_STUDENT:
        raise Defect(f"/{version}/{endpoint} serves contacts: say on record which.")
    ids = [record["id"] for record, _ in named]
    return Disclosed(
        api=version,
        endpoint=endpoint,
        first_id=min(ids),
        last_id=max(ids),
        student_id=parts[1] if endpoint in OF_ONE_STUDENT else None,
        records=len(named),
        fields=filled_fields(contact for _, contact in named),
    )


def filled_fields(contacts: Iterable[Record]) -> tuple[str, ...]:
    """The fields that have a value in one of these contacts at least, sorted.

    A field that a share leaves out is served blank: it is not in the list, for nobody received it.
    """
    filled: set[str] = set()
    blank: set[str] = set()
    for contact in contacts:
        _sort_fields(contact, filled, blank)
        if filled >= blank:
            break  # every contact of an answer has the same fields
    return tuple(sorted(filled))


def _records(body: Record) -> list[Record]:
    """The records of a list, wrapped or bare, or the one record."""
    data = body["data"]
    if isinstance(data, list):
        return [item.get("data", item) for item in data]
    return [data]


def _named(
    version: str, endpoint: str, records: Iterable[Record]
) -> Iterator[tuple[Record, Record]]:
    """Each record that names a contact, and what it says: itself, or what an event tells of."""
    collection = endpoint.removesuffix("/{id}").rpartition("/")[2]
    if collection == "events":
        for event in records:
            told = event["data"]
            if event["type"].startswith(EVENT_TYPES) and _is_contact(version, told["object"]):
                yield event, told
    elif version.startswith("v3.") or collection == "contacts":
        yield from ((record, record) for record in records if _is_contact(version, record))


def _is_contact(version: str, record: Record) -> bool:
    """v3 has one kind of user in several roles; before, a contact is a kind of record."""
    return not version.startswith("v3.") or "contact" in record.get("roles", ())


def _sort_fields(record: Record, filled: set[str], blank: set[str]) -> None:
    """Add each attribute by its own name, whatever it lies in, to those with or without a value."""
    for name, value in record.items():
        if name in filled:
            continue
        if name == "name":  # its parts are one field
            (filled if value else blank).add(name)
        elif isinstance(value, dict):
            _sort_fields(value, filled, blank)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for item in value:
                _sort_fields(item, filled, blank)
        else:
            (filled if value else blank).add(name)
