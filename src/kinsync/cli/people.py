"""``kinsync user``: who signs in to the dashboard."""

import getpass
import sys
from typing import TYPE_CHECKING

import click

from kinsync import bootstrap
from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected

if TYPE_CHECKING:
    from kinsync.domain.settings import Settings
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


@user.command("invite")
@click.argument("email")
@click.option("--district", metavar="DISTRICT", required=True, help="Whose team they come to.")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option("--by", metavar="NAME", help="Who invites; otherwise the account of this command.")
@json_option
def user_invite(email: str, district: str, role: str, by: str | None, as_json: bool) -> None:
    """Invite EMAIL to a district's team; they choose their password themselves.

    The link works once and ends after seven days. It is mailed where KINSYNC_SMTP_URL is set, and
    shown this once otherwise. Whoever signs in already is on the team at once.
    """
    settings = connected()
    from kinsync.services import invitations
    from kinsync.store import records

    found, inviter = records.find_district(district), by or getpass.getuser()
    invited = invitations.invite(found, email, role, by=inviter, at=bootstrap.now())
    link = _base(settings) + invitations.path(found, invited) if invited.secret else ""
    is_mailed = bool(link and settings.smtp_url)
    if is_mailed:
        invitations.send(found, invited, link, bootstrap.post(settings), by=inviter)
    if as_json:
        shown = {"link": link} if link and not is_mailed else {}
        say_json({"email": invited.email, "role": role, "mailed": is_mailed, **shown})
    elif not link:
        say(f"{invited.email} signs in already, and is on the team of {found.name} now.")
    elif is_mailed:
        say(f"An invitation is on its way to {invited.email}.")
    else:
        say(f"{invited.email} comes to the team of {found.name} by this link, within seven days:")
        say(link)


def _base(settings: "Settings") -> str:
    """Where people reach the dashboard: its public name, or this machine."""
    host, port = settings.address("http")
    return settings.public_url.rstrip("/") or f"http://{host}:{port}"


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
