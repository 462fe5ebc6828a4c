"""``kinsync source priority | pause | resume | remove``: several sources of one district."""

import getpass
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from kinsync import bootstrap
from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected, tools
from kinsync.cli.source_pulls import source
from kinsync.cli.sync import show_changes
from kinsync.domain.errors import ChangeInput

if TYPE_CHECKING:
    from kinsync.domain.priority import Priority
    from kinsync.services.sync import Outcome
    from kinsync.store.priorities import Saved
    from kinsync.store.records import District
    from kinsync.store.sources import Source

__all__ = ["source"]

_district_argument = click.argument("district")
_source_argument = click.argument("name", metavar="SOURCE")


@source.command("priority")
@_district_argument
@click.option("--order", metavar="A,B,…", help="Sources, the one whose values stand first.")
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="FIELD=B,A",
    help="Another order for one field; FIELD= alone takes it back.",
)
@json_option
def source_priority(
    district: str, order: str | None, fields: tuple[str, ...], as_json: bool
) -> None:
    """Show, or say, which source's values stand in DISTRICT where several speak of one contact.

    A blank never beats a value. What is changed counts from the next sync on; who changed it and
    when is kept.
    """
    connected()
    from kinsync.services import priorities as services
    from kinsync.store import priorities, records

    found = records.find_district(district)
    told = priorities.priority(found.id)
    if order is not None or fields:
        told = services.change(
            found,
            _names(order or ""),
            _by_field(fields),
            at=bootstrap.now(),
            by=getpass.getuser(),
        )
    _show_priority(found, told, as_json=as_json)
    if (order is not None or fields) and not as_json:
        say(f"It counts from the next sync on: kinsync sync {found.name!r} --preview")


def _show_priority(found: "District", told: "Priority", *, as_json: bool) -> None:
    from kinsync.services import priorities as services
    from kinsync.store import priorities

    names, by_field = services.named(found, told)
    history = priorities.history(found.id)
    if as_json:
        changes = [_told(one) for one in history]
        say_json({"order": names, "fields": by_field, "changes": changes})
        return
    rows = [(name, ", ".join(sources)) for name, sources in by_field.items()]
    rows.append(("everything else" if by_field else "everything", ", ".join(names)))
    show_table(("field", "whose value stands first"), rows)
    for one in history[:1]:
        say(f"\nSo since {one.saved_at:%Y-%m-%d %H:%M} UTC, by {one.saved_by}.")


def _names(text: str) -> list[str]:
    return [name for one in text.split(",") if (name := one.strip())]


def _by_field(fields: tuple[str, ...]) -> Mapping[str, list[str]]:
    told = {}
    for text in fields:
        name, sign, names = text.partition("=")
        if not sign:
            raise ChangeInput(f"--field {name} names no source. Write FIELD=SOURCE,SOURCE.")
        told[name.strip()] = _names(names)
    return told


def _told(one: "Saved") -> dict[str, object]:
    return {
        "version": one.version,
        "saved_at": one.saved_at,
        "saved_by": one.saved_by,
        **one.priority.as_json(),
    }


@source.command("pause")
@_district_argument
@_source_argument
@json_option
def source_pause(district: str, name: str, as_json: bool) -> None:
    """Let nothing count that arrives of SOURCE. What was published of it last stands."""
    connected()
    from kinsync.services import priorities
    from kinsync.store import parts

    of, found = _find(district, name)
    count = parts.bearing(of.id, of.published, found.id)
    if not as_json:
        say(f"{count:,} contacts have values of {found.name}. They stay as they are.")
    priorities.pause(of, found, at=bootstrap.now())
    if as_json:
        say_json({"paused": found.name, "contacts": count})
    else:
        say(f"{found.name} is paused: what arrives of it is kept, and does not count.")


@source.command("resume")
@_district_argument
@_source_argument
@json_option
def source_resume(district: str, name: str, as_json: bool) -> None:
    """Let what arrives of SOURCE count again, from the next sync on."""
    connected()
    from kinsync.services import priorities

    _, found = _find(district, name)
    priorities.resume(found)
    if as_json:
        say_json({"resumed": found.name})
    else:
        say(f"{found.name} counts again: kinsync sync {district!r} --preview shows what changes.")


@source.command("remove")
@_district_argument
@_source_argument
@click.option("--preview", is_flag=True, help="Say what would become of its contacts; keep it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def source_remove(district: str, name: str, preview: bool, yes: bool, as_json: bool) -> None:
    """Forget SOURCE with its credentials and mappings.

    What was published of the only source stays. Where there are others, the next sync publishes
    what they say: first it is shown what that changes. The guard looks at it as at any other sync.
    """
    settings = connected()
    from kinsync.services import priorities, sources

    of, found = _find(district, name)
    outcome = priorities.without(
        of, found, bootstrap.arrivals(settings), tools(settings, is_quiet=True)
    )
    if outcome is not None and not as_json:
        _show_without(found, outcome)
    if preview:
        if as_json:
            say_json({"preview": outcome.as_json() if outcome else None})
        elif outcome is None:
            say(f"Nothing changes: what was published of {found.name} stays.")
        return
    if outcome is not None and not yes:
        _ask(found)
    sources.remove_source(of, found)
    if as_json:
        say_json({"removed": found.name, **({"preview": outcome.as_json()} if outcome else {})})
    elif outcome is None:
        say(f"{found.name} is forgotten. What was published of it stays published.")
    else:
        say(f"{found.name} is forgotten. The next sync publishes without it.")


def _show_without(found: "Source", outcome: "Outcome") -> None:
    say(f"Without {found.name}, the next sync would do this:")
    if outcome.changes is not None:
        show_changes(outcome.changes)
    for reason in outcome.reasons:
        say(f"It would be held: {reason.sentence}")


def _ask(found: "Source") -> None:
    if not sys.stdin.isatty():
        raise ChangeInput(
            f"Without {found.name} the next sync changes what is published. Nothing was removed. "
            "Look at it with --preview, and say --yes."
        )
    click.confirm(f"Remove {found.name}?", abort=True, err=True)


def _find(district: str, name: str) -> "tuple[District, Source]":
    from kinsync.store import records, sources

    of = records.find_district(district)
    return of, sources.find_source(of.id, name)
