"""How the lists of the Data Browser are read: pages of people, in an order, found and filtered.

A list is a walk along one range of ``search_key`` after the other, in their order; a page is where
the walk goes on. A walk looks at so many keys at most, so that no request takes long whatever it
filters by: where a page is not full by then, the next one goes on from there.
"""

# ruff: noqa: S608 - statements are put together from this module's own words, never from a request

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from django.db.backends.utils import CursorWrapper

from kinsync.store.statements import CURRENT

MOST_KEYS: Final = 5_000
"""Keys that one request looks at."""
MOST_FEW: Final = 20_000
"""Records that are sorted at once where a filter leaves few."""
MOST_VERSIONS: Final = 50
"""Versions of which one request looks at what they changed."""
LAST: Final = "\U0010ffff"


class Place(NamedTuple):
    """Where a list goes on: behind this key, in this range."""

    range: int
    key: str
    id: str


class Range(NamedTuple):
    """Keys of one kind that begin alike; ``words`` begin somewhere in each that counts.

    ``only`` is what a record has to be like in this range, beside what is asked of all.
    """

    kind: int
    begins: str = ""
    words: tuple[str, ...] = ()
    only: str = "TRUE"
    is_backward: bool = False


class Found(NamedTuple):
    """Intervals of a page (``id``, ``since``), and where the next page begins; None at the end."""

    keys: list[tuple[str, int]]
    after: Place | None


class Condition(NamedTuple):
    """A part of a statement about the record ``k``, and its values."""

    sql: str
    values: Mapping[str, Any]


WALK = (
    "SELECT w.key, w.id, w.since FROM ({looked}) w"
    " JOIN {table} k ON k.district_id = %(district)s AND k.id = w.id AND k.since = w.since"
    f" AND {CURRENT}"
    " WHERE {condition} ORDER BY w.key{direction}, w.id{direction} LIMIT %(limit)s"
)
OF_KIND = (
    "SELECT key, id, since FROM search_key WHERE district_id = %(district)s AND kind = %(kind)s"
)
LOOKED = {
    False: (
        f"{OF_KIND} AND key >= %(low)s AND key < %(high)s AND (key > %(low)s OR id > %(edge)s)"
        " ORDER BY key, id, since LIMIT %(budget)s"
    ),
    True: (
        f"{OF_KIND} AND key >= %(low)s AND key <= %(high)s AND (key < %(high)s OR id < %(edge)s)"
        " ORDER BY key DESC, id DESC, since DESC LIMIT %(budget)s"
    ),
}
END = "SELECT key, id, count(*) OVER () FROM ({looked}) w ORDER BY key{back}, id{back} LIMIT 1"


def walk(
    cursor: CursorWrapper,
    table: str,
    ranges: Sequence[Range],
    condition: Condition,
    scope: Mapping[str, int],
    *,
    after: Place | None,
    limit: int,
) -> Found:
    """A page along the ranges. ``scope`` names ``district`` and ``version``."""
    keys: list[tuple[str, int]] = []
    budget = MOST_KEYS
    start = after or Place(0, "", "")
    for number in range(start.range, len(ranges)):
        range_ = ranges[number]
        place = start if number == start.range else Place(number, "", "")
        values = {
            **scope,
            **condition.values,
            **_range_values(range_, place),
            "budget": budget,
            "limit": limit + 1 - len(keys),
        }
        looked = LOOKED[range_.is_backward]
        direction, back = (" DESC", "") if range_.is_backward else ("", " DESC")
        asked = _asked(range_, condition)
        cursor.execute(
            WALK.format(looked=looked, table=table, condition=asked, direction=direction), values
        )
        rows = cursor.fetchall()
        room = limit - len(keys)
        keys += [(id_, since) for _, id_, since in rows[:room]]
        if len(rows) > room:
            end = Place(number, *rows[room - 1][:2]) if room else place
            return Found(keys, end)
        cursor.execute(END.format(looked=looked, back=back), values)
        key, id_, count = cursor.fetchone() or ("", "", 0)
        budget -= count
        if budget <= 0:
            return Found(keys, Place(number, key, id_))
    return Found(keys, None)


def _asked(range_: Range, condition: Condition) -> str:
    words = [f"' ' || w.key LIKE %(word{n})s" for n in range(len(range_.words))]
    return " AND ".join((condition.sql, range_.only, *words))


def _range_values(range_: Range, place: Place) -> dict[str, Any]:
    words = {f"word{n}": f"% {_like(word)}%" for n, word in enumerate(range_.words)}
    low, high = range_.begins, range_.begins + LAST
    if range_.is_backward:
        edges = {"low": low, "high": place.key or high, "edge": place.id or LAST}
    else:
        edges = {"low": max(place.key, low), "high": high, "edge": place.id}
    return {"kind": range_.kind, **edges, **words}


def _like(word: str) -> str:
    return word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


# -- few records, sorted at once ------------------------------------------------------------------


def few(
    cursor: CursorWrapper,
    sources: str,
    condition: Condition,
    scope: Mapping[str, int],
    value: str,
) -> list[tuple[str, int, Any]] | None:
    """``id``, ``since`` and a value of the records of a filter that leaves few; None where many."""
    cursor.execute(
        f"SELECT DISTINCT k.id, k.since, {value} FROM {sources} WHERE k.district_id = %(district)s"
        f" AND {CURRENT} AND {condition.sql} LIMIT {MOST_FEW + 1}",
        {**scope, **condition.values},
    )
    rows: list[tuple[str, int, Any]] = cursor.fetchall()
    return None if len(rows) > MOST_FEW else rows


AT_SCHOOL = {
    "student": "student k",
    "contact": (
        "student s JOIN relationship r ON r.district_id = s.district_id AND r.student_id = s.id"
        " AND r.since <= %(version)s AND %(version)s < r.until"
        " JOIN contact k ON k.district_id = s.district_id AND k.id = r.contact_id"
    ),
}
"""Where the records of one school are looked for."""
OF_SCHOOL = {
    "student": "k.school_sis_id = %(school)s",
    "contact": (
        "s.district_id = %(district)s AND s.school_sis_id = %(school)s"
        " AND s.since <= %(version)s AND %(version)s < s.until"
    ),
}
VALUES = {
    "name": {
        "student": "concat_ws(' ', k.first_name, k.middle_name, k.last_name)",
        "contact": "k.name",
    },
    "email": {"student": "k.email", "contact": "k.email"},
    "sis_id": {"student": "k.sis_id", "contact": "k.sis_id"},
    "since": {"student": "k.since::text", "contact": "k.since::text"},
}
"""By what lists are sorted."""


# -- what changed last ----------------------------------------------------------------------------

OF_VERSION = {
    True: (  # few of many: along the versions, and not along the ids
        "WITH k AS MATERIALIZED (SELECT * FROM {table} WHERE district_id = %(district)s"
        " AND since = %(number)s) SELECT k.id, k.since FROM k WHERE {current} AND k.id > %(after)s"
        " AND {condition} ORDER BY k.id LIMIT %(limit)s"
    ),
    False: (
        "SELECT k.id, k.since FROM (SELECT * FROM {table} WHERE district_id = %(district)s"
        " AND since = %(number)s AND id > %(after)s ORDER BY id LIMIT %(budget)s) k"
        " WHERE {current} AND {condition} ORDER BY k.id LIMIT %(limit)s"
    ),
}
OF_VERSION_END = (
    "SELECT max(id), count(*) FROM (SELECT id FROM {table} WHERE district_id = %(district)s"
    " AND since = %(number)s AND id > %(after)s ORDER BY id LIMIT %(budget)s) k"
)


def by_version(
    cursor: CursorWrapper,
    table: str,
    versions: Sequence[tuple[int, int]],
    condition: Condition,
    scope: Mapping[str, int],
    *,
    after: Place | None,
    limit: int,
) -> Found:
    """A page of records by the version that made them what they are, then by id.

    Args:
        versions: numbers in the order of the list, each with how many records it made.
    """
    keys: list[tuple[str, int]] = []
    start = after or Place(0, "", "")
    budget = MOST_KEYS
    numbers = [number for number, _ in versions]
    begin = numbers.index(start.range) if start.range in numbers else 0
    for number, count in versions[begin : begin + MOST_VERSIONS]:
        place = start.id if number == start.range else ""
        is_few = count <= MOST_FEW
        values = {
            **scope, **condition.values, "number": number, "after": place,
            "budget": budget, "limit": limit + 1 - len(keys),
        }  # fmt: skip
        statement = OF_VERSION[is_few]
        cursor.execute(
            statement.format(table=table, current=CURRENT, condition=condition.sql), values
        )
        rows = cursor.fetchall()
        room = limit - len(keys)
        keys += rows[:room]
        if len(rows) > room:
            return Found(keys, Place(number, "", keys[-1][0] if room else place))
        if not is_few:
            cursor.execute(OF_VERSION_END.format(table=table), values)
            last, looked = cursor.fetchone() or (None, 0)
            if looked >= budget:
                return Found(keys, Place(number, "", str(last)))
    rest = numbers[begin + MOST_VERSIONS :]
    return Found(keys, Place(rest[0], "", "") if rest else None)
