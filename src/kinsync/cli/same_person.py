"""``kinsync same-person``: pairs of contacts that may be one person, and what people decide."""

import getpass
from typing import TYPE_CHECKING

import click

from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected, tools
from kinsync.domain.alike import REASONS
from kinsync.domain.deciding import VERDICTS

if TYPE_CHECKING:
    from kinsync.services.same_person import Done, Effect

by_option = click.option(
    "--by", metavar="NAME", help="Who decides; otherwise the account that runs the command."
)


@click.group("same-person")
def same_person() -> None:
    """Decide which contacts are the same person, and part those who are not."""


@same_person.command("list")
@click.argument("district")
@click.option(
    "--state",
    "states",
    type=click.Choice(("open", *VERDICTS)),
    multiple=True,
    default=("open",),
    show_default=True,
    help="Pairs about which this is decided; may be repeated.",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--after", metavar="KEY", help="Where the page before ended.")
@json_option
def list_(
    district: str, states: tuple[str, ...], limit: int, after: str | None, as_json: bool
) -> None:
    """Pairs of contacts of DISTRICT that look alike, the best first, and why.

    A worker finds them behind each version; where none has, this command does, and takes longer.
    """
    settings = connected()
    from kinsync.services import alike
    from kinsync.store import records

    found = records.find_district(district)
    alike.find(found, tools(settings, is_quiet=as_json))
    page = alike.list_pairs(found, states=states, after=after, limit=limit)
    if as_json:
        say_json(page.as_json())
        return
    show_table(
        ("score", "pair", "", "names", "", "why", "decided"),
        [
            (
                one.score,
                one.low_id,
                one.high_id,
                one.low_name,
                one.high_name,
                ", ".join(one.reasons),
                one.verdict,
            )
            for one in page.pairs
        ],
    )
    if page.after:
        say(f"There are more: --after {page.after}")


@same_person.command("show")
@click.argument("district")
@click.argument("contact")
@click.argument("other")
@click.option("--as", "verdict", type=click.Choice(VERDICTS), default="same", show_default=True)
@click.option("--undo", is_flag=True, help="Show what taking the decision back would do.")
@json_option
def show(district: str, contact: str, other: str, verdict: str, undo: bool, as_json: bool) -> None:
    """Two contacts side by side, why they look alike, and what a decision would change.

    For DISTRICT and for each application that is connected. Nothing is changed. CONTACT and OTHER
    are ids as API v3 has them.
    """
    settings = connected()
    from kinsync.services.same_person import effect
    from kinsync.store import alike, records

    found = records.find_district(district)
    told = effect(
        found,
        (contact, other),
        None if undo else verdict,
        tools(settings, is_quiet=as_json),
    )
    low, high = sorted((contact, other))
    known = alike.pair(found.id, low, high)
    score, reasons = known or (None, [])
    if as_json:
        why = {code: REASONS[code].sentence for code in reasons}
        say_json({"pair": [low, high], "score": score, "reasons": why, **told.as_json()})
        return
    if score:
        say(f"They look alike: {score} of 100.")
        for code in reasons:
            say(f"  {REASONS[code].sentence}")
    _show_effect(told)


@same_person.command("decide")
@click.argument("district")
@click.argument("contact")
@click.argument("other")
@click.argument("verdict", type=click.Choice(VERDICTS))
@by_option
@json_option
def decide(
    district: str, contact: str, other: str, verdict: str, by: str | None, as_json: bool
) -> None:
    """Say that two contacts of DISTRICT are the same, are different, or to ask again later.

    Published at once, and kept to on every later night. Who is the same goes on under the older
    id, and the other id leads there; two whom a file had joined are parted under their own ids.
    """
    settings = connected()
    from kinsync.services import same_person as service
    from kinsync.store import records

    found = records.find_district(district)
    done = service.decide(
        found,
        (contact, other),
        verdict,
        tools(settings, is_quiet=as_json),
        by=by or getpass.getuser(),
    )
    _show_done(done, as_json=as_json)


@same_person.command("undo")
@click.argument("district")
@click.argument("contact")
@click.argument("other")
@by_option
@json_option
def undo(district: str, contact: str, other: str, by: str | None, as_json: bool) -> None:
    """Take back what was decided about two contacts; who was one is two again, under both ids."""
    settings = connected()
    from kinsync.services import same_person as service
    from kinsync.store import records

    found = records.find_district(district)
    done = service.undo(
        found, (contact, other), tools(settings, is_quiet=as_json), by=by or getpass.getuser()
    )
    _show_done(done, as_json=as_json)


@same_person.command("part")
@click.argument("district")
@click.argument("contact")
@click.argument("students", nargs=-1, required=True)
@by_option
@json_option
def part(
    district: str, contact: str, students: tuple[str, ...], by: str | None, as_json: bool
) -> None:
    """Part one contact of DISTRICT in two: who stands to STUDENTS (SIS ids) is somebody else.

    For people whom the very first file joined, so that no second id of theirs is known.
    """
    settings = connected()
    from kinsync.services import same_person as service
    from kinsync.store import records

    found = records.find_district(district)
    done = service.part(
        found, contact, students, tools(settings, is_quiet=as_json), by=by or getpass.getuser()
    )
    _show_done(done, as_json=as_json)


def _show_done(done: "Done", *, as_json: bool) -> None:
    if as_json:
        say_json(done.as_json())
        return
    low, high = done.pair
    said = f"{low} and {high}: {done.verdict}." if done.verdict else f"{low} and {high}: undone."
    say(said if done.version is None else f"{said} Published as version {done.version}.")


def _show_effect(told: "Effect") -> None:
    for title, contacts in (("now", told.before), ("then", told.after)):
        show_table(
            (title, "name", "phone", "e-mail", "students"),
            [
                (
                    row["id"],
                    row["name"],
                    row["phone"],
                    row["email"],
                    ", ".join(tie["student"] or "" for tie in row["students"] or []),
                )
                for row in contacts.iter_rows(named=True)
            ],
        )
    for reader in told.readers:
        events = [
            f"{count:,} {kind}s {act}"
            for kind, acts in reader.events.items()
            for act, count in acts.items()
        ]
        say(f"{reader.application} would be told: {', '.join(events) or 'nothing'}.")
