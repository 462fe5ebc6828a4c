"""``kinsync import-ids``: the ids by which an application knows a district from another service."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kinsync.cli.check import file_type
from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected, tools
from kinsync.domain.moving import OUTCOMES

if TYPE_CHECKING:
    from kinsync.services.moving import Moved

NAMES = {
    "school": "schools",
    "student": "students",
    "contact": "contacts (v3)",
    "legacy": "contacts (v2 id alone)",
    "relationship": "contacts (v1.2)",
    "other": "of no kind",
}


@click.command("import-ids")
@click.argument("district")
@click.argument("files", metavar="FILE...", type=file_type, nargs=-1, required=True)
@click.option("--preview", is_flag=True, help="Say what would become of each id; adopt nothing.")
@click.option("--yes", is_flag=True, help="Change ids that an application may have read.")
@click.option(
    "--unmatched",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a CSV of the ids that are not adopted and why.",
)
@json_option
def import_ids(
    district: str,
    files: tuple[Path, ...],
    preview: bool,
    yes: bool,
    unmatched: Path | None,
    as_json: bool,
) -> int:
    """Give DISTRICT's records the ids that they have in another service.

    FILE is what an application saved there: pages of the API (JSON), or a CSV with the columns
    kind and id. Schools and students are recognised by their SIS id, contacts by SIS id, student
    and name, or name and phone or e-mail. Ids of records that are not there yet wait for them.
    """
    settings = connected()
    from kinsync.services import moving
    from kinsync.store import records

    found = records.find_district(district)
    moved = moving.import_ids(
        found,
        files,
        tools(settings, is_quiet=as_json),
        is_preview=preview,
        is_confirmed=yes,
    )
    if unmatched:
        moving.write_unmatched(unmatched, moved.told.left)
    if as_json:
        say_json(moved.as_json())
    else:
        _show(moved, found.name)
    return 1 if moved.told.left.height else 0


def _show(moved: "Moved", district: str) -> None:
    told = moved.told
    show_table(
        ("", *OUTCOMES),
        [
            (NAMES[kind], *(f"{counts[outcome]:,}" for outcome in OUTCOMES))
            for kind, counts in told.counts.items()
            if any(counts.values())
        ],
    )
    if told.repeated:
        say(f"{told.repeated:,} records repeated an id that stood there before.")
    if told.ignored:
        say(f"{told.ignored:,} records are of kinds that Kinsync does not hold.")
    if moved.readers:
        say(f"May have read the ids that change: {', '.join(moved.readers)}.")
    say(_ending(moved, district))


def _ending(moved: "Moved", district: str) -> str:
    endings = {
        "published": f"Published as version {moved.version} of {district}: published records have "
        "their other ids now, and the ids they had point to them. 'kinsync restore' undoes it.",
        "waiting": f"{district} stays at version {moved.version}. What waits is given to the "
        "records when a sync brings them.",
        "unchanged": f"Nothing to change: {district} stays at version {moved.version}.",
        "previewed": f"A preview: nothing was adopted, {district} stays at version "
        f"{moved.version}.",
    }
    return endings[moved.state]
