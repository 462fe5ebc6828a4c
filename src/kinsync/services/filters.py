"""Which people a list of the Data Browser shows, and in which order."""

import re
from dataclasses import dataclass

import polars as pl

from kinsync.pipeline.names import searchable
from kinsync.pipeline.text import fold
from kinsync.store import search
from kinsync.store.walking import LAST, Condition, Range

FEWEST_DIGITS = 4
ORDERS = {
    "contact": ("name", "email", "sis_id", "since"),
    "student": ("name", "sis_id", "since"),
}
"""By what lists are sorted. ``since`` is by the version that made a record what it is."""
KINDS = {"name": search.SURNAME, "email": search.EMAIL, "sis_id": search.SIS_ID}


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
    finding: str = ""
    """Only of whom a row met that rule, in the delivery that is published."""
    order: str = ""
    """One of ``ORDERS``, with ``-`` before it the other way round; "" is by surname."""


def first_kind(table: str) -> int:
    """What is added to the kinds of key for this kind of record."""
    return search.OF_STUDENT if table == "student" else 0


def ranges(text: str, first: int = 0) -> list[Range]:
    """Where to look for what somebody typed: names, then phones, addresses and ids."""
    text = text.strip()
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


def in_order(table: str, order: str) -> list[Range]:
    """Where to walk for everybody in an order: those who lack it come last, by surname.

    A record has several keys of a kind where it has several values; it is shown at its first.
    """
    name, is_backward = order.removeprefix("-"), order.startswith("-")
    first = first_kind(table)
    if name not in KINDS or name == "name":
        return [Range(first + search.SURNAME, is_backward=is_backward)]
    is_plain = f"k.{name} !~ '[^ -~]'"
    told = Range(
        first + KINDS[name],
        only=f"{is_plain} AND lower(k.{name}) = w.key",
        is_backward=is_backward,
    )
    others = Range(first + search.SURNAME, only=f"(k.{name} IS NULL OR NOT {is_plain})")
    return [told, others]


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


def condition(table: str, wanted: Filter, *, is_found: bool = False) -> Condition:
    """What a record has to be like, beside the text; ``is_found``: beside the finding as well."""
    terms = ["TRUE"]
    if (table, wanted.missing) in _MISSING:
        terms.append(_MISSING[table, wanted.missing])
    if wanted.changed is not None:
        terms.append("k.since > %(changed)s")
    if wanted.finding and not is_found:
        terms.append(_FOUND)
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
    return Condition(" AND ".join(terms), {**values, **_found_values(table, wanted)})


_FOUND = (
    "(k.id, k.since) IN (SELECT f.id, f.since FROM search_key f"
    " WHERE f.district_id = %(district)s AND f.kind = %(found)s"
    " AND f.key >= %(found_low)s AND f.key < %(found_high)s)"
)


def _found_values(table: str, wanted: Filter) -> dict[str, object]:
    begins = search.found_key(wanted.finding)
    return {
        "found": first_kind(table) + search.FOUND,
        "found_low": begins,
        "found_high": begins + LAST,
    }


def of_finding(table: str, wanted: Filter) -> list[Range]:
    """Where to walk for everybody of whom a row met that rule, by surname."""
    kind = first_kind(table) + search.FOUND
    is_backward = wanted.order.startswith("-")
    return [Range(kind, search.found_key(wanted.finding), is_backward=is_backward)]
