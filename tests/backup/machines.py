"""Machines: a home and a database each, of which one is backed up and another restored."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from kinsync.store.database import ENVIRONMENT
from tests.cli.commands import LONGEST_SECONDS, Home
from tests.conftest import WITH_TABLES
from tests.web.serving import free_port

PASSPHRASE = "seven invented herons"


@dataclass(frozen=True, slots=True)
class Machine:
    """A home with a database of its own on the tests' server."""

    home: Home

    @property
    def database(self) -> str:
        return self.home.settings["KINSYNC_DATABASE_URL"]

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows, as the owner of the tables sees them."""
        with psycopg.connect(self.database) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def has_tables(self) -> bool:
        return bool(self.ask("SELECT 1 FROM pg_tables WHERE schemaname = 'public'"))

    def files(self) -> dict[str, bytes]:
        """What lies in its storage of districts, by path."""
        root = self.home.folder / "storage" / "districts"
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }

    @contextlib.contextmanager
    def serving(self, token: str) -> Iterator[httpx.Client]:
        """Its API, for an application with that token."""
        address = f"127.0.0.1:{free_port()}"
        server = self.home.start("serve", "--only", "web", "--http", address)
        try:
            assert server.stdout is not None
            assert "answers at" in server.stdout.readline()
            headers = {"authorization": f"Bearer {token}"}
            with httpx.Client(base_url=f"http://{address}", headers=headers) as client:
                yield client
        finally:
            server.terminate()
            server.communicate(timeout=LONGEST_SECONDS)


def listed(client: httpx.Client, role: str) -> list[dict[str, Any]]:
    """Every record of a role that the application is served."""
    found = []
    url = f"/v3.1/users?role={role}&limit=1000"
    while url:
        page = client.get(url).raise_for_status().json()
        found += [one["data"] for one in page["data"]]
        url = next((link["uri"] for link in page["links"] if link["rel"] == "next"), "")
    return found


@contextlib.contextmanager
def new_machine(folder: Path, *, has_tables: bool = True) -> Iterator[Machine]:
    """A machine that nobody has used, after ``kinsync migrate`` or as it comes; its database goes
    with the context."""
    name = f"machine_{uuid4().hex[:12]}"
    server = os.environ[ENVIRONMENT]
    with psycopg.connect(server, autocommit=True) as connection:
        template = sql.Identifier(WITH_TABLES if has_tables else "template1")
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), template)
        connection.execute(made)
    try:
        address = make_conninfo(server, dbname=name)
        yield Machine(Home(folder, {"KINSYNC_DATABASE_URL": address}))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            statement = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            connection.execute(statement)


def until(is_so: Callable[[], object], what: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.02)
