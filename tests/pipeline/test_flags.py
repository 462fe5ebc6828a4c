"""Flags and addresses as sources write them, and what becomes of several about one contact."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.tables import WORDS, cleaned, complete, laws, rows
from tests.pipeline.test_snapshot import ANA, made

from kinsync.domain.flags import read
from kinsync.pipeline.check import check_flags

ADDRESS = {"street": "9 Quarry Rd", "city": "Fernhill", "state": "OR", "zip": "02134"}


def unknown(**flags: str | None) -> list[tuple[str, str, str]]:
    """Code, field and value of each finding about these flags."""
    found = check_flags(rows(complete(**flags)), WORDS, file="f", header=lambda field: field)
    return list(found.select("code", "column", "value").iter_rows())


def test_flags_are_one_text_of_what_is_told_alone() -> None:
    row = cleaned(
        complete(order=" 02 ", primary="yes", pick_up="N", lives_with="", until="8/31/2026")
    ).row(0, named=True)

    assert row["flags"] == '{"order":2,"primary":"Y","pick_up":"N","until":"2026-08-31"}'
    assert row["restricted"] is False
    assert unknown(order="02", primary="yes", pick_up="N", lives_with="") == []


def test_nothing_is_said_where_nothing_is_told() -> None:
    row = cleaned(complete(), complete(order="", guardian=" ")).row(1, named=True)

    assert (row["flags"], row["address"], row["restricted"]) == (None, None, False)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("order", "first", "contact-order-unknown"),
        ("order", "-1", "contact-order-unknown"),
        ("guardian", "perhaps", "contact-flag-unknown"),
        ("from", "31.13.2026", "contact-date-unknown"),
        ("restricted", "ask Dana", "contact-restricted-unknown"),
    ],
)
def test_what_is_not_understood_is_a_finding_and_never_guessed(
    field: str, value: str, code: str
) -> None:
    assert unknown(**{field: value}) == [(code, f"contact_{field}", value)]
    row = cleaned(complete(**{field: value})).row(0, named=True)
    assert row["flags"] is None
    assert row["restricted"] is (field == "restricted")


def test_an_address_is_one_text_with_all_its_parts() -> None:
    row = cleaned(complete(**ADDRESS), complete(city="Fernhill")).rows(named=True)

    assert json.loads(row[0]["address"]) == ADDRESS
    assert json.loads(row[1]["address"]) == dict.fromkeys(ADDRESS) | {"city": "Fernhill"}


def tie(*given: dict[str, str | None]) -> dict[str, str | None]:
    """The only relationship that these rows make."""
    _, relationships = made(*given)
    assert relationships.height == 1
    return relationships.row(0, named=True)


def test_of_several_rows_the_lowest_order_counts_and_every_yes() -> None:
    flags: list[dict[str, str | None]] = [
        {**ANA, "order": "3", "primary": "N", "emergency": "Y"},
        {**ANA, "order": "2", "primary": "Y"},
        {**ANA},
    ]

    assert read(tie(*flags)["flags"]) == {"order": 2, "primary": "Y", "emergency": "Y"}
    assert tie(*reversed(flags)) == tie(*flags)


def test_a_person_has_the_first_of_several_addresses_in_whatever_order() -> None:
    both: list[dict[str, str | None]] = [{**ANA, "street": "9 Quarry Rd"}, {**ANA, "street": "1 B"}]

    for given_rows in (both, both[::-1], [*both, {**ANA}]):
        contacts, _ = made(*given_rows)
        assert json.loads(contacts["address"].item())["street"] == "1 B"


def test_who_any_row_restricts_is_restricted_in_all_that_they_are_to_the_student() -> None:
    contacts, ties = made(
        {**ANA, "type": "Primary", "restricted": "N"},
        {**ANA, "type": "Emergency", "restricted": "Y"},
        {**ANA, "student_sis_id": "S2"},
        {"name": "Bo Lind", "restricted": "Y"},
    )

    marked = dict(ties.filter(contact=0).select("student_sis_id", "restricted").iter_rows())
    assert marked == {"S1": "Y", "S2": None}
    assert contacts.sort("name")["restricted"].to_list() == [None, "Y"]


CELLS = st.sampled_from([None, "", "Y", "no", "1", "x", "2", "8/31/2026", "perhaps"])


@laws
@given(
    flags=st.lists(
        st.fixed_dictionaries(
            dict.fromkeys(("order", "primary", "guardian", "restricted", "from"), CELLS)
        ),
        min_size=1,
        max_size=6,
    )
)
def test_flags_are_json_and_every_cell_is_told_blank_or_a_finding(
    flags: list[dict[str, str | None]],
) -> None:  # fmt: skip
    table = rows(*(complete(**one) for one in flags))
    found = check_flags(table, WORDS, file="f", header=lambda field: field)
    clean = cleaned(*(complete(**one) for one in flags))

    told = sum(len(read(text)) for text in clean["flags"])
    restricting = [one["restricted"] for one in flags if one["restricted"]]
    cells = sum(bool(cell) for one in flags for cell in one.values())
    known = [word for word in restricting if word in ("Y", "no", "1")]
    assert told + found.height + len(known) == cells
    assert clean["restricted"].sum() == sum(word != "no" for word in restricting)
