"""What tells who somebody is: the keys of kept rows, and what is never evidence."""

import polars as pl

from kinsync.domain.frames import KEYS
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.emails import comparable_email, is_placeholder_email
from kinsync.pipeline.phones import comparable_phone, is_placeholder_phone

MOST_NAMES = 8
"""A phone or mailbox under more different names belongs to an office, not to a person."""

_CONTENT = (
    "student_sis_id", "name", "type", "relationship", "phone", "phone_extension", "phone_type",
    "email", "sis_id",
)  # fmt: skip
_DETAILS = (
    "name", "phone", "phone_extension", "phone_type", "phone_type_source", "email", "sis_id",
)  # fmt: skip
_KIND = ("student_sis_id", "type", "relationship")
_WORDING = ("type_source", "relationship_source")


def keys_of(kept: pl.DataFrame, vocabulary: Vocabulary) -> pl.DataFrame:
    """Kept rows (``frames.CLEAN``) as hashes (``frames.KEYS``), in the same order."""
    phone, email = pl.col("phone"), pl.col("email")
    is_evidence = ~is_placeholder_phone(phone, vocabulary.placeholder_phones)
    is_personal = ~is_placeholder_email(
        email, vocabulary.placeholder_emails, vocabulary.placeholder_mailboxes
    )
    hashed = kept.select(
        "row",
        "part",
        student=_hash("student_sis_id"),
        name=_hash("name_key"),
        suffix=_hash("name_suffix"),
        sis_id=_hash("sis_id"),
        phone=pl.when(phone.is_not_null() & is_evidence).then(comparable_phone(phone).hash()),
        email=pl.when(email.is_not_null() & is_personal).then(comparable_email(email).hash()),
    )
    return hashed.with_columns(
        _hashed(kept, _CONTENT, "address", "flags", "restricted").alias("content"),
        _hashed(kept, _DETAILS, "address").alias("details"),
        kept.select(_KIND).hash_rows().alias("kind"),
        _hashed(kept, _WORDING, "flags").alias("wording"),
        kept["restricted"],
    ).select(KEYS.names())


def _hashed(kept: pl.DataFrame, columns: tuple[str, ...], *seldom: str) -> pl.Series:
    """One hash over columns, and over those that say something in few rows or in none."""
    whole = kept.select(columns).hash_rows()
    for seed, name in enumerate(seldom):
        values = kept[name]
        is_told = values.is_not_null() if values.dtype == pl.String else values
        places = is_told.arg_true()
        if places.len():
            more = whole.gather(places) + values.gather(places).hash(seed)
            whole = whole.scatter(places, more)
    return whole


def _hash(column: str) -> pl.Expr:
    return pl.when(pl.col(column).is_not_null()).then(pl.col(column).hash())


def joint(rows: pl.DataFrame, *columns: str, seed: int) -> pl.Series:
    """One hash of several columns of hashes, under a ``seed`` for each meaning, ten apart.

    Summed one column after the other: hashing rows as such copies all their columns first.
    """
    first, *others = columns
    whole = rows[first].hash(seed)
    for place, name in enumerate(others, start=1):
        whole += rows[name].hash(seed + place)
    return whole


def shared_evidence(nodes: pl.DataFrame, evidence: str) -> pl.Series:
    """Values of ``evidence`` (phone or email) that stand under more than ``MOST_NAMES`` names.

    ``nodes`` holds that column and ``name``; both may be hashes or text.
    """
    ordered = nodes[evidence].filter(nodes["name"].is_not_null()).drop_nulls().sort()
    often = ordered.filter(ordered == ordered.shift(MOST_NAMES)).unique()
    return (
        nodes.lazy()
        .select(evidence, "name")
        .filter(pl.col("name").is_not_null(), pl.col(evidence).is_in(often.implode()))
        .group_by(evidence)
        .agg(pl.col("name").n_unique())
        .filter(pl.col("name") > MOST_NAMES)
        .collect()[evidence]
    )
