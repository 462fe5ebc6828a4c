"""Two districts in the database, and the web door over them without a network between."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kinsync.store.database import ENVIRONMENT, connect
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
from tests.web.serving import PROGRAM, Running, free_port


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


@pytest.fixture
def program(districts: None, tmp_path: Path) -> Path:
    """A script that serves the database of the tests."""
    assert os.environ[ENVIRONMENT]
    path = tmp_path / "serve.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def running(program: Path) -> Iterator[Running]:
    """A server that answers."""
    server = Running(program, free_port())
    assert server.line() == "ready"
    yield server
    if server.process.poll() is None:
        server.stop()
    if server.process.stdout is not None:
        server.process.stdout.close()


@pytest.fixture
def far_app(running: Running) -> Iterator[Application]:
    """The application that reads Lakeside, on the other end of a socket."""
    with httpx.Client(base_url=f"http://127.0.0.1:{running.port}") as client:
        yield Application(client, TOKEN)
