"""Whence a record came: the rows of the delivered file that speak of it, and what was wrong there.

A row speaks of a student whose id it has. It speaks of a contact of that student whose name or SIS
id it has; a row whose name says nothing (it is held, or the name is a placeholder) also by phone or
mailbox. What is known is of the delivery that is published; an earlier one's rows are not kept.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import polars as pl

from kinsync.domain.rules import RULES, Consequence, Rule
from kinsync.pipeline.emails import comparable_email
from kinsync.pipeline.names import comparable
from kinsync.pipeline.phones import comparable_phone
from kinsync.services import beside
from kinsync.services.browse import Row
from kinsync.services.dossier import Dossier, emails_of, phones_of
from kinsync.services.review import findings_by_rule
from kinsync.store import records, row_keys, search, snapshots
from kinsync.store.gate import district_reader
from kinsync.store.records import District, Sync
from kinsync.store.storage import Storage, scan_findings

RECENT = 20
"""Syncs among which the delivery that is published is looked for."""
MOST_ROWS = 200
"""Rows of one record that are shown."""
INLINE_ROWS = 100_000
"""Rows of a delivery up to which a request looks for their people itself."""
OF_STUDENTS = "student-"
"""How codes of findings begin that say nothing of a contact."""
OF_FILES = (
    *("deletions-deferred", "deletions-at-next-whole-pull"),
    *("encoding-guessed", "column-unknown", "column-duplicate"),
)
"""Findings about a file that is read all the same."""
NOT_DELIVERED = ("restriction", "decision")
"""What makes versions without a delivery, and leaves people as their rows told them."""


@dataclass(frozen=True, slots=True)
class Met:
    """A rule that was met: ``column`` is None for the whole row, ``value`` for a blank cell."""

    rule: Rule
    column: str | None
    value: str | None


@dataclass(frozen=True, slots=True)
class Spoken:
    """One row that speaks of a record."""

    file: str
    row: int
    met: Sequence[Met] = field(default=())


@dataclass(frozen=True, slots=True)
class Whence:
    """The rows of one record in a delivery, the first ones where there are very many."""

    sync: Sync
    rows: Sequence[Spoken]


def delivered(district: District, storage: Storage) -> Sync | None:
    """The sync whose delivery is published, if its rows are known.

    Raises:
        TryAgainLater: the database or storage is away.
    """
    kept = row_keys.kept_syncs(storage, district.public_id)
    for sync in records.published_syncs(district.id, limit=RECENT):
        if sync.id in kept:
            return sync
        if sync.origin not in NOT_DELIVERED:
            return None
    return None


def of_student(district: District, storage: Storage, found: Dossier) -> Whence | None:
    """The rows that speak of a student; None where that is not known.

    Raises:
        TryAgainLater: the database or storage is away.
    """
    return _whence(district, storage, [found.record["sis_id"]], None)


def of_contact(district: District, storage: Storage, found: Dossier) -> Whence | None:
    """The rows that speak of a contact; None where that is not known.

    Raises:
        TryAgainLater: the database or storage is away.
    """
    return _whence(district, storage, [tie["student_sis_id"] for tie in found.ties], found.record)


def _whence(
    district: District, storage: Storage, students: Sequence[str], contact: Row | None
) -> Whence | None:
    sync = delivered(district, storage)
    if sync is None:
        return None
    with ExitStack() as files:
        keys = files.enter_context(row_keys.row_keys(storage, district.public_id, sync))
        rows = row_keys.rows_of(keys, _hashes(students))
        if contact is not None:
            rows = rows.filter(_is_of(contact))
        some = rows.select("file", "row").unique().sort("file", "row").head(MOST_ROWS)
        folder = storage.sync(district.public_id, sync.id)
        findings = files.enter_context(scan_findings(folder))
        is_there = pl.col("row").is_in(some["row"].implode())
        if contact is not None:
            is_there &= ~pl.col("code").str.starts_with(OF_STUDENTS)
        met = findings.filter(is_there).collect()
    return Whence(sync, _spoken(some, met))


def _spoken(rows: pl.DataFrame, met: pl.DataFrame) -> list[Spoken]:
    by_place: dict[tuple[str, int], list[Met]] = {}
    for file, row, column, code, value in met.iter_rows():
        if code in RULES:
            by_place.setdefault((file, row), []).append(Met(RULES[code], column, value))
    return [Spoken(file, row, by_place.get((file, row), ())) for file, row in rows.iter_rows()]


def _is_of(contact: Row) -> pl.Expr:
    """Which rows, among those of its students, speak of this contact."""
    key = comparable(pl.Series([contact["name"]], dtype=pl.String))["name_key"]
    name, sis_id = _hashes(key), _hashes([contact["sis_id"]])
    phones = pl.Series([one["phone"] for one in phones_of(contact)], dtype=pl.String)
    emails = pl.Series(emails_of(contact), dtype=pl.String)
    reached = {
        "phone": phones.to_frame("it").select(comparable_phone(pl.col("it"))).to_series(),
        "email": emails.to_frame("it").select(comparable_email(pl.col("it"))).to_series(),
    }
    is_another = pl.col("sis_id").is_not_null() & pl.lit(value=sis_id.len() > 0)
    is_named = _is_in("name", name) & (~is_another | _is_in("sis_id", sis_id))
    by_reach = [_is_in(one, _hashes(values)) for one, values in reached.items()]
    is_nameless = pl.col("name").is_null() & pl.any_horizontal(by_reach)
    return (is_named | _is_in("sis_id", sis_id) | is_nameless).fill_null(value=False)


def _is_in(column: str, values: pl.Series) -> pl.Expr:
    return pl.col(column).is_in(values.implode()).fill_null(value=False)


def _hashes(texts: Sequence[str | None] | pl.Series) -> pl.Series:
    return pl.Series(texts, dtype=pl.String).drop_nulls().hash()


# -- everybody of a finding -----------------------------------------------------------------------


def is_found_known(district: District) -> bool:
    """Whether people of the published version can be found by what was wrong with their rows."""
    with district_reader(district.id) as cursor:
        return search.found_version(cursor, district.id) == district.published


def prepare(district: District, storage: Storage) -> bool:
    """See that they can; False while that is worked out beside.

    Raises:
        TryAgainLater: the database or storage is away.
    """
    if is_found_known(district):
        return True
    sync = delivered(district, storage)
    rows = sync.counts.get("rows", 0) if sync is not None else 0
    if isinstance(rows, int) and rows <= INLINE_ROWS:
        return find_all(district.id, storage)
    beside.begin("findings", district.id, lambda: find_all(district.id, storage))
    return False


def rules_met(district: District, storage: Storage) -> list[Rule]:
    """The rules that rows of the delivery which is published have met, the gravest first.

    Raises:
        TryAgainLater: the database or storage is away.
    """
    sync = delivered(district, storage)
    return [rule for rule, _ in findings_by_rule(sync) if _is_of_rows(rule)] if sync else []


def _is_of_rows(rule: Rule) -> bool:
    return rule.consequence != Consequence.FILE_REFUSED and rule.code not in OF_FILES


def find_all(district_id: int, storage: Storage) -> bool:
    """Let people be found by what was wrong with their rows in the delivery that is published.

    Answers False where it is to be tried again.

    Raises:
        TryAgainLater: the database or storage is away.
    """
    district = records.district(district_id)
    sync = delivered(district, storage)
    found = {} if sync is None else _found(district, storage, sync)
    return search.replace_found(district.id, district.published, found)


def _found(district: District, storage: Storage, sync: Sync) -> dict[str, pl.DataFrame]:
    """``code`` and ``id`` of contacts and of students."""
    with ExitStack() as files:
        keys = files.enter_context(row_keys.row_keys(storage, district.public_id, sync))
        folder = storage.sync(district.public_id, sync.id)
        findings = files.enter_context(scan_findings(folder))
        met = findings.select("file", "row", "code").drop_nulls().unique().collect()
        is_met = pl.col("row").is_in(met["row"].unique().implode())
        rows = keys.filter(is_met).collect().join(met, on=["file", "row"])
    frames = snapshots.published(district.id, storage=storage).frames
    pupils = frames["student"].select("id", student=pl.col("sis_id").hash())
    told = rows["student"].drop_nulls().unique()
    students = pupils.filter(pl.col("student").is_in(told.implode())).collect()
    of_students = rows.join(students, on="student").select("code", "id").unique()
    is_contacts = ~pl.col("code").str.starts_with(OF_STUDENTS)
    named = rows.filter(is_contacts).join(students.rename({"id": "student_id"}), on="student")
    return {"student": of_students, "contact": _of_contacts(named, frames)}


def _of_contacts(rows: pl.DataFrame, frames: Mapping[str, pl.LazyFrame]) -> pl.DataFrame:
    """The contacts of whom rows speak: the same as ``_is_of``, for all at once.

    Several phones of a contact are looked at as the first is.
    """
    is_theirs = pl.col("student_id").is_in(rows["student_id"].unique().implode())
    ties = frames["relationship"].filter(is_theirs).select("student_id", id="contact_id")
    told = ties.unique().collect()
    people = frames["contact"].filter(pl.col("id").is_in(told["id"].unique().implode())).collect()
    names = comparable(people["name"])["name_key"]
    known = people.select(
        "id",
        its_sis_id=_hash(pl.col("sis_id")),
        its_name=_hash(pl.lit(names)),
        its_phone=_hash(comparable_phone(pl.col("phone"))),
        its_email=_hash(comparable_email(pl.col("email"))),
    )
    pairs = rows.join(told, on="student_id").join(known, on="id")
    keys = ("sis_id", "name", "phone", "email")
    same = {name: pl.col(name) == pl.col(f"its_{name}") for name in keys}
    is_lacking = pl.col("sis_id").is_null() | pl.col("its_sis_id").is_null()
    is_named = same["name"] & (is_lacking | same["sis_id"])
    is_nameless = pl.col("name").is_null() & (
        same["phone"].fill_null(value=False) | same["email"].fill_null(value=False)
    )
    is_meant = [one.fill_null(value=False) for one in (is_named, same["sis_id"], is_nameless)]
    return pairs.filter(pl.any_horizontal(is_meant)).select("code", "id").unique()


def _hash(text: pl.Expr) -> pl.Expr:
    return pl.when(text.is_not_null()).then(text.hash())
