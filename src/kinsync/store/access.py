"""Applications and their connections to districts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.store import models
from kinsync.store.admission import new_secret, token_hash
from kinsync.store.database import outages
from kinsync.store.ids import allocate_one
from kinsync.store.tokens import close_listed_tokens, revoke_tokens


@dataclass(frozen=True, slots=True)
class Application:
    """One application that reads contacts."""

    id: int
    public_id: str
    name: str
    created_at: datetime
    only_for: int | None = None
    """The district that added it for itself; None: every district may connect it."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One application's tie to one district; ``share`` says what it may see there."""

    id: int
    district_id: int
    district_public_id: str
    application_id: int
    share: Mapping[str, object]
    edition: int = 0
    """The newest one: what the application sees now."""


def add_application(
    name: str, *, at: datetime, only_for: int | None = None
) -> tuple[Application, str]:
    """A new application, and its client secret: shown once, kept as a hash.

    ``only_for`` is the district that adds it for itself: no other one is offered it.

    Raises:
        ChangeInput: the name is blank or taken.
    """
    name = name.strip()
    if not name:
        raise ChangeInput("An application needs a name.")
    secret = new_secret()
    with outages(doing="adding an application"):
        try:
            row = models.Application.objects.create(
                public_id=allocate_one(),
                name=name,
                client_secret_hash=token_hash(secret),
                created_at=at,
                only_for_id=only_for,
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


def renew_secret(application_id: int, *, at: datetime) -> str:
    """A new client secret: shown once, kept as a hash. What followed from the old one is closed."""
    secret = new_secret()
    with outages(doing="renewing a client secret"), transaction.atomic():
        models.Application.objects.filter(id=application_id).update(
            client_secret_hash=token_hash(secret)
        )
        close_listed_tokens(application_id, at=at)
    return secret


def list_connections(district_id: int) -> list[Connection]:
    """The connections of a district that stand, the oldest first."""
    with outages(doing="listing connections"):
        rows = models.Connection.objects.select_related("district").filter(
            district_id=district_id, ended_at=None
        )
        return [_connection(row) for row in rows.order_by("id")]


def end_connection(connection_id: int, *, at: datetime) -> None:
    """Close a connection for ever. What is on record of it stays."""
    with outages(doing="ending a connection"), transaction.atomic():
        models.Connection.objects.filter(id=connection_id, ended_at=None).update(ended_at=at)
        revoke_tokens(connection_id, at=at)


def find_connection(district_id: int, application_id: int) -> Connection:
    """The connection of an application to a district.

    Raises:
        NotFound: they are not connected.
    """
    with outages(doing="looking up a connection"):
        row = (
            models.Connection.objects.select_related("district")
            .filter(district_id=district_id, application_id=application_id, ended_at=None)
            .first()
        )
    if row is None:
        raise NotFound("The application is not connected to the district: 'kinsync connect'.")
    return _connection(row)


def readers(district_id: int) -> list[str]:
    """Names of the applications that may have read a district: a token was given out for it."""
    with outages(doing="looking up connections"):
        found = models.Application.objects.filter(
            connection__district_id=district_id, connection__token__isnull=False
        )
        return list(found.distinct().order_by("name").values_list("name", flat=True))


def _application(row: models.Application) -> Application:
    return Application(row.id, row.public_id, row.name, row.created_at, row.only_for_id)


def _connection(row: models.Connection) -> Connection:
    return Connection(
        id=row.id,
        district_id=row.district_id,
        district_public_id=row.district.public_id,
        application_id=row.application_id,
        share=row.share,
        edition=row.edition,
    )
