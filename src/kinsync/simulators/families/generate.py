"""Files of any size, night after night, in the memory of one chunk."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kinsync.simulators.families.amounts import Mess, Nightly
from kinsync.simulators.families.dice import Dice, Ints
from kinsync.simulators.families.district import District
from kinsync.simulators.families.nights import arrivals, next_night
from kinsync.simulators.families.rows import first_night
from kinsync.simulators.families.writing import NightFolder

CHUNK_STUDENTS = 25_000
"""Students held in memory at once; the files are the same whatever it is."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What was written: one file and one count of rows a night."""

    files: tuple[Path, ...]
    rows: tuple[int, ...]


def generate(
    folder: Path,
    *,
    students: int,
    nights: int = 2,
    seed: int = 1,
    truth: bool = False,
    mess: float = 1.0,
    misnamed: float = 0.0,
    report: Callable[[int, int], None] | None = None,
    chunk_students: int = CHUNK_STUDENTS,
) -> Generated:
    """Writes ``folder/night1/students.csv``, ``night2/…``: one district, night after night.

    The bytes depend on ``students``, ``seed``, ``mess`` and ``misnamed`` alone: not on the machine,
    its cores or ``chunk_students``, and a night not on how many follow.

    Args:
        truth: Also write ``truth.csv`` beside each file (``writing.TRUTH_COLUMNS``).
        mess: How often things are wrong, as a multiple of ``amounts.Mess``; 0 is a clean file.
        misnamed: Share of a person's rows with one student that have a nickname, and of those with
            a letter left out of the given name.
        report: Called with the students done and the students in all, after each chunk.
    """
    amounts = replace(Mess().scaled(mess), name_nickname=misnamed, name_slip=misnamed)
    district = District(Dice(seed), amounts, Nightly(), students)
    folders = [NightFolder(folder / f"night{n + 1}", truth=truth) for n in range(nights)]
    done = 0
    for first, numbers in _chunks(district, nights, chunk_students):
        rows = first_night(district, numbers)
        folders[first - 1].append(district, rows)
        for night in range(first + 1, nights + 1):
            rows = next_night(district, rows, night)
            folders[night - 1].append(district, rows)
        done += len(numbers)
        if report:
            report(min(done, students), students)
    return Generated(tuple(f.students for f in folders), tuple(f.rows for f in folders))


def _chunks(district: District, nights: int, size: int) -> Iterator[tuple[int, Ints]]:
    """The night on which students are first there, and their numbers."""
    for start in range(0, district.students, size):
        yield 1, np.arange(start, min(start + size, district.students), dtype=np.int64)
    for night in range(2, nights + 1):
        coming = arrivals(district, night)
        if len(coming):
            yield night, coming
