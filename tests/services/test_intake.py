"""A delivery, whole: every row goes somewhere, and broken files go nowhere."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinsync.services import refine
from kinsync.services.check import checked
from kinsync.services.counts import Counts
from kinsync.services.delivery import open_delivery
from kinsync.services.report import all_findings

HEADER = (
    "Student_id,School_id,Last_name,First_name,Contact_type,Contact_name,Contact_relationship,"
    "Contact_phone,Contact_phone_type,Contact_email,Contact_sis_id"
)
ROW = "S1,101,Marlowe,Theo,Primary,Ana Ruiz,Mother,5035550101,Cell,ana@example.org,C1"
CONTACTS = "contact_id,student_id,first_name,last_name,type,relationship,phone,phone_type,email"


@dataclass(frozen=True)
class Told:
    """What became of a delivery."""

    counts: Counts
    is_refused: bool
    findings: pl.DataFrame
    held: pl.DataFrame
    contacts: pl.DataFrame
    relationships: pl.DataFrame
    students: pl.DataFrame

    @property
    def found(self) -> list[tuple[str, int | None]]:
        return list(self.findings.select("code", "row").iter_rows())

    def row(self, column: str) -> object:
        return self.contacts[column].item()


def take_in(folder: Path, content: bytes | str, contacts: str | None = None) -> Told:
    path, second = folder / "students.csv", folder / "contacts.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if contacts is not None:
        second.write_text(contacts, "utf-8")
    with checked(open_delivery(path, contacts=None if contacts is None else second)) as intake:
        is_read = not intake.is_refused
        empty = pl.DataFrame()
        return Told(
            intake.counts,
            intake.is_refused,
            all_findings(intake),
            intake.held,
            intake.contacts() if is_read else empty,
            intake.relationships() if is_read else empty,
            intake.students() if is_read else empty,
        )


def of_rows(*rows: str) -> str:
    return "\n".join([HEADER, *rows, ""])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(of_rows(ROW), id="plain"),
        pytest.param(of_rows(ROW).replace("\n", "\r\n"), id="CRLF"),
        pytest.param(of_rows(ROW).replace("\n", "\r"), id="CR alone"),
        pytest.param(f"{HEADER}\r\n{ROW}\n", id="mixed line ends"),
        pytest.param("\ufeff" + of_rows(ROW), id="byte-order mark"),
        pytest.param(of_rows(ROW).encode("utf-16"), id="UTF-16 LE"),
        pytest.param(b"\xfe\xff" + of_rows(ROW).encode("utf-16-be"), id="UTF-16 BE"),
        pytest.param(of_rows(ROW).replace(",", ";"), id="semicolons"),
        pytest.param(of_rows(ROW).replace(",", "\t"), id="tabs"),
        pytest.param(of_rows(ROW).replace(",", "|"), id="bars"),
        pytest.param("sep=,\r\n" + of_rows(ROW), id="sep= line"),
        pytest.param('"sep=;"\n' + of_rows(ROW).replace(",", ";"), id="quoted sep= line"),
        pytest.param("\ufeffSEP=\t\r\n" + of_rows(ROW).replace(",", "\t"), id="sep= of a tab"),
        pytest.param("\n\n" + of_rows(ROW), id="blank lines first"),
        pytest.param(of_rows(ROW).rstrip(), id="no last line end"),
        pytest.param('"' + of_rows(ROW).strip().replace(",", '","').replace("\n", '"\n"') + '"\n',
                     id="all quoted"),
        pytest.param(of_rows(ROW).replace("Student_id", "STUDENT ID"), id="another header"),
    ],
)  # fmt: skip
def test_a_file_is_taken_in_however_it_is_written(tmp_path: Path, content: bytes | str) -> None:
    told = take_in(tmp_path, content)

    assert told.found == []
    assert told.contacts.drop("contact", "address", "restricted", "sources").rows() == [
        ("C1", "Ana Ruiz", "5035550101", None, "Cell", "Cell", "ana@example.org", None, None)
    ]
    assert told.relationships["student_sis_id"].to_list() == ["S1"]


def test_the_sep_line_is_none_of_the_rows_that_a_spreadsheet_counts(tmp_path: Path) -> None:
    told = take_in(tmp_path, "sep=,\n" + of_rows(ROW, ROW.replace("5035550101", "555")))

    assert told.found == [("phone-length", 3)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"),
        (HEADER.encode(), "file-header-only"),
        (b"sep=,\n", "file-empty"),
        (b"PK\x03\x04" + bytes(60), "file-not-text"),
        (b"\x1f\x8b" + bytes(60), "file-not-text"),
        (b"%PDF-1.7\n" + bytes(60), "file-not-text"),
        (b"-----BEGIN PGP MESSAGE-----\n\nxx\n", "file-not-text"),
        (of_rows(ROW.replace("Ana", "A\0na")).encode(), "file-not-text"),
        (of_rows(ROW, ROW.replace("Ana", '"Ana')).encode(), "quote-unclosed"),
        (of_rows(ROW, "S2,101,Mar").encode().rstrip(), "file-cut"),
        (of_rows(ROW).replace("School_id", "Schule").encode(), "column-missing"),
    ],
)
def test_a_broken_file_is_refused_and_publishes_nothing(
    tmp_path: Path, content: bytes, code: str
) -> None:
    told = take_in(tmp_path, content)

    assert told.is_refused
    assert code in told.findings["code"]
    assert told.counts.published == 0


def test_the_rows_before_an_open_quote_are_still_reported(tmp_path: Path) -> None:
    bad = ROW.replace("5035550101", "555")
    told = take_in(tmp_path, of_rows(bad, ROW.replace("Ana", '"Ana')))

    assert told.found == [("phone-length", 2), ("quote-unclosed", 3)]


def test_a_file_that_shrinks_while_it_is_read_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "students.csv"
    path.write_text(of_rows(*[ROW.replace("S1", f"S{n}") for n in range(1000)]))
    delivery = open_delivery(path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with checked(delivery) as intake:
        codes = set(all_findings(intake)["code"])

        assert intake.is_refused
    assert "file-cut" in codes


# -- where rows go ---------------------------------------------------------------------------


def test_a_row_without_a_contact_is_published_as_its_student(tmp_path: Path) -> None:
    told = take_in(tmp_path, of_rows("S1,101,Marlowe,Theo,,,,,,,"))

    assert (told.counts.published, told.counts.students, told.counts.contacts) == (1, 1, 0)
    assert told.found == []


def test_a_held_contact_still_publishes_its_student(tmp_path: Path) -> None:
    told = take_in(tmp_path, of_rows("S1,101,Marlowe,Theo,,Ana Ruiz,,,,,"))

    assert told.found == [("contact-type-missing", 2)]
    assert told.students["sis_id"].to_list() == ["S1"]
    assert told.held["student_sis_id"].to_list() == ["S1"]


def test_the_first_row_of_a_student_says_who_that_is(tmp_path: Path) -> None:
    told = take_in(tmp_path, of_rows(ROW, ROW.replace("Theo", "Teo").replace("Primary", "Other")))

    assert told.students["first_name"].to_list() == ["Theo"]
    assert told.found == [("student-rows-differ", 3)]


def test_a_ragged_row_is_held_alone(tmp_path: Path) -> None:
    told = take_in(tmp_path, of_rows(ROW, ROW + ",x", ROW.replace("S1", "S2")))

    assert told.found == [("row-shape", 3)]
    assert (told.counts.rows, told.counts.published, told.counts.held) == (3, 2, 1)


def test_a_placeholder_row_sent_twice_is_one_contact(tmp_path: Path) -> None:
    mom = "S1,101,Marlowe,Theo,Primary,Mom,,5035550101,,,"
    told = take_in(tmp_path, of_rows(mom, mom))

    assert (told.counts.published, told.counts.collapsed) == (1, 1)
    assert (told.counts.contacts, told.counts.relationships) == (1, 1)


def test_ids_under_unrelated_names_hold_their_rows_and_keep_the_students(tmp_path: Path) -> None:
    other = "S2,101,Ek,Bo,Primary,Zoltan Nagy,,5035550102,,,C1"
    told = take_in(tmp_path, of_rows(ROW, other))

    assert told.found == [("sis-id-reused", 2), ("sis-id-reused", 3)]
    assert told.counts.contacts == 0
    assert set(told.students["sis_id"]) == {"S1", "S2"}
    assert told.held["contact_name"].to_list() == ["Ana Ruiz", "Zoltan Nagy"]


@pytest.mark.parametrize(
    "row",
    [
        "C9,S9,Zoe,Lund,Guardian,,5035550109,,",
        "C9,S9,,,Guardian,,5035550109,,",
        ",S9,,,,,,,",
    ],
)
def test_a_second_file_about_an_unknown_student_is_held(tmp_path: Path, row: str) -> None:
    told = take_in(tmp_path, of_rows(ROW), f"{CONTACTS}\n{row}\nC8,S1,Yan,Lund,Family,,,,\n")

    assert set(told.findings["row"]) == {2}
    assert (told.counts.rows, told.counts.published, told.counts.held) == (3, 2, 1)
    assert set(told.contacts["name"]) == {"Ana Ruiz", "Yan Lund"}


CELLS = st.sampled_from(
    ["", "", "S1", "S2", "2.05E+04", "Primary", "Ana Ruiz", "Bo Ek", "Mom", "C1", "C2", "??",
     "5035550101", "5035550101 / 5035550102", "a@x.org", "a@x.org; b@x.org", '"a\nb"', "x,y"]
)  # fmt: skip
FILES = st.lists(
    st.lists(CELLS, min_size=11, max_size=11) | st.lists(CELLS, min_size=1, max_size=12),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILES)
def test_every_row_is_published_held_or_collapsed(tmp_path: Path, rows: list[list[str]]) -> None:
    told = take_in(tmp_path, of_rows(*(",".join(row) for row in rows)))
    if told.is_refused:
        return
    counts = told.counts

    assert counts.rows == counts.published + counts.held + counts.collapsed + counts.excluded
    assert counts.held == told.held["row"].n_unique()
    assert counts.contacts == told.contacts.height
    assert counts.relationships == told.relationships.height
    assert counts.students == told.students.height == told.students["sis_id"].n_unique()
    assert set(told.relationships["student_sis_id"]) <= set(told.students["sis_id"])
    assert set(told.relationships["contact"]) == set(told.contacts["contact"])


assert refine.LONE.names() == ["row", "student"]
