"""What an application saved of another service, as columns: pages of its API, or CSV."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kinsync.domain.errors import ChangeInput
from kinsync.domain.frames import empty
from kinsync.domain.moving import SAVED
from kinsync.domain.rules import RULES
from kinsync.pipeline.map import header_key
from kinsync.pipeline.saved import tidied
from kinsync.transport import pages
from kinsync.transport.delimited import open_delimited
from kinsync.transport.pages import Record

TEXT = pl.String()
NAMES = {
    "kind": ("kind", "role", "record_type", "user_type"),
    "id": ("id", "user_id", "clever_id", "v3_id"),
    "legacy_id": ("legacy_id", "v2_id"),
    "v1_id": ("v1_id", "v1.2_id", "relationship_id", "student_contact_id"),
    "sis_id": ("sis_id", "contact_sis_id"),
    "name": ("name", "contact_name", "name.last", "last_name"),
    "phone": ("phone", "contact_phone"),
    "email": ("email", "contact_email"),
    "students": ("student", "students", "student_id", "student_ids"),
    "student_sis_id": ("student_sis_id",),
    "type": ("type", "contact_type"),
    "relationship": ("relationship", "contact_relationship"),
}
"""Columns of a CSV: what we call each, and the headers under which it is found, the first first."""

KINDS = {
    "school": "school",
    "student": "student",
    "contact": "contact",
    "studentcontact": "contact",
}
"""Words for a kind, in singular or plural."""

_ROLE = pl.Struct(
    {
        "legacy_id": TEXT,
        "phone": TEXT,
        "sis_id": TEXT,
        "student_relationships": pl.List(pl.Struct({"student": TEXT})),
    }
)
_USERS = pl.Schema(
    {
        "id": TEXT,
        "email": TEXT,
        "name": pl.Struct({"last": TEXT}),
        "roles": pl.Struct({"contact": _ROLE, "student": pl.Struct({"sis_id": TEXT})}),
    }
)
_CONTACTS = pl.Schema(
    {
        **dict.fromkeys(("id", "sis_id", "name", "phone", "email"), TEXT),
        "student": TEXT,
        "students": pl.List(TEXT),
        "type": TEXT,
        "relationship": TEXT,
    }
)
_NUMBERED = pl.Schema({"id": TEXT, "sis_id": TEXT})
_STUDENT_WORDS = {"grade", "dob", "student_number", "graduation_year", "ell_status"}
_SCHOOL_WORDS = {"school_number", "low_grade", "high_grade", "principal"}


@dataclass(frozen=True, slots=True)
class Saved:
    """``records`` are of ``SAVED``, tidied; ``ignored`` counts those of other kinds."""

    records: pl.DataFrame
    ignored: int


def read_saved(files: Sequence[Path]) -> Saved:
    """Everything that the files hold, in their order.

    Raises:
        ChangeInput: a file is not there, or neither pages nor such a CSV.
    """
    blocks, ignored = [empty(SAVED)], 0
    for path in files:
        if not path.is_file():
            raise ChangeInput(f"There is no file {path}. Check the name and the folder.")
        for block, others in _pages(path) if pages.is_json(path) else _table(path):
            blocks.append(block)
            ignored += others
    return Saved(pl.concat(blocks), ignored)


# -- pages -------------------------------------------------------------------------------------


def _pages(path: Path) -> Iterator[tuple[pl.DataFrame, int]]:
    start = 1
    for block in pages.records(path):
        shapes: dict[str, list[tuple[int, Record]]] = {}
        for place, record in enumerate(block, start):
            shapes.setdefault(_shape(record), []).append((place, record))
        shapes.pop("", None)
        found = [_saved(_of_shape(shape, numbered), path) for shape, numbered in shapes.items()]
        told = pl.concat([empty(SAVED), *found]).filter(pl.col("kind").is_not_null())
        yield told, len(block) - told.height
        start += len(block)


def _of_shape(shape: str, numbered: list[tuple[int, Record]]) -> pl.DataFrame:
    """Records of one shape as columns, with their places."""
    schema = {"users": _USERS, "contacts": _CONTACTS}.get(shape, _NUMBERED)
    found = pl.from_dicts([record for _, record in numbered], schema=schema, strict=False)
    places = pl.Series("place", [place for place, _ in numbered], dtype=pl.UInt32)
    return _SHAPES[shape](found).with_columns(places)


def _shape(record: Record) -> str:
    """Which of ``_SHAPES`` a record has: by the path it was read from, else by what it says."""
    uri = record.get("uri")
    if isinstance(uri, str) and uri.count("/") > 2:
        return _COLLECTIONS.get(uri.split("/")[2].lower(), "")
    if "roles" in record:
        return "users"
    if "phone_type" in record and ("student" in record or "students" in record):
        return "contacts"
    if not _STUDENT_WORDS.isdisjoint(record):
        return "students"
    return "" if _SCHOOL_WORDS.isdisjoint(record) else "schools"


def _users(found: pl.DataFrame) -> pl.DataFrame:
    contact, student = (pl.col("roles").struct.field(name) for name in ("contact", "student"))
    students = contact.struct.field("student_relationships").list.eval(
        pl.element().struct.field("student")
    )
    return found.select(
        "id",
        "email",
        kind=pl.when(contact.is_not_null())
        .then(pl.lit("contact"))
        .when(student.is_not_null())
        .then(pl.lit("student")),
        legacy_id=contact.struct.field("legacy_id"),
        sis_id=pl.coalesce(contact.struct.field("sis_id"), student.struct.field("sis_id")),
        name=pl.col("name").struct.field("last"),
        phone=contact.struct.field("phone"),
        students=students,
    )


def _contacts(found: pl.DataFrame) -> pl.DataFrame:
    """v1.x names one student, v2.x several."""
    is_v1 = pl.col("student").is_not_null()
    return found.select(
        pl.all().exclude("student", "students"),
        kind=pl.when(is_v1).then(pl.lit("relationship")).otherwise(pl.lit("legacy")),
        students=pl.when(is_v1).then(pl.concat_list("student")).otherwise("students"),
    )


def _numbered(kind: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda found: found.with_columns(kind=pl.lit(kind))


_SHAPES = {
    "users": _users,
    "contacts": _contacts,
    "students": _numbered("student"),
    "schools": _numbered("school"),
}
_COLLECTIONS = {name: name for name in _SHAPES}


# -- tables ------------------------------------------------------------------------------------


def _table(path: Path) -> Iterator[tuple[pl.DataFrame, int]]:
    file = open_delimited(path)
    _check(file.findings, path)
    by_key = {header_key(header): header for header in reversed(file.columns)}
    columns = {
        name: next((by_key[header_key(one)] for one in known if header_key(one) in by_key), None)
        for name, known in NAMES.items()
    }
    if columns["kind"] is None or not any(columns[n] for n in ("id", "legacy_id", "v1_id")):
        raise ChangeInput(
            f"{path.name} is neither JSON nor a table with the columns kind and id. "
            "Nothing was adopted. The page 'Moving in' lists the columns that are read."
        )
    used = [header for header in columns.values() if header]
    for block in file.blocks(used):
        _check(block.findings.filter(pl.col("code") != "row-shape"), path)
        yield from ((_saved(rows, path), 0) for rows in _of_rows(block.rows, columns))
        yield _saved(_of_ragged(block.ragged), path), 0


def _check(findings: pl.DataFrame, path: Path) -> None:
    """Stop at what makes a file unreadable."""
    for code, row in findings.select("code", "row").iter_rows():
        if RULES[code].severity == "error":
            where = f" in row {row}" if row else ""
            raise ChangeInput(
                f"{path.name} cannot be read: {RULES[code].title}{where}. Nothing was adopted. "
                f"{RULES[code].advice}"
            )


def _of_rows(rows: pl.DataFrame, columns: dict[str, str | None]) -> Iterable[pl.DataFrame]:
    """A row may give one person's ids for v3, for v2, and, beside one student, for v1.2."""
    told = rows.select(
        pl.col("row").alias("place"),
        *(
            (pl.col(header) if header else pl.lit(None, TEXT)).alias(name)
            for name, header in columns.items()
        ),
    )
    word = pl.col("kind").str.strip_chars().str.to_lowercase().str.replace_all(r"[\s_]|s$", "")
    several = pl.concat_str("students", "student_sis_id", separator=";", ignore_nulls=True)
    told = told.with_columns(
        kind=word.replace_strict(KINDS, default=pl.col("kind"), return_dtype=TEXT),
        students=several.str.split(";").list.eval(pl.element().str.strip_chars()),
    )
    is_blank = {name: pl.col(name).fill_null("").str.strip_chars() == "" for name in _IDS}
    is_contact = pl.col("kind") == "contact"
    v2_alone = is_contact & is_blank["id"] & ~is_blank["legacy_id"]
    v1_alone = is_contact & is_blank["id"] & is_blank["legacy_id"] & ~is_blank["v1_id"]
    yield told.filter(~(v2_alone | v1_alone))
    yield told.filter(v2_alone).with_columns(
        id=pl.col("legacy_id"), legacy_id=pl.lit(None, TEXT), kind=pl.lit("legacy")
    )
    yield told.filter(is_contact & ~is_blank["v1_id"]).with_columns(
        id=pl.col("v1_id"), legacy_id=pl.lit(None, TEXT), kind=pl.lit("relationship")
    )


_IDS = ("id", "legacy_id", "v1_id")


def _of_ragged(ragged: pl.DataFrame) -> pl.DataFrame:
    """Rows of the wrong shape: nothing in them is believed."""
    return ragged.select(pl.col("row").alias("place"), kind=pl.lit("row of the wrong shape"))


def _saved(found: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Those columns as ``SAVED``."""
    named = found.with_columns(file=pl.lit(path.name))
    told = named.select(
        (pl.col(name) if name in named.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in SAVED.items()
    )
    return tidied(told)
