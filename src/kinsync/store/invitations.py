"""Invitations to a district's team: by the hash of what their link ends in, until they end."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from kinsync.domain.errors import NotFound
from kinsync.store import models
from kinsync.store.database import outages


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody who may come to a team, as what, and until when."""

    district_id: int
    email: str
    role: str
    invited_by: str
    ends_at: datetime


def put(invitation: Invitation, hash_: str, *, at: datetime) -> None:
    """Invite somebody; an earlier invitation of the same mailbox ends with that."""
    with outages(doing="inviting somebody"), transaction.atomic():
        models.Invitation.objects.filter(
            district_id=invitation.district_id, email__iexact=invitation.email
        ).delete()
        models.Invitation.objects.create(
            district_id=invitation.district_id,
            hash=hash_,
            email=invitation.email,
            role=invitation.role,
            invited_by=invitation.invited_by,
            created_at=at,
            ends_at=invitation.ends_at,
        )


def waiting(district_id: int, at: datetime) -> list[Invitation]:
    """Whoever is invited and has not come, by mailbox; what has ended is forgotten."""
    with outages(doing="listing invitations"):
        rows = models.Invitation.objects.filter(district_id=district_id)
        rows.filter(ends_at__lte=at).delete()
        return [_invitation(row) for row in rows.order_by("email")]


def find(district_id: int, hash_: str, at: datetime) -> Invitation:
    """The invitation of a link.

    Raises:
        NotFound: it was used, taken back or has ended, or never was.
    """
    with outages(doing="looking up an invitation"):
        row = models.Invitation.objects.filter(
            district_id=district_id, hash=hash_, ends_at__gt=at
        ).first()
    if row is None:
        raise NotFound(
            "This invitation does not work any more: it was used, was taken back or has ended. "
            "Ask whoever invited you for another one."
        )
    return _invitation(row)


def take(district_id: int, hash_: str, at: datetime) -> Invitation:
    """Use an invitation up: of any number of callers one gets it. Call it within a transaction.

    Raises:
        NotFound: as ``find``.
    """
    found = find(district_id, hash_, at)
    with outages(doing="accepting an invitation"):
        rows = models.Invitation.objects.filter(district_id=district_id, hash=hash_)
        if not rows.delete()[0]:
            return find(district_id, hash_, at)
    return found


def withdraw(district_id: int, email: str) -> None:
    """Let an invitation end now."""
    with outages(doing="taking an invitation back"):
        models.Invitation.objects.filter(district_id=district_id, email__iexact=email).delete()


def _invitation(row: models.Invitation) -> Invitation:
    return Invitation(row.district_id, row.email, row.role, row.invited_by, row.ends_at)
