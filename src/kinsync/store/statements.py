"""How statements of the API's pages are spelt and run.

A page is a keyset: the records after (or before) a key, never an OFFSET. Records are intervals of
versions; every statement names its district and the version it reads.
"""

# ruff: noqa: S608 - put together from the words of this package, never from a request

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar

import psycopg
from django.db.backends.utils import CursorWrapper

Row = TypeVar("Row", bound=tuple[Any, ...])
Parameters = Mapping[str, Any]

CURRENT = "k.since <= %(version)s AND %(version)s < k.until"
"""Records ``k`` as they are in the version that is read."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which records of a list: up to ``limit`` of them, just after or just before an id."""

    limit: int
    after: str | None = None
    before: str | None = None

    @property
    def is_backward(self) -> bool:
        """Whether the page is the one that ends before ``before``."""
        return self.before is not None


class CountRow(NamedTuple):
    """A number of records."""

    number: int


def page(
    columns: str, table: str, condition: str, window: Window, *, join: str = "", key: str = "id"
) -> bytes:
    """Up to ``window.limit`` + 1 current records, ascending by ``key`` in the direction of reading.

    Its parameters are ``district``, ``version``, ``bound`` and ``limit``.
    """
    comparison = "<" if window.is_backward else ">"
    bound = window.before if window.is_backward else window.after
    return _page(columns, table, condition, comparison if bound else "", join, key)


@cache
def _page(columns: str, table: str, condition: str, comparison: str, join: str, key: str) -> bytes:
    bound = f" AND k.{key} {comparison} %(bound)s" if comparison else ""
    direction = " DESC" if comparison == "<" else ""
    return (
        f"SELECT {columns} FROM {table} k {join} WHERE k.district_id = %(district)s{bound}"
        f" AND {CURRENT} AND {condition} ORDER BY k.{key}{direction} LIMIT %(limit)s"
    ).encode()


def seen_page(
    columns: str, table: str, seen: str, window: Window, *, join: str = "", key: str = "id"
) -> bytes:
    """The same as ``page``, of the records that ``seen`` picks from ``visible``."""
    comparison = "<" if window.is_backward else ">"
    bound = window.before if window.is_backward else window.after
    return _seen_page(columns, table, seen, comparison if bound else "", join, key)


@cache
def _seen_page(columns: str, table: str, seen: str, comparison: str, join: str, key: str) -> bytes:
    place = "record_id" if key == "id" else key
    bound = f" AND s.{place} {comparison} %(bound)s" if comparison else ""
    bound += "" if key == "id" else f" AND s.{key} IS NOT NULL"
    direction = " DESC" if comparison == "<" else ""
    return (
        f"SELECT {columns} FROM (SELECT s.record_id FROM visible s WHERE {seen}{bound}"
        f" ORDER BY s.{place}{direction} LIMIT %(limit)s) s"
        f" JOIN {table} k ON k.district_id = %(district)s AND k.id = s.record_id AND {CURRENT}"
        f" {join} ORDER BY k.{key}{direction}"
    ).encode()


@cache
def single(columns: str, table: str, condition: str, *, join: str = "", key: str = "id") -> bytes:
    """The current record whose ``key`` is the parameter ``id``."""
    return (
        f"SELECT {columns} FROM {table} k {join} WHERE k.district_id = %(district)s"
        f" AND k.{key} = %(id)s AND {CURRENT} AND {condition}"
    ).encode()


@cache
def number_of(table: str, condition: str) -> bytes:
    """How many current records there are."""
    return (
        f"SELECT count(*) FROM {table} k WHERE k.district_id = %(district)s"
        f" AND {CURRENT} AND {condition}"
    ).encode()


def rows(cursor: CursorWrapper, kind: type[Row], sql: bytes, parameters: Parameters) -> list[Row]:
    """Run a statement on the gate's connection, past Django's wrapper: it costs a fifth more."""
    make = partial(tuple.__new__, kind)
    with psycopg.Cursor(cursor.connection, row_factory=lambda _cursor: make) as direct:
        found: list[Row] = direct.execute(sql, parameters).fetchall()
    return found


def first(cursor: CursorWrapper, kind: type[Row], sql: bytes, parameters: Parameters) -> Row | None:
    """The first row of a statement; None where there is none."""
    found = rows(cursor, kind, sql, parameters)
    return found[0] if found else None
