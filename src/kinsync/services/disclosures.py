"""Who received whose contacts: put on record with every answer, and told when it is asked."""

from datetime import datetime
from typing import TYPE_CHECKING

from kinsync.domain.errors import NotFound
from kinsync.store import disclosures
from kinsync.store.disclosures import Disclosed, Disclosure, put_on_record

if TYPE_CHECKING:
    from kinsync.store.records import District  # it brings Polars, which no web process needs

__all__ = ["Disclosed", "Disclosure", "of_contact", "of_student", "put_on_record"]


def of_student(
    district: "District", reference: str, *, since: datetime | None = None
) -> list[Disclosure]:
    """Answers that named a contact of a student to an application, the oldest first.

    Args:
        reference: the student's id, or a SIS id that was the student's.

    Raises:
        NotFound: no version of the district has such a student.
    """
    ids = disclosures.student_ids(district.id, reference)
    if not ids:
        raise NotFound(f"No version of {district.name} has a student with that id.")
    return disclosures.named(district.id, students=ids, since=since)


def of_contact(
    district: "District", reference: str, *, since: datetime | None = None
) -> list[Disclosure]:
    """Answers that named a contact to an application, the oldest first.

    Args:
        reference: an id of the contact in any version of the API, an id of somebody who was merged
            with the contact, or a SIS id.

    Raises:
        NotFound: no version of the district has such a contact.
    """
    ids = disclosures.contact_ids(district.id, reference)
    if not ids:
        raise NotFound(f"No version of {district.name} has a contact with that id.")
    return disclosures.named(district.id, contacts=ids, since=since)
