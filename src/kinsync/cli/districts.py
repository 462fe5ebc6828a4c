"""``kinsync district``: the districts of this home."""

import click

from kinsync import bootstrap
from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected


@click.group()
def district() -> None:
    """Add, list and show districts."""


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
@json_option
def district_set(reference: str, time_zone: str | None, quiet: int | None, as_json: bool) -> None:
    """Change how DISTRICT is worked on."""
    connected()
    from kinsync.services.schedules import set_time_zone
    from kinsync.store import records

    row = records.find_district(reference)
    if time_zone is not None:
        row = set_time_zone(row, time_zone, bootstrap.now())
    if quiet is not None:
        row = records.change_settings(row.id, {"quiet_seconds": 60 * quiet})
    if as_json:
        say_json({"id": row.public_id, "name": row.name, "settings": dict(row.settings)})
    else:
        for name, value in sorted(row.settings.items()):
            say(f"{name}: {value}")


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
