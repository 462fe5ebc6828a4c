"""What a token opens, looked up with every request; and the tokens that follow from a secret.

A token is 40 hex digits of which only a hash is kept. There are two kinds. One is random and shown
once, to whoever runs ``kinsync token``. The other is the application's own: it follows from the
client secret, which only the application has, and from the generation of the connection, so that it
can be listed again and again without being kept. A new generation ends it and makes the next one.
"""

# ruff: noqa: S608 - statements are put together from this module's own words alone

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from django.db import connection

from kinsync.store.database import outages
from kinsync.store.scope import Scope

TOKEN_BYTES = 20
TOKEN_DIGITS = 2 * TOKEN_BYTES

OPENED = (
    "SELECT c.id, d.id, d.public_id, d.published, c.share::text, c.edition"
    " FROM token t JOIN connection c ON c.id = t.connection_id"
    " JOIN district d ON d.id = c.district_id"
    " WHERE t.hash = %(hash)s AND t.revoked_at IS NULL AND c.ended_at IS NULL"
    " AND (t.generation IS NULL OR t.generation = c.generation)"
)
"""What a token opens: the columns of ``Scope``, in its order."""

OPENED_AND_COUNTED = (
    f"WITH opened AS MATERIALIZED ({OPENED}),"
    " clock AS (SELECT floor(extract(epoch FROM statement_timestamp()))::int AS seconds),"
    " counted AS (INSERT INTO token_minute AS m (token, slot, minute, used)"
    " SELECT %(hash)s, seconds / 60 %% 60, seconds / 60, 1 FROM clock WHERE EXISTS (TABLE opened)"
    " ON CONFLICT (token, slot) DO UPDATE SET minute = excluded.minute,"
    " used = CASE WHEN m.minute = excluded.minute THEN m.used + 1 ELSE 1 END"
    " WHERE m.minute <> excluded.minute OR m.used < %(limit)s RETURNING used)"
    " SELECT opened.*, seconds, (TABLE counted) FROM opened, clock"
)
"""The same, and one request counted: nothing where the token has used up its minute.

The row of the minute is locked while it is counted, so that all processes count as one; its clock
is the database's. An unknown token writes nothing.
"""

OF_APPLICATION = (
    "SELECT a.client_secret_hash, a.public_id, c.id, c.generation, d.public_id, c.share::text,"
    " t.hash, t.created_at"
    " FROM application a LEFT JOIN connection c ON c.application_id = a.id AND c.ended_at IS NULL"
    " LEFT JOIN district d ON d.id = c.district_id"
    " LEFT JOIN token t ON t.connection_id = c.id AND t.generation = c.generation"
    " AND t.revoked_at IS NULL"
    " WHERE a.public_id = %(client_id)s ORDER BY c.id"
)
"""One row per connection of an application, from one moment: its secret fits its generations."""

CLIENT_ID = (
    "SELECT a.public_id FROM connection c JOIN application a ON a.id = c.application_id"
    " WHERE c.id = %(connection)s"
)


class OwnRow(NamedTuple):
    """One row of ``OF_APPLICATION``. All but the first two are null where there is none."""

    secret_hash: str
    client_id: str
    connection_id: int
    generation: int
    district: str
    share: str
    hash: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Admission:
    """What a token opens, and how much of its minute was used with this request."""

    scope: Scope
    limit: int
    """Requests a minute; 0 where they are not counted."""
    used: int | None
    """Requests of this minute up to this one; None where it is one too many."""
    at_seconds: int
    """The database's clock, in seconds since 1970."""

    @property
    def resets_at_seconds(self) -> int:
        """When the next minute begins, in seconds since 1970."""
        return self.at_seconds // 60 * 60 + 60


@dataclass(frozen=True, slots=True)
class ListedToken:
    """One token of an application, in clear: for the application alone."""

    id: str
    token: str
    district: str
    """The district's public id."""
    share: Mapping[str, object]
    created_at: datetime


def token_hash(token: str) -> str:
    """The form in which tokens and client secrets are stored.

    SHA-256 is enough: 160 random bits are not guessed, however fast the hash.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def new_secret() -> str:
    """A random token or client secret: 160 bits, 40 hex digits."""
    return secrets.token_hex(TOKEN_BYTES)


def admit(token: str, *, limit: int) -> Admission | None:
    """What a token opens as of now, and one request of it counted; None where it opens nothing.

    It is one round trip, and nothing of it is remembered: what was revoked is closed to the next
    request on every process.

    Raises:
        TryAgainLater: the database is away.
    """
    statement = OPENED_AND_COUNTED if limit else OPENED
    values = {"hash": token_hash(token), "limit": limit}
    with outages(doing="looking a token up"):
        found = _rows(statement, values)
    if not found:
        return None
    [row] = found
    if not limit:
        return Admission(Scope(*row), 0, 0, 0)
    *scope, seconds, used = row
    return Admission(Scope(*scope), limit, used, seconds)


def list_application_tokens(
    client_id: str, client_secret: str, *, at: datetime
) -> list[ListedToken] | None:
    """An application's own token of each connection; None where id and secret do not fit.

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="listing tokens"):
        rows = _of_application(client_id)
        if not _is_secret(client_secret, rows[0].secret_hash if rows else ""):
            return None
        if missing := [row for row in rows if row.connection_id and not row.hash]:
            _keep_own(client_secret, missing, at=at)
            rows = _of_application(client_id)
    return [
        _listed(client_secret, row)
        for row in rows
        if row.hash == token_hash(_own_token(client_secret, row))
    ]


def client_id(connection_id: int) -> str:
    """By what the application of a connection names itself.

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="looking an application up"):
        [(found,)] = _rows(CLIENT_ID, {"connection": connection_id})
    return str(found)


def _of_application(client_id: str) -> list[OwnRow]:
    return [OwnRow._make(row) for row in _rows(OF_APPLICATION, {"client_id": client_id})]


def _is_secret(given: str, kept_hash: str) -> bool:
    return hmac.compare_digest(token_hash(given), kept_hash)


def _own_token(client_secret: str, row: OwnRow) -> str:
    """The token that follows from a client secret in one generation of a connection."""
    named = f"{row.client_id}:{row.connection_id}:{row.generation}".encode()
    return hmac.new(client_secret.encode(), named, hashlib.sha256).hexdigest()[:TOKEN_DIGITS]


def _keep_own(client_secret: str, rows: list[OwnRow], *, at: datetime) -> None:
    """Keep the hash of the token of each row; a process that does the same meanwhile is no harm."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO token (hash, connection_id, generation, created_at)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT (hash) DO NOTHING",
            [
                (token_hash(_own_token(client_secret, row)), row.connection_id, row.generation, at)
                for row in rows
            ],
        )


def _listed(client_secret: str, row: OwnRow) -> ListedToken:
    return ListedToken(
        id=token_id(row.created_at, row.hash),
        token=_own_token(client_secret, row),
        district=row.district,
        share=json.loads(row.share),
        created_at=row.created_at,
    )


def token_id(created_at: datetime, hashed: str) -> str:
    """What a token is called: 24 hex digits that ascend with time and open nothing."""
    return f"{int(created_at.timestamp()):08x}{hashed[:16]}"


def _rows(statement: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """Run a statement on Django's connection, past its wrapper, so that it is planned once."""
    with connection.cursor() as cursor, psycopg.Cursor(cursor.connection) as direct:
        return direct.execute(statement.encode(), values).fetchall()
