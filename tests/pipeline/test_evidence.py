"""What tells who somebody is, and what never does."""

import polars as pl
import pytest
from tests.pipeline.tables import WORDS, kept

from kinsync.domain.frames import KEYS
from kinsync.pipeline.evidence import MOST_NAMES, keys_of, shared_evidence

ANA = {"name": "Ana Ruiz", "phone": "5035550142", "email": "ana@example.org"}


def keys(*given: dict[str, str]) -> pl.DataFrame:
    return keys_of(kept(*given), WORDS)


@pytest.mark.parametrize(
    "other",
    [
        {**ANA, "name": "RUIZ, ANA"},
        {**ANA, "name": "Mrs. Ana Ruíz"},
        {**ANA, "phone": "+1 (503) 555-0142 x3"},
        {**ANA, "email": "ANA@example.org"},
    ],
)
def test_the_same_person_spelled_otherwise_has_the_same_keys(other: dict[str, str]) -> None:
    both = keys(ANA, other).select("name", "phone", "email")

    assert both.row(0) == both.row(1)


@pytest.mark.parametrize("phone", ["0000000000", "19999999999", "1234567890", "555-0142", ""])
def test_a_placeholder_phone_is_no_evidence(phone: str) -> None:
    assert keys({**ANA, "phone": phone})["phone"].item() is None


@pytest.mark.parametrize("email", ["none@none.com", "noreply@lakeside.example", "x", ""])
def test_a_placeholder_mailbox_is_no_evidence(email: str) -> None:
    assert keys({**ANA, "email": email})["email"].item() is None


def test_a_placeholder_name_is_no_evidence() -> None:
    assert keys({**ANA, "name": "Mom"})["name"].item() is None


def test_keys_stand_beside_the_rows_in_their_order() -> None:
    rows = kept(ANA, {"name": "Bo Ek", "phone": "5035550143 / 5035550144"}, ANA)
    frame = keys_of(rows, WORDS)

    assert frame.schema == KEYS
    assert frame.select("row", "part").rows() == rows.select("row", "part").rows()


@pytest.mark.parametrize(("names", "is_shared"), [(MOST_NAMES, False), (MOST_NAMES + 1, True)])
def test_a_phone_under_many_names_is_an_offices(names: int, is_shared: bool) -> None:
    rows = [("phone", f"name {n}") for n in range(names)] * 2
    frame = pl.DataFrame(rows, schema=["phone", "name"], orient="row")

    assert shared_evidence(frame, "phone").to_list() == ["phone"] * is_shared


def test_one_person_in_very_many_rows_shares_a_phone_with_nobody() -> None:
    frame = pl.DataFrame({"phone": ["p"] * 60, "name": ["n"] * 59 + [None]})

    assert shared_evidence(frame, "phone").is_empty()
