"""``kinsync sftp-account``: who may upload files for a district."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kinsync import bootstrap
from kinsync.cli.check import file_type
from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected
from kinsync.domain.errors import ChangeInput

if TYPE_CHECKING:
    from kinsync.store.sftp_accounts import Account


@click.group("sftp-account")
def sftp_account() -> None:
    """Add, list and revoke SFTP accounts, and show the host keys."""


@sftp_account.command("add")
@click.argument("district")
@click.option("--password", "has_password", is_flag=True, help="Make a password, shown once.")
@click.option("--key", "keys", type=file_type, multiple=True, help="A public key file (.pub).")
@click.option("--label", default="", help='Whose it is, such as "PowerSchool".')
@json_option
def account_add(
    district: str, has_password: bool, keys: tuple[Path, ...], label: str, as_json: bool
) -> None:
    """Add an account of DISTRICT, opened by a password, by keys, or by either.

    One for the district itself and one for each SIS vendor: each is revoked alone.
    """
    connected()
    from kinsync.services import sftp_accounts
    from kinsync.store import records

    added, password = sftp_accounts.add_account(
        records.find_district(district),
        at=bootstrap.now(),
        has_password=has_password,
        keys=[_key_text(path) for path in keys],
        label=label,
    )
    if as_json:
        told = {"username": added.username, "label": added.label, "keys": len(added.public_keys)}
        say_json(told | ({"password": password} if password else {}))
        return
    say(f"username  {added.username}")
    if password:
        say(f"password  {password}   (shown this once)")
    if keys:
        say(f"keys      {len(keys)}")


def _key_text(path: Path) -> str:
    if not path.is_file():
        raise ChangeInput(f"There is no file {path}. Check the name and the folder.")
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ChangeInput(f"{path} is not a public key that can be read.") from error


@sftp_account.command("list")
@click.argument("district")
@json_option
def account_list(district: str, as_json: bool) -> None:
    """Every account of DISTRICT, revoked ones too."""
    connected()
    from kinsync.services import sftp_accounts
    from kinsync.store import records

    rows = sftp_accounts.list_accounts(records.find_district(district))
    if as_json:
        listed = [
            {
                "username": row.username,
                "label": row.label,
                "has_password": bool(row.password_hash),
                "keys": len(row.public_keys),
                "created_at": row.created_at.isoformat(),
                "revoked_at": row.revoked_at and row.revoked_at.isoformat(),
            }
            for row in rows
        ]
        say_json({"accounts": listed})
        return
    show_table(
        ("username", "label", "opened by", "state"),
        [
            (
                row.username,
                row.label,
                " or ".join(
                    ["password"] * bool(row.password_hash) + ["key"] * bool(row.public_keys)
                ),
                f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "open",
            )
            for row in rows
        ],
    )


def _opened_by(account: "Account") -> str:
    ways = {"password": account.password_hash, "key": account.public_keys}
    return " or ".join(way for way, known in ways.items() if known)


@sftp_account.command("revoke")
@click.argument("district")
@click.argument("username")
@json_option
def account_revoke(district: str, username: str, as_json: bool) -> None:
    """Close the account USERNAME of DISTRICT for ever; a session that is open ends."""
    connected()
    from kinsync.services import sftp_accounts
    from kinsync.store import records

    gone = sftp_accounts.revoke_account(
        records.find_district(district), username, at=bootstrap.now()
    )
    if as_json:
        say_json({"username": gone.username, "revoked": True})
    else:
        say(f"{gone.username} is revoked. What it uploaded stays.")


@sftp_account.command("host-key")
@click.option("--replace", is_flag=True, help="Make new ones, such as after the old ones leaked.")
@json_option
def host_key(replace: bool, as_json: bool) -> None:
    """The keys by which clients know this service, with their fingerprints.

    After --replace, clients refuse to connect until their people have taken over the new key: tell
    districts and SIS vendors first. A server that runs has the new keys once it is started again.
    """
    connected()
    from kinsync.services import sftp_accounts

    at = bootstrap.now()
    before = [key.get_fingerprint() for key in sftp_accounts.host_keys(at=at)]
    new = sftp_accounts.replace_host_keys(at=at) if replace else sftp_accounts.host_keys(at=at)
    keys = [
        {
            "algorithm": key.get_algorithm(),
            "fingerprint": key.get_fingerprint(),
            "public_key": key.export_public_key().decode().strip(),
        }
        for key in new
    ]
    if as_json:
        say_json({"host_keys": keys} | ({"replaced": before} if replace else {}))
        return
    for key in keys:
        say(f"{key['algorithm']} {key['fingerprint']}\n  {key['public_key']}")
    if replace:
        say(REPLACED.format(fingerprints="\n  ".join(before)))


REPLACED = """
These are no longer used, once every 'kinsync serve' has been started again:
  {fingerprints}
OpenSSH's client then says REMOTE HOST IDENTIFICATION HAS CHANGED and sends nothing, others ask
whether to trust the new key. Where the fingerprint is one of the above, 'ssh-keygen -R HOST', or
'ssh-keygen -R [HOST]:PORT', forgets the old key, and the next connection asks once."""
