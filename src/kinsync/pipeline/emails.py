"""E-mail addresses: the common ones decided by the engine, the rest by the standard's syntax."""

from collections.abc import Collection

import polars as pl
from email_validator import EmailNotValidError, validate_email

from kinsync.pipeline.text import amend

_COMMON = (
    r"^[A-Za-z0-9_%+'-]+(?:\.[A-Za-z0-9_%+'-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}$"
)
_LOCAL_MOST = 64
_MOST = 254
_PARTS = r"[\s;,|/]+"
_MOST_PARTS = 20
"""A cell with more is no list of addresses."""


def has_many_addresses(cells: pl.Series) -> pl.Series:
    """Which cells may hold several addresses; false for a blank one."""
    return cells.str.contains(r"(?s)@.*@").fill_null(value=False)


def split_emails(cells: pl.Series) -> pl.Series:
    """The addresses of each cell, as a list; a cell with one ``@`` is one address.

    What stands between addresses ("or", a name) is none.
    """
    return (
        cells.to_frame("cells")
        .select(
            pl.when(pl.col("cells").str.count_matches("@", literal=True).is_between(2, _MOST_PARTS))
            .then(pl.col("cells").str.replace_all(_PARTS, "\n").str.split("\n"))
            .otherwise(pl.concat_list("cells"))
        )
        .to_series()
        .list.eval(
            pl.element().filter(pl.element().str.contains("@", literal=True) | (pl.len() == 1))
        )
    )


def clean_emails(cells: pl.Series) -> pl.Series:
    """Addresses ``name@host`` with the host in lower case; null where blank or not valid.

    Source:
        Student contacts guide, ``Contact_email``; RFC 5321 and 6531 through email-validator.
    """
    common = (
        cells.str.contains(_COMMON)
        & (cells.str.find("@", literal=True) <= _LOCAL_MOST)
        & (cells.str.len_bytes() <= _MOST)
    )
    checked = amend(cells, ~common, _by_the_standard)
    shouted = checked.str.contains(r"@.*[A-Z]")
    return amend(checked, shouted, _with_lower_host)


def _by_the_standard(cells: pl.Series) -> pl.Series:
    distinct = cells.unique()
    verdicts = {cell: _normalised(cell) for cell in distinct.to_list()}
    return cells.replace_strict(verdicts, return_dtype=pl.String)


def _normalised(cell: str) -> str | None:
    bare = cell.removeprefix("mailto:").strip("<>")
    try:
        return validate_email(bare, check_deliverability=False, strict=True).normalized
    except EmailNotValidError:
        return None


def _with_lower_host(emails: pl.Series) -> pl.Series:
    parts = emails.str.split_exact("@", 1).struct.unnest()
    return (parts.to_series(0) + "@" + parts.to_series(1).str.to_lowercase()).alias(emails.name)


def comparable_email(email: pl.Expr) -> pl.Expr:
    """Mailboxes are compared without regard to case."""
    return email.str.to_lowercase()


def is_placeholder_email(
    email: pl.Expr, addresses: Collection[str], mailboxes: Collection[str]
) -> pl.Expr:
    """Addresses that stand in for one that nobody gave: never evidence of who somebody is."""
    lower = comparable_email(email)
    return lower.is_in(sorted(addresses)) | lower.str.extract(r"^([^@]+)@").is_in(sorted(mailboxes))


def is_suspicious(email: pl.Expr, typo_domains: Collection[str]) -> pl.Expr:
    """A host that people often mistype."""
    return email.str.extract(r"@(.+)$").is_in(sorted(typo_domains))
