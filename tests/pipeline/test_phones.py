"""Phones as people write them: digits come out, several in a cell part, nothing is guessed."""

import phonenumbers
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.pipeline.tables import WORDS, laws, series

from kinsync.pipeline.phones import (
    clean_phones,
    comparable_phone,
    has_many_digits,
    is_placeholder_phone,
    is_unassigned,
    split_phones,
)

DIGITS = st.text("0123456789", min_size=10, max_size=11)


def clean(*cells: str | None) -> list[tuple[str | None, str | None]]:
    return list(clean_phones(series(cells)).iter_rows())


def told(condition: pl.Expr, *phones: str | None) -> list[object]:
    return pl.DataFrame({"phone": series(phones)}).select(condition).to_series().to_list()


@pytest.mark.parametrize(
    "cell",
    [
        "5035550142", "(503) 555-0142", "503-555-0142", "503.555.0142", "503 555 0142",
        "503‑555‑0142", "503\u00a0555\u00a00142", "(503)555-0142 ", "Cell: 503-555-0142",
        "503-555-0142 (mom)", "5035550142.0", '="5035550142"', "'5035550142",
        "５０３５５５０１４２", "(５０３) ５５５-０１４２", "٥٠٣٥٥٥٠١٤٢", "۵۰۳۵۵۵۰۱۴۲",
    ],
)  # fmt: skip
def test_a_phone_is_its_ten_digits_however_it_is_written(cell: str) -> None:
    assert clean(cell) == [("5035550142", None)]


@pytest.mark.parametrize("cell", ["15035550142", "+1 (503) 555-0142", "1-503-555-0142"])
def test_a_country_code_that_was_given_is_kept(cell: str) -> None:
    assert clean(cell) == [("15035550142", None)]


@pytest.mark.parametrize(
    "behind",
    ["x12", " x12", " ext. 12", " ext 12", ",ext12", " extension 12", " (ext. 12)", "#12", " X 12"],
)
def test_an_extension_stands_apart(behind: str) -> None:
    assert clean(f"(503) 555-0142{behind}") == [("5035550142", "12")]


@pytest.mark.parametrize(
    "cell",
    [
        "555-0142", "911", "none", "see above", "503-LAKESIDE", "5.04E+09", "5,04E+09",
        "5.0355E+9", "12345678901234", "+44 20 7946 0958", "+52 55 1234 5678", "-", "x12",
    ],
)  # fmt: skip
def test_what_has_not_ten_or_eleven_digits_is_no_phone(cell: str) -> None:
    assert clean(cell) == [(None, None)]


def test_eleven_digits_are_kept_whatever_leads_them() -> None:
    assert clean("25035550142") == [("25035550142", None)]


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ("5035550142", ["5035550142"]),
        ("503-555-0142 x12345", ["503-555-0142 x12345"]),
        ("503-555-0142 / 503-555-0143", ["503-555-0142", "503-555-0143"]),
        ("5035550142;5035550143", ["5035550142", "5035550143"]),
        ("5035550142,5035550143", ["5035550142", "5035550143"]),
        ("503-555-0142 or 503-555-0143", ["503-555-0142", "503-555-0143"]),
        ("503-555-0142 y 503-555-0143", ["503-555-0142", "503-555-0143"]),
        ("503-555-0142\r\n503-555-0143", ["503-555-0142", "503-555-0143"]),
        ("5035550142 5035550143", ["5035550142", "5035550143"]),
        ("(503) 555-0142 (503) 555-0143", ["(503) 555-0142", "(503) 555-0143"]),
        ("H: 503-555-0142 C: 503-555-0143", ["503-555-0142", "503-555-0143"]),
        ("5035550142 x7 5035550143 x8", ["5035550142 x7", "5035550143 x8"]),
        ("５０３５５５０１４２／５０３５５５０１４３", ["5035550142", "5035550143"]),
        ("503-555-0142 / 0143", ["503-555-0142", "0143"]),
        ("+44 20 7946 0958", ["+44 20 7946 0958"]),
        ("50355501425035550143", ["50355501425035550143"]),
    ],
)
def test_several_phones_in_a_cell_part(cell: str, parts: list[str]) -> None:
    assert split_phones(series([cell])).to_list() == [parts]


@laws
@given(st.lists(DIGITS, min_size=2, max_size=5), st.sampled_from([" / ", ";", "\n", " or ", " & "]))
def test_phones_that_are_set_apart_come_out_as_they_were(phones: list[str], between: str) -> None:
    cell = series([between.join(phones)])

    assert has_many_digits(cell).item() is True
    assert split_phones(cell).to_list() == [phones]


@laws
@given(st.lists(st.none() | st.text("0123456789 -()x.+,/é", max_size=25)))
def test_a_published_phone_has_ten_or_eleven_digits_and_stays_as_it_is(
    cells: list[str | None],
) -> None:
    phones = clean_phones(series(cells))["phone"]

    assert phones.drop_nulls().str.contains(r"^[0-9]{10,11}$").all()
    assert clean_phones(phones)["phone"].to_list() == phones.to_list()
    assert clean(*cells) == [clean(cell)[0] for cell in cells]


def test_a_leading_one_makes_no_other_phone() -> None:
    compared = told(comparable_phone(pl.col("phone")), "15035550142", "5035550142", "25035550142")

    assert compared == ["5035550142", "5035550142", "25035550142"]


@pytest.mark.parametrize("phone", ["0000000000", "9999999999", "19999999999", "1234567890"])
def test_digits_that_nobody_gave_are_placeholders(phone: str) -> None:
    condition = is_placeholder_phone(pl.col("phone"), WORDS.placeholder_phones)

    assert told(condition, phone, "5035550142", None) == [True, False, None]


@pytest.mark.parametrize("phone", ["1005550142", "0035550142", "5030550142", "25035550142"])
def test_what_the_numbering_plan_never_assigned_is_told(phone: str) -> None:
    assert told(is_unassigned(pl.col("phone")), phone, "5035550142") == [True, False]


@laws
@given(st.integers(2_000_000_000, 9_999_999_999))
def test_no_number_that_the_plan_knows_is_called_unassigned(number: int) -> None:
    """The engine decides by four digits; phonenumbers looks at the whole number.

    524 9 is of personal numbers, of which a quarter is not assigned.
    """
    assume(not str(number).startswith("5249"))
    valid = phonenumbers.is_valid_number(
        phonenumbers.PhoneNumber(country_code=1, national_number=number)
    )

    assert not valid or told(is_unassigned(pl.col("phone")), str(number)) == [False]


@pytest.mark.parametrize("phone", ["6716472345", "3406922345", "2462502345", "7877202345"])
def test_numbers_of_islands_with_a_plan_of_their_own_are_no_finding(phone: str) -> None:
    assert told(is_unassigned(pl.col("phone")), phone) == [False]
