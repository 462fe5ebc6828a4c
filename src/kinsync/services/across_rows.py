"""What takes more than one row to see: findings, where they stand and what they show; and of whom
each row of each file speaks."""

from collections.abc import Sequence

import polars as pl

from kinsync.domain.frames import ROW_KEYS, empty

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


def by_file(ends: pl.DataFrame, files: Sequence[tuple[str, int, int]]) -> pl.DataFrame:
    """Of whom each row speaks (``frames.ROW_KEYS``), from how the rows ended (``frames.ENDS``).

    Args:
        files: of each file of a delivery its name, the number behind which its rows begin, and how
            many contacts a row of it may have.
    """
    rest, pieces = ends, [empty(ROW_KEYS)]
    for name, start, slots in reversed(files):
        mine, rest = rest.filter(pl.col("row") > start), rest.filter(pl.col("row") <= start)
        row = ((pl.col("row") - start) // slots).cast(pl.UInt32)
        told = mine.with_columns(pl.lit(name).alias("file"), row=row)
        pieces.append(told.select(ROW_KEYS.names()))
    return pl.concat(pieces)
