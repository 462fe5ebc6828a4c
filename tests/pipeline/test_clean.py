"""Clean: cells of a contact and of a student in our spelling, and what stood there beside them."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.tables import WORDS, cleaned, complete, laws, rows

from kinsync.domain.frames import CLEAN, CONTACT_FIELDS, STUDENT_DETAILS, STUDENTS
from kinsync.pipeline.clean import clean_contacts, clean_students


def test_our_word_stands_beside_what_the_source_wrote() -> None:
    row = cleaned(
        complete(type=" emergency ", relationship="Abuela", phone_type="celular")
    ).row(0, named=True)  # fmt: skip

    assert (row["type"], row["type_source"]) == ("Emergency", "emergency")
    assert (row["relationship"], row["relationship_source"]) == ("Grandparent", "Abuela")
    assert (row["phone_type"], row["phone_type_source"]) == ("Cell", "celular")


def test_what_is_blank_or_not_understood_is_null_and_keeps_its_source() -> None:
    row = cleaned(
        complete(type="Pickup list", relationship="", phone="555-0142", email="ana(at)x.org")
    ).row(0, named=True)  # fmt: skip

    assert [row[n] for n in ("type", "relationship", "phone", "email")] == [None] * 4
    assert row["type_source"] == "Pickup list"
    assert row["relationship_source"] is None
    assert row["phone_source"] == "555-0142"
    assert row["email_source"] == "ana(at)x.org"


def test_a_name_keeps_its_letters_and_order_and_loses_its_blanks() -> None:
    frame = cleaned(complete(name="  Garci\u0301a,\u00a0 Ana ​"))

    assert frame["name"].item() == "García, Ana"
    assert frame["name_key"].item() == "ana garcia"


@pytest.mark.parametrize("name", ["N/A", "Mom", "UNKNOWN", "mamá", "???", "123", "None listed"])
def test_a_placeholder_has_no_comparable_name(name: str) -> None:
    assert cleaned(complete(name=name))["name_key"].item() is None


@pytest.mark.parametrize("name", ["Mom Smith", "Na Li", "Nono Unknown", "Test Person", "X Æ"])
def test_a_name_that_only_contains_such_a_word_is_a_name(name: str) -> None:
    assert cleaned(complete(name=name))["name_key"].item() is not None


def test_ids_keep_their_zeros_and_lose_their_blanks() -> None:
    row = cleaned({**complete(sis_id=" 0042 "), "student_sis_id": " 00123\u00a0"}).row(
        0, named=True
    )

    assert (row["student_sis_id"], row["sis_id"]) == ("00123", "0042")


def test_several_phones_and_addresses_of_a_cell_are_parts_of_one_row() -> None:
    frame = cleaned(
        complete(phone="503-555-0142 / 503-555-0143 x9", email="a@x.org; b@x.org, c@x.org"),
        complete(phone="5035550144"),
    )
    parts = frame.sort("row", "part").select(
        "row", "part", "name", "phone", "phone_extension", "email"
    )

    assert parts.rows() == [
        (2, 0, "Lucía Marlowe", "5035550142", None, "a@x.org"),
        (2, 1, "Lucía Marlowe", "5035550143", "9", "b@x.org"),
        (2, 2, "Lucía Marlowe", None, None, "c@x.org"),
        (3, 0, "Lucía Marlowe", "5035550144", None, None),
    ]


def test_a_list_without_end_is_one_value_that_is_not_understood() -> None:
    row = cleaned(complete(phone=" ".join(["5035550142"] * 40), email=";".join(["a@x.org"] * 40)))

    assert row.height == 1
    assert row.select("phone", "email").row(0) == (None, None)


CELLS = st.sampled_from(
    ["", " ", "Mother", "tio", "N/A", "García, Ana", "O'Brien", "503-555-0142", "5035550142 x3",
     "5035550142 / 5035550143", "a@x.org", "A@X.ORG; b@x.org", "Jr.", "\u200b", "ａ", "=1+1",
     "0042"]
)  # fmt: skip


@st.composite
def contact_rows(draw: st.DrawFn) -> list[dict[str, str | None]]:
    cells = st.fixed_dictionaries(dict.fromkeys(CONTACT_FIELDS, st.none() | CELLS))
    return draw(st.lists(cells, min_size=1, max_size=6))


_AGAIN = {
    "contact_name": "name",
    "contact_type": "type",
    "contact_relationship": "relationship",
    "contact_phone": "phone",
    "contact_phone_type": "phone_type",
    "contact_email": "email",
    "contact_sis_id": "sis_id",
    "student_sis_id": "student_sis_id",
}
_CLEANED = list(_AGAIN.values())


@laws
@given(contact_rows())
def test_what_is_clean_is_cleaned_to_itself(given_rows: list[dict[str, str | None]]) -> None:
    once = clean_contacts(rows(*given_rows), WORDS)
    blank = [pl.lit(None, pl.String).alias(name) for name in CONTACT_FIELDS if name not in _AGAIN]
    told = {field: pl.col(name) for field, name in _AGAIN.items()}
    again = once.select("row", "part", *blank, **told)
    twice = clean_contacts(again, WORDS)

    assert once.schema == CLEAN
    assert twice.select(_CLEANED).rows() == once.select(_CLEANED).rows()


@laws
@given(contact_rows())
def test_every_row_is_there_once_as_its_part_0(given_rows: list[dict[str, str | None]]) -> None:
    frame = clean_contacts(rows(*given_rows), WORDS)

    assert frame.filter(part=0)["row"].to_list() == list(range(2, len(given_rows) + 2))


@laws
@given(contact_rows())
def test_no_row_depends_on_its_neighbours(given_rows: list[dict[str, str | None]]) -> None:
    together = clean_contacts(rows(*given_rows), WORDS).drop("row").rows()
    alone = [
        row for one in given_rows for row in clean_contacts(rows(one), WORDS).drop("row").rows()
    ]

    assert sorted(together, key=repr) == sorted(alone, key=repr)


# -- students --------------------------------------------------------------------------------


def student(**details: str) -> dict[str, str | None]:
    return clean_students(rows({"student_sis_id": "S1", **details}), WORDS)[0].row(0, named=True)


@pytest.mark.parametrize(
    ("cell", "date"),
    [
        ("03/14/2017", "2017-03-14"), ("3/14/2017", "2017-03-14"), ("2017-03-14", "2017-03-14"),
        ("03-14-2017", "2017-03-14"), ("20170314", "2017-03-14"), ("3/14/17", "2017-03-14"),
        ("2017-03-14 00:00:00", "2017-03-14"), ("14/03/2017", None), ("0017-03-14", None),
        ("soon", None), ("", None),
    ],
)  # fmt: skip
def test_a_date_of_birth_is_read_in_the_forms_that_districts_send(
    cell: str, date: str | None
) -> None:
    assert student(dob=cell)["dob"] == date


def test_dates_of_one_file_may_have_several_forms() -> None:
    cells = ["2017-03-14", "3/4/2016", None, "x", "03-14-2015"]
    frame, _ = clean_students(rows(*({"student_sis_id": "S", "dob": c} for c in cells)), WORDS)

    assert frame["dob"].to_list() == ["2017-03-14", "2016-03-04", None, None, "2015-03-14"]


@pytest.mark.parametrize(
    ("field", "cell", "word"),
    [
        ("grade", "KG", "Kindergarten"), ("grade", "04", "4"), ("grade", "PK", "PreKindergarten"),
        ("gender", "female", "F"), ("hispanic_ethnicity", "yes", "Y"), ("iep_status", "0", "N"),
        ("frl_status", "Reduced lunch", "Reduced"), ("race", "white", "Caucasian"),
        ("grade", "Year 3", None), ("gender", "?", None),
    ],
)  # fmt: skip
def test_words_of_a_students_details_become_ours(field: str, cell: str, word: str | None) -> None:
    assert student(**{field: cell})[field] == word


def test_details_are_otherwise_kept_and_beside_them_what_the_source_wrote() -> None:
    given = rows({"student_sis_id": " S1 ", "last_name": "Ma  rlowe", "grade": "?", "zip": "01234"})
    students, sources = clean_students(given, WORDS)

    assert students.columns == ["row", *STUDENTS.names()]
    assert students.select("sis_id", "last_name", "grade", "zip").row(0) == (
        "S1", "Ma rlowe", None, "01234",
    )  # fmt: skip
    assert sources["grade"].item() == "?"
    assert set(STUDENT_DETAILS) < set(sources.columns)
