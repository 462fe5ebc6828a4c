"""What came of a system, set down as one file: the same rows, the same bytes."""

import random
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinsync.domain.errors import IncompletePull
from kinsync.transport.delimited import open_delimited
from kinsync.transport.source_table import Piece, SourceTable, Table
from kinsync.transport.spool import Spool

STUDENTS = Table("students", ("id",), ("id", "name"), ("name",))
CONTACTS = Table("contacts", ("id", "nth"), ("id", "nth", "note"))


def join(tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    return tables["students"].join(tables["contacts"], on="id", how="left").sort("id", "nth")


def write(folder: Path, pieces: list[Piece], *, students_at_once: int = 3) -> bytes:
    path = folder / "source.csv"
    with Spool(folder) as spool:
        table = SourceTable(
            (STUDENTS, CONTACTS), "id", spool, who="SIS", students_at_once=students_at_once
        )
        for piece in pieces:
            table.add(piece)
        table.write(path, join)
    return path.read_bytes()


def people(students: int, notes: list[str | None]) -> list[Piece]:
    """Each student, and a contact for each note, one piece a row."""
    listed = [Piece("students", [{"id": n, "name": f"N{n}"}]) for n in range(students)]
    theirs = [
        Piece("contacts", [{"id": nth % max(students, 1), "nth": nth, "note": note}])
        for nth, note in enumerate(notes)
    ]
    return [*listed, *theirs]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    students=st.integers(1, 12),
    notes=st.lists(st.text(max_size=8), max_size=12),
    order=st.randoms(use_true_random=False),
    at_once=st.integers(1, 13),
)
def test_rows_in_any_order_and_any_pieces_make_the_same_bytes(
    students: int, notes: list[str | None], order: random.Random, at_once: int, tmp_path: Path
) -> None:
    pieces = people(students, notes)
    expected = write(tmp_path, pieces)
    order.shuffle(pieces)

    assert write(tmp_path, pieces, students_at_once=at_once) == expected
    assert write(tmp_path, [*pieces, *pieces]) == expected  # what comes twice counts once


def test_values_come_back_as_they_were_but_for_breaks(tmp_path: Path) -> None:
    notes = ['say "hi", Ana', "one\r\ntwo", " padded ", "ümlaut; semi", None]
    write(tmp_path, people(1, list(notes)))
    file = open_delimited(tmp_path / "source.csv")
    (block,) = file.blocks()

    assert block.ragged.is_empty()
    assert block.rows["note"].to_list() == [
        'say "hi", Ana', "one two", " padded ", "ümlaut; semi", None
    ]  # fmt: skip


def test_numbers_truths_and_nothing_are_written_as_the_system_means_them(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": 7, "name": None},
        {"id": 8, "name": True},
        {"id": 9, "name": 4.0},
    ]
    written = write(tmp_path, [Piece("students", rows)])

    assert written.decode().splitlines()[1:] == ["7,,,", "8,true,,", "9,4,,"]


def test_a_row_without_what_every_row_has_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(IncompletePull, match="students without name"):
        write(tmp_path, [Piece("students", [{"id": 1, "name": "x"}, {"id": 2}])])


def test_columns_that_nobody_knows_are_left_out(tmp_path: Path) -> None:
    known = write(tmp_path, [Piece("students", [{"id": 1, "name": "x"}])])

    assert write(tmp_path, [Piece("students", [{"id": 1, "name": "x", "new": 5}])]) == known
