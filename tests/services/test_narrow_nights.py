"""A night that takes in what is touched says and does what it would if it took in everything."""

import itertools
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinsync.domain.changes import Changes
from kinsync.domain.frames import KINDS
from kinsync.services.sync import Outcome
from kinsync.simulators.families import small_families
from kinsync.store import storage
from kinsync.store.storage import Storage
from tests.services.office import Office, totals
from tests.services.pupils import as_csv, mother, school_of

numbers = itertools.count()
NIGHTS = 3
Table = list[list[str]]


def new_office(home: Path) -> Office:
    return Office(f"Valley {next(numbers)}", home)


@contextmanager
def nothing_kept(office: Office) -> Iterator[None]:
    """As if the lines of last night were lost: they are only a cache."""
    folder = Storage(office.home).district(office.district.public_id)
    moved = [(one, one.with_name(f"away-{one.name}")) for one in folder.glob("lines-*")]
    for one, away in moved:
        one.rename(away)
    yield
    for one, away in moved:
        away.rename(one)


def findings(office: Office, outcome: Outcome) -> list[tuple[object, ...]]:
    folder = Storage(office.home).sync(office.district.public_id, outcome.sync.id)
    return sorted(storage.load_findings(folder).rows(), key=repr)


def without_new_ids(changes: Changes) -> list[list[tuple[object, ...]]]:
    """Everything that changes; ids that nobody had before are numbered in their order."""
    ids = [changes.kinds[kind].created["id"] for kind in KINDS]
    given = pl.concat([*ids, changes.kinds["contact"].created["legacy_id"]]).unique().sort()
    names = {id_: f"new {number}" for number, id_ in enumerate(given)}
    return [
        [tuple(names.get(str(cell), cell) for cell in row) for row in frame.rows()]
        for kind in KINDS
        for part in storage.PARTS
        for frame in [getattr(changes.kinds[kind], part)]
    ] + [changes.merged.rows()]


def told(outcome: Outcome) -> dict[str, object]:
    left_out = ("sync", "state", "version")
    return {name: value for name, value in outcome.as_json().items() if name not in left_out}


def assert_same_night(office: Office, content: bytes) -> Outcome:
    """Look at the file as a whole, then in part: both say the same."""
    with nothing_kept(office):
        whole = office.sync(content, is_preview=True)
    read_by_whole = office.reads[-1:]
    part = office.sync(content)
    assert told(part) == told(whole)
    if part.changes is not None:  # else the file is published already
        assert findings(office, part) == findings(office, whole)
        assert whole.changes is not None
        assert without_new_ids(part.changes) == without_new_ids(whole.changes)
    assert read_by_whole
    return part


CELLS = (
    ("contact_phone", "2065550000"),
    ("contact_phone", None),
    ("contact_email", None),
    ("contact_sis_id", None),
    ("contact_sis_id", "P1"),
    ("contact_name", None),
    ("contact_name", ""),
    ("contact_name", "Mom"),
    ("contact_name", "Park, Jo"),
    ("contact_type", ""),
    ("contact_type", "Godmother"),
    ("first_name", "Zoe"),
    ("first_name", ""),
    ("student_id", None),
    ("student_id", "2.05E+04"),
    ("student_id", ""),
    ("school_id", "77"),
)
"""What a cell becomes; None is what it says in another row."""
LINES = ("gone", "twice", "short", "bare", "blank", "shuffled", "shared")


def edit(table: Table, dice: random.Random, columns: list[str]) -> None:
    """Change a few rows of a file, as a district's people do."""
    at = {name.casefold(): place for place, name in enumerate(columns)}
    for _ in range(dice.randint(1, 4)):
        whole = [row for row in table if len(row) == len(columns)]
        one, other = dice.sample(whole, 2)
        if dice.random() < 0.7:
            name, value = dice.choice(CELLS)
            one[at[name]] = other[at[name]] if value is None else value
        else:
            edit_lines(table, dice, dice.choice(LINES), one, at)


def edit_lines(
    table: Table, dice: random.Random, what: str, one: list[str], at: dict[str, int]
) -> None:
    place = next(number for number, row in enumerate(table) if row is one)
    contact = [number for name, number in at.items() if name.startswith("contact_")]
    if what == "gone":
        del table[place]
    elif what == "twice":
        table.insert(dice.randrange(len(table)), list(one))
    elif what == "short":
        table[place] = one[:9]
    elif what == "bare":
        table[place] = ["" if number in contact else cell for number, cell in enumerate(one)]
    elif what == "blank":
        table.insert(place, [])
    elif what == "shuffled":
        dice.shuffle(table)
    else:  # a phone comes under as many names as an office's
        for row in dice.sample([row for row in table if len(row) == len(one)], 12):
            row[at["contact_phone"]] = "2065550000"


def written(table: Table, columns: list[str], dice: random.Random) -> bytes:
    """As CSV; some cells are quoted though they need not be."""
    end = dice.choice(["\n", "\r\n"])

    def cell(text: str) -> str:
        return f'"{text.replace(chr(34), chr(34) * 2)}"' if set(text) & set(',"') else text

    return "".join(",".join(map(cell, row)) + end for row in [columns, *table]).encode()


@pytest.mark.usefixtures("database")
@settings(
    deadline=None, max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32), mess=st.sampled_from([0.0, 1.0, 3.0]))
def test_a_narrow_night_is_the_whole_night(tmp_path: Path, seed: int, mess: float) -> None:
    """Over several nights, each against what the one before kept."""
    office = new_office(tmp_path)
    dice = random.Random(seed)
    frame = small_families(seed, students=12, mess=mess).file.fill_null("")
    columns = frame.columns
    table = [[str(cell) for cell in row] for row in frame.rows()]
    table = [[cell.replace("\n", " ").replace("\r", " ") for cell in row] for row in table]
    office.sync(written(table, columns, dice))
    for _ in range(NIGHTS):
        edit(table, dice, columns)
        assert_same_night(office, written(table, columns, dice))


def test_a_night_reads_the_rows_that_a_change_touches_alone(office: Office) -> None:
    office.sync(school_of(40))
    lines = [*school_of(40), mother(41)]

    night = office.sync(lines)

    assert 0 < office.reads[-1] < len(as_csv(lines)) / 10
    assert totals(night.changes) == {"created": 3, "updated": 0, "deleted": 0}
    assert night.as_json()["rows"] == 81


def test_lines_that_were_lost_or_damaged_only_cost_time(office: Office) -> None:
    office.sync(school_of(10))
    folder = Storage(office.home).district(office.district.public_id)
    for kept in folder.glob("lines-*/lines.parquet"):
        kept.write_bytes(b"not as it was")
    lines = school_of(11)

    damaged = office.sync(lines)
    assert office.reads[-1] == len(as_csv(lines))
    for kept in folder.glob("lines-*"):
        shutil.rmtree(kept)
    lost = office.sync(school_of(12))

    assert office.reads[-1] == len(as_csv(school_of(12)))
    assert damaged.as_json()["rows"] == 22
    assert lost.as_json()["rows"] == 24


def test_a_file_with_a_quoted_line_break_is_read_as_a_whole(office: Office) -> None:
    office.sync(school_of(10))
    content = as_csv(school_of(11)).replace(b"Dolores Abbott", b'"Dolores\nAbbott"')

    night = office.sync(content)

    assert office.reads[-1] == len(content)
    assert night.as_json()["rows"] == 22
