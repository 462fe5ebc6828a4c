"""What commands say: one JSON object on request, plain words otherwise, never a value of a row."""

import contextlib
import os
from dataclasses import astuple, replace
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from kinsync import bootstrap
from kinsync.store.database import ENVIRONMENT, connect
from tests.cli.busy import make_busy
from tests.cli.commands import Ended, Home, kinsync
from tests.services.pupils import COLUMNS, as_csv, mother, school_of, uncle, write

SCHOOL = school_of(12)


@pytest.fixture
def busy(home: Home) -> Home:
    """A home where there is something for every command."""
    make_busy()
    return home


COMMANDS = {
    "district add": ("district", "add", "Hillside"),
    "sync": ("sync", "Lakeside", "--file", "0.csv"),
    "sync preview": ("sync", "Lakeside", "--file", "0.csv", "--preview"),
    "sync held": ("sync", "Lakeside", "--file", "2.csv"),
    "sync same": ("sync", "Lakeside", "--file", "1.csv"),
    "sync refused": ("sync", "Lakeside", "--file", "broken.csv"),
    "hold approve": ("hold", "approve", "Lakeside"),
    "hold discard": ("hold", "discard", "Lakeside"),
    "restore": ("restore", "Lakeside", "1"),
    "app add": ("app", "add", "Writer"),
    "connect": ("connect", "Lakeside", "Reader"),
    "token": ("token", "Lakeside", "Reader"),
}
CODES = {"sync held": 3, "sync refused": 2}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_answers_one_json_object_on_request(busy: Home, name: str) -> None:
    done = kinsync(*COMMANDS[name], "--json")

    assert done.json
    assert done.err == ""
    assert done.code == CODES.get(name, 0)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_every_command_does_its_work_in_one_home(busy: Home, options: tuple[str, ...]) -> None:
    """The same commands one after the other, so that none needs a state of its own to speak."""
    for name, arguments in COMMANDS.items():
        done = kinsync(*arguments, *options)

        assert done.said.strip(), name
        assert done.code in (0, 2, 3), name
        assert "Traceback" not in done.said
        assert bool(options) == done.out.startswith("{") or not done.out


def test_a_token_is_printed_alone(busy: Home) -> None:
    done = kinsync("token", "Lakeside", "Reader")

    assert len(done.out.split()) == 1
    assert len(done.out.strip()) == 40


def test_an_application_that_is_not_connected_gets_no_token(home: Home) -> None:
    kinsync("district", "add", "Lakeside")
    kinsync("app", "add", "Stranger")

    done = kinsync("token", "Lakeside", "Stranger")

    assert done.code == 2
    assert "not connected" in done.err


def test_a_database_that_is_away_means_try_again_later(tmp_path: Path) -> None:
    away = Home(tmp_path, {"KINSYNC_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"})

    answer = away.run("district", "list", "--json")

    assert answer.code == 4
    assert "Try again" in answer.json["error"]


def test_an_account_that_may_not_make_roles_is_told_what_it_needs(
    database: None, tmp_path: Path
) -> None:
    poor = f"poor_{os.getpid()}"
    with contextlib.closing(connect(autocommit=True)) as owner:
        owner.execute(f"CREATE ROLE {poor} LOGIN; GRANT {poor} TO CURRENT_USER")
        owner.execute(f"CREATE DATABASE {poor} OWNER {poor}")
        try:
            url = make_conninfo(os.environ[ENVIRONMENT], user=poor, dbname=poor)
            answer = Home(tmp_path, {"KINSYNC_DATABASE_URL": url}).run("district", "list")
        finally:
            owner.execute(f"DROP DATABASE {poor} WITH (FORCE)")
            owner.execute(f"DROP ROLE {poor}")

    assert answer.code == 2
    assert "CREATEROLE" in answer.err


# -- values of rows ------------------------------------------------------------------------------

PERSON = replace(
    mother(0),
    name="Xanthippe Qwertz",
    phone="4255550188",
    email="xanthippe@example.org",
    sis_id="SECRET-7",
    last_name="Qwertz",
    first_name="Zebulon",
)
DAMAGED = (
    replace(PERSON, type=""),
    replace(PERSON, student="2.05E+04"),
    replace(PERSON, phone="4255550188 4255550188 88", email="xanthippe@@example"),
    replace(PERSON, type="Qwertzian", relationship="Qwertzish", phone_type="Qwertzphone"),
    replace(PERSON, student="S003"),
    replace(uncle(5), sis_id="SECRET-7"),
)
VALUES = ("Xanthippe", "4255550188", "xanthippe", "SECRET-7", "Qwertz", "Zebulon")


def told_values(done: Ended) -> list[str]:
    return [value for value in VALUES if value in done.said]


@pytest.mark.parametrize("options", [(), ("--json",), ("--preview",)])
def test_no_command_tells_a_value_of_a_row(home: Home, options: tuple[str, ...]) -> None:
    kinsync("district", "add", "Lakeside")
    ragged = ",".join(["extra", *astuple(PERSON)]).encode() + b"\r\n"
    first = write(Path("students.csv"), as_csv([*SCHOOL, PERSON]))
    night = write(Path("night.csv"), as_csv([*SCHOOL[:14], *DAMAGED]) + ragged)
    kinsync("sync", "Lakeside", "--file", first)

    done = kinsync("sync", "Lakeside", "--file", night, *options)

    assert done.code in (1, 3)
    assert told_values(done) == []
    assert told_values(kinsync("hold", "show", "Lakeside", *options[:1])) == []


@pytest.mark.parametrize("end", [b'"Xanthippe', b"Xanthippe Qwertz,4255550188", b"\xff\x81\x8d"])
def test_a_refusal_tells_no_value_of_a_row(home: Home, end: bytes) -> None:
    kinsync("district", "add", "Lakeside")
    path = write(Path("students.csv"), as_csv([*SCHOOL, PERSON]) + end)

    assert told_values(kinsync("sync", "Lakeside", "--file", path)) == []
    assert told_values(kinsync("check", path)) == []


def test_the_last_columns_of_a_refused_file_are_named(home: Home) -> None:
    path = write(Path("students.csv"), as_csv(SCHOOL).replace(COLUMNS[0].encode(), b"Pupil", 1))

    assert COLUMNS[0] in kinsync("check", path).out


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_defect_says_where_and_never_with_what(
    home: Home, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ValueError(f"could not cast {PERSON.name}")

    monkeypatch.setattr(bootstrap, "read_settings", fail)

    done = kinsync("district", "list", *options)

    assert done.code == 70
    assert "defect: ValueError in test_output.py, line" in done.said
    assert told_values(done) == []
    if options:
        assert list(done.json) == ["error"]
