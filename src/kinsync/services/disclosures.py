"""Who received whose contacts: put on record with every answer, and told when it is asked."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from kinsync.domain.errors import NotFound
from kinsync.domain.identity import identity_hash
from kinsync.store import disclosures
from kinsync.store.disclosures import Disclosed, Disclosure, put_on_record

if TYPE_CHECKING:
    from kinsync.store.records import District  # it brings Polars, which no web process needs

__all__ = ["Disclosed", "Disclosure", "latest_of", "of_contact", "of_student", "put_on_record"]

LATEST = 2_000
"""Answers that a page about one person looks through: it has to be there at once."""


def of_student(
    district: "District",
    reference: str,
    *,
    since: datetime | None = None,
    keys: Sequence[bytes] = (),
) -> list[Disclosure]:
    """Answers that named a contact of a student to an application, the oldest first.

    Args:
        reference: the student's id, or a SIS id that was the student's.
        since: no answer before it.
        keys: under which identities are hashed of those whose values are purged.

    Raises:
        NotFound: no version of the district has such a student.
    """
    hashes = _hashes(district, "student", reference, keys)
    ids = disclosures.student_ids(district.id, reference, hashes)
    if not ids:
        raise NotFound(f"No version of {district.name} has a student with that id.")
    return disclosures.named(district.id, students=ids, since=since)


def of_contact(
    district: "District",
    reference: str,
    *,
    since: datetime | None = None,
    keys: Sequence[bytes] = (),
) -> list[Disclosure]:
    """Answers that named a contact to an application, the oldest first.

    Args:
        reference: an id of the contact in any version of the API, an id of somebody who was merged
            with the contact, or a SIS id.
        since: no answer before it.
        keys: as ``of_student``.

    Raises:
        NotFound: no version of the district has such a contact.
    """
    hashes = _hashes(district, "contact", reference, keys)
    ids = disclosures.contact_ids(district.id, reference, hashes)
    if not ids:
        raise NotFound(f"No version of {district.name} has a contact with that id.")
    return disclosures.named(district.id, contacts=ids, since=since)


def latest_of(district: "District", kind: str, id_: str) -> list[Disclosure]:
    """Answers among the district's latest ``LATEST`` that named a contact, or a contact of a
    student, the latest first.

    Args:
        kind: ``contact`` or ``student``.
        id_: an id in v3, of the published version or of one before it.
    """
    if kind == "student":
        found = disclosures.named(district.id, students=[id_], most=LATEST)
    else:
        ids = disclosures.merged_ids(district.id, id_)
        found = disclosures.named(district.id, contacts=ids, most=LATEST)
    return found[::-1]


def _hashes(district: "District", kind: str, reference: str, keys: Sequence[bytes]) -> list[str]:
    return [identity_hash(key, district.id, kind, "sis_id", reference.strip()) for key in keys]
