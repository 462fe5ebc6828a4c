"""``kinsync doctor``: look at a live installation, and say what to change."""

import click
from rich.markup import escape

from kinsync import bootstrap
from kinsync.cli.output import console, json_option, say, say_json
from kinsync.services.doctor.checks import Diagnosis, Look, State, examine

_COLOURS = {State.OK: "green", State.NOTE: "yellow", State.PROBLEM: "red"}


@click.command()
@json_option
def doctor(as_json: bool) -> int:
    """Look at this installation from this machine, and say what to change.

    Exit codes: 0 no problem (notes allowed), 1 problems.
    """
    settings = bootstrap.read_settings()
    look = Look(
        settings=settings,
        storage=bootstrap.storage(settings),
        at=bootstrap.now(),
        reach=lambda: bootstrap.reach_database(settings, session="kinsync doctor"),
    )
    found = examine(look)
    if as_json:
        say_json(_as_json(found))
    else:
        _show(found)
    return 1 if found.problems else 0


def _as_json(found: Diagnosis) -> dict[str, object]:
    states = [one.state for one in found.said.values()]
    return {
        "problems": found.problems,
        "notes": states.count(State.NOTE),
        "database": "away" if found.is_database_away else "there",
        "checks": {
            name: {"state": str(one.state), "text": one.text, "advice": one.advice}
            for name, one in found.said.items()
        },
    }


def _show(found: Diagnosis) -> None:
    out = console()
    for name, one in found.said.items():
        out.print(f"[{_COLOURS[one.state]}]{one.state:8}[/]{name:14}{escape(one.text)}")
        if one.advice:
            out.print(f"{'':22}{escape(one.advice)}", style="dim")
    if found.is_database_away:
        say("The database is away, so nothing in it was looked at.")
    say(f"{found.problems} problems" if found.problems else "No problems")
