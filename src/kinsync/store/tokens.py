"""Tokens as people handle them: issued, shown by their ids, and closed.

How a request finds what its token opens is ``store.admission``.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from kinsync.domain.errors import NotFound
from kinsync.store import models
from kinsync.store.admission import new_secret, token_hash, token_id
from kinsync.store.database import outages


@dataclass(frozen=True, slots=True)
class KnownToken:
    """One token of a connection, for people: its id, not the token."""

    id: str
    is_listed: bool
    """Whether the application lists it itself."""
    created_at: datetime
    is_open: bool


def issue_token(connection_id: int, *, at: datetime) -> str:
    """A new random token: shown once, kept as a hash."""
    token = new_secret()
    with outages(doing="issuing a token"):
        models.Token.objects.create(
            hash=token_hash(token), connection_id=connection_id, created_at=at
        )
    return token


def list_tokens(connection_id: int) -> list[KnownToken]:
    """Every token of a connection, the oldest first."""
    with outages(doing="listing tokens"):
        rows = list(
            models.Token.objects.select_related("connection")
            .filter(connection_id=connection_id)
            .order_by("created_at", "hash")
        )
    return [_known(row) for row in rows]


def revoke_tokens(connection_id: int, *, at: datetime) -> int:
    """Close every token of a connection for ever, and answer how many were open.

    The application finds its next one where it lists its tokens.
    """
    with outages(doing="revoking tokens"), transaction.atomic():
        _renew(Q(id=connection_id))
        return _close(Q(connection_id=connection_id), at=at)


def revoke_token(connection_id: int, reference: str, *, at: datetime) -> None:
    """Close one token of a connection for ever, named by itself or by its id.

    Raises:
        NotFound: the connection has no open token like that.
    """
    known = {reference, token_hash(reference)}
    with outages(doing="revoking a token"), transaction.atomic():
        tokens = models.Token.objects.filter(connection_id=connection_id, revoked_at=None)
        found = [row for row in tokens if {row.hash, token_id(row.created_at, row.hash)} & known]
        if not found:
            raise NotFound(
                "The connection has no open token like that. 'kinsync token … --list' shows them."
            )
        if found[0].generation is not None:
            _renew(Q(id=connection_id))
        _close(Q(hash=found[0].hash), at=at)


def close_listed_tokens(application_id: int, *, at: datetime) -> int:
    """Close the tokens that follow from an application's secret, in all its connections."""
    _renew(Q(application_id=application_id))
    return _close(Q(connection__application_id=application_id, generation__isnull=False), at=at)


def _renew(which: Q) -> None:
    """Begin a new generation: whatever is listed of the old one, even just now, opens nothing."""
    models.Connection.objects.filter(which).update(generation=F("generation") + 1)


def _close(which: Q, *, at: datetime) -> int:
    hashes = list(
        models.Token.objects.filter(which, revoked_at=None).values_list("hash", flat=True)
    )
    models.TokenMinute.objects.filter(token__in=hashes).delete()
    return models.Token.objects.filter(hash__in=hashes).update(revoked_at=at)


def _known(row: models.Token) -> KnownToken:
    is_current = row.generation in (None, row.connection.generation)
    is_open = row.revoked_at is None and row.connection.ended_at is None and is_current
    return KnownToken(
        token_id(row.created_at, row.hash), row.generation is not None, row.created_at, is_open
    )
