"""What one token may see, and statements that keep to it."""

# ruff: noqa: S608 - put together from the words of this package, never from a request

from typing import Any, NamedTuple

from kinsync.domain.share import parsed
from kinsync.store.gate import Sight
from kinsync.store.statements import Window, number_of, page, seen_page

EVERYTHING = "{}"
"""The share that leaves nothing out but people who are restricted."""
RESTRICTED = ("contact", "relationship")
"""Kinds of record that say whether they are."""

SEEN_SO_FAR = (
    "s.district_id = %(district)s AND s.connection_id = %(connection)s AND s.since <= %(edition)s"
)
SEEN = f"{SEEN_SO_FAR} AND %(edition)s < s.until"
"""Records ``s`` that a limited share shows in the edition that is read."""
LEFT_IN = (
    "SELECT e.version FROM edition e WHERE e.district_id = s.district_id"
    " AND e.connection_id = s.connection_id AND e.number = s.until"
)
"""The version in which ``s`` was no longer shown: what became of it afterwards is not told."""


class Scope(NamedTuple):
    """What one token may see: one district, at one published version, within one share."""

    connection_id: int
    district_id: int
    district: str
    """The district's public id, 24 hex digits."""
    version: int
    share: str = EVERYTHING
    """What the connection may see within the district, as JSON."""
    edition: int = 0
    """The connection's edition that is seen: it fixes the records of a limited share."""

    @property
    def sight(self) -> Sight:
        """What the gate is to let through."""
        share = parsed(self.share)
        return Sight(self.connection_id, self.edition, share.is_open, share.restricted)


def shared(scope: Scope, kind: str, alias: str = "k") -> str:
    """The condition that keeps a query of one kind of record within the connection's share.

    ``alias`` is what the statement calls the table. An open share has no list of what it shows.
    """
    if scope.sight.is_open:
        return _open(scope, kind, alias)
    return (
        f"EXISTS (SELECT 1 FROM visible s WHERE {SEEN}"
        f" AND s.kind = '{kind}' AND s.record_id = {alias}.id)"
    )


def _open(scope: Scope, kind: str, alias: str) -> str:
    is_told = kind in RESTRICTED and not scope.sight.restricted
    return f"{alias}.restricted IS NULL" if is_told else "TRUE"


def shared_so_far(scope: Scope) -> str:
    """The same for relationships ``k`` that are, or were: what has ended, if it was seen once."""
    if scope.sight.is_open:
        return _open(scope, "relationship", "k")
    return (
        f"EXISTS (SELECT 1 FROM visible s WHERE {SEEN_SO_FAR}"
        f" AND (%(edition)s < s.until OR k.until <= ({LEFT_IN}))"
        " AND s.kind = 'relationship' AND s.record_id = k.id)"
    )


def listed(
    columns: str,
    kind: str,
    scope: Scope,
    window: Window,
    *,
    among: str | None = None,
    join: str = "",
    key: str = "id",
) -> bytes:
    """A page of the records of a kind within the share, as ``statements.page``.

    A limited share is read along what it shows, not along all that there is: it may show one
    record in a thousand. ``among`` narrows the list to few records: then these are looked up.
    """
    if among or scope.sight.is_open:
        condition = f"{among or 'TRUE'} AND {shared(scope, kind)}"
        return page(columns, kind, condition, window, join=join, key=key)
    seen = f"{SEEN} AND s.kind = '{kind}'"
    return seen_page(columns, kind, seen, window, join=join, key=key)


def counted(kind: str, scope: Scope, *, among: str | None = None) -> bytes:
    """How many records of a kind there are within the share, as ``listed``."""
    if among or scope.sight.is_open:
        return number_of(kind, f"{among or 'TRUE'} AND {shared(scope, kind)}")
    return f"SELECT count(*) FROM visible s WHERE {SEEN} AND s.kind = '{kind}'".encode()


def parameters(
    scope: Scope,
    window: Window | None = None,
    *,
    related_to: str | None = None,
    id_: str | None = None,
) -> dict[str, Any]:
    """What every statement is run with."""
    given: dict[str, Any] = {
        "district": scope.district_id,
        "version": scope.version,
        "connection": scope.connection_id,
        "edition": scope.edition,
    }
    if window is not None:
        given |= {"bound": window.before or window.after, "limit": window.limit + 1}
    return given | {"related_to": related_to, "id": id_}
