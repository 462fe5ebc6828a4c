"""``kinsync token`` and ``disconnect``, ``app secret``: what opens a district, and closing it."""

from datetime import datetime

import click

from kinsync import bootstrap
from kinsync.cli.applications import app
from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected


@click.command()
@click.argument("district")
@click.argument("application", metavar="APP")
@click.option("--list", "is_list", is_flag=True, help="Show the connection's tokens by their ids.")
@click.option("--revoke", is_flag=True, help="Close every token of the connection, at once.")
@click.option("--revoke-token", metavar="ID", help="Close one: its id, or the token itself.")
@json_option
def token(
    district: str,
    application: str,
    is_list: bool,
    revoke: bool,
    revoke_token: str | None,
    as_json: bool,
) -> None:
    """A new bearer token for APP in DISTRICT, printed alone. It is not shown again.

    With an option, none is made. APP can list a token of its own at /oauth/tokens; one that was
    closed is replaced there by another.
    """
    if sum((is_list, revoke, revoke_token is not None)) > 1:
        raise click.UsageError("Give one of --list, --revoke and --revoke-token.")
    connected()
    connection_id = _connection(district, application)
    now = bootstrap.now()
    if is_list:
        _list(connection_id, as_json=as_json)
    elif revoke:
        _revoke(connection_id, at=now, as_json=as_json)
    elif revoke_token is not None:
        _revoke_one(connection_id, revoke_token, at=now, as_json=as_json)
    else:
        _issue(connection_id, at=now, as_json=as_json)


@click.command()
@click.argument("district")
@click.argument("application", metavar="APP")
@json_option
def disconnect(district: str, application: str, as_json: bool) -> None:
    """End the connection of APP to DISTRICT, and all its tokens, for good.

    What APP received stays on record. 'kinsync connect' makes a new connection.
    """
    connected()
    from kinsync.store import access

    connection_id = _connection(district, application)
    access.end_connection(connection_id, at=bootstrap.now())
    if as_json:
        say_json({"district": district, "application": application, "connected": False})
    else:
        say(f"{application} reads nothing of {district} any more.")


@app.command("secret")
@click.argument("application", metavar="APP")
@json_option
def app_secret(application: str, as_json: bool) -> None:
    """Give APP a new client secret, shown once. The old one lists no tokens any more.

    Tokens that were listed by the old secret are closed; those of 'kinsync token' stay open.
    """
    connected()
    from kinsync.store import access

    found = access.find_application(application)
    secret = access.renew_secret(found.id, at=bootstrap.now())
    if as_json:
        say_json({"client_id": found.public_id, "client_secret": secret, "name": found.name})
    else:
        say(f"Application {found.name}\nclient id      {found.public_id}")
        say(f"client secret  {secret}   (shown this once)")


def _connection(district: str, application: str) -> int:
    from kinsync.store import access, records

    found = records.find_district(district)
    return access.find_connection(found.id, access.find_application(application).id).id


def _issue(connection_id: int, *, at: datetime, as_json: bool) -> None:
    from kinsync.store import tokens

    issued = tokens.issue_token(connection_id, at=at)
    if as_json:
        say_json({"access_token": issued})
    else:
        say(issued)


def _list(connection_id: int, *, as_json: bool) -> None:
    from kinsync.store import tokens

    known = tokens.list_tokens(connection_id)
    if as_json:
        told = [
            {
                "id": one.id,
                "created_at": one.created_at.isoformat(),
                "listed": one.is_listed,
                "open": one.is_open,
            }
            for one in known
        ]
        say_json({"open": sum(one.is_open for one in known), "tokens": told})
        return
    show_table(
        ("id", "created", "made by", ""),
        [
            (
                one.id,
                f"{one.created_at:%Y-%m-%d %H:%M} UTC",
                "/oauth/tokens" if one.is_listed else "kinsync token",
                "open" if one.is_open else "closed",
            )
            for one in known
        ],
    )


def _revoke(connection_id: int, *, at: datetime, as_json: bool) -> None:
    from kinsync.store import tokens

    number = tokens.revoke_tokens(connection_id, at=at)
    if as_json:
        say_json({"revoked": number})
    else:
        say(f"{number} tokens are closed. The application finds a new one at /oauth/tokens.")


def _revoke_one(connection_id: int, reference: str, *, at: datetime, as_json: bool) -> None:
    from kinsync.store import tokens

    tokens.revoke_token(connection_id, reference, at=at)
    if as_json:
        say_json({"revoked": 1})
    else:
        say("The token is closed.")
