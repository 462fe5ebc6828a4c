"""The Data Browser: a district's people as its own admins look at them, at any version."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from kinsync.domain.errors import ChangeInput
from kinsync.domain.vocabulary import default_vocabulary
from kinsync.pipeline.names import searchable
from kinsync.pipeline.text import fold
from kinsync.services import beside
from kinsync.store import browsing, records, search
from kinsync.store.browsing import Condition, Found, Place, Range
from kinsync.store.gate import district_reader

__all__ = ["Filter", "Page", "Place", "Whose"]

Row = dict[str, Any]

OBJECT_ID = re.compile(r"[0-9a-f]{24}")
PAGE = 50
CSV_PAGE = 2_000
INLINE_ROWS = 20_000
"""Records behind up to which a request adds keys itself; a few more than a night changes."""
FEWEST_DIGITS = 4
GRADES = tuple(dict.fromkeys(default_vocabulary().words["grade"].values()))
BEFORE_FIRST = (
    "InfantToddler", "Preschool", "PreKindergarten", "TransitionalKindergarten", "Kindergarten",
)  # fmt: skip
"""Grades in our words, in their order."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which people are looked for; "" is any."""

    text: str = ""
    school: str = ""
    grade: str = ""
    type: str = ""
    relationship: str = ""
    missing: str = ""
    """phone, email, both; of students also: contacts."""
    changed: int | None = None
    """Only who changed after that version."""


@dataclass(frozen=True, slots=True)
class Whose:
    """What is looked at: a district, at one of its versions."""

    district_id: int
    version: int

    @property
    def scope(self) -> Mapping[str, int]:
        return {"district": self.district_id, "version": self.version}


@dataclass(frozen=True, slots=True)
class Page:
    """Records of a page, each with its ``ties``, and where the next one begins."""

    rows: Sequence[Row]
    after: Place | None
    is_cut: bool = False
    """Whether the page ended because enough was looked at, and not because it was full."""


# -- keys ----------------------------------------------------------------------------------------


def prepare(district_id: int) -> bool:
    """See that people of the published version are found; False while keys are still added.

    What a night changed is added at once. A first load is added beside, and takes about a minute
    per million contacts; the lists say so meanwhile.

    Raises:
        TryAgainLater: the database is away.
    """
    published = records.district(district_id).published
    with district_reader(district_id) as cursor:
        if not search.is_behind(cursor, district_id, published):
            return True
    if search.rows_behind(district_id) <= INLINE_ROWS:
        return search.catch_up(district_id)
    beside.begin("search", district_id, lambda: search.catch_up(district_id))
    return False


def follow(district_id: int) -> None:
    """Add the keys of what was published, so that nobody has to wait for them. For a worker.

    Raises:
        TryAgainLater: the database is away.
    """
    search.catch_up(district_id)


def check_kept(whose: Whose) -> None:
    """See that a version can be looked at as it was.

    Raises:
        ChangeInput: it is purged.
    """
    kept = records.kept_since(whose.district_id)
    if whose.version < kept:
        raise ChangeInput(
            f"Version {whose.version} is purged: what was deleted or changed since is not kept so "
            f"long. The earliest that can be looked at is version {kept}."
        )


# -- lists ---------------------------------------------------------------------------------------


def contacts(whose: Whose, wanted: Filter, after: Place | None = None, limit: int = PAGE) -> Page:
    """People by surname, or in the order in which the text finds them."""
    return _page(whose, "contact", wanted, after, limit)


def student_contacts(
    whose: Whose, wanted: Filter, after: Place | None = None, limit: int = PAGE
) -> Page:
    """The same people, each with those ties alone that the filter means."""
    return by_tie(contacts(whose, wanted, after, limit), wanted)


def by_tie(page: Page, wanted: Filter) -> Page:
    """The people of a page with those of their ties that the filter means."""
    asked = {
        "type": wanted.type,
        "relationship": wanted.relationship,
        "grade": wanted.grade,
        "school_sis_id": wanted.school,
    }
    meant = {name: value for name, value in asked.items() if value}
    rows = [
        {**row, "ties": [tie for tie in row["ties"] if meant.items() <= tie.items()]}
        for row in page.rows
    ]
    return replace(page, rows=rows)


def students(whose: Whose, wanted: Filter, after: Place | None = None, limit: int = PAGE) -> Page:
    """Students by surname, or in the order in which the text finds them."""
    return _page(whose, "student", wanted, after, limit)


def all_pages(whose: Whose, table: str, wanted: Filter) -> Iterator[Page]:
    """Every page of a list, larger ones, at the same version."""
    after = None
    while True:
        page = _page(whose, table, wanted, after, CSV_PAGE)
        yield page
        after = page.after
        if after is None:
            return


def _page(whose: Whose, table: str, wanted: Filter, after: Place | None, limit: int) -> Page:
    with district_reader(whose.district_id) as cursor:
        found = _found(cursor, whose, table, wanted, after, limit)
        rows = browsing.intervals(cursor, table, whose.district_id, found.keys)
        by_id: dict[str, list[Row]] = {row["id"]: [] for row in rows}
        for tie in browsing.ties(cursor, whose.scope, table, list(by_id)):
            by_id[tie[f"{table}_id"]].append(tie)
    seen = {row["id"]: {**row, "ties": by_id[row["id"]]} for row in rows}
    is_cut = found.after is not None and len(found.keys) < limit
    return Page(list(seen.values()), found.after, is_cut)


def _found(
    cursor: Any, whose: Whose, table: str, wanted: Filter, after: Place | None, limit: int
) -> Found:
    if OBJECT_ID.fullmatch(wanted.text.strip().lower()):
        return _by_id(cursor, whose, table, wanted.text.strip().lower())
    if not wanted.text.strip() and (wanted.school or wanted.changed is not None):
        found = _few(cursor, whose, table, wanted, after, limit)
        if found is not None:
            return found
    return browsing.walk(
        cursor,
        table,
        ranges(wanted.text, search.OF_STUDENT if table == "student" else 0),
        _condition(table, wanted),
        whose.scope,
        after=after,
        limit=limit,
    )


def _by_id(cursor: Any, whose: Whose, table: str, id_: str) -> Found:
    keys = ("id", "legacy_id") if table == "contact" else ("id",)
    for key in keys:
        for row in browsing.history(cursor, table, whose.district_id, key, id_):
            if row["since"] <= whose.version < row["until"]:
                return Found([(row["id"], row["since"])], None)
    return Found([], None)


def _few(
    cursor: Any, whose: Whose, table: str, wanted: Filter, after: Place | None, limit: int
) -> Found | None:
    condition = _condition(table, wanted)
    sources = f"{table} k"
    if wanted.school:
        sources = browsing.AT_SCHOOL[table]
        condition = Condition(
            f"{browsing.OF_SCHOOL[table]} AND {condition.sql}",
            {**condition.values, "school": wanted.school},
        )
    rows = browsing.few(cursor, sources, condition, whose.scope, browsing.NAMES[table])
    if rows is None:
        return None
    frame = pl.DataFrame(
        rows, schema={"id": pl.String, "since": pl.Int32, "name": pl.String}, orient="row"
    )
    frame = frame.with_columns(key=search.sort_keys(frame["name"])).sort("key", "id")
    if after is not None:
        key, id_ = pl.col("key"), pl.col("id")
        is_later = (key > after.key) | ((key == after.key) & (id_ > after.id))
        frame = frame.filter(is_later)
    page = frame.head(limit)
    end = Place(0, *page.select("key", "id").row(-1)) if frame.height > limit else None
    return Found(page.select("id", "since").rows(), end)


def ranges(text: str, first: int = 0) -> list[Range]:
    """Where to look for what somebody typed: names, then phones, addresses and ids."""
    text = text.strip()
    if not text:
        return [Range(first + search.SURNAME)]
    found: list[Range] = []
    words = [word for word in (searchable(pl.Series([text]))[0] or "").split(" ") if word]
    if words and "@" not in text:
        longest = max(words, key=len)
        others = list(words)
        others.remove(longest)
        found += [
            Range(first + kind, longest, tuple(others)) for kind in (search.SURNAME, search.NAME)
        ]
    digits = re.sub(r"\D", "", text)
    if first == 0 and len(digits) >= FEWEST_DIGITS and re.fullmatch(r"[\d\s().+\-/]+", text):
        national = digits[1:] if len(digits) == 11 and digits.startswith("1") else digits
        found.append(Range(search.PHONE, national[::-1]))
    if " " not in text:
        found.append(Range(first + search.EMAIL, fold(pl.Series([text]))[0]))
        found.append(Range(first + search.SIS_ID, text.lower()))
    return found


# -- filters -------------------------------------------------------------------------------------

_TIE = (
    "EXISTS (SELECT FROM relationship r{join} WHERE r.district_id = %(district)s"
    " AND r.{side}_id = k.id AND r.since <= %(version)s AND %(version)s < r.until{terms})"
)
_ITS_STUDENT = (
    " JOIN student st ON st.district_id = r.district_id AND st.id = r.student_id"
    " AND st.since <= %(version)s AND %(version)s < st.until"
)
_ITS_CONTACT = (
    " JOIN contact co ON co.district_id = r.district_id AND co.id = r.contact_id"
    " AND co.since <= %(version)s AND %(version)s < co.until"
)
_MISSING = {
    ("contact", "phone"): "k.phone IS NULL",
    ("contact", "email"): "k.email IS NULL",
    ("contact", "both"): "k.phone IS NULL AND k.email IS NULL",
    ("student", "contacts"): "NOT " + _TIE.format(join="", side="student", terms=""),
    ("student", "phone"): "NOT "
    + _TIE.format(join=_ITS_CONTACT, side="student", terms=" AND co.phone IS NOT NULL"),
    ("student", "email"): "NOT "
    + _TIE.format(join=_ITS_CONTACT, side="student", terms=" AND co.email IS NOT NULL"),
    ("student", "both"): "NOT "
    + _TIE.format(
        join=_ITS_CONTACT,
        side="student",
        terms=" AND coalesce(co.phone, co.email) IS NOT NULL",
    ),
}


def _condition(table: str, wanted: Filter) -> Condition:
    """What a record has to be like, beside the text."""
    terms = ["TRUE"]
    if (table, wanted.missing) in _MISSING:
        terms.append(_MISSING[table, wanted.missing])
    if wanted.changed is not None:
        terms.append("k.since > %(changed)s")
    of_student = {"school": "school_sis_id", "grade": "grade"}
    of_tie = {"type": "type", "relationship": "relationship"}
    asked = {name for name in (*of_student, *of_tie) if getattr(wanted, name)}
    if table == "student":
        terms += [f"k.{of_student[name]} = %({name})s" for name in sorted(asked & set(of_student))]
        asked -= set(of_student)
    if asked:
        join = _ITS_STUDENT if asked & set(of_student) else ""
        columns = [
            f" AND st.{of_student[name]} = %({name})s"
            if name in of_student
            else f" AND r.{of_tie[name]} = %({name})s"
            for name in sorted(asked)
        ]
        terms.append(_TIE.format(join=join, side=table, terms="".join(columns)))
    values = {name: getattr(wanted, name) for name in (*of_student, *of_tie, "changed")}
    return Condition(" AND ".join(terms), values)


def places(whose: Whose) -> tuple[dict[str, int], dict[str, int]]:
    """How many students are in each school, by its SIS id, and in each grade."""
    with district_reader(whose.district_id) as cursor:
        found = browsing.students_by_place(cursor, whose.scope)
    by_school: dict[str, int] = {}
    by_grade: dict[str, int] = {}
    for school, grade, count in found:
        for counts, name in ((by_school, school), (by_grade, grade)):
            if name:
                counts[name] = counts.get(name, 0) + count
    return by_school, {grade: by_grade[grade] for grade in sorted(by_grade, key=_age)}


def _age(grade: str) -> tuple[int, str]:
    """Grades as children go through them; what is neither a number nor before it comes last."""
    if grade in BEFORE_FIRST:
        return BEFORE_FIRST.index(grade) - len(BEFORE_FIRST), grade
    return (int(grade) if grade.isdecimal() else 99), grade


def schools(whose: Whose) -> list[Row]:
    """The schools of a version, by name."""
    with district_reader(whose.district_id) as cursor:
        return browsing.schools(cursor, whose.scope)
