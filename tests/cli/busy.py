"""A home where there is something for every command."""

from dataclasses import replace
from pathlib import Path

from tests.cli.commands import kinsync
from tests.services.pupils import mother, school_of, write

SCHOOL = school_of(12)
NIGHT = [replace(mother(0), phone="4255550199"), *SCHOOL[1:]]


def make_busy() -> None:
    """Two versions, a hold, an application; ``0.csv`` to ``2.csv`` made them."""
    kinsync("district", "add", "Lakeside")
    kinsync("app", "add", "Reader")
    kinsync("connect", "Lakeside", "Reader")
    for number, content in enumerate((SCHOOL, NIGHT, SCHOOL[:12])):
        kinsync("sync", "Lakeside", "--file", write(Path(f"{number}.csv"), content))
    write(Path("broken.csv"), b"")
