"""``kinsync team``: who is told how a district's syncs went."""

import click

from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected

REPORTS = ("always", "problems", "never")


@click.group()
def team() -> None:
    """Say who gets a mail after each sync of a district."""


@team.command("add")
@click.argument("district")
@click.argument("email")
@click.option("--reports", type=click.Choice(REPORTS), default="always", show_default=True)
@json_option
def team_add(district: str, email: str, reports: str, as_json: bool) -> None:
    """Tell EMAIL of the syncs of DISTRICT, or change when."""
    connected()
    from kinsync.services.mail import add_member
    from kinsync.store import records

    found = records.find_district(district)
    member = add_member(found, email, reports)
    if as_json:
        say_json({"email": member.email, "reports": member.reports})
    else:
        say(f"{member.email} gets reports of {found.name}: {member.reports}.")


@team.command("list")
@click.argument("district")
@json_option
def team_list(district: str, as_json: bool) -> None:
    """Everybody on the team of DISTRICT."""
    connected()
    from kinsync.store import records, teams

    members = teams.list_members(records.find_district(district).id)
    if as_json:
        say_json({"members": [{"email": one.email, "reports": one.reports} for one in members]})
    else:
        show_table(("email", "reports"), [(one.email, one.reports) for one in members])


@team.command("remove")
@click.argument("district")
@click.argument("email")
@json_option
def team_remove(district: str, email: str, as_json: bool) -> None:
    """Tell EMAIL nothing more."""
    connected()
    from kinsync.store import records, teams

    found = records.find_district(district)
    teams.remove_member(found.id, email)
    if as_json:
        say_json({"removed": email})
    else:
        say(f"{email} gets no more reports of {found.name}.")
