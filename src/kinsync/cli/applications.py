"""``kinsync app``: the applications that may read contacts."""

import click

from kinsync import bootstrap
from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected


@click.group()
def app() -> None:
    """Add and list applications, and renew their secrets."""


@app.command("add")
@click.argument("name")
@json_option
def app_add(name: str, as_json: bool) -> None:
    """Add an application named NAME; its client secret is shown once."""
    connected()
    from kinsync.store import access

    added, secret = access.add_application(name, at=bootstrap.now())
    if as_json:
        say_json({"client_id": added.public_id, "client_secret": secret, "name": added.name})
    else:
        say(f"Application {added.name}\nclient id      {added.public_id}")
        say(f"client secret  {secret}   (shown this once)")


@app.command("list")
@json_option
def app_list(as_json: bool) -> None:
    """Every application, by name."""
    connected()
    from kinsync.store import access

    rows = access.list_applications()
    if as_json:
        say_json({"applications": [{"client_id": r.public_id, "name": r.name} for r in rows]})
    else:
        show_table(("client id", "name"), [(r.public_id, r.name) for r in rows])
