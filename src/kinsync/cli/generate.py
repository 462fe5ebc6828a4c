"""``kinsync generate``: invented families, for trials and benchmarks."""

from pathlib import Path

import click

from kinsync.cli.output import Reading, json_option, say, say_json
from kinsync.simulators.families import generate as write_families


@click.command()
@click.option("--students", type=click.IntRange(min=1), required=True, help="How many students.")
@click.option("--nights", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same families.")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FOLDER")
@click.option("--truth", is_flag=True, help="Write who is who beside each file.")
@json_option
def generate(students: int, nights: int, seed: int, out: Path, truth: bool, as_json: bool) -> None:
    """Write invented families with known truth: FOLDER/night1/students.csv, night2/…"""
    reading = Reading(is_quiet=True)
    made = write_families(
        out, students=students, nights=nights, seed=seed, truth=truth, report=reading
    )
    if as_json:
        say_json({"files": [str(path) for path in made.files], "rows": list(made.rows)})
        return
    for path, rows in zip(made.files, made.rows, strict=False):
        say(f"{path}: {rows:,} rows")
