"""Check: every rule of a row, what it shows, and what happens to the row meanwhile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.tables import FILE, WORDS, checked, complete, found, laws, rows

from kinsync.domain.rules import HELD_CODES, RULES
from kinsync.pipeline.check import check_repeated_details, check_students
from kinsync.pipeline.clean import clean_students


def met(**given: str | None) -> list[str]:
    """The rules that a complete row meets once this is changed."""
    return sorted(checked(complete(**given)).findings["code"])


@pytest.mark.parametrize(
    ("given_row", "code", "field"),
    [
        ({"type": ""}, "contact-type-missing", "contact_type"),
        ({"type": " \u200b"}, "contact-type-missing", "contact_type"),
        ({"type": "Pickup list B"}, "contact-type-unknown", "contact_type"),
        ({"name": ""}, "contact-name-missing", "contact_name"),
        ({"name": "\u00a0", "phone": "5035550142"}, "contact-name-missing", "contact_name"),
        ({"name": "N/A"}, "contact-name-placeholder", "contact_name"),
        ({"name": "Mom"}, "contact-name-placeholder", "contact_name"),
        ({"name": "Unknown"}, "contact-name-placeholder", "contact_name"),
        ({"relationship": "See card"}, "relationship-unknown", "contact_relationship"),
        ({"phone": "555-0142"}, "phone-length", "contact_phone"),
        ({"phone": "5.04E+09"}, "phone-length", "contact_phone"),
        ({"phone": "5035550142 x204"}, "phone-extension", "contact_phone"),
        ({"phone": "0000000000"}, "phone-placeholder", "contact_phone"),
        ({"phone": "19999999999"}, "phone-placeholder", "contact_phone"),
        ({"phone": "1005550142"}, "phone-unassigned", "contact_phone"),
        ({"phone": "25035550142"}, "phone-unassigned", "contact_phone"),
        ({"phone_type": "Line 3"}, "phone-type-unknown", "contact_phone_type"),
        ({"email": "ana(at)example.org"}, "email-format", "contact_email"),
        ({"email": "none@none.com"}, "email-placeholder", "contact_email"),
        ({"email": "ana@gmial.com"}, "email-suspicious", "contact_email"),
        ({"sis_id": "N/A"}, "sis-id-placeholder", "contact_sis_id"),
        ({"sis_id": "None"}, "sis-id-placeholder", "contact_sis_id"),
        ({"sis_id": "0000"}, "sis-id-placeholder", "contact_sis_id"),
        ({"student_sis_id": ""}, "student-id-missing", "student_sis_id"),
        ({"student_sis_id": "2.05E+04"}, "student-id-damaged", "student_sis_id"),
        ({"student_sis_id": "1,5E+07"}, "student-id-damaged", "student_sis_id"),
        ({"student_sis_id": "2e+05"}, "student-id-damaged", "student_sis_id"),
        ({"student_sis_id": "1.2345678E7"}, "student-id-damaged", "student_sis_id"),
        ({"student_sis_id": "########"}, "student-id-damaged", "student_sis_id"),
        ({"student_sis_id": "#N/A"}, "student-id-damaged", "student_sis_id"),
    ],
)
def test_a_rule_is_met_alone_and_names_its_place(
    given_row: dict[str, str], code: str, field: str
) -> None:
    result = checked(complete(**given_row))

    assert result.findings.select("file", "row", "column", "code").rows() == [
        (FILE, 2, field, code)
    ]
    is_held = code in HELD_CODES
    assert (result.kept.height, result.held.height) == ((0, 1) if is_held else (1, 0))


@pytest.mark.parametrize(
    "given_row",
    [
        {},
        {"student_sis_id": "00123"},
        {"student_sis_id": "2E04"},
        {"student_sis_id": "A-1.5"},
        {"relationship": ""},
        {"phone_type": "", "phone": "503-555-0142"},
        {"phone": "+1 503 555 0142", "phone_type": "Mobile", "email": "Ana@Example.org"},
        {"type": "PRIMARY", "relationship": "madrastra"},
        {"name": "=Ana+Ruiz"},
        {"name": "王小明"},
        {"name": "محمد علي", "relationship": "Self"},
    ],
)
def test_a_good_row_meets_no_rule(given_row: dict[str, str]) -> None:
    assert met(**given_row) == []


def test_a_finding_shows_what_stood_in_the_cell() -> None:
    findings = checked(complete(phone=" 555-0142 ", type="Pickup  list")).findings

    assert dict(findings.select("code", "value").iter_rows()) == {
        "phone-length": "555-0142",
        "contact-type-unknown": "Pickup list",
    }


def test_a_row_says_everything_that_is_wrong_with_it() -> None:
    row = complete(type="", name="", phone="1", email="x", student_sis_id="")

    assert sorted(checked(row).findings["code"]) == [
        "contact-name-missing", "contact-type-missing", "email-format", "phone-length",
        "student-id-missing",
    ]  # fmt: skip


def test_each_of_several_phones_and_addresses_is_checked() -> None:
    row = complete(phone="5035550142 / 555-0143 0000000000", email="a@x.org; b@", type="?")

    assert sorted(checked(row).findings["code"]) == [
        "contact-type-unknown", "email-format", "phone-length",
    ]  # fmt: skip


def test_a_placeholder_for_an_id_is_left_out_of_kept_and_held_rows() -> None:
    told = checked(complete(sis_id="n/a"), complete(sis_id="0", name=""), complete(sis_id="A0"))

    assert told.kept["sis_id"].to_list() == [None, "A0"]
    assert told.held["contact_sis_id"].to_list() == [None]


def test_a_word_that_is_not_understood_becomes_other_and_keeps_its_source() -> None:
    kept = checked(complete(type="??", relationship="!!", phone_type="Line 3")).kept

    assert kept.select("type", "relationship", "phone_type").row(0) == ("Other",) * 3
    assert kept["type_source"].item() == "??"


def test_a_blank_word_stays_blank() -> None:
    kept = checked(complete(relationship="", phone_type="")).kept

    assert kept.select("relationship", "phone_type").row(0) == (None, None)


def test_a_held_row_is_told_as_far_as_it_can_be_read() -> None:
    row = complete(type="", name="Ana Ruiz", phone="503-555-0142", email="A@X.org", sis_id="C1")

    assert checked(row).held.row(0)[:6] == (2, "S1", "Ana Ruiz", "C1", "5035550142", "A@x.org")


def test_a_damaged_student_id_is_nobodys() -> None:
    assert checked(complete(student_sis_id="2.05E+04")).held["student_sis_id"].item() is None


def test_a_row_with_several_phones_is_held_whole() -> None:
    result = checked(complete(type="", phone="5035550142 / 5035550143"), complete(name="Al Kim"))

    assert result.kept["row"].to_list() == [3]
    assert result.held["row"].to_list() == [2, 2]


CELLS = st.sampled_from(["", "?", "Mom", "Ana Ruiz", "Primary", "5035550142", "a@x.org", "1E+04"])


@laws
@given(st.lists(st.fixed_dictionaries({
    "student_sis_id": CELLS, "type": CELLS, "name": CELLS, "phone": CELLS, "email": CELLS,
}), max_size=6))  # fmt: skip
def test_every_row_is_kept_or_held_and_held_by_an_error(given_rows: list[dict[str, str]]) -> None:
    result = checked(*(complete(**one) for one in given_rows))
    kept, held = set(result.kept["row"]), set(result.held["row"])

    assert kept | held == set(range(2, len(given_rows) + 2))
    assert not kept & held
    assert held == {row for row, code in found(result.findings) if code in HELD_CODES}
    assert set(result.findings["code"]) <= RULES.keys()


# -- students --------------------------------------------------------------------------------


def students_met(**details: str) -> list[tuple[str, str | None, str | None]]:
    given_row = {"student_sis_id": "S1", "school_sis_id": "1", "last_name": "L", "first_name": "F"}
    students, sources = clean_students(rows({**given_row, **details}), WORDS)
    findings = check_students(students, sources, file=FILE, header=lambda field: field)
    return list(findings.select("code", "column", "value").iter_rows())


def test_a_student_without_a_required_detail_is_told() -> None:
    assert students_met(first_name=" ") == [("student-detail-missing", "first_name", None)]
    assert students_met(school_sis_id="") == [("student-detail-missing", "school_sis_id", None)]


def test_a_detail_that_is_not_understood_is_told() -> None:
    assert students_met(grade="Year 3", dob="soon") == [
        ("student-detail-unknown", "grade", "Year 3"),
        ("student-detail-unknown", "dob", "soon"),
    ]


def test_a_good_student_meets_no_rule() -> None:
    assert students_met(grade="4", dob="3/14/2017", gender="F", iep_status="N") == []


def test_a_later_row_that_says_something_else_is_told_with_its_first_difference() -> None:
    one = {"student_sis_id": "S1", "last_name": "Marlowe", "street": "1 A St"}
    frame = rows(one, one, {**one, "street": "2 B St", "zip": "9"}, {**one, "street": ""})
    findings = check_repeated_details(
        frame[1:], frame[:1], file=FILE, header=lambda field: field.title()
    )

    assert findings.select("row", "column", "code", "value").rows() == [
        (4, "Street", "student-rows-differ", "2 B St"),
        (5, "Street", "student-rows-differ", ""),
    ]
