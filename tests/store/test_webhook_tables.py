"""The web role has nothing to do with webhooks, and a district's rows stay its own."""

import contextlib

import psycopg
import pytest

from kinsync.store.database import connect
from kinsync.store.gate import WEB_ROLE

TABLES = ("webhook_endpoint", "webhook_message")


@pytest.mark.parametrize("table", TABLES)
def test_the_web_role_cannot_read_secrets_or_messages(table: str, database: None) -> None:
    with contextlib.closing(connect(autocommit=True)) as connection:
        connection.execute(f"SET ROLE {WEB_ROLE}")

        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"SELECT * FROM {table}")


@pytest.mark.parametrize("table", TABLES)
def test_row_level_security_stands_behind_every_district(table: str, database: None) -> None:
    with contextlib.closing(connect(autocommit=True)) as connection:
        found = connection.execute(
            "SELECT relrowsecurity FROM pg_class WHERE oid = %s::regclass", (table,)
        ).fetchone()

    assert found == (True,)
