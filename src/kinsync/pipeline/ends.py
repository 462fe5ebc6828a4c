"""Ends: how each row of a delivery ended, and what it adds to each count.

The counts of a delivery are sums over its rows, so what some rows added can be taken apart again.
"""

import polars as pl

from kinsync.domain.frames import ENDS, FURTHER, KEYS
from kinsync.pipeline.emails import comparable_email
from kinsync.pipeline.phones import comparable_phone

_TIES = ("student", "sis_id", "phone", "email")
_KEYS = (*_TIES, "name")


def ends_of(
    keys: pl.DataFrame,
    plan: pl.DataFrame,
    lone: pl.DataFrame,
    held: pl.DataFrame,
    repeated: pl.Series,
    first_rows: pl.Series,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """How each row ended (``ENDS``, in no order), and keys of further parts (``FURTHER``).

    Args:
        keys: kept rows with a contact, ``frames.KEYS``.
        plan: what ``snapshot.plan`` says of them.
        lone: ``row`` and ``student`` of kept rows without a contact.
        held: ``row``, the keys of held rows and ``unreadable``, one row for each part.
        repeated: rows that repeat an earlier one.
        first_rows: rows from which students were made.
    """
    is_first_part = keys["part"] == 0
    further = keys.filter(~is_first_part)
    kept = _kept(keys, plan, is_first_part).with_columns(with_contact=pl.lit(1))
    stay = pl.concat([kept, lone], how="diagonal").with_columns(
        published=pl.lit(1), collapsed=pl.col("row").is_in(repeated.implode()).cast(pl.Int8)
    )
    stay = stay.with_columns(published=1 - pl.col("collapsed"))
    back = held.unique("row", keep="first").with_columns(held=pl.lit(1))
    ended = pl.concat([_as_ends(stay), _as_ends(back)])
    is_first = pl.col("row").is_in(first_rows.implode()).cast(pl.UInt8)
    more = held.filter(~pl.col("row").is_first_distinct())
    return (
        ended.with_columns(students=is_first),
        pl.concat([part.select(FURTHER.names()) for part in (further, more)]),
    )


def _kept(keys: pl.DataFrame, plan: pl.DataFrame, is_first_part: pl.Series) -> pl.DataFrame:
    """The rows with a contact, each once."""
    beside = keys.select("row", *_KEYS).with_columns(
        plan["contact"],
        relationships=plan["is_kind"].cast(pl.UInt8),
        contacts=plan["contact"].is_first_distinct().cast(pl.UInt8),
    )
    several = (
        beside.lazy()
        .group_by("contact")
        .agg(is_several=pl.col("student").min() != pl.col("student").max())
        .filter("is_several")
        .select("contact")
        .collect()["contact"]
    )
    is_several = pl.col("contact").is_in(several.implode()).cast(pl.UInt8)
    return (
        beside.filter(is_first_part)
        .with_columns(several=is_several * pl.col("contacts"))
        .drop("contact")
    )


def held_keys(held: pl.DataFrame) -> pl.DataFrame:
    """``row`` and the keys of held rows (``frames.HELD``), as ``frames.KEYS`` has them."""
    phone, email = (
        comparable_phone(pl.col("contact_phone")),
        comparable_email(pl.col("contact_email")),
    )
    texts = held.select(
        "row", student="student_sis_id", sis_id="contact_sis_id", phone=phone, email=email
    )
    return texts.select(
        "row",
        *(
            pl.when(pl.col(name).is_not_null()).then(pl.col(name).hash()).alias(name)
            for name in _TIES
        ),
    ).cast({name: KEYS[name] for name in _TIES})


def _as_ends(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with all columns of ``ENDS``; nothing is counted that it does not name."""
    blank = [
        pl.lit(None if name in _KEYS else 0, kind).alias(name)
        for name, kind in ENDS.items()
        if name not in frame.columns
    ]
    counts = [name for name in ENDS if name != "row" and name not in _KEYS]
    return (
        frame.with_columns(blank)
        .with_columns(pl.col(counts).fill_null(0))
        .select(ENDS.names())
        .cast(ENDS)
    )
