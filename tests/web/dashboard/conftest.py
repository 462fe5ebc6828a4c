"""People who have signed in to the dashboard of two districts, without a browser between."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.web.dashboard.desk import Desk, add_person


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for what pages keep beside the database."""
    monkeypatch.setenv("KINSYNC_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def open_desk(districts: None, home: Path) -> Iterator[Callable[[], Desk]]:
    """Browsers without a session; earlier tests have signed in often enough to be slowed down."""
    from django.core.cache import cache

    from kinsync.web.wsgi import application

    cache.clear()

    opened: list[httpx.Client] = []

    def open_one() -> Desk:
        transport = httpx.WSGITransport(app=application)
        client = httpx.Client(transport=transport, base_url="http://127.0.0.1")
        opened.append(client)
        return Desk(client)

    yield open_one
    for client in opened:
        client.close()


@pytest.fixture
def stranger(open_desk: Callable[[], Desk]) -> Desk:
    """Nobody that is known."""
    return open_desk()


@pytest.fixture
def owner(open_desk: Callable[[], Desk]) -> Desk:
    """An owner of Lakeside."""
    return open_desk().sign_in(add_person("owner@lakeside.example", "Lakeside", "owner"))


@pytest.fixture
def viewer(open_desk: Callable[[], Desk]) -> Desk:
    """A viewer of Lakeside."""
    return open_desk().sign_in(add_person("viewer@lakeside.example", "Lakeside", "viewer"))


@pytest.fixture
def neighbour(open_desk: Callable[[], Desk]) -> Desk:
    """An owner of Hillside."""
    return open_desk().sign_in(add_person("owner@hillside.example", "Hillside", "owner"))


@pytest.fixture
def operator(open_desk: Callable[[], Desk]) -> Desk:
    """An operator of the agency, with no role in any district."""
    return open_desk().sign_in(add_person("operator@agency.example", None, ""))


@pytest.fixture
def office(open_desk: Callable[[], Desk]) -> Desk:
    """An editor of a district that has published nothing."""
    from kinsync.store import records
    from kinsync.store.database import connect

    with connect() as to:  # the neighbours took their numbers themselves
        for table in ("district", "application", "connection"):
            to.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 100)".encode())
    records.add_district("Brookfield", at=datetime.now(UTC))
    return open_desk().sign_in(add_person("office@brookfield.example", "Brookfield", "editor"))
