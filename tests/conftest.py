"""A real PostgreSQL for every test that asks for one: started once, shared, emptied between.

``pytest --server debian`` uses the machine's own PostgreSQL instead of the embedded one. Each
worker of pytest-xdist has a database of its own on the same server.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import hypothesis
import psycopg
import pytest
from django.conf import settings

from kinsync.store.database import ENVIRONMENT
from kinsync.store.storage import Storage
from tests.mailing import mail_server as mail_server
from tests.servers import DebianOne, EmbeddedOne

RUN_FOLDER = "KINSYNC_TEST_RUN"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
WITH_TABLES = f"tables_{WORKER}"
"""A database that nobody uses, with tables up to date: a copy is quicker than making them."""
KEPT = {"auth_permission", "django_migrations", "django_content_type", "id_clock"}
"""Tables that a test finds as the migrations left them."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--server", choices=("embedded", "debian"), default="embedded")
    parser.addoption("--renew-examples", action="store_true", help="write what /docs shows anew")


def pytest_configure(config: pytest.Config) -> None:
    """Say where the database will be; nothing starts before a test needs it."""
    hypothesis.settings.register_profile("kinsync", deadline=None)  # a busy machine is no defect
    hypothesis.settings.load_profile("kinsync")
    if not hasattr(config, "workerinput"):
        folder = tempfile.mkdtemp(prefix="kinsync-tests-")
        Path(folder).chmod(0o711)  # as root, the server's own account passes through
        os.environ[RUN_FOLDER] = folder
    os.environ[ENVIRONMENT] = _server(config).conninfo(f"test_{WORKER}")
    os.environ["DJANGO_SETTINGS_MODULE"] = "kinsync.web.settings"
    django.setup()
    settings.PASSWORD_HASHERS = ["tests.hashing.LightHasher"]


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        if (server := _server(config)) and isinstance(server, DebianOne):
            server.stop()
        shutil.rmtree(os.environ.pop(RUN_FOLDER), ignore_errors=True)


def _server(config: pytest.Config) -> EmbeddedOne | DebianOne:
    home = Path(os.environ[RUN_FOLDER])
    return DebianOne(home) if config.getoption("--server") == "debian" else EmbeddedOne(home)


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Iterator[EmbeddedOne | DebianOne]:
    """The running server with this worker's database, its tables up to date."""
    from django.db import connections

    from kinsync.store.migrate import migrate

    server = _server(pytestconfig)
    with (Path(os.environ[RUN_FOLDER]) / "start.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        server.start()
        with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE test_{WORKER}")
    migrate()
    connections.close_all()
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {WITH_TABLES} TEMPLATE test_{WORKER}")
    yield server
    connections.close_all()
    if isinstance(server, EmbeddedOne):
        server.stop()


@contextlib.contextmanager
def _emptied_afterwards(server: EmbeddedOne | DebianOne) -> Iterator[None]:
    """A database without rows, and no connection that an earlier test ended."""
    from django.db import connections

    connections.close_all()
    whole = server.superuser(f"test_{WORKER}")  # whom no rule about rows and roles holds back
    with contextlib.closing(psycopg.connect(whole, autocommit=True)) as own:
        assert _tables_with_rows(own) == [], "an earlier test left rows, or KEPT lacks a table"
    yield
    with contextlib.closing(psycopg.connect(whole, autocommit=True)) as own:
        _empty(own)


def _empty(own: psycopg.Connection) -> None:
    """Take away what a test has left: of sixty tables it has used a few, so the few are emptied."""
    own.execute("SET session_replication_role = replica")  # in any order
    for table in _tables_with_rows(own):
        own.execute(f"DELETE FROM {table}")
    own.execute(
        "SELECT setval(format('%%I', sequencename)::regclass, start_value, false) FROM pg_sequences"
        " WHERE schemaname = 'public' AND last_value IS NOT NULL"
        " AND NOT rtrim(regexp_replace(sequencename, '[^_]*_seq$', ''), '_') = ANY(%s)",
        (list(KEPT),),
    )


def _tables(own: psycopg.Connection) -> list[str]:
    found = own.execute(
        "SELECT format('%%I', tablename) FROM pg_tables WHERE schemaname = 'public'"
        " AND NOT tablename = ANY(%s) ORDER BY tablename",
        (list(KEPT),),
    )
    return [name for (name,) in found]


def _tables_with_rows(own: psycopg.Connection) -> list[str]:
    asked = " UNION ALL ".join(f"(SELECT '{table}' FROM {table} LIMIT 1)" for table in _tables(own))
    return [name for (name,) in own.execute(asked)]


@pytest.fixture
def database(server: EmbeddedOne | DebianOne) -> Iterator[None]:
    """An empty database for one test, with every table there."""
    with _emptied_afterwards(server):
        yield


@pytest.fixture(scope="module")
def database_of_the_file(server: EmbeddedOne | DebianOne) -> Iterator[None]:
    """An empty database that the tests of one file share."""
    with _emptied_afterwards(server):
        yield


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """The storage of an empty home."""
    return Storage(tmp_path)
