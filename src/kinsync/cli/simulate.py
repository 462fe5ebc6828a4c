"""``kinsync simulate``: a pretended system on this machine, to try a connector against."""

import signal
import threading
from pathlib import Path

import click

from kinsync.cli.output import json_option, say, say_json
from kinsync.domain.errors import ChangeInput
from kinsync.simulators.extracts import EXTRACTS, write_extract
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import NIGHT, Serving
from kinsync.simulators.systems import pretend, quirks_of


@click.command()
@click.argument("name")
@click.option("--students", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same families.")
@click.option("--quirks", default="", help="Separated by commas; 'all' for every one.")
@click.option(
    "--faults", type=click.FloatRange(0, 0.9), default=0.0,
    help="Share of answers that fail in some way that is over the next time.",
)  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="A free one otherwise.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where a system of files writes.",
)
@click.option("--night", type=click.IntRange(1), default=1, help="Which night a file is of.")
@json_option
def simulate(
    name: str,
    students: int,
    seed: int,
    quirks: str,
    faults: float,
    port: int,
    out: Path | None,
    night: int,
    as_json: bool,
) -> None:
    """Pretend to be the system NAME, with invented families.

    One that answers serves until Ctrl-C, and prints its address and credentials: POST to
    /_simulator/night, and a night passes. One that writes files writes one to --out.
    """
    if name in EXTRACTS:
        _write(name, out, students, seed, night, quirks, as_json=as_json)
        return
    known = quirks_of(name)
    chosen = list(known) if quirks == "all" else [one for one in quirks.split(",") if one]
    system = pretend(name, Roster(students=students, seed=seed), chosen)
    try:
        serving = Serving(system, port=port, fault_share=faults, seed=seed)
    except OSError as error:
        raise ChangeInput(f"Port {port} cannot be had: {error.strerror}.") from error
    with serving:
        if as_json:
            say_json({"settings": dict(serving.settings), "night": serving.address + NIGHT})
        else:
            for key, value in serving.settings.items():
                say(f"{key:12} {value}")
            say(f"\nA night passes with: curl -X POST {serving.address}{NIGHT}")
            say("Serving until Ctrl-C.")
        _wait()


def _write(
    name: str, out: Path | None, students: int, seed: int, night: int, quirks: str, *, as_json: bool
) -> None:
    """One night's file of a system that writes files."""
    if out is None:
        raise ChangeInput(f"{name} writes a file. Name the folder with --out.")
    extract = EXTRACTS[name]
    chosen = list(extract.quirks) if quirks == "all" else [one for one in quirks.split(",") if one]
    made = write_extract(extract, out, students=students, seed=seed, night=night, quirks=chosen)
    if as_json:
        say_json({"file": str(made.path), "rows": made.table.height})
    else:
        say(f"{made.path}: {made.table.height:,} rows")


def _wait() -> None:
    """Until Ctrl-C, or until somebody ends the process."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
