"""Laws of several sources: whose value stands, what equal sources make, and where rows go."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinsync.connectors.students_file import students_mapping
from kinsync.domain.priority import Priority, read_marks
from kinsync.services.check import checked
from kinsync.services.delivery import delivery_of
from kinsync.services.intake import Intake, Source
from kinsync.simulators.families import small_families
from kinsync.transport.delimited import open_delimited
from tests.services.pupils import Line, as_csv

laws = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
few = settings(laws, max_examples=8)

NAMES = ("Ana Ruiz", "Bo Lind", "Cy Marsh")
PHONES = ("", "2065550101", "2065550102", "2065550103")
EMAILS = ("", "one@example.org", "two@example.org")
TYPES = ("Primary", "Emergency", "Family")
RELATIONSHIPS = ("", "Parent", "Sibling")
FIELDS = ("phones", "email", "type", "relationship", "grade")
SIS, EXTRA, THIRD = 3, 5, 9
SOURCES = (SIS, EXTRA, THIRD)

row = st.builds(
    Line,
    student=st.sampled_from(["S1", "S2"]),
    last_name=st.sampled_from(["Ruiz", "Lind"]),
    type=st.sampled_from(TYPES),
    name=st.sampled_from(NAMES),
    relationship=st.sampled_from(RELATIONSHIPS),
    phone=st.sampled_from(PHONES),
    email=st.sampled_from(EMAILS),
)
orders = st.permutations(SOURCES)
priorities = st.builds(
    lambda order, by_field: Priority(tuple(order), {k: tuple(v) for k, v in by_field.items()}),
    orders,
    st.dictionaries(st.sampled_from(FIELDS), orders, max_size=3),
)


def one_of_each(rows: Sequence[Line]) -> list[Line]:
    """The rows, the first of each student and name: of one source each says one thing."""
    return list({(line.student, line.name): line for line in rows}.values())


class Taken:
    """What several files amount to."""

    def __init__(self, intake: Intake) -> None:
        self.counts = intake.counts
        self.by_file = intake.counts_by_file
        self.findings = pl.concat(list(intake.findings()) or [pl.DataFrame({"file": []})])
        contacts = intake.contacts()
        self.students = intake.students()
        self.ties = intake.relationships().join(contacts, on="contact", suffix="_of_contact")

    def content(self) -> list[tuple[object, ...]]:
        """Everything that is published, whatever contacts are numbered."""
        ties = self.ties.drop("contact", "sources", "sources_of_contact")
        students = self.students.drop("sources")
        return sorted([*map(repr, ties.rows()), *map(repr, students.rows())])  # type: ignore[type-var]


def taken(folder: Path, files: Mapping[int, bytes], priority: Priority) -> Taken:
    sources = []
    for number in priority.order:
        path = folder / f"{number}.csv"
        path.write_bytes(files[number])
        sources.append(Source(open_delimited(path), students_mapping(), number=number))
    with checked(delivery_of(sources, priority=priority)) as intake:
        return Taken(intake)


def first(priority: Priority, field: str, said: Mapping[int, object]) -> tuple[int | None, object]:
    """The source that comes first among those that say something, and what it says."""
    return next(
        ((source, said[source]) for source in priority.of(field) if said.get(source)), (None, None)
    )


@laws
@given(files=st.fixed_dictionaries({n: st.lists(row, max_size=4) for n in SOURCES}), by=priorities)
def test_of_each_field_the_value_of_the_first_source_that_says_anything_stands(
    tmp_path: Path, files: dict[int, list[Line]], by: Priority
) -> None:
    files = {number: one_of_each(rows) for number, rows in files.items()}
    told = taken(tmp_path, {n: as_csv(rows) for n, rows in files.items()}, by)

    for tie in told.ties.to_dicts():
        rows = {
            number: [
                line
                for line in lines
                if (line.student, line.name) == (tie["student_sis_id"], tie["name"])
            ]
            for number, lines in files.items()
        }
        mine = {number: lines[0] for number, lines in rows.items() if lines}
        type_of, type_ = first(by, "type", {n: one.type for n, one in mine.items()})
        said = {n: one.relationship for n, one in mine.items()}
        related_by, relationship = first(by, "relationship", said)

        assert (tie["type"], tie["relationship"]) == (type_, relationship)
        marks = read_marks(tie["sources"])
        assert marks.get("type", by.oldest) == type_of
        assert not relationship or marks.get("relationship", by.oldest) == related_by


@laws
@given(files=st.fixed_dictionaries({n: st.lists(row, max_size=5) for n in SOURCES}), by=priorities)
def test_a_contact_has_the_phones_and_addresses_of_one_source_each(
    tmp_path: Path, files: dict[int, list[Line]], by: Priority
) -> None:
    told = taken(tmp_path, {n: as_csv(rows) for n, rows in files.items()}, by)

    for (_,), ties in told.ties.group_by("contact"):
        person = ties.row(0, named=True)
        who = {(tie["student_sis_id"], tie["name"]) for tie in ties.to_dicts()}
        for field, column, more in (
            ("phones", "phone", "more_phones"), ("email", "email", "more_emails"),
        ):  # fmt: skip
            said = {
                number: {
                    getattr(line, column)
                    for line in lines
                    if (line.student, line.name) in who and getattr(line, column)
                }
                for number, lines in files.items()
            }
            source, values = first(by, field, said)
            others = json.loads(person[more] or "[]")
            published = {person[column], *(o if isinstance(o, str) else o["phone"] for o in others)}

            assert published - {None} == (values or set())
            marks = read_marks(person["sources_of_contact"])
            assert source is None or marks.get(field, by.oldest) == source


@laws
@given(files=st.fixed_dictionaries({n: st.lists(row, max_size=4) for n in SOURCES}), by=priorities)
def test_a_student_has_each_detail_of_the_first_source_that_tells_it(
    tmp_path: Path, files: dict[int, list[Line]], by: Priority
) -> None:
    grades = {SIS: "5", EXTRA: "", THIRD: "7"}
    graded = {n: with_column(as_csv(rows), "Grade", grades[n]) for n, rows in files.items()}
    told = taken(tmp_path, graded, by)

    for student in told.students.to_dicts():
        there = {
            number: grades[number]
            for number, lines in files.items()
            if student["sis_id"] in {line.student for line in lines}
        }
        source, grade = first(by, "grade", there)

        assert student["grade"] == grade
        assert not grade or read_marks(student["sources"]).get("grade", by.oldest) == source


def with_column(content: bytes, name: str, value: str) -> bytes:
    header, *rows = csv.reader(io.StringIO(content.decode()))
    out = io.StringIO(newline="")
    csv.writer(out).writerows([[*header, name], *([*cells, value] for cells in rows)])
    return out.getvalue().encode()


@few
@given(seed=st.integers(0, 2**32), mess=st.sampled_from([0.0, 2.0]), by=priorities)
def test_sources_that_say_the_same_are_as_one(
    tmp_path: Path, seed: int, mess: float, by: Priority
) -> None:
    file = small_families(seed, students=12, mess=mess).file.write_csv().encode()
    both = taken(tmp_path, dict.fromkeys(SOURCES, file), by)
    alone = taken(tmp_path, {SIS: file}, Priority((SIS,)))

    assert both.content() == alone.content()
    assert (both.counts.students, both.counts.contacts, both.counts.relationships) == (
        alone.counts.students, alone.counts.contacts, alone.counts.relationships,
    )  # fmt: skip
    assert alone.ties["sources"].null_count() == alone.ties.height


@few
@given(seed=st.integers(0, 2**32), mess=st.sampled_from([0.0, 3.0]), by=priorities)
def test_every_row_of_every_file_is_published_held_collapsed_or_excluded(
    tmp_path: Path, seed: int, mess: float, by: Priority
) -> None:
    nights = [small_families(seed + n, students=8, mess=mess).file for n in range(3)]
    files = {n: night.write_csv().encode() for n, night in zip(SOURCES, nights, strict=True)}
    told = taken(tmp_path, files, by)
    heights = dict(zip(SOURCES, (night.height for night in nights), strict=True))

    for number, counts in zip(by.order, told.by_file, strict=True):
        ended = counts.published + counts.held + counts.collapsed + counts.excluded
        assert counts.rows == ended == heights[number]
    assert set(told.findings["file"]) <= {f"{number}.csv" for number in SOURCES}
    assert told.counts.relationships == told.ties.height
    assert told.counts.students == told.students.height
