"""Applications, their connections to districts, and the tokens that open them."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError
from django.db.models import Q

from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.store import models
from kinsync.store.database import outages
from kinsync.store.ids import allocate_one

TOKEN_BYTES = 20


@dataclass(frozen=True, slots=True)
class Application:
    """One application that reads contacts."""

    id: int
    public_id: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Connection:
    """One application's tie to one district; ``share`` says what it may see there."""

    id: int
    district_id: int
    district_public_id: str
    application_id: int
    share: Mapping[str, object]


def add_application(name: str, *, at: datetime) -> tuple[Application, str]:
    """A new application, and its client secret: shown once, kept as a hash.

    Raises:
        ChangeInput: the name is blank or taken.
    """
    name = name.strip()
    if not name:
        raise ChangeInput("An application needs a name.")
    secret = secrets.token_hex(TOKEN_BYTES)
    with outages(doing="adding an application"):
        try:
            row = models.Application.objects.create(
                public_id=allocate_one(),
                name=name,
                client_secret_hash=_hash(secret),
                created_at=at,
            )
        except IntegrityError:
            raise ChangeInput(f"There is an application named {name!r} already.") from None
    return _application(row), secret


def list_applications() -> list[Application]:
    """Every application, by name."""
    with outages(doing="listing applications"):
        return [_application(row) for row in models.Application.objects.order_by("name")]


def find_application(reference: str) -> Application:
    """The application of that id or name; an id wins.

    Raises:
        NotFound: there is none.
    """
    by_reference = Q(public_id=reference) | Q(name__iexact=reference.strip())
    with outages(doing="looking up an application"):
        found = list(models.Application.objects.filter(by_reference))
    if not found:
        raise NotFound(f"There is no application {reference!r}. 'kinsync app list' shows them.")
    return _application(min(found, key=lambda row: row.public_id != reference))


def connect_application(
    district_id: int, application_id: int, share: Mapping[str, object], *, at: datetime
) -> Connection:
    """Tie an application to a district, or change what it may see there."""
    with outages(doing="connecting an application"):
        models.Connection.objects.update_or_create(
            district_id=district_id,
            application_id=application_id,
            defaults={"share": dict(share)},
            create_defaults={"share": dict(share), "created_at": at},
        )
    return find_connection(district_id, application_id)


def find_connection(district_id: int, application_id: int) -> Connection:
    """The connection of an application to a district.

    Raises:
        NotFound: they are not connected.
    """
    with outages(doing="looking up a connection"):
        row = (
            models.Connection.objects.select_related("district")
            .filter(district_id=district_id, application_id=application_id)
            .first()
        )
    if row is None:
        raise NotFound("The application is not connected to the district: 'kinsync connect'.")
    return _connection(row)


def issue_token(connection_id: int, *, at: datetime) -> str:
    """A new bearer token, 40 hex digits: shown once, kept as a hash."""
    token = secrets.token_hex(TOKEN_BYTES)
    with outages(doing="issuing a token"):
        models.Token.objects.create(hash=_hash(token), connection_id=connection_id, created_at=at)
    return token


def revoke_token(token: str, *, at: datetime) -> None:
    """Close a token for ever; one that is unknown or revoked stays so."""
    with outages(doing="revoking a token"):
        models.Token.objects.filter(hash=_hash(token), revoked_at=None).update(revoked_at=at)


def readers(district_id: int) -> list[str]:
    """Names of the applications that may have read a district: a token was given out for it."""
    with outages(doing="looking up connections"):
        found = models.Application.objects.filter(
            connection__district_id=district_id, connection__token__isnull=False
        )
        return list(found.distinct().order_by("name").values_list("name", flat=True))


def find_by_token(token: str) -> Connection | None:
    """The connection that a token opens, unless it is unknown or revoked."""
    with outages(doing="checking a token"):
        row = (
            models.Token.objects.select_related("connection__district")
            .filter(hash=_hash(token), revoked_at=None)
            .first()
        )
    return None if row is None else _connection(row.connection)


def _hash(secret: str) -> str:
    """SHA-256 is enough: 160 random bits are not guessed, however fast the hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _application(row: models.Application) -> Application:
    return Application(row.id, row.public_id, row.name, row.created_at)


def _connection(row: models.Connection) -> Connection:
    return Connection(
        id=row.id,
        district_id=row.district_id,
        district_public_id=row.district.public_id,
        application_id=row.application_id,
        share=row.share,
    )
