"""Commands that change nothing, or cannot: what they answer, in words and as JSON."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.busy import make_busy
from tests.cli.commands import Home, home_of_this_process, kinsync


@pytest.fixture(scope="module")
def busy(database_of_the_file: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One home for the whole file, where there is something for every command."""
    with home_of_this_process(tmp_path_factory.mktemp("busy")) as home:
        make_busy()
        yield home


COMMANDS = {
    "check": ("check", "0.csv"),
    "check refused": ("check", "broken.csv"),
    "check without file": ("check", "nowhere.csv"),
    "check with findings": ("check", "0.csv", "--findings", "out.csv"),
    "check findings nowhere": ("check", "0.csv", "--findings", "no/such/out.csv"),
    "district add again": ("district", "add", "lakeside"),
    "district add blank": ("district", "add", " "),
    "district list": ("district", "list"),
    "district show": ("district", "show", "Lakeside"),
    "district show unknown": ("district", "show", "Nowhere"),
    "sync unknown": ("sync", "Nowhere", "--file", "0.csv"),
    "sync nothing uploaded": ("sync", "Lakeside"),
    "sync a preview of nothing": ("sync", "Lakeside", "--preview"),
    "district set": ("district", "set", "Lakeside", "--time-zone", "America/Chicago"),
    "district set nowhere": ("district", "set", "Lakeside", "--time-zone", "Mars/Olympus"),
    "jobs list": ("jobs", "list"),
    "jobs show unknown": ("jobs", "show", "99"),
    "jobs retry unknown": ("jobs", "retry", "99"),
    "jobs cancel unknown": ("jobs", "cancel", "99"),
    "schedule set": ("schedule", "set", "Lakeside", "every 6 hours from 05:00"),
    "schedule set badly": ("schedule", "set", "Lakeside", "at night"),
    "schedule list": ("schedule", "list", "Lakeside"),
    "schedule remove unknown": ("schedule", "remove", "Lakeside", "--what", "dance"),
    "pause badly": ("pause", "Lakeside", "--until", "soon"),
    "pause the past": ("pause", "Lakeside", "--until", "2020-01-01"),
    "blackout remove unknown": ("blackout", "Lakeside", "2027-01-01", "2027-01-02", "--remove"),
    "blackout backwards": ("blackout", "Lakeside", "2027-01-02", "2027-01-01"),
    "team add": ("team", "add", "Lakeside", "office@example.org"),
    "team add no mailbox": ("team", "add", "Lakeside", "office"),
    "team list": ("team", "list", "Lakeside"),
    "team remove unknown": ("team", "remove", "Lakeside", "nobody@example.org"),
    "migrate": ("migrate",),
    "sync bad mapping": ("sync", "Lakeside", "--file", "0.csv", "--mapping", "0.csv"),
    "hold show": ("hold", "show", "Lakeside"),
    "hold approve other": ("hold", "approve", "Lakeside", "1"),
    "hold approve no number": ("hold", "approve", "Lakeside", "one"),
    "hold show unknown": ("hold", "show", "Nowhere"),
    "versions": ("versions", "Lakeside"),
    "versions unknown": ("versions", "Nowhere"),
    "restore current": ("restore", "Lakeside", "2"),
    "restore no number": ("restore", "Lakeside", "first"),
    "app add again": ("app", "add", "READER"),
    "app list": ("app", "list"),
    "connect unknown app": ("connect", "Lakeside", "Nobody"),
    "connect unknown district": ("connect", "Nowhere", "Reader"),
    "token unknown app": ("token", "Lakeside", "Nobody"),
    "serve on nothing": ("serve", "--only", "web", "--http", "nonsense"),
    "serve an unknown role": ("serve", "--only", "mail"),
    "generate": ("generate", "--students", "3", "--out", "made"),
    "generate nobody": ("generate", "--students", "0", "--out", "made"),
    "unknown command": ("nonsense",),
    "unknown option": ("versions", "Lakeside", "--nonsense"),
}
FINE = {
    *("check", "check with findings", "district list", "district show", "hold show", "versions"),
    *("app list", "generate", "district set", "jobs list", "schedule set"),
    *("schedule list", "team add", "team list", "migrate"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_answers_one_json_object_on_request(busy: Home, name: str) -> None:
    done = kinsync(*COMMANDS[name], "--json")

    assert done.json
    assert done.err == ""
    assert done.code == (0 if name in FINE else 2)
    if name not in FINE and name != "check refused":
        assert list(done.json) == ["error"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_speaks_in_words_otherwise(busy: Home, name: str) -> None:
    done = kinsync(*COMMANDS[name])

    assert done.said.strip()
    assert "Traceback" not in done.said
    assert not done.out.startswith("{")
    assert done.code == (0 if name in FINE else 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("versions", "Nowhere"), "There is no district 'Nowhere'. 'kinsync district list'"),
        (("token", "Lakeside", "Nobody"), "There is no application 'Nobody'. 'kinsync app list'"),
        (("district", "add", "lakeside"), "There is a district named 'lakeside' already."),
    ],
)
def test_what_is_unknown_is_said_with_where_to_look(
    busy: Home, arguments: tuple[str, ...], message: str
) -> None:
    done = kinsync(*arguments)

    assert done.code == 2
    assert done.err.startswith(message)
    assert done.out == ""


def test_a_district_is_found_by_its_id_and_by_its_name_in_any_case(busy: Home) -> None:
    public_id = kinsync("district", "show", "LAKESIDE", "--json").json["id"]

    assert kinsync("district", "show", public_id, "--json").json["name"] == "Lakeside"
    assert kinsync("versions", public_id).code == 0


def test_a_setting_that_is_none_is_refused(busy: Home) -> None:
    Path("kinsync.toml").write_text('colour = "blue"')

    done = kinsync("district", "list")

    Path("kinsync.toml").unlink()
    assert done.code == 2
    assert "kinsync.toml: 'colour' is not a setting" in done.err
