"""Laws of several sources: whose value stands, what equal sources make, and where rows go."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

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

laws = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
few = settings(laws, max_examples=3)

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
    student=st.sampled_from(["S1", "S2", "S3", "S4"]),
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


class Taken:
    """What several files amount to."""

    def __init__(self, intake: Intake) -> None:
        self.counts = intake.counts
        self.by_file = intake.counts_by_file
        self.findings = pl.concat(list(intake.findings()) or [pl.DataFrame({"file": []})])
        contacts = intake.contacts()
        self.students = intake.students()
        self.ties = intake.relationships().join(contacts, on="contact", suffix="_of_contact")

    def content(self) -> list[str]:
        """Everything that is published, whatever contacts are numbered."""
        ties = self.ties.drop("contact", "sources", "sources_of_contact")
        students = self.students.drop("sources")
        return sorted([*map(repr, ties.rows()), *map(repr, students.rows())])


def taken(folder: Path, files: Mapping[int, bytes], priority: Priority) -> Taken:
    sources = []
    for number in priority.order:
        path = folder / f"{number}.csv"
        path.write_bytes(files[number])
        sources.append(Source(open_delimited(path), students_mapping(), number=number))
    with checked(delivery_of(sources, priority=priority)) as intake:
        return Taken(intake)


def first(priority: Priority, field: str, said: Mapping[int, Any]) -> tuple[int | None, Any]:
    """The source that comes first among those that say something, and what it says."""
    return next(
        ((source, said[source]) for source in priority.of(field) if said.get(source)), (None, None)
    )


GRADES = {SIS: "5", EXTRA: "", THIRD: "7"}


@laws
@given(
    files=st.fixed_dictionaries({n: st.lists(row, min_size=1, max_size=12) for n in SOURCES}),
    by=priorities,
)
def test_of_each_field_the_value_of_the_first_source_that_says_anything_stands(
    tmp_path: Path, files: dict[int, list[Line]], by: Priority
) -> None:
    graded = {n: with_column(as_csv(rows), "Grade", GRADES[n]) for n, rows in files.items()}
    told = taken(tmp_path, graded, by)

    for (_,), ties in told.ties.group_by("contact"):
        assert_reached_as_said(ties.to_dicts(), files, by)
    for (student, name), ties in told.ties.group_by("student_sis_id", "name"):
        assert_related_as_said(ties.to_dicts(), of(files, {(str(student), str(name))}), by)
    for pupil in told.students.to_dicts():
        there = {n for n, lines in files.items() if pupil["sis_id"] in {o.student for o in lines}}
        source, grade = first(by, "grade", {number: GRADES[number] for number in there})

        assert pupil["grade"] == grade
        told_by = read_marks(pupil["sources"]).get("grade", by.oldest)
        assert not grade or told_by == source


Files = Mapping[int, Sequence[Line]]


def of(files: Files, who: set[tuple[str, str]]) -> Files:
    """What each source says of somebody, by student and name."""
    return {
        number: [line for line in lines if (line.student, line.name) in who]
        for number, lines in files.items()
    }


def assert_reached_as_said(ties: Sequence[dict[str, Any]], files: Files, by: Priority) -> None:
    """All phones of a contact are of one source, and all addresses."""
    person = ties[0]
    mine = of(files, {(str(tie["student_sis_id"]), str(tie["name"])) for tie in ties})
    for field, column in (("phones", "phone"), ("email", "email")):
        said = {n: {getattr(line, column) for line in lines} - {""} for n, lines in mine.items()}
        source, values = first(by, field, said)
        others = json.loads(str(person[f"more_{column}s"] or "[]"))
        told = {person[column], *(one["phone"] if column == "phone" else one for one in others)}

        assert told - {None} == (values or set())
        marks = read_marks(person["sources_of_contact"])
        told_by = marks.get(field, by.oldest)
        assert source is None or told_by == source or is_agreed(mine, "phone", "email")


def assert_related_as_said(ties: Sequence[dict[str, Any]], mine: Files, by: Priority) -> None:
    """Types are of one source, and so are relationships, where another does not fill a blank."""
    types = {n: {line.type for line in lines} for n, lines in mine.items()}
    of_types, said = first(by, "type", types)
    words = {n: {line.relationship for line in lines} - {""} for n, lines in mine.items()}
    of_words, related = first(by, "relationship", words)

    assert {tie["type"] for tie in ties} == said
    assert bool(related) == any(tie["relationship"] for tie in ties)
    for tie in ties:
        of_type = {n: [o for o in lines if o.type == tie["type"]] for n, lines in mine.items()}
        told = {n: {line.relationship for line in lines} - {""} for n, lines in of_type.items()}
        marks = read_marks(tie["sources"])
        if is_agreed(mine, "type", "relationship"):
            of_types = of_words = marks.get("type", by.oldest)
        assert marks.get("type", by.oldest) == of_types
        if tie["relationship"] is not None:
            assert marks.get("relationship", by.oldest) == of_words
            assert tie["relationship"] in (told[of_words] or words[of_words])


def is_agreed(mine: Files, *names: str) -> bool:
    """Whether all who speak of somebody say the very same: the first of them says it for all."""
    said = (
        frozenset(tuple(getattr(line, name) for name in names) for line in lines)
        for lines in mine.values()
        if lines
    )
    return len(set(said)) == 1


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
