"""Accounts that may own the tables."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from kinsync.store.database import ENVIRONMENT
from tests.cli.commands import Home

WEB = sql.Identifier("kinsync_web")


@pytest.fixture
def account(database: None) -> Iterator[str]:
    """A role that may make no roles, with an empty database of its own under its name."""
    name = f"owner_{uuid4().hex[:12]}"
    own = sql.Identifier(name)
    with psycopg.connect(os.environ[ENVIRONMENT], autocommit=True) as server:
        server.execute(sql.SQL("CREATE ROLE {} LOGIN NOCREATEROLE NOSUPERUSER").format(own))
        server.execute(sql.SQL("GRANT {} TO current_user").format(own))  # to make it the owner
        server.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(own))
    yield name
    with psycopg.connect(os.environ[ENVIRONMENT], autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(own))
        server.execute(sql.SQL("DROP ROLE {}").format(own))


def migrate(account: str, folder: Path) -> tuple[int, str]:
    address = make_conninfo(os.environ[ENVIRONMENT], user=account, dbname=account)
    done = Home(folder / "home", {"KINSYNC_DATABASE_URL": address}).run("migrate")
    return done.code, done.err


def test_an_account_that_makes_no_roles_owns_the_tables_once_it_was_given_that_of_readers(
    account: str, tmp_path: Path
) -> None:
    code, told = migrate(account, tmp_path)
    with psycopg.connect(os.environ[ENVIRONMENT], autocommit=True) as server:
        server.execute(sql.SQL("GRANT {} TO {}").format(WEB, sql.Identifier(account)))

    assert (code, "with CREATEROLE" in told) == (2, True)
    assert migrate(account, tmp_path) == (0, "")
