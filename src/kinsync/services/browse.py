"""The Data Browser: a district's people as its own admins look at them, at any version."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kinsync.domain.errors import ChangeInput
from kinsync.domain.vocabulary import default_vocabulary
from kinsync.services import beside, ordering
from kinsync.services.filters import ORDERS, Filter
from kinsync.store import browsing, records, search
from kinsync.store.gate import district_reader
from kinsync.store.walking import Place

__all__ = ["ORDERS", "Filter", "Page", "Place", "Whose"]

Row = dict[str, Any]

OBJECT_ID = re.compile(r"[0-9a-f]{24}")
PAGE = 50
CSV_PAGE = 2_000
INLINE_ROWS = 20_000
"""Records behind up to which a request adds keys itself; a few more than a night changes."""
GRADES = tuple(dict.fromkeys(default_vocabulary().words["grade"].values()))
BEFORE_FIRST = (
    "InfantToddler", "Preschool", "PreKindergarten", "TransitionalKindergarten", "Kindergarten",
)  # fmt: skip
"""Grades in our words, in their order."""


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
    is_sorted: bool = True
    """Whether it is in the order that was asked for; a search that finds too many is not."""


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
        id_ = wanted.text.strip().lower()
        if OBJECT_ID.fullmatch(id_):
            found = _by_id(cursor, whose, table, id_)
        else:
            found = ordering.found(cursor, whose.scope, table, wanted, after, limit)
        rows = browsing.intervals(cursor, table, whose.district_id, found.keys)
        by_id: dict[str, list[Row]] = {row["id"]: [] for row in rows}
        for tie in browsing.ties(cursor, whose.scope, table, list(by_id)):
            by_id[tie[f"{table}_id"]].append(tie)
    seen = {row["id"]: {**row, "ties": by_id[row["id"]]} for row in rows}
    is_cut = found.after is not None and len(found.keys) < limit
    return Page(list(seen.values()), found.after, is_cut, found.is_sorted)


def _by_id(cursor: Any, whose: Whose, table: str, id_: str) -> ordering.Ordered:
    """Whom any id names: of a contact those of each API version, and of who was merged as well."""
    for own in _own_ids(cursor, whose, table, id_):
        for row in browsing.history(cursor, table, whose.district_id, "id", own):
            if row["since"] <= whose.version < row["until"]:
                return ordering.Ordered([(own, row["since"])], None)
    return ordering.Ordered([], None)


def _own_ids(cursor: Any, whose: Whose, table: str, id_: str) -> Iterator[str]:
    yield id_
    if table == "contact":
        for key, of, name in (("legacy_id", "contact", "id"), ("id", "relationship", "contact_id")):
            rows = browsing.history(cursor, of, whose.district_id, key, id_)
            yield from dict.fromkeys(str(row[name]) for row in rows)
        other = browsing.merged_into(cursor, whose.district_id, id_)
        yield from [other] if other else []


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
