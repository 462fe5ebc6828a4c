"""Who may use the dashboard: people, their roles in districts, and the record of their acts."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from email_validator import EmailNotValidError, validate_email

from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.store import accounts
from kinsync.store.accounts import EDITOR, OWNER, ROLES, VIEWER, Act, Member, Person, put_on_record

if TYPE_CHECKING:
    from kinsync.store.records import District  # it brings Polars

__all__ = [
    "EDITOR",
    "OWNER",
    "ROLES",
    "VIEWER",
    "Act",
    "Added",
    "Member",
    "Person",
    "add",
    "put_on_record",
]

PASSWORD_BYTES = 15
LONGEST_GRANT = timedelta(hours=24)
OPEN_UNTIL = "open_to_operators_until"
"""Among a district's settings: until when operators see its people."""


@dataclass(frozen=True, slots=True)
class Added:
    """A person, and the password that was made for them; "" where they have one already."""

    person: Person
    password: str


def add(
    email: str,
    *,
    district: "District | None" = None,
    role: str = VIEWER,
    is_operator: bool = False,
    password: str = "",
    at: datetime,
) -> Added:
    """Let a person sign in, with a role in a district or as an operator.

    Whoever is known already gets the role beside those they have, and keeps their password.

    Raises:
        ChangeInput: the mailbox or the password will not do, or neither role nor operator is meant.
    """
    if district is None and not is_operator:
        raise ChangeInput("Name a district with --district, or make the person an --operator.")
    mailbox = _mailbox(email)
    person = accounts.find_person(mailbox)
    made = ""
    if person is None:
        made = password or secrets.token_urlsafe(PASSWORD_BYTES)
        check_password(made, mailbox)
        person = accounts.add_person(mailbox, made, at=at, is_operator=is_operator)
    elif is_operator:
        accounts.set_operator(person, is_operator=True)
    if district is not None:
        accounts.put_role(district.id, person, role)
    return Added(person, "" if password else made)


def new_password(email: str, *, password: str = "") -> Added:
    """Another password for a person, made where none is given; their sessions end.

    Raises:
        NotFound: nobody has that mailbox.
        ChangeInput: the password will not do.
    """
    person = find(email)
    made = password or secrets.token_urlsafe(PASSWORD_BYTES)
    check_password(made, person.email)
    accounts.set_password(person, made)
    return Added(person, "" if password else made)


def find(email: str) -> Person:
    """The person of a mailbox.

    Raises:
        NotFound: there is none.
    """
    person = accounts.find_person(email.strip())
    if person is None:
        raise NotFound("Nobody signs in with that mailbox. 'kinsync user list' shows everybody.")
    return person


def check_password(password: str, email: str) -> None:
    """See that a password will do.

    Raises:
        ChangeInput: it will not; the message says why.
    """
    from kinsync.store.models import User

    try:
        validate_password(password, User(email=email))
    except ValidationError as error:
        raise ChangeInput(" ".join(error.messages)) from None


def districts_of(person: Person, districts: "Collection[District]") -> list[tuple["District", str]]:
    """Districts that a person may see, with the role; "" for an operator without one."""
    roles = accounts.roles_of(person.id)
    return [
        (district, roles.get(district.id, ""))
        for district in districts
        if district.id in roles or person.is_operator
    ]


def is_open_to_operators(district: "District", at: datetime) -> bool:
    """Whether the district has let operators see its people, and that has not ended."""
    until = district.settings.get(OPEN_UNTIL)
    return isinstance(until, str) and at < datetime.fromisoformat(until)


def _mailbox(email: str) -> str:
    try:
        found = validate_email(email.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise ChangeInput("That is no mailbox; give one like name@district.example.") from None
    return found.normalized.lower()


def open_to_operators(district: "District", hours: int, at: datetime) -> None:
    """Let operators see the district's people for so many hours; 0 ends it.

    Raises:
        ChangeInput: that is longer than a day.
    """
    from kinsync.store import records

    if timedelta(hours=hours) > LONGEST_GRANT:
        raise ChangeInput("Operators see people for a day at most. Choose fewer hours.")
    until = (at + timedelta(hours=hours)).isoformat() if hours else None
    records.change_settings(district.id, {OPEN_UNTIL: until})
