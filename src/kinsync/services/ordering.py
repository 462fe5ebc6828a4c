"""In which order a list of the Data Browser comes, and how each kind of list is read.

Everybody: a walk along keys that are kept in that order. Few: all of them, sorted here. What a
search finds: in the order in which the ways to look find it, or sorted where that is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from kinsync.pipeline.text import fold
from kinsync.services.filters import Filter, condition, first_kind, in_order, of_finding, ranges
from kinsync.store import browsing, search, walking
from kinsync.store.walking import Condition, Found, Place

MOST_SORTED = 2_000
"""Of so many that a search finds, the list is sorted."""
_ROWS = {"id": pl.String, "since": pl.Int32, "value": pl.String}


@dataclass(frozen=True, slots=True)
class Ordered:
    """Intervals of a page (``id``, ``since``), and where the next page begins; None at the end."""

    keys: Sequence[tuple[str, int]]
    after: Place | None
    is_sorted: bool = True


def found(
    cursor: Any,
    scope: Mapping[str, int],
    table: str,
    wanted: Filter,
    after: Place | None,
    limit: int,
) -> Ordered:
    """A page of a list. ``scope`` names ``district`` and ``version``."""
    asked = condition(table, wanted)
    if wanted.text.strip():
        return _searched(cursor, scope, table, wanted, after, limit)
    is_by_name = wanted.order in ("", "name", "-name")
    if wanted.school or wanted.changed is not None or (wanted.finding and not is_by_name):
        some = _few(cursor, scope, table, wanted)
        if some is not None:
            return _sorted(some, wanted.order, after, limit)
    if wanted.finding and is_by_name:
        asked = condition(table, wanted, is_found=True)
        walked = of_finding(table, wanted)
    elif wanted.order.removeprefix("-") == "since":
        versions = browsing.versions(cursor, scope, table)
        if wanted.order.startswith("-"):
            versions = versions[::-1]
        page = walking.by_version(cursor, table, versions, asked, scope, after=after, limit=limit)
        return Ordered(*page)
    else:
        walked = in_order(table, wanted.order)
    page = walking.walk(cursor, table, walked, asked, scope, after=after, limit=limit)
    return Ordered(*page)


def _searched(
    cursor: Any,
    scope: Mapping[str, int],
    table: str,
    wanted: Filter,
    after: Place | None,
    limit: int,
) -> Ordered:
    """What a text finds: sorted where an order is asked for and there are few."""
    looked = ranges(wanted.text, first_kind(table))
    asked = condition(table, wanted)

    def walk(after: Place | None, limit: int) -> Found:
        return walking.walk(cursor, table, looked, asked, scope, after=after, limit=limit)

    if not wanted.order:
        return Ordered(*walk(after, limit))
    every = walk(None, MOST_SORTED)
    if every.after is not None:
        return Ordered(*walk(after, limit), is_sorted=False)
    keys = list(dict.fromkeys(every.keys))
    values = browsing.values(cursor, table, scope["district"], keys, _value(table, wanted))
    return _sorted(values, wanted.order, after, limit)


def _few(
    cursor: Any, scope: Mapping[str, int], table: str, wanted: Filter
) -> Sequence[tuple[str, int, Any]] | None:
    """Everybody of a filter that leaves few, with what they are sorted by; None where many."""
    asked = condition(table, wanted)
    sources = f"{table} k"
    if wanted.school:
        sources = walking.AT_SCHOOL[table]
        asked = Condition(
            f"{walking.OF_SCHOOL[table]} AND {asked.sql}",
            {**asked.values, "school": wanted.school},
        )
    return walking.few(cursor, sources, asked, scope, _value(table, wanted))


def _value(table: str, wanted: Filter) -> str:
    return walking.VALUES[wanted.order.removeprefix("-") or "name"][table]


def _sorted(
    rows: Sequence[tuple[str, int, Any]], order: str, after: Place | None, limit: int
) -> Ordered:
    """A page of these records; who lacks what they are sorted by comes last."""
    name, is_backward = order.removeprefix("-") or "name", order.startswith("-")
    frame = pl.DataFrame(rows, schema=_ROWS, orient="row")
    frame = frame.with_columns(
        key=_key(frame["value"], name).fill_null(""), lacks=frame["value"].is_null().cast(pl.Int64)
    )
    by = ["lacks", "key", "id"]
    frame = frame.sort(by, descending=[False, is_backward, is_backward])
    if after is not None:
        is_beyond = pl.col("key") < after.key if is_backward else pl.col("key") > after.key
        is_later = pl.col("id") < after.id if is_backward else pl.col("id") > after.id
        is_same = pl.col("lacks") == after.range
        frame = frame.filter(
            (pl.col("lacks") > after.range)
            | (is_same & is_beyond)
            | (is_same & (pl.col("key") == after.key) & is_later)
        )
    page = frame.head(limit)
    end = Place(*page.select(by).row(-1)) if frame.height > limit else None
    return Ordered(page.select("id", "since").rows(), end)


def _key(values: pl.Series, name: str) -> pl.Series:
    if name == "name":
        return search.sort_keys(values)
    return values.str.zfill(10) if name == "since" else fold(values)
