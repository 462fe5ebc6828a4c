"""Troubles of the database: its tables, its walls, its settings."""

from collections.abc import Callable

import psycopg
import pytest

from kinsync.services.doctor import database
from kinsync.store import inspection
from kinsync.store.migrate import NEWEST
from tests.backup.machines import Machine


def said(machine: Machine, check: str) -> tuple[str, str]:
    """State and words of one check, as ``kinsync doctor`` tells them now."""
    found = machine.home.run("doctor", "--json").json["checks"][check]
    return found["state"], f"{found['text']} {found['advice']}"


def plant(machine: Machine, *statements: str) -> None:
    with psycopg.connect(machine.database, autocommit=True) as owner:
        for statement in statements:
            owner.execute(statement.encode())


def test_all_is_well_with_new_tables(machine: Machine) -> None:
    for check in ("database", "tables", "walls", "clock"):
        assert said(machine, check)[0] == "ok"


def test_doctor_leaves_tables_as_they_are(machine: Machine) -> None:
    plant(machine, f"DELETE FROM django_migrations WHERE name = '{NEWEST}'")

    state, words = said(machine, "tables")

    assert (state, f"store.{NEWEST}" in words, "kinsync migrate" in words) == (
        "problem", True, True,
    )  # fmt: skip
    found = machine.ask(f"SELECT 1 FROM django_migrations WHERE name = '{NEWEST}'")
    assert found == []


def test_tables_of_a_newer_release_are_named(machine: Machine) -> None:
    plant(
        machine,
        "INSERT INTO django_migrations (app, name, applied)"
        " VALUES ('store', '9999_tomorrow', now())",
    )

    state, words = said(machine, "tables")

    assert (state, "store.9999_tomorrow" in words) == ("problem", True)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("ALTER TABLE student DISABLE ROW LEVEL SECURITY", "ALTER TABLE student ENABLE ROW LEVEL"),
        ("ALTER TABLE contact OWNER TO kinsync_web", "owns contact"),
        ("GRANT DELETE ON disclosure TO kinsync_web", "REVOKE DELETE ON TABLE disclosure"),
    ],
)
def test_a_hole_in_the_wall_is_named(machine: Machine, statement: str, words: str) -> None:
    plant(machine, statement)

    state, told = said(machine, "walls")

    assert (state, words in told) == ("problem", True), told


@pytest.mark.parametrize("attribute", ["SUPERUSER", "BYPASSRLS", "CREATEROLE", "LOGIN"])
def test_a_web_role_that_may_too_much_is_named(machine: Machine, attribute: str) -> None:
    role = f"too_much_{attribute.lower()}"  # the role itself is shared by every test's database
    plant(machine, f"CREATE ROLE {role} {attribute}")
    try:
        told = database.judge_walls(inspection.walls(role))
    finally:
        plant(machine, f"DROP ROLE {role}")

    assert (told.state, attribute in told.text, f"NO{attribute}" in told.advice) == (
        "problem", True, True,
    )  # fmt: skip
    assert database.judge_walls(inspection.walls("nobody")).state == "problem"


def test_statements_in_the_servers_log_are_named(machine: Machine) -> None:
    assert said(machine, "server's log")[0] == "ok"

    plant(
        machine,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET log_statement = ''all''',"
        " current_database()); END $$",
    )

    state, words = said(machine, "server's log")
    assert (state, "log_statement = none" in words) == ("problem", True)


def test_a_server_that_forgets_in_a_crash_is_named() -> None:
    safe = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on"}
    judge: Callable[[dict[str, str]], str] = lambda have: database.judge_durability(have).state  # noqa: E731

    assert judge({**safe, "synchronous_commit": "on"}) == "ok"
    assert judge({**safe, "synchronous_commit": "off"}) == "note"
    for name in safe:
        assert judge({**safe, name: "off"}) == "problem"


@pytest.mark.parametrize(
    ("used", "most", "state"), [(5, 97, "ok"), (80, 97, "problem"), (3, 15, "note")]
)
def test_few_connections_are_named(used: int, most: int, state: str) -> None:
    assert database.judge_connections(used, most, wanted=21).state == state


@pytest.mark.parametrize(("apart", "state"), [(0.1, "ok"), (5, "note"), (90, "problem")])
def test_clocks_that_are_apart_are_named(apart: float, state: str) -> None:
    assert database.judge_clock(apart).state == state
