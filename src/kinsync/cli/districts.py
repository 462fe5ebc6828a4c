"""``kinsync district``: the districts of this home."""

from typing import TYPE_CHECKING

import click

from kinsync import bootstrap
from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected
from kinsync.domain.errors import ChangeInput
from kinsync.domain.retention import KEEP

if TYPE_CHECKING:
    from kinsync.store.records import District


@click.group()
def district() -> None:
    """Add, list, show and remove districts."""


@district.command("add")
@click.argument("name")
@json_option
def district_add(name: str, as_json: bool) -> None:
    """Add a district named NAME."""
    connected()
    from kinsync.store import records

    added = records.add_district(name, at=bootstrap.now())
    if as_json:
        say_json({"id": added.public_id, "name": added.name})
    else:
        say(f"District {added.name} has the id {added.public_id}.")


@district.command("set")
@click.argument("reference", metavar="DISTRICT")
@click.option("--time-zone", metavar="NAME", help="IANA name, such as America/Chicago.")
@click.option(
    "--quiet", type=click.IntRange(0), metavar="MINUTES",
    help="How long uploads must have rested before they are synced.",
)  # fmt: skip
@click.option(
    "--keep", "kept", metavar="WHAT=DAYS", multiple=True,
    help="uploads, findings, deleted, record or messages; WHAT= alone for the usual period.",
)  # fmt: skip
@json_option
def district_set(
    reference: str,
    time_zone: str | None,
    quiet: int | None,
    kept: tuple[str, ...],
    as_json: bool,
) -> None:
    """Change how DISTRICT is worked on, and how long what of it is kept."""
    connected()
    from kinsync.services.schedules import set_time_zone
    from kinsync.store import records

    row = records.find_district(reference)
    if time_zone is not None:
        row = set_time_zone(row, time_zone, bootstrap.now())
    if quiet is not None:
        row = records.change_settings(row.id, {"quiet_seconds": 60 * quiet})
    if kept:
        row = records.change_settings(row.id, {KEEP: _periods(row, kept)})
    if as_json:
        say_json({"id": row.public_id, "name": row.name, "settings": dict(row.settings)})
    else:
        for name, value in sorted(row.settings.items()):
            say(f"{name}: {value}")


def _periods(row: "District", kept: tuple[str, ...]) -> dict[str, int] | None:
    """A district's own periods after these words; None where all are the usual ones."""
    before = row.settings.get(KEEP)
    own = dict(before) if isinstance(before, dict) else {}
    for word in kept:
        name, equals, days = word.partition("=")
        if not equals or not (days.isdigit() or not days):
            raise ChangeInput(f"--keep {word!r} is not WHAT=DAYS, such as findings=14.")
        own[name] = int(days) if days else None
    own = {name: days for name, days in own.items() if days is not None}
    bootstrap.read_settings().keep.changed(own)
    return own or None


@district.command("remove")
@click.argument("reference", metavar="DISTRICT")
@click.option("--yes", is_flag=True, help="Needed: nothing brings it back.")
@json_option
def district_remove(reference: str, yes: bool, as_json: bool) -> None:
    """Take away everything of DISTRICT at once: people, versions, uploads, events, accounts."""
    settings = connected()
    from kinsync.services.purge import remove_district
    from kinsync.store import records

    row = records.find_district(reference)
    if not yes:
        raise ChangeInput(
            f"Everything of {row.name} ({row.public_id}) would go, and nothing brings it back. "
            "Nothing was done. Say it again with --yes."
        )
    counts = remove_district(row, bootstrap.purge_tools(settings))
    if as_json:
        say_json({"id": row.public_id, "removed": counts})
    else:
        say(f"{row.name} is gone: {sum(counts.values()):,} rows, and its files.")


@district.command("list")
@json_option
def district_list(as_json: bool) -> None:
    """Every district, by name."""
    connected()
    from kinsync.store import records

    rows = records.list_districts()
    if as_json:
        say_json(
            {
                "districts": [
                    {"id": row.public_id, "name": row.name, "version": row.published}
                    for row in rows
                ]
            }
        )
    else:
        show_table(("id", "name", "version"), [(r.public_id, r.name, r.published) for r in rows])


@district.command("show")
@click.argument("reference", metavar="DISTRICT")
@json_option
def district_show(reference: str, as_json: bool) -> None:
    """One district, its version, state and last syncs."""
    connected()
    from kinsync.services.states import state_of
    from kinsync.store import records

    row = records.find_district(reference)
    syncs = records.list_syncs(row.id, limit=10)
    state = state_of(row, bootstrap.now())
    if as_json:
        say_json(
            {
                "id": row.public_id,
                "name": row.name,
                "version": row.published,
                "state": state,
                "syncs": [
                    {
                        "sync": sync.id,
                        "state": sync.state,
                        "file": sync.file_name,
                        "version": sync.version,
                        "started_at": sync.started_at.isoformat(),
                        "error": sync.error,
                    }
                    for sync in syncs
                ],
            }
        )
        return
    say(f"{row.name} ({row.public_id}), version {row.published}: {state}")
    show_table(
        ("sync", "started", "state", "version", "file"),
        [
            (s.id, f"{s.started_at:%Y-%m-%d %H:%M} UTC", s.state, s.version, s.file_name)
            for s in syncs
        ],
    )
