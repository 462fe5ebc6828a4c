"""A night that takes in what is touched says and does what it would if it took in everything."""

import itertools
import random
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from kinsync.domain.changes import Snapshot
from kinsync.domain.frames import KINDS
from kinsync.services.decided import Decided
from kinsync.services.delivery import open_delivery
from kinsync.services.intake import Intake
from kinsync.services.narrow import lines_after, narrowed
from kinsync.services.night import Night as Compared
from kinsync.services.night import compare
from kinsync.services.report import all_findings, report_on
from kinsync.simulators.families import small_families
from kinsync.store.kept_lines import KeptLines
from kinsync.store.snapshots import Published
from kinsync.store.storage import PARTS, Storage
from kinsync.transport.lines import lines_of
from kinsync.transport.spool import Spool
from tests.pipeline.snapshots import counter
from tests.services.office import Office, totals
from tests.services.pupils import as_csv, mother, school_of, write

HIGH = 10**6
NIGHTS = 4
ONCE = ("students", "contacts", "several", "relationships")
"""What is counted at one row of several, whichever comes first when it is told."""
Table = list[list[str]]


@dataclass(frozen=True)
class Night:
    """What a night says and does, and what it leaves for the next."""

    told: dict[str, object]
    findings: list[tuple[object, ...]]
    compared: Compared
    lines: KeptLines
    was_narrow: bool


@dataclass
class Valley:
    """A district without a database: what it publishes, who is gone, the lines of last night."""

    folder: Path
    published: Published = field(default_factory=lambda: as_published(Snapshot.of_nothing()))
    absent: Snapshot = field(default_factory=Snapshot.of_nothing)
    known: KeptLines | None = None
    nights: int = 0
    decided: Decided = field(default_factory=Decided)

    def look_at(self, content: bytes, *, narrowly: bool) -> Night:
        """Take a file in and compare it; nothing is published."""
        delivery = open_delivery(write(self.folder / "students.csv", content))
        lines = lines_of(delivery.sources[0].file)
        assert lines is not None
        with Spool() as spool, Spool() as other:
            part = None
            if narrowly and self.known:
                part = narrowed(
                    delivery, lines, self.known, self.published, spool, quiet, 1.0, self.decided
                )
            intake = part.intake if part else Intake(delivery.sources, other, tells_ends=True)
            if not part:
                intake.take_in(delivery.vocabulary, quiet, self.decided.anchors)
            assert not intake.is_refused
            compared = compare(
                intake,
                part.published if part else self.published,
                lambda _incoming: self.absent,
                counter(HIGH + self.nights * HIGH),
                delivery.vocabulary,
                lambda matched, _before: matched,
                self.decided,
            )
            if compared.is_deferred:
                intake.note_file_finding("deletions-deferred")
            return Night(
                report_on(intake).as_json(),
                sorted(all_findings(intake).rows(), key=repr),
                compared,
                lines_after(intake, lines, compared.carried, part),
                part is not None,
            )

    def publish(self, night: Night) -> None:
        """Make it the next version."""
        self.nights += 1
        changes = night.compared.changes
        self.published = as_published(self.published.after(changes).snapshot())
        frames = {}
        for kind in KINDS:
            gone = pl.concat([self.absent.frames[kind], changes.kinds[kind].deleted])
            back = changes.kinds[kind].created["id"]
            frames[kind] = gone.filter(~pl.col("id").is_in(back.implode()))
        self.absent = Snapshot(frames)
        self.known = night.lines


def as_published(snapshot: Snapshot) -> Published:
    lazy = {kind: frame.lazy() for kind, frame in snapshot.frames.items()}
    return Published(lazy, is_kept=True)


def quiet(_read: int, _size: int) -> None:
    """Nobody watches."""


def assert_same(part: Night, whole: Night) -> None:
    assert part.told == whole.told
    assert part.findings == whole.findings
    assert part.compared.changes.merged.equals(whole.compared.changes.merged)
    for kind, piece in itertools.product(KINDS, PARTS):
        ours, theirs = (getattr(one.compared.changes.kinds[kind], piece) for one in (part, whole))
        assert_frame_equal(ours, theirs)
    assert part.compared.is_deferred == whole.compared.is_deferred
    assert set(part.compared.carried.rows()) == set(whole.compared.carried.rows())
    assert_frame_equal(part.lines.lines.drop(ONCE), whole.lines.lines.drop(ONCE))
    ours, theirs = (one.lines.lines.select(pl.col(ONCE).cast(int).sum()) for one in (part, whole))
    assert_frame_equal(ours, theirs)
    ours_parts, theirs_parts = (one.compared.changes.parts for one in (part, whole))
    assert (ours_parts is None) == (theirs_parts is None)
    if ours_parts is not None and theirs_parts is not None:
        assert_frame_equal(ours_parts, theirs_parts)
    by_place = ["place", "phone", "email"]
    assert_frame_equal(part.lines.further.sort(by_place), whole.lines.further.sort(by_place))


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


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), mess=st.sampled_from([0.0, 1.0, 3.0]))
def test_a_narrow_night_is_the_whole_night(tmp_path: Path, seed: int, mess: float) -> None:
    """Over several nights, each against what the one before kept."""
    valley = Valley(tmp_path)
    dice = random.Random(seed)
    frame = small_families(seed, students=25, mess=mess).file.fill_null("")
    columns = frame.columns
    table = [[re.sub(r"[\r\n]", " ", str(cell)) for cell in row] for row in frame.rows()]
    valley.publish(valley.look_at(written(table, columns, dice), narrowly=False))
    for _ in range(NIGHTS):
        edit(table, dice, columns)
        content = written(table, columns, dice)
        part, whole = (valley.look_at(content, narrowly=one) for one in (True, False))
        assert_same(part, whole)
        event(f"narrow: {part.was_narrow}")
        valley.publish(part)


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
    assert isinstance(folder, Path)
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
