"""``kinsync source``: the systems that a district's contacts are read from."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kinsync import bootstrap
from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected
from kinsync.domain.errors import ChangeInput
from kinsync.domain.settings import PREFIX

if TYPE_CHECKING:
    from kinsync.store.sources import Source

_district_argument = click.argument("district")
_source_argument = click.argument("name", metavar="SOURCE")


@click.group()
def source() -> None:
    """Add, list, test and remove the systems that a district's contacts are read from."""


@source.command("add")
@_district_argument
@click.option("--connector", required=True, help="The kind of system, such as aeries.")
@click.option("--name", required=True, help='What to call it, such as "nightly".')
@click.option(
    "--setting", "settings", multiple=True, metavar="NAME=VALUE", help="As its page says."
)
@json_option
def source_add(
    district: str, connector: str, name: str, settings: tuple[str, ...], as_json: bool
) -> None:
    """Read the contacts of DISTRICT from a system from now on.

    Secrets are taken from the environment (KINSYNC_SOURCE_ and their name in capitals), or asked
    for; where nobody can be asked, each is one line of standard input. They are sealed, and never
    shown again.
    """
    configured = connected()
    from kinsync.services import sources
    from kinsync.store import records

    found = records.find_district(district)
    values = {**_settings(settings, connector), **_secrets(connector)}
    added = sources.add_source(found, name, connector, values, bootstrap.reach(configured))
    if as_json:
        say_json(_told(added))
        return
    say(f"{added.name} is a source of {found.name}. Nothing has been read yet.")
    say(f"Look at it first: kinsync source test {found.name!r} {added.name!r}")


def _settings(given: tuple[str, ...], connector: str) -> Mapping[str, str]:
    from kinsync.services import sources

    secret = {one.name for one in sources.secrets_of(connector)}
    found = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign:
            raise ChangeInput("A setting is written NAME=VALUE.")
        if name in secret:
            raise ChangeInput(
                f"{name} is a secret, and others see what is typed in a command. Leave it out: it "
                f"is asked for, or taken from {_variable(name)}."
            )
        found[name] = value
    return found


def _secrets(connector: str) -> Mapping[str, str]:
    """Each secret from the environment, from whoever sits there, or from a line of input."""
    from kinsync.services import sources

    found = {}
    for one in sources.secrets_of(connector):
        value = os.environ.get(_variable(one.name))
        if value is None and sys.stdin.isatty():
            asked = f"{one.name} ({one.words})"
            value = click.prompt(
                asked, default=one.default, show_default=False, hide_input=True, err=True
            )
        elif value is None:
            value = sys.stdin.readline().rstrip("\r\n")
        if value:
            found[one.name] = value
    return found


def _variable(name: str) -> str:
    return f"{PREFIX}SOURCE_{name.upper()}"


@source.command("credentials")
@_district_argument
@_source_argument
@json_option
def source_credentials(district: str, name: str, as_json: bool) -> None:
    """Give SOURCE new credentials in place of its own, asked for as 'add' does."""
    configured = connected()
    from kinsync.services import sources

    found = _find(district, name)
    reach = bootstrap.reach(configured)
    sources.renew_credentials(found, _secrets(found.connector), reach)
    if as_json:
        say_json(_told(found))
    else:
        say(f"{found.name} has new credentials.")


@source.command("list")
@_district_argument
@json_option
def source_list(district: str, as_json: bool) -> None:
    """The sources of DISTRICT, and how the last pull of each ended."""
    connected()
    from kinsync.services.known import in_words
    from kinsync.store import pulls, records, sources

    found = records.find_district(district)
    rows = sources.list_sources(found.id)
    last = {row.id: next(iter(pulls.recent(found.id, row.id, limit=1)), None) for row in rows}
    if as_json:
        told = [
            {
                **_told(row),
                "last_pull": None
                if (pull := last[row.id]) is None
                else {
                    "state": pull.state,
                    "reason": pull.reason,
                    "kind": pull.kind,
                    "read": pull.read,
                    "rows": pull.rows,
                    "started_at": pull.started_at,
                },
            }
            for row in rows
        ]
        say_json({"sources": told})
        return
    show_table(
        ("source", "connector", "priority", "last pull", "what was read", "began at"),
        [
            (
                row.name,
                row.connector,
                row.priority,
                pull.state if (pull := last[row.id]) else "none yet",
                in_words(pull) if pull else "",
                f"{pull.started_at:%Y-%m-%d %H:%M} UTC" if pull else "",
            )
            for row in rows
        ],
    )
    for row in rows:
        if (pull := last[row.id]) and pull.reason:
            say(f"\n{row.name}: {pull.reason}")


@source.command("test")
@_district_argument
@_source_argument
@json_option
def source_test(district: str, name: str, as_json: bool) -> None:
    """Look at SOURCE: address, certificate, rights, year, and whether it is empty.

    Nothing is synced and nothing is kept.
    """
    configured = connected()
    from kinsync.services import sources

    found = _find(district, name)
    said = []
    for line in sources.look_at(found, bootstrap.reach(configured)):
        said.append(line)
        if not as_json:
            say(line)
    if as_json:
        say_json({"source": found.name, "found": said})
    else:
        say(f"Ready: kinsync sync {district!r} --source {found.name!r} --preview")


@source.command("plugin")
@click.argument("connector")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What the district changes in the mapping: it says what has to be readable.",
)
@json_option
def source_plugin(connector: str, out: Path, mapping: Path | None, as_json: bool) -> None:
    """Write the plugin that a district installs, so that CONNECTOR may read its system."""
    from kinsync.services import sources

    toml = mapping.read_text("utf-8") if mapping else ""
    data = sources.plugin_of(connector, toml, name=mapping.name if mapping else "")
    try:
        out.write_bytes(data)
    except OSError as error:
        raise ChangeInput(f"{out} cannot be written: {error.strerror}.") from error
    if as_json:
        say_json({"file": str(out), "bytes": len(data)})
    else:
        say(f"{out} is written. The page of {connector} says where it is installed.")


def _find(district: str, name: str) -> "Source":
    from kinsync.store import records, sources

    return sources.find_source(records.find_district(district).id, name)


def _told(row: "Source") -> dict[str, object]:
    return {
        "name": row.name,
        "connector": row.connector,
        "settings": dict(row.settings),
        "priority": row.priority,
        "paused_at": row.paused_at,
    }
