"""``kinsync sync``, and what comes after it: holds, versions, restore."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kinsync import bootstrap
from kinsync.cli.check import exit_code, file_type, say_refusal
from kinsync.cli.output import Reading, json_option, say, say_json, show_report, show_table
from kinsync.cli.session import connected, tools
from kinsync.domain.changes import Changes
from kinsync.domain.errors import ChangeInput, KinsyncError, NotFound
from kinsync.domain.settings import Settings
from kinsync.services.delivery import Delivery, existing, open_delivery

if TYPE_CHECKING:
    from kinsync.services.sync import Outcome, Tools
    from kinsync.store.records import District

HELD_EXIT_CODE = 3


@click.command()
@click.argument("district")
@click.option(
    "--file", type=file_type, help="The district's students.csv; the newest upload otherwise."
)
@click.option("--contacts", type=file_type, help="customcontacts/contacts.csv beside it.")
@click.option("--mapping", type=file_type, help="TOML that changes which column feeds which field.")
@click.option("--source", metavar="NAME", help="Read that system now ('kinsync source').")
@click.option("--preview", is_flag=True, help="Show and save what would change; publish nothing.")
@json_option
def sync(
    district: str,
    file: Path | None,
    contacts: Path | None,
    mapping: Path | None,
    source: str | None,
    preview: bool,
    as_json: bool,
) -> int:
    """Publish FILE as the next version of DISTRICT, whole or not at all.

    With --source, what that system has now, or FILE as one of that source. With neither, what
    arrived last: the newest whole students.csv that was uploaded over SFTP, and with it the newest
    customcontacts/contacts.csv, without waiting until the district is quiet; or what came of a
    source since.
    """
    if source and (contacts or mapping):
        raise ChangeInput("A source has a mapping of its own, and one file. Leave the others out.")
    settings = connected()
    from kinsync.services.arrivals import sync_arrived
    from kinsync.services.mail import report_ended
    from kinsync.services.sync import sync_delivery
    from kinsync.store import records

    found = records.find_district(district)
    reading = Reading(is_quiet=as_json)
    given = tools(settings, reading=reading, is_quiet=as_json)
    try:
        outcome: Outcome | None
        if source is not None:
            outcome = _sync_source(
                settings, found, source, given, file=file, is_preview=preview, is_quiet=as_json
            )
        elif file is None and not (contacts or mapping or preview):
            outcome = sync_arrived(found.id, bootstrap.arrivals(settings), given)
        else:
            with _delivered(settings, found, file, contacts, mapping) as (delivery, turn):
                outcome = sync_delivery(found, delivery, given, is_preview=preview, turn=turn)
    finally:
        reading.stop()
    try:
        report_ended(records.district(found.id), bootstrap.post(settings), bootstrap.now())
    except KinsyncError as error:  # the sync has ended all the same, and the next one tells of it
        click.echo(str(error), err=True)
    if outcome is None:
        return _say_nothing_new(settings, found, as_json=as_json)
    if as_json:
        say_json(outcome.as_json())
    else:
        _show(outcome, found.name)
    return _exit_code(outcome)


def _sync_source(
    settings: Settings,
    district: "District",
    name: str,
    given: "Tools",
    *,
    file: Path | None,
    is_preview: bool,
    is_quiet: bool,
) -> "Outcome":
    """Read a system, or a file of it, and sync that, with what stands of the other sources.

    A preview leaves nothing behind that would be synced.
    """
    from kinsync.services.known import in_words
    from kinsync.services.pulls import pull, pulled_aside
    from kinsync.services.several import open_among
    from kinsync.services.sync import sync_delivery
    from kinsync.store.sources import find_source

    pulling = replace(bootstrap.pull_tools(settings), on_complete=lambda *_: None)
    source = find_source(district.id, name)
    with ExitStack() as stack:
        turn = None
        if file is not None:
            path = existing(file)
        elif is_preview:
            path = stack.enter_context(pulled_aside(source, pulling))
        else:
            whole = pull(district, source, pulling)
            if not is_quiet:
                say(f"Read: {in_words(whole)}.")
            path, turn = (
                stack.enter_context(pulling.shelf.reading(district.public_id, whole.id)),
                whole.turn,
            )
        arrivals = bootstrap.arrivals(settings)
        delivery = stack.enter_context(
            open_among(district, source, path, arrivals, has_arrived=turn is not None)
        )
        return sync_delivery(district, delivery, given, is_preview=is_preview, turn=turn)


@contextmanager
def _delivered(
    settings: Settings,
    district: "District",
    file: Path | None,
    contacts: Path | None,
    mapping: Path | None,
) -> Iterator[tuple[Delivery, int | None]]:
    """The files that were named, or else what arrived, and the turn of that."""
    from kinsync.services.arrivals import open_arrived
    from kinsync.services.arrived import Together

    if file is not None:
        yield open_delivery(file, contacts=contacts, mapping=mapping), None
        return
    with bootstrap.arrivals(settings).newest(district) as arrived:
        if arrived is None:
            raise _nothing_there(district)
        if isinstance(arrived, Together) or arrived.source is not None:
            yield open_arrived(arrived), arrived.turn
            return
        beside = contacts or arrived.contacts
        yield open_delivery(arrived.students, contacts=beside, mapping=mapping), arrived.turn


def _nothing_there(district: "District") -> NotFound:
    return NotFound(
        f"No account of {district.name} has uploaded a whole students.csv, and nothing was read of "
        "a system. Name a file with --file or a system with --source; see 'kinsync uploads'."
    )


def _say_nothing_new(settings: Settings, district: "District", *, as_json: bool) -> int:
    with bootstrap.arrivals(settings).newest(district) as arrived:
        if arrived is None:
            raise _nothing_there(district)
    if as_json:
        say_json({"state": "nothing-new"})
    else:
        say(
            f"Nothing to do: {district.name} has delivered nothing since its last sync, or is "
            "paused ('kinsync district show' says so)."
        )
    return 0


def _exit_code(outcome: "Outcome") -> int:
    if outcome.reasons:
        return HELD_EXIT_CODE
    if outcome.report:
        return exit_code(outcome.report)
    return 1 if outcome.sync.counts.get("held") else 0


def _show(outcome: "Outcome", district: str) -> None:
    if outcome.report:
        show_report(outcome.report)
        say("")
    if outcome.changes:
        show_changes(outcome.changes)
    for reason in outcome.reasons:
        say(f"Hold: {reason.sentence}")
    say(_ending(outcome, district))
    if outcome.report and outcome.report.is_refused:
        say_refusal(outcome.report)


def _ending(outcome: "Outcome", district: str) -> str:
    sync = outcome.sync
    if not outcome.report:
        return f"Nothing to do: version {sync.base} of {district} was made from these very bytes."
    endings = {
        "published": f"Published as version {sync.version} of {district}.",
        "unchanged": f"Nothing changed: {district} stays at version {sync.base}.",
        "previewed": f"Preview {sync.id} of {district}; nothing was published.",
        "held": f"Sync {sync.id} of {district} is held; version {sync.base} stays published. "
        "Look at it with 'kinsync hold show', then say 'kinsync hold approve' or "
        f"'kinsync hold discard', with the district and {sync.id}.",
        "refused": f"Nothing was published: {district} stays at version {sync.base}.",
    }
    return endings[sync.state]


def show_changes(changes: Changes) -> None:
    """How many records of each kind come, change and go."""
    counts = changes.counts()
    acts = ("created", "updated", "deleted")
    show_table(("", *acts), [(f"{kind}s", *(counts[kind][act] for act in acts)) for kind in counts])


@click.group()
def hold() -> None:
    """Look at, approve or discard a held sync."""


@hold.command("show")
@click.argument("district")
@json_option
def hold_show(district: str, as_json: bool) -> None:
    """Why the sync of DISTRICT is held, and what it would change."""
    settings = connected()
    from kinsync.services.holds import held_sync
    from kinsync.store import records

    held = held_sync(records.find_district(district), tools(settings))
    if as_json:
        say_json(
            {
                "sync": held.sync.id,
                "base": held.sync.base,
                "reasons": list(held.sync.reasons),
                "changes": held.changes.counts(),
            }
        )
        return
    say(f"Sync {held.sync.id} ({held.sync.file_name}) is held against version {held.sync.base}:")
    for reason in held.sync.reasons:
        say(f"  {reason}")
    show_changes(held.changes)


@hold.command("approve")
@click.argument("district")
@click.argument("sync_id", type=int, required=False)
@json_option
def hold_approve(district: str, sync_id: int | None, as_json: bool) -> None:
    """Publish exactly what was held. SYNC_ID says which; a newer upload is never approved by it."""
    settings = connected()
    from kinsync.services.holds import approve
    from kinsync.store import records

    found = records.find_district(district)
    approved = approve(found, tools(settings, is_quiet=as_json), sync_id=sync_id)
    if as_json:
        say_json({"sync": approved.id, "state": approved.state, "version": approved.version})
    else:
        say(f"Sync {approved.id} is published as version {approved.version} of {found.name}.")


@hold.command("discard")
@click.argument("district")
@click.argument("sync_id", type=int, required=False)
@json_option
def hold_discard(district: str, sync_id: int | None, as_json: bool) -> None:
    """Forget the held sync of DISTRICT; what is published stays."""
    settings = connected()
    from kinsync.services.holds import discard
    from kinsync.store import records

    gone = discard(
        records.find_district(district), tools(settings, is_quiet=as_json), sync_id=sync_id
    )
    if as_json:
        say_json({"sync": gone.id, "state": gone.state, "version": gone.base})
    else:
        say(f"Sync {gone.id} is discarded; version {gone.base} stays published.")


@click.command()
@click.argument("district")
@json_option
def versions(district: str, as_json: bool) -> None:
    """Every version of DISTRICT, newest first."""
    connected()
    from kinsync.store import records

    found = records.find_district(district)
    rows = records.list_versions(found.id)
    if as_json:
        listed = [
            {
                "version": row.number,
                "published_at": row.published_at.isoformat(),
                "origin": row.origin,
                "sync": row.sync_id,
                "changes": row.counts.get("changes", {}),
                "purged_at": row.purged_at and row.purged_at.isoformat(),
            }
            for row in rows
        ]
        say_json({"published": found.published, "versions": listed})
        return
    show_table(
        ("version", "published at", "from", "sync", ""),
        [
            (
                row.number,
                f"{row.published_at:%Y-%m-%d %H:%M} UTC",
                row.origin,
                row.sync_id,
                f"purged {row.purged_at:%Y-%m-%d}" if row.purged_at else "",
            )
            for row in rows
        ],
    )


@click.command()
@click.argument("district")
@click.argument("version", type=int)
@json_option
def restore(district: str, version: int, as_json: bool) -> None:
    """Publish what VERSION of DISTRICT was, as a new version."""
    settings = connected()
    from kinsync.services.restore import restore as restore_version
    from kinsync.store import records

    found = records.find_district(district)
    run, changes = restore_version(found, version, tools(settings, is_quiet=as_json))
    if as_json:
        say_json({"state": run.state, "version": run.version, "changes": changes.counts()})
        return
    show_changes(changes)
    say(f"Version {version} of {found.name} is published again, as version {run.version}.")
