"""The applications of a district, as somebody at a desk handles them."""

from collections.abc import Sequence
from dataclasses import dataclass

from kinsync.domain.errors import NotFound
from kinsync.domain.share import Share
from kinsync.services.overview import share_in_words
from kinsync.store import access, records, tokens, webhooks
from kinsync.store.access import Application, Connection
from kinsync.store.tokens import KnownToken
from kinsync.store.webhooks import Endpoint


@dataclass(frozen=True, slots=True)
class Reader:
    """One application that is connected to a district, and all that hangs on that."""

    application: Application
    connection: Connection
    share: Share
    tokens: Sequence[KnownToken]
    endpoints: Sequence[Endpoint]

    @property
    def words(self) -> Sequence[str]:
        """The share in words, one limit a line."""
        return share_in_words(self.share)

    @property
    def open_tokens(self) -> int:
        return sum(one.is_open for one in self.tokens)

    @property
    def disabled(self) -> Sequence[Endpoint]:
        """Endpoints that get no messages."""
        return [one for one in self.endpoints if not one.is_enabled]


def readers(district: records.District) -> list[Reader]:
    """Everybody who is connected, by name.

    Raises:
        TryAgainLater: the database is away.
    """
    known = {one.id: one for one in access.list_applications()}
    found = [
        _reader(known[one.application_id], one) for one in access.list_connections(district.id)
    ]
    return sorted(found, key=lambda one: one.application.name.casefold())


def reader(district: records.District, client_id: str) -> Reader:
    """One application that is connected.

    Raises:
        NotFound: there is none of that id, or it is not connected.
    """
    application = _application(district, client_id)
    return _reader(application, access.find_connection(district.id, application.id))


def application(district: records.District, client_id: str) -> Application:
    """An application that the district has connected, or may connect.

    Raises:
        NotFound: there is none of that id, or it is another district's own.
    """
    return _application(district, client_id)


def choices(district: records.District) -> list[Application]:
    """Applications that the district may connect and has not, by name."""
    tied = {one.application_id for one in access.list_connections(district.id)}
    return [
        one
        for one in access.list_applications()
        if one.id not in tied and _is_offered(one, district)
    ]


def _reader(application: Application, connection: Connection) -> Reader:
    return Reader(
        application,
        connection,
        Share.from_json(connection.share),
        tokens.list_tokens(connection.id),
        webhooks.list_endpoints(connection.district_id, connection.id),
    )


def _application(district: records.District, client_id: str) -> Application:
    """By id alone: what an address names."""
    found = [one for one in access.list_applications() if one.public_id == client_id]
    tied = {one.application_id for one in access.list_connections(district.id)}
    if not found or not (found[0].id in tied or _is_offered(found[0], district)):
        raise NotFound(f"{district.name} knows no such application.")
    return found[0]


def _is_offered(application: Application, district: records.District) -> bool:
    return application.only_for in (None, district.id)
