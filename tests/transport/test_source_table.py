"""What came of a system, set down as one file: the same rows, the same bytes."""

import random
import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinsync.domain.errors import IncompletePull
from kinsync.transport.delimited import open_delimited
from kinsync.transport.source_table import ROWS_IN_HAND, Piece, SourceTable, Table
from kinsync.transport.spool import Spool

STUDENTS = Table("students", ("id",), ("id", "name"), ("name",))
CONTACTS = Table("contacts", ("id", "nth"), ("id", "nth", "note"))


def join(tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    return tables["students"].join(tables["contacts"], on="id", how="left").sort("id", "nth")


def write(folder: Path, pieces: list[Piece]) -> bytes:
    path = folder / "source.csv"
    with Spool(folder) as spool:
        table = SourceTable((STUDENTS, CONTACTS), "id", spool, who="SIS")
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


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    students=st.integers(1, 12),
    notes=st.lists(st.text(max_size=8), max_size=12),
    order=st.randoms(use_true_random=False),
)
def test_rows_in_any_order_and_any_pieces_make_the_same_bytes(
    students: int, notes: list[str | None], order: random.Random, tmp_path: Path
) -> None:
    pieces = people(students, notes)
    expected = write(tmp_path, pieces)
    order.shuffle(pieces)

    assert write(tmp_path, pieces) == expected
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

    assert sorted(written.decode().splitlines()[1:]) == ["7,,,", "8,true,,", "9,4,,"]


def test_a_row_without_what_every_row_has_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(IncompletePull, match="students without name"):
        write(tmp_path, [Piece("students", [{"id": 1, "name": "x"}, {"id": 2}])])


def test_more_rows_than_are_held_in_hand_are_all_written(tmp_path: Path) -> None:
    notes: list[str | None] = [f"note {number}" for number in range(3 * ROWS_IN_HAND)]
    written = write(tmp_path, people(1, notes)).decode()

    assert sorted(re.findall("note [0-9]+", written)) == sorted(filter(None, notes))


@pytest.mark.parametrize("blank", [None, ""])
def test_a_row_whose_key_is_blank_is_not_taken(blank: str | None, tmp_path: Path) -> None:
    with pytest.raises(IncompletePull, match="students without id"):
        write(tmp_path, [Piece("students", [{"id": blank, "name": "x"}])])


def test_columns_that_nobody_knows_are_left_out(tmp_path: Path) -> None:
    known = write(tmp_path, [Piece("students", [{"id": 1, "name": "x"}])])

    assert write(tmp_path, [Piece("students", [{"id": 1, "name": "x", "new": 5}])]) == known


# -- what names no student -----------------------------------------------------------------------

TIES = Table("ties", ("id", "person"), ("id", "person", "what"))
PERSONS = Table("persons", ("person",), ("person", "name"), ("name",), via=("ties", "person"))
PHONES = Table("phones", ("phone",), ("phone", "person"), via=("ties", "person"))


def join_persons(tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    whose = ["id", "person"]
    theirs = tables["persons"].join(tables["phones"], on=whose, how="left")
    ties = tables["ties"].join(theirs, on=whose)
    return tables["students"].join(ties, on="id", how="left").sort("id", "person", "phone")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ties=st.sets(st.tuples(st.integers(0, 9), st.integers(0, 5))),
    order=st.randoms(use_true_random=False),
)
def test_what_names_no_student_comes_to_every_student_whose_it_is(
    ties: set[tuple[int, int]], order: random.Random, tmp_path: Path
) -> None:
    pieces = [
        *(Piece("students", [{"id": n, "name": f"N{n}"}]) for n in range(8)),
        *(Piece("ties", [{"id": who, "person": p, "what": "x"}]) for who, p in ties),
        *(Piece("persons", [{"person": p, "name": f"P{p}"}]) for p in range(5)),
        *(
            Piece("phones", [{"phone": p + 10 * nth, "person": p}])
            for p in (1, 2)
            for nth in (0, 1)
        ),
    ]
    order.shuffle(pieces)
    path = tmp_path / "source.csv"
    with Spool(tmp_path) as spool:
        table = SourceTable((STUDENTS, TIES, PERSONS, PHONES), "id", spool, who="SIS")
        for piece in pieces:
            table.add(piece)
        table.write(path, join_persons)
    found = pl.read_csv(path, infer_schema=False).select("id", "person", "name_right", "phone")

    expected: set[tuple[str | None, ...]] = set()
    for who in range(8):
        theirs = {p for of, p in ties if of == who and p < 5}
        phones = {p: [str(p), str(p + 10)] if p in (1, 2) else [None] for p in theirs}
        rows: set[tuple[str | None, ...]] = {
            (str(who), str(p), f"P{p}", one) for p in theirs for one in phones[p]
        }
        expected |= rows or {(str(who), None, None, None)}
    assert set(found.rows()) == expected
    assert found.height == len(expected)


@pytest.mark.parametrize(
    ("named", "more"),
    [
        (["STU.Name", "stu.ID", "Other.Field", "plain"], ()),
        (["STU.Homeroom", "stu.home room", "STU.Age"], ("Homeroom", "Age")),
        (["STU.made"], ()),
    ],
)
def test_a_table_has_what_a_mapping_names_of_it(named: list[str], more: tuple[str, ...]) -> None:
    table = Table("students", ("id",), ("id", "name"), called="STU", made=("Made",))

    assert table.widened(named).columns == ("id", "name", *more)
