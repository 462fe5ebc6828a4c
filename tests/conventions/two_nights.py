"""What becomes of the ids of people from one night to the next, without a database."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import polars as pl

from kinsync.domain.changes import Matched, Snapshot
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.carry import carry
from kinsync.pipeline.match import NewIds, match
from kinsync.pipeline.snapshot import schools
from kinsync.services.check import checked
from kinsync.services.delivery import open_delivery
from kinsync.services.intake import Intake
from tests.conventions.pages import Block, blocks


def told(first: Path, second: Path) -> str:
    """Of everyone in the second file, whether the id is known; of everyone else, what happened."""
    numbers = count(1)

    def new_ids(many: int) -> pl.Series:
        return pl.Series([f"{next(numbers):024x}" for _ in range(many)], dtype=pl.String)

    nobody = Snapshot.of_nothing()
    before = _matched(first, nobody, new_ids).snapshot
    after = _matched(second, before, new_ids)
    return "".join(f"{line}\n" for line in _lines(before, after))


def _matched(path: Path, published: Snapshot, new_ids: NewIds) -> Matched:
    with _intake(path) as (intake, vocabulary):
        students, contacts = intake.students(), intake.contacts()
        frames = {
            "school": schools(students),
            "student": students,
            "contact": contacts,
            "relationship": intake.relationships(),
        }
        matched = match(frames, published, Snapshot.of_nothing(), new_ids, vocabulary)
        defers = intake.has_unreadable_student
        return carry(matched, published, intake.held, vocabulary, defer_deletions=defers)


@contextmanager
def _intake(path: Path) -> Iterator[tuple[Intake, Vocabulary]]:
    delivery = open_delivery(path)
    with checked(delivery) as intake:
        yield intake, delivery.vocabulary


def _lines(before: Snapshot, after: Matched) -> Iterator[str]:
    names = dict(before.frames["contact"].select("id", "name").iter_rows())
    into = dict(after.merged.select("from_id", "into_id").iter_rows())
    now = dict(after.snapshot.frames["contact"].sort("id").select("id", "name").iter_rows())
    for id_, name in now.items():
        if id_ not in names:
            yield f"{name} gets a new id"
        elif names[id_] == name:
            yield f"{name} keeps the id"
        else:
            yield f"{name} keeps the id of {names[id_]}"
    for id_, name in names.items():
        if id_ in into:
            yield f"{name} is now {now[into[id_]]}"
        elif id_ not in now:
            yield f"{name} is deleted"


OUTCOME = "/outcome"
"""How the title of a block ends that says what became of ``NAME/night1.csv`` a night later."""


def outcomes(text: str) -> Iterator[tuple[Block, str]]:
    """Each outcome that a page tells, and the one that its two nights have now."""
    by_title = {block.title: block for block in blocks(text)}
    for title, block in by_title.items():
        if title.endswith(OUTCOME):
            nights = [by_title[f"{title.removesuffix(OUTCOME)}/night{n}.csv"].text for n in (1, 2)]
            with tempfile.TemporaryDirectory() as name:
                paths = [Path(name) / "night1.csv", Path(name) / "night2.csv"]
                for path, night in zip(paths, nights, strict=True):
                    path.write_text(night, "utf-8")
                yield block, told(*paths)
