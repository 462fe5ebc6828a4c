"""Who is asking for a district's data, and what they may see of it."""

import hashlib

from kinsync.store import queries
from kinsync.store.scope import Scope

__all__ = ["Scope", "authenticate", "token_hash"]


def token_hash(token: str) -> str:
    """The form in which a bearer token is stored.

    A plain hash is enough: a token is 160 random bits, so nothing shorter can be guessed from it.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def authenticate(token: str) -> Scope | None:
    """What the bearer of this token may see as of now; None where the token is not valid.

    The version is read here, once, and every query of the request goes by it.

    Raises:
        TryAgainLater: the database is away.
    """
    return queries.scope_of_token(token_hash(token))
