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
from kinsync.store import accounts, teams
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
    to = mailbox(email)
    person = accounts.find_person(to)
    made = ""
    if person is None:
        made = password or secrets.token_urlsafe(PASSWORD_BYTES)
        check_password(made, to)
        person = accounts.add_person(to, made, at=at, is_operator=is_operator)
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


def leave(district: "District", person: Person) -> None:
    """Take a person off a district's team: no pages, and no reports by mail.

    Raises:
        ChangeInput: that would leave the district without an owner.
        NotFound: they are not on it.
    """
    accounts.remove_role(district.id, person)
    if any(one.email == person.email for one in teams.list_members(district.id)):
        teams.remove_member(district.id, person.email)


def sign_out(district: "District", person: Person) -> int:
    """End every session of somebody on a district's team; answers how many there were.

    Raises:
        NotFound: they are not on it.
    """
    if district.id not in accounts.roles_of(person.id):
        raise NotFound("That person has no role in the district.")
    return accounts.end_sessions(person)


def is_open_to_operators(district: "District", at: datetime) -> bool:
    """Whether the district has let operators see its people, and that has not ended."""
    until = open_until(district)
    return until is not None and at < until


def open_until(district: "District") -> datetime | None:
    """Until when the district lets operators see its people, or did so last."""
    until = district.settings.get(OPEN_UNTIL)
    return datetime.fromisoformat(until) if isinstance(until, str) else None


def mailbox(email: str) -> str:
    """A mailbox as it is kept.

    Raises:
        ChangeInput: that is none.
    """
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
