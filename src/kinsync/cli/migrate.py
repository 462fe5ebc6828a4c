"""``kinsync migrate``: bring the tables up to date."""

import click

from kinsync.cli.output import json_option, say, say_json
from kinsync.cli.session import connected


@click.command()
@json_option
def migrate(as_json: bool) -> None:
    """Bring the tables of the database up to date, the queue's among them.

    Every command that needs the database does so; this one does nothing else, for an upgrade that
    is to happen before the new release serves.
    """
    connected()
    if as_json:
        say_json({"tables": "up to date"})
    else:
        say("The tables are up to date.")
