"""Invitations: whoever gets the link chooses a password, once, and is on the team."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from kinsync.domain.errors import KinsyncError
from kinsync.services.people import Person, check_password, mailbox
from kinsync.store import accounts, invitations
from kinsync.store.admission import token_hash
from kinsync.store.invitations import Invitation, waiting, withdraw
from kinsync.transport.mail import Letter

if TYPE_CHECKING:
    from kinsync.store.records import District  # it brings Polars

__all__ = [
    "Invitation",
    "Invited",
    "accept",
    "find",
    "invite",
    "path",
    "send",
    "waiting",
    "withdraw",
]

LASTS = timedelta(days=7)
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation and what its link ends in; "" where somebody was put on the team at once."""

    email: str
    secret: str


def invite(district: "District", email: str, role: str, *, by: str, at: datetime) -> Invited:
    """Invite somebody to a team; whoever signs in already is on it at once.

    ``by`` is who invites, in words for whoever is invited.

    Raises:
        ChangeInput: that is no mailbox.
        TryAgainLater: the database is away; nobody was invited.
    """
    to = mailbox(email)
    person = accounts.find_person(to)
    if person is not None:
        accounts.put_role(district.id, person, role)
        return Invited(to, "")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    invitations.put(Invitation(district.id, to, role, by, at + LASTS), token_hash(secret), at=at)
    return Invited(to, secret)


def find(district: "District", secret: str, at: datetime) -> Invitation:
    """The invitation of a link.

    Raises:
        NotFound: it does not work any more, or never did.
    """
    return invitations.find(district.id, token_hash(secret), at)


def accept(district: "District", secret: str, password: str, at: datetime) -> Person:
    """Come to the team with this password. The link works no more after that.

    Whoever has come to sign in meanwhile by another way keeps the password they have.

    Raises:
        NotFound: the link does not work any more.
        ChangeInput: the password will not do; the link goes on working.
    """
    check_password(password, find(district, secret, at).email)
    with transaction.atomic():
        invitation = invitations.take(district.id, token_hash(secret), at)
        person = accounts.find_person(invitation.email)
        if person is None:
            person = accounts.add_person(invitation.email, password, at=at)
        accounts.put_role(district.id, person, invitation.role)
    return person


def path(district: "District", invited: Invited) -> str:
    """The path of the link that whoever is invited opens."""
    return f"/accounts/invitation/{district.public_id}/{invited.secret}"


def send(
    district: "District", invited: Invited, link: str, post: Callable[[Letter], None], *, by: str
) -> None:
    """Mail a link to whoever is invited; where that cannot be, the invitation ends.

    Raises:
        TryAgainLater, ChangeInput: as the post has it. Nobody is invited then.
    """
    try:
        post(_letter(district, invited, link, by))
    except KinsyncError:
        withdraw(district.id, invited.email)
        raise


def _letter(district: "District", invited: Invited, link: str, by: str) -> Letter:
    """The mail that takes a link to whoever is invited."""
    name = " ".join(district.name.split())
    return Letter(
        invited.email,
        f"{name}: you are invited to Kinsync",
        f"{by} invites you to look after the student contacts of {name}.\n\n"
        f"Choose your password here within {LASTS.days} days. The link works once:\n\n{link}\n\n"
        "If you do not know what this is about, leave it: nothing happens then.\n",
    )
