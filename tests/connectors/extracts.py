"""What becomes of an extract that a simulator wrote, and the suite of every route of files."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import polars as pl
import pytest

from kinsync.connectors import find_connector
from kinsync.domain.mapping import Mapping
from kinsync.services.check import checked
from kinsync.services.counts import Counts
from kinsync.services.extracts import mapping_over, open_extract
from kinsync.services.report import all_findings
from kinsync.simulators.extracts import EXTRACTS, Extracted, write_extract

STUDENTS = 40


@dataclass(frozen=True)
class Taken:
    """What a check says of an extract. ``contacts`` are what people are to their students."""

    written: Extracted
    is_refused: bool
    counts: Counts
    findings: pl.DataFrame
    students: pl.DataFrame
    contacts: pl.DataFrame

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Student and name of every contact, in order."""
        return sorted(set(self.contacts.select("student_sis_id", "name").iter_rows()))

    @property
    def true_pairs(self) -> list[tuple[str, str]]:
        """The same as the simulator knows them."""
        truth = self.written.truth.select(pl.col("student").cast(pl.String), "name")
        return sorted(truth.unique().iter_rows())

    @property
    def codes(self) -> set[str]:
        return set(self.findings["code"])

    def of_student(self, number: int) -> pl.DataFrame:
        return self.contacts.filter(student_sis_id=str(number))


def take_in(
    name: str,
    folder: Path,
    *quirks: str,
    own: str = "",
    students: int = STUDENTS,
    seed: int = 5,
    settings: dict[str, str] | None = None,
) -> Taken:
    """Write the extract of a system with these quirks, and check it."""
    written = write_extract(EXTRACTS[name], folder, students=students, seed=seed, quirks=quirks)
    return read_back(name, written, own=own, settings=settings)


def read_back(
    name: str, written: Extracted, *, own: str = "", settings: dict[str, str] | None = None
) -> Taken:
    route = find_connector(name)
    mapping = mapping_over(route, Mapping.from_toml(own, name="own.toml") if own else None)
    with checked(open_extract(written.path, route, mapping, settings or {})) as intake:
        told = (written, intake.is_refused, intake.counts, all_findings(intake))
        if intake.is_refused:
            return Taken(*told, pl.DataFrame(), pl.DataFrame())
        ties = intake.relationships().join(intake.contacts(), on="contact", how="left")
        return Taken(*told, intake.students(), ties)


class ExtractSuite:
    """What holds for every system that writes a file. Its own quirks stand in the class below."""

    name: ClassVar[str]
    allowed: ClassVar[set[str]] = {"column-unknown", "phone-extension", "contact-repeated"}
    """Findings about a file with which nothing is wrong."""

    def take_in(self, folder: Path, *quirks: str, **options: object) -> Taken:
        return take_in(self.name, folder, *quirks, **options)  # type: ignore[arg-type]

    def layout(self, written: Extracted, *names: str) -> dict[str, str]:
        told = {
            "columns": ",".join(written.layout.columns),
            "widths": ",".join(map(str, written.layout.widths)),
        }
        return {name: told[name] for name in names}

    def test_every_contact_of_every_student_is_there_and_nobody_else(self, tmp_path: Path) -> None:
        taken = self.take_in(tmp_path)

        assert taken.pairs == taken.true_pairs
        assert taken.counts.students == STUDENTS
        assert taken.counts.rows == taken.written.table.height
        assert taken.codes <= self.allowed
        assert not taken.contacts["type"].has_nulls()

    def test_one_student_is_enough(self, tmp_path: Path) -> None:
        taken = self.take_in(tmp_path, students=1)

        assert taken.pairs == taken.true_pairs

    @pytest.mark.parametrize(
        "quirk", ["tab", "semicolon", "all-quoted", "bom", "utf-16", "crlf", "reordered"]
    )
    def test_however_it_is_written_it_says_the_same(self, tmp_path: Path, quirk: str) -> None:
        plain = self.take_in(tmp_path / "plain")

        assert self.take_in(tmp_path / "other", quirk).pairs == plain.pairs

    def test_windows_1252_is_read_where_it_is_told(self, tmp_path: Path) -> None:
        told = {"encoding": "cp1252"}
        taken = self.take_in(tmp_path, "cp1252", settings=told, students=300)

        spelled = [n for _, n in taken.pairs if not n.isascii() and "?" not in n]
        assert set(spelled) <= {name for _, name in taken.true_pairs}
        assert spelled

    def test_a_file_without_a_header_is_read_by_a_list_of_its_columns(self, tmp_path: Path) -> None:
        written = write_extract(
            EXTRACTS[self.name], tmp_path, students=STUDENTS, seed=5, quirks=["no-header"]
        )
        taken = read_back(self.name, written, settings=self.layout(written, "columns"))

        assert taken.pairs == taken.true_pairs
        assert taken.counts.rows == written.table.height

    @pytest.mark.parametrize("quirks", [("fixed-width",), ("fixed-width", "no-header")])
    def test_fixed_widths_are_read_by_their_widths(
        self, tmp_path: Path, quirks: tuple[str, ...]
    ) -> None:
        written = write_extract(
            EXTRACTS[self.name], tmp_path, students=STUDENTS, seed=5, quirks=quirks
        )
        told = ["widths", *(["columns"] if "no-header" in quirks else [])]
        taken = read_back(self.name, written, settings=self.layout(written, *told))

        assert taken.pairs == taken.true_pairs

    @pytest.mark.parametrize(
        ("quirk", "code"), [("empty", "file-empty"), ("header-only", "file-header-only")]
    )
    def test_a_file_that_says_nothing_is_refused(
        self, tmp_path: Path, quirk: str, code: str
    ) -> None:
        taken = self.take_in(tmp_path, quirk)

        assert taken.is_refused
        assert code in taken.codes

    def test_a_file_that_is_still_being_written_is_refused_or_short_and_never_wrong(
        self, tmp_path: Path
    ) -> None:
        taken = self.take_in(tmp_path, "half-written")

        assert taken.is_refused or set(taken.pairs) < set(taken.true_pairs)

    def test_a_renamed_column_is_named_and_a_mapping_mends_it(self, tmp_path: Path) -> None:
        renamed = EXTRACTS[self.name].renamed
        taken = self.take_in(tmp_path, "renamed")
        unknown = taken.findings.filter(code="column-unknown")["column"]

        assert taken.pairs == taken.true_pairs
        assert set(self.unknown_when_renamed(renamed.values())) <= set(unknown)

    def unknown_when_renamed(self, headers: Iterable[str]) -> Iterable[str]:
        """The new headers that the default mapping does not know."""
        return headers
