"""Check: clean rows against the catalogue. Rows that cannot stand are held, the rest is kept."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from kinsync.domain.frames import FINDINGS, HELD, STUDENT_DETAILS
from kinsync.domain.rules import HELD_CODES
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.emails import is_placeholder_email, is_suspicious
from kinsync.pipeline.phones import is_placeholder_phone, is_unassigned

_DAMAGED = (
    r"^(?:\d[.,]\d+[eE][+-]?\d+|\d[eE][+-]\d+|#+|#(?:N/A|REF!|VALUE!|NAME\?|NULL!|NUM!|DIV/0!))$"
)
"""What spreadsheets make of an id: 2.05E+04, 2E+04, ##### and #N/A; 2E04 may be an id itself."""
_REQUIRED_DETAILS = ("school_sis_id", "last_name", "first_name")
_UNDERSTOOD_DETAILS = (
    "grade", "gender", "dob", "race", "hispanic_ethnicity", "ell_status", "frl_status",
    "iep_status",
)  # fmt: skip

Header = Callable[[str], str | None]
"""Where a field stands in the source, for the place of a finding."""


@dataclass(frozen=True, slots=True)
class Check:
    """One rule as a test of columns: where it is met, and which field and value to show."""

    code: str
    field: str  # of the mapping
    value: str  # column of frames.CLEAN that holds what stood there
    is_met: pl.Expr
    is_of_every_part: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """``kept`` has the schema ``frames.CLEAN``, ``held`` is ``frames.HELD``."""

    kept: pl.DataFrame
    held: pl.DataFrame
    findings: pl.DataFrame


def student_checks(student: str = "student_sis_id") -> list[Check]:
    """What can be wrong with the student that a row names: such a row is held."""
    return [
        Check("student-id-missing", "student_sis_id", student, pl.col(student).is_null()),
        Check(
            "student-id-damaged",
            "student_sis_id",
            student,
            pl.col(student).str.contains(_DAMAGED).fill_null(value=False),
        ),
    ]


def contact_checks(vocabulary: Vocabulary) -> list[Check]:
    """What can be wrong with the contact of a row."""
    phone, email = pl.col("phone"), pl.col("email")
    no_phone = is_placeholder_phone(phone, vocabulary.placeholder_phones)
    no_email = is_placeholder_email(
        email, vocabulary.placeholder_emails, vocabulary.placeholder_mailboxes
    )
    return [
        Check("contact-type-missing", "contact_type", "type_source", _is_blank("type_source")),
        Check("contact-name-missing", "contact_name", "name", _is_blank("name")),
        Check("contact-type-unknown", "contact_type", "type_source", _is_unknown("type")),
        Check(
            "contact-name-placeholder",
            "contact_name",
            "name",
            pl.col("name").is_not_null() & pl.col("name_key").is_null(),
        ),
        Check(
            "relationship-unknown",
            "contact_relationship",
            "relationship_source",
            _is_unknown("relationship"),
        ),
        _of_phone("phone-length", _is_unknown("phone")),
        _of_phone("phone-extension", pl.col("phone_extension").is_not_null()),
        _of_phone("phone-placeholder", no_phone),
        _of_phone("phone-unassigned", is_unassigned(phone) & ~no_phone),
        Check(
            "phone-type-unknown",
            "contact_phone_type",
            "phone_type_source",
            _is_unknown("phone_type"),
        ),
        _of_email("email-format", _is_unknown("email")),
        _of_email("email-placeholder", no_email),
        _of_email("email-suspicious", is_suspicious(email, vocabulary.typo_domains)),
        Check("sis-id-placeholder", "contact_sis_id", "sis_id", is_placeholder_sis_id(vocabulary)),
    ]


def is_placeholder_sis_id(vocabulary: Vocabulary) -> pl.Expr:
    """Whether a contact id is a word such as "N/A", or nothing but zeros."""
    return pl.col("sis_id").is_in(sorted(vocabulary.placeholder_sis_ids))


def check_contacts(
    clean: pl.DataFrame, vocabulary: Vocabulary, *, file: str, header: Header
) -> Checked:
    """Held and kept contact rows (``frames.CLEAN``), and a finding for every rule that is met."""
    checks = [*student_checks(), *contact_checks(vocabulary)]
    met = clean.select(
        (check.is_met & (pl.lit(check.is_of_every_part) | (pl.col("part") == 0)))
        .fill_null(value=False)
        .alias(check.code)
        for check in checks
    )
    findings = findings_of(clean, checks, met, file=file, header=header)
    is_held = met.select(pl.any_horizontal(code for code in met.columns if code in HELD_CODES))
    held_rows = clean.filter(is_held.to_series())["row"].unique()
    is_kept = ~clean["row"].is_in(held_rows.implode()) if len(held_rows) else None
    kept = clean if is_kept is None else clean.filter(is_kept)
    held = clean.clear() if is_kept is None else clean.filter(~is_kept)
    is_nobodys = is_placeholder_sis_id(vocabulary)
    if met["sis-id-placeholder"].any():
        kept, held = (
            rows.with_columns(pl.when(~is_nobodys.fill_null(value=False)).then("sis_id"))
            for rows in (kept, held)
        )
    return Checked(_with_other(kept), as_held(held), findings)


def check_students(
    students: pl.DataFrame, sources: pl.DataFrame, *, file: str, header: Header
) -> pl.DataFrame:
    """Findings about the details of students: blank where required, or not understood.

    ``students`` and ``sources`` are what ``clean_students`` gives.
    """
    both = students.hstack(sources.select(pl.exclude("row").name.suffix("_source")))
    checks = [
        Check("student-detail-missing", field, f"{field}_source", pl.col(field).is_null())
        for field in _REQUIRED_DETAILS
    ] + [
        Check(
            "student-detail-unknown",
            field,
            f"{field}_source",
            pl.col(field).is_null() & pl.col(f"{field}_source").is_not_null(),
        )
        for field in _UNDERSTOOD_DETAILS
    ]
    met = both.select(check.is_met.alias(f"{n}") for n, check in enumerate(checks))
    return findings_of(both, checks, met, file=file, header=header)


def check_repeated_details(
    rows: pl.DataFrame, first: pl.DataFrame, *, file: str, header: Header
) -> pl.DataFrame:
    """Findings for rows that say something else about their student than its first row.

    Both frames hold ``row``, ``student_sis_id`` and the student's details, tidied; one finding
    names the first column that differs.
    """
    pairs = rows.join(first, on="student_sis_id", how="inner", suffix="_first")
    named = pl.coalesce(
        pl.when(pl.col(field).ne_missing(pl.col(f"{field}_first"))).then(
            pl.struct(column=pl.lit(header(field), pl.String), value=pl.col(field).cast(pl.String))
        )
        for field in STUDENT_DETAILS
    )
    return (
        pairs.select("row", named.alias("place"))
        .drop_nulls("place")
        .unnest("place")
        .with_columns(file=pl.lit(file), code=pl.lit("student-rows-differ"))
        .select(FINDINGS.names())
    )


def findings_of(
    frame: pl.DataFrame,
    checks: list[Check],
    met: pl.DataFrame,
    *,
    file: str,
    header: Header,
) -> pl.DataFrame:
    """A finding (``frames.FINDINGS``) for every check and row where ``met`` is true."""
    found = [
        frame.filter(mask).select(
            file=pl.lit(file),
            row=pl.col("row"),
            column=pl.lit(header(check.field), pl.String),
            code=pl.lit(check.code),
            value=pl.col(check.value),
        )
        for check, mask in zip(checks, met, strict=True)
        if mask.any()
    ]
    return pl.concat([pl.DataFrame(schema=FINDINGS), *found])


def as_held(clean: pl.DataFrame) -> pl.DataFrame:
    """Held rows (``frames.HELD``), as far as they can be read."""
    damaged = pl.col("student_sis_id").str.contains(_DAMAGED)
    return clean.select(
        "row",
        student_sis_id=pl.when(~damaged).then("student_sis_id"),
        contact_name="name",
        contact_sis_id="sis_id",
        contact_phone="phone",
        contact_email="email",
    ).cast(HELD)


def _is_blank(column: str) -> pl.Expr:
    return pl.col(column).is_null()


def _is_unknown(field: str) -> pl.Expr:
    """The source says something, and nothing of it was understood."""
    return pl.col(field).is_null() & pl.col(f"{field}_source").is_not_null()


def _of_phone(code: str, is_met: pl.Expr) -> Check:
    return Check(code, "contact_phone", "phone_source", is_met, is_of_every_part=True)


def _of_email(code: str, is_met: pl.Expr) -> Check:
    return Check(code, "contact_email", "email_source", is_met, is_of_every_part=True)


def _with_other(kept: pl.DataFrame) -> pl.DataFrame:
    """A word that was not understood becomes Other."""
    return kept.with_columns(
        pl.when(_is_unknown(field)).then(pl.lit("Other")).otherwise(field).alias(field)
        for field in ("type", "relationship", "phone_type")
    )
