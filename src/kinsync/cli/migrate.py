"""``kinsync migrate``: bring the tables up to date."""

import click

from kinsync import bootstrap
from kinsync.cli.output import json_option, say, say_json


@click.command()
@click.option(
    "--lost-key",
    is_flag=True,
    help="Go on without seal keys that this machine does not hold: they are lost for good.",
)
@json_option
def migrate(lost_key: bool, as_json: bool) -> None:
    """Bring the tables of the database up to date, the queue's among them.

    Every command that needs the database does so; this one does nothing else, for an upgrade that
    is to happen before the new release serves.

    With --lost-key, whoever was deleted long ago and returns gets a new id, and webhooks need new
    secrets.
    """
    settings = bootstrap.read_settings()
    bootstrap.update_database(settings)
    forgotten = bootstrap.forget_lost_keys(settings) if lost_key else []
    bootstrap.check_seal_keys(settings)
    if as_json:
        say_json({"tables": "up to date", "forgotten_keys": forgotten})
        return
    say("The tables are up to date.")
    if forgotten:
        say(f"Seal keys that are lost are forgotten: {', '.join(forgotten)}.")
