"""``kinsync user``: who signs in to the dashboard."""

import sys
from typing import TYPE_CHECKING

import click

from kinsync import bootstrap
from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected

if TYPE_CHECKING:
    from kinsync.services.people import Added

ROLES = ("owner", "editor", "viewer")


@click.group()
def user() -> None:
    """Say who signs in to the dashboard, and what they may do."""


@user.command("add")
@click.argument("email")
@click.option("--district", metavar="DISTRICT", help="Whose data they see.")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option("--operator", is_flag=True, help="Counts and states of every district; no people.")
@click.option("--ask", is_flag=True, help="Ask for the password; one is made otherwise.")
@json_option
def user_add(
    email: str, district: str | None, role: str, operator: bool, ask: bool, as_json: bool
) -> None:
    """Let EMAIL sign in; a password is made and shown once.

    An owner may do everything, an editor everything but who is on the team and which systems and
    SFTP accounts there are, a viewer only look. Whoever signs in already gets the role beside the
    others, and keeps the password. With --ask the password is read from the terminal, or from
    standard input where there is none.
    """
    connected()
    from kinsync.services import people
    from kinsync.store import records

    found = records.find_district(district) if district else None
    added = people.add(
        email,
        district=found,
        role=role,
        is_operator=operator,
        password=_asked() if ask else "",
        at=bootstrap.now(),
    )
    if as_json:
        given = {"district": found.public_id, "role": role} if found else {}
        say_json({**_as_json(added), "operator": operator, **given})
        return
    where = f"{role} of {found.name}" if found else "operator"
    say(f"{added.person.email} signs in as {where}.")
    _say_password(added)


@user.command("password")
@click.argument("email")
@click.option("--ask", is_flag=True, help="Ask for the password; one is made otherwise.")
@json_option
def user_password(email: str, ask: bool, as_json: bool) -> None:
    """Give EMAIL another password; their sessions end."""
    connected()
    from kinsync.services import people

    changed = people.new_password(email, password=_asked() if ask else "")
    if as_json:
        say_json(_as_json(changed))
        return
    say(f"{changed.person.email} has another password.")
    _say_password(changed)


@user.command("list")
@click.argument("district")
@json_option
def user_list(district: str, as_json: bool) -> None:
    """Everybody who signs in to DISTRICT."""
    connected()
    from kinsync.store import accounts, records

    members = accounts.members(records.find_district(district).id)
    if as_json:
        say_json({"users": [{"email": one.person.email, "role": one.role} for one in members]})
    else:
        show_table(("email", "role"), [(one.person.email, one.role) for one in members])


@user.command("remove")
@click.argument("email")
@click.option("--district", metavar="DISTRICT", required=True)
@json_option
def user_remove(email: str, district: str, as_json: bool) -> None:
    """Take EMAIL out of a district."""
    connected()
    from kinsync.services import people
    from kinsync.store import accounts, records

    found = records.find_district(district)
    accounts.remove_role(found.id, people.find(email))
    if as_json:
        say_json({"removed": email, "district": found.public_id})
    else:
        say(f"{email} sees {found.name} no more.")


def _asked() -> str:
    """A password that somebody types, or pipes in."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


def _as_json(added: "Added") -> dict[str, object]:
    return {"email": added.person.email, **({"password": added.password} if added.password else {})}


def _say_password(added: "Added") -> None:
    if added.password:
        say(f"password  {added.password}")
        say("It is shown this once. Change it under Account, and add a second factor there.")
