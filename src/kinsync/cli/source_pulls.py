"""``kinsync source pull`` and ``kinsync source show``: what was read of a source, and how."""

from typing import TYPE_CHECKING

import click

from kinsync import bootstrap
from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected
from kinsync.cli.source_mappings import source

if TYPE_CHECKING:
    from kinsync.store.pulls import Pull

__all__ = ["source"]

PULLS = 10
_district_argument = click.argument("district")
_source_argument = click.argument("name", metavar="SOURCE")


@source.command("pull")
@_district_argument
@_source_argument
@click.option("--full", "is_full", is_flag=True, help="Read everything, whatever was read before.")
@json_option
def source_pull(district: str, name: str, is_full: bool, as_json: bool) -> None:
    """Read SOURCE now, and leave what came for the next sync of DISTRICT.

    Where the system tells what changed, only that is read, but for the first time of each day.
    A worker syncs what came, and so does 'kinsync sync DISTRICT'.
    """
    configured = connected()
    from kinsync.services.known import in_words
    from kinsync.services.pulls import pull
    from kinsync.store import records, sources

    found = records.find_district(district)
    read = sources.find_source(found.id, name)
    done = pull(found, read, bootstrap.pull_tools(configured), is_full=is_full)
    if as_json:
        say_json({"source": read.name, **_told(done)})
    else:
        say(f"{read.name}: {in_words(done)}. {done.rows:,} rows wait for the next sync.")


@source.command("show")
@_district_argument
@_source_argument
@json_option
def source_show(district: str, name: str, as_json: bool) -> None:
    """How SOURCE is read, and what came of it the last times."""
    connected()
    from kinsync.connectors import find_connector
    from kinsync.services.known import Known, in_words
    from kinsync.store import pulls, records, sources

    found = sources.find_source(records.find_district(district).id, name)
    changes = find_connector(found.connector).carries.changes
    known = Known.of(found.state)
    recent = pulls.recent(found.district_id, found.id, limit=PULLS)
    if as_json:
        say_json(
            {
                "name": found.name,
                "connector": found.connector,
                "settings": dict(found.settings),
                "changes": changes,
                "whole_at": known.whole_at if known else None,
                "pulls": [_told(one) for one in recent],
            }
        )
        return
    say(f"{found.name} is read with the connector {found.connector}.")
    say(f"Changes: {changes}.")
    if known:
        say(f"Everything was read last at {known.whole_at:%Y-%m-%d %H:%M} UTC.")
    show_table(
        ("began at", "outcome", "what was read", "rows in all"),
        [
            (
                f"{one.started_at:%Y-%m-%d %H:%M} UTC",
                one.state,
                one.reason or in_words(one),
                f"{one.rows:,}" if one.kind else "",
            )
            for one in recent
        ],
    )


def _told(pull: "Pull") -> dict[str, object]:
    return {
        "pull": pull.id,
        "state": pull.state,
        "kind": pull.kind,
        "read": pull.read,
        "why_whole": pull.why,
        "rows": pull.rows,
        "reason": pull.reason,
        "started_at": pull.started_at,
    }
