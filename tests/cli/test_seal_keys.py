"""A machine with another seal key than the installation's does nothing, and says so."""

from pathlib import Path

import pytest

from kinsync.store import records
from kinsync.store.database import connect
from kinsync.store.sealing import KEY_FILE, key_ids, new_key, open_sealer
from tests.cli.busy import NIGHT, SCHOOL
from tests.cli.commands import Home, kinsync
from tests.services.pupils import write

NEW = new_key()
COMMANDS = {
    "migrate": ("migrate",),
    "serve, every role": ("serve", "--http", "127.0.0.1:0", "--sftp", "127.0.0.1:0"),
    "serve the API": ("serve", "--only", "web", "--http", "127.0.0.1:0"),
    "take uploads": ("serve", "--only", "sftp", "--sftp", "127.0.0.1:0"),
    "work": ("serve", "--only", "worker"),
    "sync": ("sync", "Lakeside", "--file", "night.csv"),
    "purge": ("purge",),
}


@pytest.fixture
def first(home: Home) -> Home:
    """The machine that has made the key, and synced a district."""
    open_sealer(home.folder, "")
    kinsync("district", "add", "Lakeside")
    assert kinsync("sync", "Lakeside", "--file", write(Path("0.csv"), SCHOOL)).code == 0
    write(Path("night.csv"), NIGHT)
    return home


@pytest.fixture
def key(first: Home) -> str:
    """The key that the first machine made."""
    return (first.folder / KEY_FILE).read_text().strip()


def another(home: Home, *keys: str) -> Home:
    """Another machine on the same database, with these keys in its setting."""
    settings = home.settings | ({"KINSYNC_SEAL_KEY": " ".join(keys)} if keys else {})
    return Home(home.folder.parent / "another", settings)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_a_machine_with_another_key_does_nothing(
    first: Home, key: str, command: tuple[str, ...]
) -> None:
    told = another(first, NEW).run(*command)

    assert told.code == 2
    [id_], [other] = key_ids(key), key_ids(NEW)
    assert f"does not hold seal key {id_} of the installation (held: {other})" in told.err
    assert key not in told.said
    assert records.list_districts()[0].published == 1


def test_a_machine_without_a_key_makes_none_beside_that_of_the_installation(first: Home) -> None:
    machine = another(first)

    told = machine.run("sync", "Lakeside", "--file", "night.csv")

    assert told.code == 2
    assert "(held: none)" in told.err
    assert not (machine.folder / KEY_FILE).exists()


def test_a_machine_with_the_same_key_works(first: Home, key: str) -> None:
    told = another(first, key).run("sync", "Lakeside", "--file", "night.csv")

    assert told.code == 0, told.said
    assert records.list_districts()[0].published == 2


def test_a_key_that_was_replaced_is_needed_for_as_long_as_identities_live(
    first: Home, key: str
) -> None:
    assert another(first, NEW, key).run("migrate").code == 0

    assert another(first, key).run("migrate").code == 2, "what is sealed under the new one"
    assert another(first, NEW).run("migrate").code == 2, "who was hashed under the old one"
    assert another(first, key, NEW).run("migrate").code == 0
    with connect(autocommit=True) as owner:
        owner.execute("UPDATE seal_key SET first_at = first_at - interval '401 days'")
    assert another(first, NEW).run("migrate").code == 0


def test_doctor_names_the_key_that_is_missing_and_a_lost_one_is_given_up_by_word_alone(
    first: Home, key: str
) -> None:
    machine = another(first, NEW)
    machine.folder.mkdir(mode=0o700)
    [id_], [other] = key_ids(key), key_ids(NEW)

    before = machine.run("doctor", "--json").json["checks"]["seal key"]
    told = machine.run("migrate", "--lost-key", "--json")
    after = machine.run("doctor", "--json").json["checks"]["seal key"]

    assert before["state"] == "problem"
    assert f"Seal key {id_} of the installation is not held here" in before["text"]
    assert told.json == {"tables": "up to date", "forgotten_keys": [id_]}
    assert after == {"state": "ok", "text": f"Seal key {other} is held here.", "advice": ""}
    assert machine.run("sync", "Lakeside", "--file", "night.csv").code == 0
    assert first.run("migrate").code == 2, "the machine that has the key that was given up"


def test_doctor_changes_nothing_where_no_key_has_been_needed(home: Home) -> None:
    assert kinsync("district", "list").code == 0

    told = kinsync("doctor", "--json").json["checks"]["seal key"]

    assert told["state"] == "ok"
    assert not (home.folder / KEY_FILE).exists()
