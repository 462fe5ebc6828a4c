"""Who is asking for a district's data, and what they may see of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kinsync.store import admission
from kinsync.store.admission import TOKEN_DIGITS, Admission, admit, token_hash
from kinsync.store.scope import Scope

__all__ = [
    "TOKEN_DIGITS",
    "Admission",
    "OwnToken",
    "Scope",
    "admit",
    "client_id_of",
    "own_tokens",
    "scopes",
    "scopes_of",
    "token_hash",
]

LIMITED_BY = {
    "read:schools": ("schools",),
    "read:student_contacts": ("schools", "grades", "types", "relationships", "flags"),
    "read:students": ("schools", "grades"),
    "read:user_id": (),
}
"""What a connection may read, by the names that applications know, and which limits of its share
take it away when they let nothing through."""


@dataclass(frozen=True, slots=True)
class OwnToken:
    """One token of an application, as the application lists it."""

    id: str
    token: str
    district: str
    scopes: list[str]
    created_at: datetime


def own_tokens(client_id: str, client_secret: str, *, at: datetime) -> list[OwnToken] | None:
    """An application's own token of each of its connections; None where the secret is wrong.

    Raises:
        TryAgainLater: the database is away.
    """
    found = admission.list_application_tokens(client_id, client_secret, at=at)
    if found is None:
        return None
    return [
        OwnToken(one.id, one.token, one.district, scopes(one.share), one.created_at)
        for one in found
    ]


def scopes(share: Mapping[str, object]) -> list[str]:
    """What a share lets an application read: the names of its parts, sorted."""
    return [
        scope
        for scope, limits in LIMITED_BY.items()
        if not any(share.get(limit) == [] for limit in limits)
    ]


def scopes_of(scope: Scope) -> list[str]:
    """The same of the share that a token opened."""
    return scopes(json.loads(scope.share))


def client_id_of(scope: Scope) -> str:
    """By what the application names itself whose token this scope is of.

    Raises:
        TryAgainLater: the database is away.
    """
    return admission.client_id(scope.connection_id)
