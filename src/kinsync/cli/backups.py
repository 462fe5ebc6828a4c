"""``kinsync backup`` and ``kinsync restore-backup``: a whole installation as one file."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kinsync import bootstrap
from kinsync.cli.output import json_option, say, say_json
from kinsync.cli.serve import alone
from kinsync.cli.session import connected
from kinsync.domain.errors import ChangeInput
from kinsync.domain.settings import Settings

if TYPE_CHECKING:
    from kinsync.services.backup import Made, Place, Restored

FILE = click.Path(dir_okay=False, path_type=Path)
SHORTEST_PASSPHRASE = 12


@click.command()
@click.option("--out", type=FILE, required=True, help="The file to make; it must not be there.")
@click.option("--encrypt", is_flag=True, help="Seal it under KINSYNC_BACKUP_PASSPHRASE, or ask.")
@json_option
def backup(out: Path, encrypt: bool, as_json: bool) -> None:
    """Write everything that is kept, as of now, to one file; syncs and applications go on."""
    settings = connected()
    from kinsync.services.backup import back_up

    passphrase = _new_passphrase(settings) if encrypt else ""
    made = back_up(_place(settings), out, at=bootstrap.now(), passphrase=passphrase)
    if as_json:
        say_json({**_as_json(made), "out": str(out)})
    else:
        _show_made(made, out)


@click.command("restore-backup")
@click.argument("file", type=FILE)
@json_option
def restore_backup(file: Path, as_json: bool) -> None:
    """Put everything of a backup onto an empty machine; nothing is written before all is checked.

    The machine is empty when KINSYNC_HOME (or KINSYNC_DATABASE_URL and KINSYNC_STORAGE) have not
    been used. Stop the machine that the backup comes from: two would send the same webhooks and
    reports.
    """
    settings = bootstrap.read_settings()
    from kinsync.store.backup.archive import is_sealed

    passphrase = _passphrase(settings) if is_sealed(file) else ""
    bootstrap.reach_database(settings)
    with ExitStack() as roles:
        for role in ("web", "sftp", "restore"):
            roles.enter_context(alone(settings.home, role))
        from kinsync.services.backup import restore

        done = restore(_place(settings), file, at=bootstrap.now(), passphrase=passphrase)
    if as_json:
        say_json(_restored_as_json(done))
    else:
        _show_restored(done)


def _place(settings: Settings) -> "Place":
    from kinsync.services.backup import Place

    return Place(settings.home, bootstrap.storage(settings), settings.seal_key)


def _new_passphrase(settings: Settings) -> str:
    given = _passphrase(settings, is_new=True)
    if len(given) < SHORTEST_PASSPHRASE:
        raise ChangeInput(
            f"The passphrase is short: give {SHORTEST_PASSPHRASE} characters or more. Whoever has "
            "the file can guess for as long as they like. No backup was made."
        )
    return given


def _passphrase(settings: Settings, *, is_new: bool = False) -> str:
    if settings.backup_passphrase:
        return settings.backup_passphrase
    if not sys.stdin.isatty():
        raise ChangeInput(
            "Nobody is there to ask for the passphrase. Set KINSYNC_BACKUP_PASSPHRASE."
        )
    return str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=is_new, err=True))


def _as_json(made: "Made") -> dict[str, object]:
    return {
        "backup": made.manifest.id,
        "made_at": made.manifest.made_at.isoformat(),
        "bytes": made.size,
        "rows": made.rows,
        "files": made.files,
        "gone": made.gone,
        "is_encrypted": made.is_sealed,
        "holds_seal_key": made.is_sealed and bool(made.manifest.seal_keys),
    }


def _show_made(made: "Made", out: Path) -> None:
    say(f"{out}: {made.rows:,} rows and {made.files:,} files, {made.size:,} bytes")
    if made.gone:
        say(f"{made.gone:,} uploads were purged meanwhile, and are not in it.")
    if made.is_sealed:
        say("It opens with its passphrase alone: keep that apart from the file.")
        return
    say("It is not encrypted: whoever reads the file reads every family in it.")
    if made.manifest.seal_keys:
        say("The seal key is not in it: keep a copy of keys/seal.key or KINSYNC_SEAL_KEY apart.")


def _restored_as_json(done: "Restored") -> dict[str, object]:
    return {
        "backup": done.manifest.id,
        "made_at": done.manifest.made_at.isoformat(),
        "rows": done.rows,
        "files": done.files,
        "missing_seal_keys": done.missing_keys,
        "left_out": done.left_out,
        "was_there": done.was_there,
    }


def _show_restored(done: "Restored") -> None:
    moment = f"{done.manifest.made_at:%Y-%m-%d %H:%M} UTC"
    if done.was_there:
        say(f"Everything as of {moment} had been restored already; the rest is done now.")
    else:
        say(f"{done.rows:,} rows and {done.files:,} files are restored, as of {moment}.")
    if done.missing_keys:
        say(
            f"Seal key {', '.join(done.missing_keys)} is not held here, and nothing works without: "
            "put the keys/seal.key that belongs to the backup into the home, or add its key to "
            "KINSYNC_SEAL_KEY. Where it is lost for good, run 'kinsync migrate --lost-key'."
        )
    if done.left_out:
        say(f"Left out, because they are none of Kinsync's: tables {', '.join(done.left_out)}.")
    say("'kinsync doctor' says whether all is well here.")
