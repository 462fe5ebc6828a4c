"""Sharing: which of a district's records one application may see, and what changing that does."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from kinsync.domain import share as shares
from kinsync.domain.changes import Snapshot
from kinsync.domain.errors import NotFound
from kinsync.domain.frames import KINDS
from kinsync.domain.share import EVERYTHING, Share
from kinsync.pipeline.visible import events, visible, without_contacts
from kinsync.services.sync import Tools
from kinsync.store import access, excerpts, feeds, records, snapshots
from kinsync.store.snapshots import Published

ACTS = ("created", "updated", "deleted")
NEEDED = {
    "school": ("id", "sis_id", "name"),
    "student": ("id", "school_sis_id", "grade"),
    "contact": ("id", "restricted"),
    "relationship": (
        "id", "contact_id", "student_id", "type", "relationship", "flags", "restricted",
    ),
}  # fmt: skip
"""By what a share lets records through. Between two shares of the same records nothing else can
make a difference."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What somebody asks a share to be limited to, in their words; None leaves it as it is.

    An empty list takes the limit away.
    """

    schools: Collection[str] | None = None
    grades: Collection[str] | None = None
    types: Collection[str] | None = None
    relationships: Collection[str] | None = None
    flags: Collection[str] | None = None
    fields: Collection[str] | None = None
    restricted: bool | None = None
    """Whether restricted people are shown."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What an application would receive under a share, and what that changes for it.

    ``receives`` and ``received`` count records by kind; ``events`` counts what it is told, by kind
    and act. ``without_contacts`` counts shared students of whose contacts it sees none, and
    ``restricted`` relationships that are kept from it because they are restricted.
    """

    share: Share
    receives: Mapping[str, int]
    received: Mapping[str, int]
    events: Mapping[str, Mapping[str, int]]
    without_contacts: int
    restricted: int

    def as_json(self) -> dict[str, object]:
        """Counts first."""
        return {
            "receives": dict(self.receives),
            "received": dict(self.received),
            "events": {kind: dict(acts) for kind, acts in self.events.items()},
            "students_without_contacts": self.without_contacts,
            "relationships_restricted": self.restricted,
            "fields_left_out": sorted(self.share.left_out),
            "share": self.share.as_json(),
        }


def connect(
    district: records.District,
    application: access.Application,
    limits: Limits,
    tools: Tools,
    *,
    everything: bool = False,
) -> Effect:
    """Tie an application to a district, or change the share that it has: only what is named.

    The application is told at once, also while a sync is held.

    Raises:
        ChangeInput: a school, grade, type, relationship or field is unknown.
        TryAgainLater: the database is away; nothing was changed.
    """
    found = preview(district, application, limits, tools, everything=everything)
    give(district, application, found.share, tools)
    return found


def give(
    district: records.District, application: access.Application, share: Share, tools: Tools
) -> None:
    """Give an application exactly this share; it is told at once.

    Raises:
        TryAgainLater: the database is away; nothing was changed.
    """
    feeds.settle(district.id, application.id, share, at=tools.now(), storage=tools.storage)


def preview(
    district: records.District,
    application: access.Application,
    limits: Limits,
    tools: Tools,
    *,
    everything: bool = False,
) -> Effect:
    """What ``connect`` would do, without doing it.

    Raises:
        ChangeInput: as ``connect``.
    """
    share = proposed(district, application, limits, tools, everything=everything)
    return effect(district, current(district, application), share, tools)


def proposed(
    district: records.District,
    application: access.Application,
    limits: Limits,
    tools: Tools,
    *,
    everything: bool = False,
) -> Share:
    """The share that ``connect`` would give.

    Raises:
        ChangeInput: as ``connect``.
    """
    published = snapshots.published(district.id, storage=tools.storage)
    was = current(district, application)
    base = replace(EVERYTHING, withheld=was.withheld if was else withheld(district))
    return _limited(base if everything or was is None else was, limits, published)


def effect(district: records.District, was: Share | None, share: Share, tools: Tools) -> Effect:
    """What an application would receive under a share, and what it would be told then.

    Raises:
        TryAgainLater: the database is away.
    """
    published = snapshots.published(district.id, storage=tools.storage).only(NEEDED)
    return _effect(published, was, share)


def withhold(
    district: records.District, contact_id: str, tools: Tools, *, is_withheld: bool = True
) -> int:
    """Stop sharing one person with every application, or share them again; at once.

    Returns:
        How many connections were changed.

    Raises:
        NotFound: the district publishes no such contact.
        TryAgainLater: the database is away; run the same command again.
    """
    if excerpts.some(district.id, "contact", [contact_id]).is_empty():
        raise NotFound(f"{district.name} publishes no contact {contact_id}.")
    changed = 0
    for connection in access.list_connections(district.id):
        was = Share.from_json(connection.share)
        withheld = was.withheld | {contact_id} if is_withheld else was.withheld - {contact_id}
        if withheld != was.withheld:
            share = replace(was, withheld=withheld)
            feeds.settle(
                district.id, connection.application_id, share, at=tools.now(), storage=tools.storage
            )
            changed += 1
    return changed


def withheld(district: records.District) -> frozenset[str]:
    """Ids of contacts who are withheld from any application: a new one does not see them either."""
    shares = [Share.from_json(one.share) for one in access.list_connections(district.id)]
    return frozenset().union(*(share.withheld for share in shares))


def current(district: records.District, application: access.Application) -> Share | None:
    """The share of a connection; None where the two are not connected."""
    try:
        return Share.from_json(access.find_connection(district.id, application.id).share)
    except NotFound:
        return None


def _limited(share: Share, limits: Limits, published: Published) -> Share:
    """A share with new limits in the place of those that are named."""
    readers = {
        "schools": lambda given: _schools(given, published),
        "grades": lambda given: _grades(given, published),
        "types": shares.types,
        "relationships": shares.relationships,
        "flags": shares.flags,
        "fields": shares.optional_fields,
    }
    given = {name: getattr(limits, name) for name in readers}
    changed: dict[str, Any] = {
        name: readers[name](words) if words else None
        for name, words in given.items()
        if words is not None
    }
    if limits.restricted is not None:
        changed["restricted"] = limits.restricted
    return replace(share, **changed)


def _schools(given: Collection[str], published: Published) -> frozenset[str]:
    """SIS ids of schools that were named by SIS id, id or name."""
    frame = published.frames["school"].collect()
    if frame.is_empty():
        return frozenset(word.strip() for word in given)
    rows = frame.select("sis_id", "id", "name").rows()
    by_word = {word.casefold(): sis_id for sis_id, *words in rows for word in words if word}
    by_word |= {sis_id.casefold(): sis_id for sis_id, *_ in rows}
    known = shares.chosen("school", given, by_word)
    return frozenset(by_word[word] for word in known)


def _grades(given: Collection[str], published: Published) -> frozenset[str]:
    grades = published.frames["student"].select(pl.col("grade").unique()).collect()
    known = grades["grade"].drop_nulls().to_list()
    return shares.chosen("grade", given, sorted(known)) if known else frozenset(given)


def _effect(published: Snapshot, was: Share | None, share: Share) -> Effect:
    nothing = Snapshot.of_nothing()
    before, seen = (nothing, nothing) if was is None else (published, visible(published, was))
    told = events(before, published, was or EVERYTHING, share)
    counts = told.group_by("kind", "act").len().rows()
    numbers = {(kind, act): number for kind, act, number in counts}
    shown = visible(published, share)
    return Effect(
        share=share,
        receives={kind: shown.frames[kind].height for kind in KINDS},
        received={kind: seen.frames[kind].height for kind in KINDS},
        events={kind: {act: numbers.get((kind, act), 0) for act in ACTS} for kind in KINDS},
        without_contacts=without_contacts(published, share),
        restricted=_restricted(published, share),
    )


def _restricted(published: Snapshot, share: Share) -> int:
    """How many relationships a share would show if restricted ones were shown."""
    if share.restricted or published.frames["relationship"]["restricted"].null_count() == (
        published.frames["relationship"].height
    ):
        return 0
    every = visible(published, replace(share, restricted=True)).frames["relationship"]
    return every.height - every["restricted"].null_count()
