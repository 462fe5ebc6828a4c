"""Clean: the source's spelling to ours, column by column. What was not understood becomes null."""

import polars as pl

from kinsync.domain.frames import CLEAN, CONTACT_FIELDS, STUDENT_DETAILS, STUDENTS
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.dates import clean_dates
from kinsync.pipeline.emails import clean_emails, has_many_addresses, split_emails
from kinsync.pipeline.flags import clean_addresses, clean_flags
from kinsync.pipeline.names import comparable
from kinsync.pipeline.phones import clean_phones, has_many_digits, split_phones
from kinsync.pipeline.text import tidy
from kinsync.pipeline.words import our_words

_STUDENT_WORDS = {
    "grade": "grade",
    "gender": "gender",
    "race": "race",
    "hispanic_ethnicity": "flag",
    "ell_status": "flag",
    "frl_status": "frl_status",
    "iep_status": "flag",
}
"""Fields of a student whose words come from a vocabulary list."""


def clean_contacts(rows: pl.DataFrame, vocabulary: Vocabulary) -> pl.DataFrame:
    """Contact rows (``frames.ROWS``) in our spelling (``frames.CLEAN``), in the order of the file.

    A cell with several phones or addresses becomes several parts of its row.
    """
    parts = _in_parts(rows.select("row", "part", "student_sis_id", *CONTACT_FIELDS))
    name = tidy(parts["contact_name"])
    keys = comparable(name)
    key = keys["name_key"]
    is_nobody = key.is_in(sorted(vocabulary.placeholder_names)) | ~key.str.contains(r"\p{L}")
    phone_source = tidy(parts["contact_phone"])
    phones = clean_phones(phone_source)
    email_source = tidy(parts["contact_email"])
    words = {
        ours: (source := tidy(parts[f"contact_{ours}"]), our_words(source, vocabulary.words[ours]))
        for ours in ("type", "relationship", "phone_type")
    }
    flags, restricted = clean_flags(parts, vocabulary)
    return pl.DataFrame(
        {
            "row": parts["row"],
            "part": parts["part"],
            "student_sis_id": tidy(parts["student_sis_id"]),
            "name": name,
            "name_key": key.set(is_nobody.fill_null(value=False), None),
            "name_suffix": keys["name_suffix"],
            **{ours: word for ours, (_, word) in words.items()},
            **{f"{ours}_source": source for ours, (source, _) in words.items()},
            "phone": phones["phone"],
            "phone_extension": phones["phone_extension"],
            "phone_source": phone_source,
            "email": clean_emails(email_source),
            "email_source": email_source,
            "sis_id": tidy(parts["contact_sis_id"]),
            "address": clean_addresses(parts),
            "flags": flags,
            "restricted": restricted,
        }
    ).select(CLEAN.names())


def clean_students(rows: pl.DataFrame, vocabulary: Vocabulary) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Students from rows (``frames.ROWS``) with one row each.

    Returns:
        ``(students, sources)``: ``row`` and the columns of ``frames.STUDENTS``, with our words;
        and the same as the source wrote it, tidied, for what was not understood.
    """
    sources = pl.DataFrame(
        {
            "row": rows["row"],
            "sis_id": tidy(rows["student_sis_id"]),
            **{field: tidy(rows[field]) for field in STUDENT_DETAILS},
        }
    )
    words = {
        field: our_words(sources[field], vocabulary.words[words])
        for field, words in _STUDENT_WORDS.items()
    }
    blank = pl.lit(None, pl.String)
    students = sources.with_columns(dob=clean_dates(sources["dob"]), sources=blank, **words)
    return students.select("row", *STUDENTS.names()), sources


def _in_parts(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows; behind them further parts, where a cell holds several values."""
    several = has_many_digits(rows["contact_phone"]) | has_many_addresses(rows["contact_email"])
    if not several.any():
        return rows
    parts = _split(rows.filter(several))
    first = rows.with_columns(
        rows[field].clone().scatter(several.arg_true(), parts.filter(piece=0)[field])
        for field in ("contact_phone", "contact_email")
    )
    further = parts.filter(pl.col("piece") > 0)
    numbered = further.with_columns(pl.col("part") + pl.col("piece")).drop("piece")
    return pl.concat([first, numbered], rechunk=True)


def _split(rows: pl.DataFrame) -> pl.DataFrame:
    """One row (``piece``) per phone and address: the n-th phone stands beside the n-th address."""
    lists = rows.with_columns(
        split_phones(rows["contact_phone"]).alias("contact_phone"),
        split_emails(rows["contact_email"]).alias("contact_email"),
    )
    count = pl.max_horizontal(
        pl.col("contact_phone").list.len(), pl.col("contact_email").list.len(), pl.lit(1)
    )
    numbered = lists.with_columns(piece=pl.int_ranges(0, count, dtype=pl.UInt16)).explode("piece")
    return numbered.with_columns(
        pl.col(field).list.get(pl.col("piece"), null_on_oob=True)
        for field in ("contact_phone", "contact_email")
    )
