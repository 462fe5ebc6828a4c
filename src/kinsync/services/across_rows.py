"""Findings that take more than one row to see: where they stand, and what they show."""

import polars as pl

FIELDS = {
    "student-unknown": ("student_sis_id", "student_sis_id"),
    "sis-id-reused": ("contact_sis_id", "sis_id"),
    "sis-id-names-differ": ("contact_sis_id", "sis_id"),
    "link-conflict": ("contact_name", "name"),
    "link-group-large": ("contact_name", "name"),
    "phone-shared": ("contact_phone", "phone"),
    "email-shared": ("contact_email", "email"),
    "contact-repeated": (None, "name"),
}
"""Of findings that take more than one row to see: the field, and the column with the value."""


TOLD = (
    *("row", "student_sis_id", "name", "name_key", "name_suffix", "sis_id", "phone", "email"),
    "restricted",
)
"""Columns of a waiting row that findings and held rows speak of."""


def places_of(rows: pl.Series, code: str) -> pl.DataFrame:
    """A place (``row``, ``code``) for each of these rows."""
    return pl.DataFrame({"row": rows}).with_columns(code=pl.lit(code))
