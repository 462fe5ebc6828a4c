"""E-mail addresses: the standard decides, and the engine agrees with it."""

import polars as pl
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.tables import WORDS, laws, series

from kinsync.pipeline.emails import (
    clean_emails,
    comparable_email,
    has_many_addresses,
    is_placeholder_email,
    is_suspicious,
    split_emails,
)


def clean(cell: str | None) -> str | None:
    value: str | None = clean_emails(series([cell])).item()
    return value


def told(condition: pl.Expr, *emails: str | None) -> list[object]:
    return pl.DataFrame({"email": series(emails)}).select(condition).to_series().to_list()


@pytest.mark.parametrize(
    ("cell", "email"),
    [
        ("ana@example.org", "ana@example.org"),
        ("Ana.Ruiz@Example.ORG", "Ana.Ruiz@example.org"),
        ("a+tag@example.org", "a+tag@example.org"),
        ("o'brien@example.org", "o'brien@example.org"),
        ("a!b@example.org", "a!b@example.org"),
        ("josé@example.org", "josé@example.org"),
        ("ana@bücher.example", "ana@bücher.example"),
        ("ana@xn--bcher-kva.de", "ana@xn--bcher-kva.de"),
        ("<ana@example.org>", "ana@example.org"),
        ("mailto:ana@example.org", "ana@example.org"),
        (None, None),
    ],
)
def test_an_address_is_kept_with_its_host_in_small_letters(
    cell: str | None, email: str | None
) -> None:
    assert clean(cell) == email


@pytest.mark.parametrize(
    "cell",
    [
        "ana", "ana@", "@example.org", "ana@example", "ana@@example.org", "ana@example..org",
        ".ana@example.org", "ana.@example.org", "a..b@example.org", "ana ruiz@example.org",
        "ana@-example.org", "ana@exa_mple.org", "ana@example.org.", "ana(at)example.org",
        "ana@example,org", "ana@[192.0.2.1]", "=ana@example.org,", "x" * 65 + "@example.org",
        "a@" + "x" * 64 + ".org", "a@" + ".".join(["x" * 60] * 5) + ".org", "none", "n/a",
    ],
)  # fmt: skip
def test_what_the_standard_refuses_is_left_out(cell: str) -> None:
    assert clean(cell) is None


@laws
@given(st.lists(st.none() | st.text("ab.@-_+'A1 é;", max_size=14)))
def test_an_address_that_was_kept_is_kept_again(cells: list[str | None]) -> None:
    once = clean_emails(series(cells))

    assert clean_emails(once).to_list() == once.to_list()
    assert once.to_list() == [clean(cell) for cell in cells]


@laws
@given(st.text("ab.-_+'A1!é", max_size=10), st.text("ab.-_A1é", max_size=10))
def test_the_engine_takes_no_address_that_the_standard_refuses(name: str, host: str) -> None:
    cell = f"{name}@{host}"
    try:
        validate_email(cell, check_deliverability=False, test_environment=True)
        is_valid = True
    except EmailNotValidError:
        is_valid = False

    assert clean(cell) is None or is_valid


@pytest.mark.parametrize("between", [";", ", ", " / ", " ", " or ", "\n", "|"])
def test_several_addresses_in_a_cell_part(between: str) -> None:
    cell = series([f"ana@example.org{between}bo@example.net"])

    assert has_many_addresses(cell).item()
    assert split_emails(cell).to_list() == [["ana@example.org", "bo@example.net"]]


def test_one_address_with_blanks_is_not_taken_apart() -> None:
    assert split_emails(series(["ana ruiz@example.org", None])).to_list() == [
        ["ana ruiz@example.org"], [None],
    ]  # fmt: skip


def test_mailboxes_are_compared_without_regard_to_case() -> None:
    assert told(comparable_email(pl.col("email")), "Ana@example.org") == ["ana@example.org"]


@pytest.mark.parametrize(
    "email", ["none@none.com", "NoEmail@NoEmail.com", "noreply@lakeside.example", "n/a@na.com"]
)
def test_addresses_that_nobody_gave_are_placeholders(email: str) -> None:
    condition = is_placeholder_email(
        pl.col("email"), WORDS.placeholder_emails, WORDS.placeholder_mailboxes
    )

    assert told(condition, email, "norah@example.org", None) == [True, False, None]


@pytest.mark.parametrize("host", ["gmial.com", "gmail.con", "hotmial.com", "yaho.com"])
def test_a_host_that_is_often_mistyped_is_told(host: str) -> None:
    condition = is_suspicious(pl.col("email"), WORDS.typo_domains)

    assert told(condition, f"ana@{host}", "ana@gmail.com", None) == [True, False, None]
