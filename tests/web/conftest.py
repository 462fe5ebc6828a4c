"""Two districts in the database, and the web door over them without a network between."""

from collections.abc import Iterator

import httpx
import pytest

from kinsync.store.database import connect
from tests.web.lakeside import (
    HILLSIDE,
    HILLSIDE_TOKEN,
    LAKESIDE,
    TOKEN,
    Application,
    add_district,
    add_hillside,
    add_lakeside,
)


@pytest.fixture
def districts(database: None) -> None:
    """Lakeside and Hillside, three nights old."""
    with connect() as owner:
        add_district(owner, LAKESIDE, "Lakeside", TOKEN)
        add_district(owner, HILLSIDE, "Hillside", HILLSIDE_TOKEN)
        add_lakeside(owner)
        add_hillside(owner)


@pytest.fixture
def http(districts: None) -> Iterator[httpx.Client]:
    """A client of the web door itself, without a network between."""
    from kinsync.web.wsgi import application

    transport = httpx.WSGITransport(app=application)
    with httpx.Client(transport=transport, base_url="http://kinsync.test") as client:
        yield client


@pytest.fixture
def app(http: httpx.Client) -> Application:
    """The application that reads Lakeside."""
    return Application(http, TOKEN)


@pytest.fixture
def hillside_app(http: httpx.Client) -> Application:
    """The application that reads Hillside."""
    return Application(http, HILLSIDE_TOKEN)
