"""Two walls stand between districts: the query, and behind it the database itself."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection as django_connection
from django.db.utils import ProgrammingError

from kinsync.domain.errors import Defect
from kinsync.domain.frames import KINDS
from kinsync.store import records
from kinsync.store.database import connect
from kinsync.store.gate import WEB_ROLE, district_reader
from kinsync.store.publish import publish
from kinsync.store.storage import Storage
from tests.store.people import NOON, same_of_all, snapshot
from tests.store.publishing import prepare, publish_next

PERSONAL = (*KINDS, "ending", "contact_merge", "sync", "version")
SIGN_IN = {
    "account_emailaddress",
    "axes_accessattempt",
    "axes_accessattemptexpiration",
    "axes_accessfailurelog",
    "axes_accesslog",
    "dashboard_role",
    "dashboard_user",
    "django_session",
    "mfa_authenticator",
    "socialaccount_socialaccount",
    "socialaccount_socialapp",
    "usersessions_usersession",
}
OPEN_TO_ALL_DISTRICTS = {"application", "connection", "district", "token", "token_minute", *SIGN_IN}
"""What a token, or whoever signs in, is looked up in before the district is known: no contact
stands there."""


@pytest.fixture
def neighbours(database: None, storage: Storage) -> tuple[int, int]:
    """Two districts, of two and of three records of every kind."""
    two = records.add_district("Lakeside", at=NOON).id
    three = records.add_district("Hillside", at=NOON).id
    publish_next(two, snapshot(same_of_all({0: 0, 1: 1})), storage=storage)
    publish_next(three, snapshot(same_of_all({5: 0, 6: 1, 7: 2})), storage=storage)
    return two, three


@pytest.fixture
def web_connection(database: None) -> Iterator[psycopg.Connection]:
    with contextlib.closing(connect(autocommit=True)) as connection:
        connection.execute(f"SET ROLE {WEB_ROLE}")
        yield connection


@pytest.mark.parametrize("kind", KINDS)
def test_a_query_without_the_district_filter_still_reads_nothing_of_the_neighbours(
    kind: str, neighbours: tuple[int, int]
) -> None:
    for district, records_there in zip(neighbours, (2, 3), strict=True):
        with district_reader(district) as cursor:
            cursor.execute(f"SELECT district_id, count(*) FROM {kind} GROUP BY district_id")
            seen = cursor.fetchall()

        assert seen == [(district, records_there)]


def test_a_filter_for_the_neighbour_finds_nobody(neighbours: tuple[int, int]) -> None:
    with district_reader(neighbours[0]) as cursor:
        cursor.execute("SELECT count(*) FROM contact WHERE district_id = %s", (neighbours[1],))

        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("table", PERSONAL)
def test_without_a_district_there_are_no_rows(
    table: str, neighbours: tuple[int, int], web_connection: psycopg.Connection
) -> None:
    assert web_connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_the_district_is_forgotten_when_the_gate_closes(neighbours: tuple[int, int]) -> None:
    with district_reader(neighbours[0]) as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (WEB_ROLE,)

    with django_connection.cursor() as cursor:
        cursor.execute("SELECT current_user = session_user, current_setting('kinsync.district')")
        assert cursor.fetchone() == (True, "")


def test_gates_do_not_nest(neighbours: tuple[int, int]) -> None:
    with (
        pytest.raises(RuntimeError, match="outside of any transaction"),
        district_reader(neighbours[0]),
        district_reader(neighbours[1]),
    ):
        pass


def test_a_reader_sees_one_moment(neighbours: tuple[int, int], storage: Storage) -> None:
    count = "SELECT count(*) FROM contact"
    three = snapshot(same_of_all({0: 0, 1: 1, 2: 2}))
    publication = prepare(neighbours[0], three, storage=storage)
    with district_reader(neighbours[0]) as cursor:
        cursor.execute(count)
        before = cursor.fetchone()
        publish(publication, storage=storage)
        cursor.execute(count)

        assert cursor.fetchone() == before


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM contact",
        "UPDATE contact SET name = 'x'",
        "INSERT INTO district (public_id, name, created_at) VALUES ('x', 'x', now())",
        "UPDATE district SET published = 0",
        "TRUNCATE relationship",
        "ALTER TABLE contact DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE own (id int)",
        "SELECT * FROM django_migrations",
        "UPDATE token SET revoked_at = NULL",
        "DELETE FROM token",
        "UPDATE connection SET generation = 1, ended_at = NULL",
        "UPDATE application SET client_secret_hash = ''",
        "UPDATE dashboard_user SET is_operator = true",
        "INSERT INTO dashboard_user (email) VALUES ('x@example.org')",
        "UPDATE dashboard_role SET role = 'owner'",
        "DELETE FROM dashboard_role",
        "UPDATE dashboard_act SET what = ''",
        "DELETE FROM dashboard_act",
        "INSERT INTO dashboard_act (district_id, at) VALUES (1, now())",
        "DELETE FROM search_key",
    ],
)
def test_the_web_role_cannot(statement: str, web_connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web_connection.execute(statement)


def test_a_refused_statement_behind_the_gate_is_a_defect(neighbours: tuple[int, int]) -> None:
    with pytest.raises(Defect, match="25006"), district_reader(neighbours[0]) as cursor:
        cursor.execute("DELETE FROM contact")


def test_the_web_role_owns_nothing_and_bypasses_nothing(database: None) -> None:
    with contextlib.closing(connect()) as connection:
        role = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin,"
            " (SELECT count(*) FROM pg_class WHERE relowner = role.oid),"
            " (SELECT count(*) FROM pg_auth_members WHERE member = role.oid)"
            " FROM pg_roles AS role WHERE rolname = %s",
            (WEB_ROLE,),
        ).fetchone()

    assert role == (False, False, False, False, False, 0, 0)


WALL = (
    "(district_id = (NULLIF(current_setting('kinsync.district'::text, true), ''::text))::integer)"
)
"""The one condition of every policy, as PostgreSQL spells it."""

UNWALLED = """
SELECT relname FROM pg_class AS it
WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relnamespace = 'public'::regnamespace
  AND (
    EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = it.oid AND attname = 'district_id')
    OR has_any_column_privilege(%(role)s, it.oid, 'SELECT, INSERT, UPDATE')
    OR has_table_privilege(%(role)s, it.oid, 'DELETE, TRUNCATE')
  )
  AND NOT (
    relrowsecurity
    AND (SELECT count(*) > 0 AND bool_and(qual = %(wall)s
             OR starts_with(qual, '(' || %(wall)s || ' AND ')) FROM pg_policies
         WHERE schemaname = 'public' AND tablename = relname)
  )
"""
"""Tables that hold something of a district, or that the web role may touch, without the wall."""


def unwalled(connection: psycopg.Connection) -> set[str]:
    found = connection.execute(UNWALLED, {"role": WEB_ROLE, "wall": WALL})
    return {name for (name,) in found.fetchall()}


def test_every_table_of_a_district_is_walled(database: None) -> None:
    with contextlib.closing(connect()) as connection:
        assert unwalled(connection) == OPEN_TO_ALL_DISTRICTS


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE lunch (district_id int, name text)",
        "CREATE TABLE lunch (name text); GRANT SELECT ON lunch TO kinsync_web",
        "CREATE TABLE lunch (name text); GRANT SELECT (name) ON lunch TO kinsync_web",
        "CREATE VIEW lunch AS SELECT * FROM contact; GRANT SELECT ON lunch TO kinsync_web",
        "CREATE TABLE lunch (district_id int); ALTER TABLE lunch ENABLE ROW LEVEL SECURITY",
        "CREATE TABLE lunch (district_id int); ALTER TABLE lunch ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY all_of_them ON lunch TO kinsync_web USING (true)",
    ],
)
def test_a_new_table_without_the_wall_is_found(statement: str, database: None) -> None:
    with contextlib.closing(connect()) as connection:
        connection.execute(statement)

        assert "lunch" in unwalled(connection)


SERVING = """
import django; django.setup()
from kinsync.store.gate import stay_behind_gate
from django.db import connection
stay_behind_gate()
with connection.cursor() as cursor:
    cursor.execute("SELECT current_user, count(*) FROM contact")
    print(*cursor.fetchone())
"""


def test_a_process_that_only_serves_never_acts_as_the_owner(neighbours: tuple[int, int]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVING], env=dict(os.environ), capture_output=True, text=True
    )

    assert done.stdout.split() == [WEB_ROLE, "0"], done.stderr


def test_the_owner_of_the_tables_reads_past_the_gate_only_by_leaving_it(
    neighbours: tuple[int, int],
) -> None:
    with pytest.raises(Defect), district_reader(neighbours[0]) as cursor:
        cursor.execute("RESET ROLE; DELETE FROM contact")

    with pytest.raises(ProgrammingError), django_connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {WEB_ROLE}; DELETE FROM contact")
    django_connection.close()
