"""``kinsync purge``: what was kept long enough goes."""

from typing import TYPE_CHECKING

import click

from kinsync import bootstrap
from kinsync.cli.output import json_option, say, say_json
from kinsync.cli.session import connected

if TYPE_CHECKING:
    from kinsync.services.purge import Purged
    from kinsync.store.rewriting import Tidied

WORDS = {
    "files": "uploaded files",
    "reports": "findings, previews and holds of syncs, in storage",
    "copies": "lines of the last file, in storage",
    "tables": "tables of the last pull of a source, in storage",
    "caches": "copies of versions, in storage",
    "holds": "holds that nobody decided",
    "values": "records of who was deleted or changed, their values",
    "evidence": "ids that waited for somebody, with what was said of whom",
    "events": "events",
    "seen": "records of what applications saw",
    "editions": "editions of what applications see",
    "disclosures": "reads on record",
    "messages": "webhook messages",
    "syncs": "syncs",
    "uploads": "uploads, by name",
    "acts": "acts of people on record",
    "previews": "files that were previewed and never synced",
    "records": "records that ended, by id",
}


@click.command()
@click.argument("district", required=False)
@click.option("--dry-run", is_flag=True, help="Say what would go; take nothing away.")
@click.option(
    "--rewrite", is_flag=True, help="Rewrite tables however large they are; readers wait meanwhile."
)
@json_option
def purge(district: str | None, dry_run: bool, rewrite: bool, as_json: bool) -> None:
    """Take away what DISTRICT, or every district, keeps beyond its periods.

    A worker does the same each day. Afterwards the database gives back what was freed; up to
    KINSYNC_REWRITE_MB it rewrites its tables, so that no file holds any of it.
    """
    settings = connected()
    from kinsync.services.purge import give_back, purge_district
    from kinsync.store import records

    tools = bootstrap.purge_tools(settings)
    rows = [records.find_district(district)] if district else records.list_districts()
    done = [purge_district(row.id, tools, is_dry=dry_run) for row in rows]
    tidied = None if dry_run else give_back(tools, is_rewriting=rewrite)
    if as_json:
        say_json(_as_json(done, tidied))
        return
    for purged in done:
        _show(purged, is_dry=dry_run)
    if tidied is not None:
        say(_left(tidied))


def _show(purged: "Purged", *, is_dry: bool) -> None:
    counts = {name: count for name, count in purged.counts.items() if count}
    verb = "would go" if is_dry else "went"
    say(f"{purged.district.name}: {'nothing' if not counts else 'this'} {verb}")
    for name, count in counts.items():
        say(f"  {count:>9,}  {WORDS[name]}")


def _left(tidied: "Tidied") -> str:
    if tidied.is_log_clean:
        return "Tables, indexes, statistics and the log of the database were rewritten."
    if tidied.is_rewritten:
        return (
            "Tables, indexes and statistics were rewritten. The server's log, its archive and its "
            "backups are its operator's."
        )
    return (
        "The room is free for other rows; until they come, freed bytes stay in the database's "
        "files. --rewrite makes new ones, while readers wait."
    )


def _as_json(done: list["Purged"], tidied: "Tidied | None") -> dict[str, object]:
    totals = {name: sum(one.counts.get(name, 0) for one in done) for name in WORDS}
    return {
        **totals,
        "districts": {one.district.public_id: one.counts for one in done},
        "is_rewritten": tidied is not None and tidied.is_rewritten,
        "is_log_clean": tidied is not None and tidied.is_log_clean,
    }
