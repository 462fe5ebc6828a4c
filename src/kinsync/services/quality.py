"""How complete and how sound a district's contacts are: figures of pages that draw them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kinsync.domain.vocabulary import TYPES
from kinsync.services import overview
from kinsync.store import quality, records
from kinsync.store.quality import MOST_COUNTED, Fill

SYNCS = 30
"""Syncs whose findings are shown."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What one sync found, by severity."""

    sync_id: int
    at: datetime
    errors: int
    warnings: int
    infos: int


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures. ``version`` is what was counted; 0: nothing yet."""

    version: int
    students: Sequence[tuple[str, int]]
    """How many contacts in words, and how many students have so many."""
    schools: Sequence[tuple[str, Fill]]
    """By name, those first of which the least is known."""
    types: Sequence[tuple[str, int]]
    findings: Sequence[Findings]
    """By sync, the oldest first."""


def of_district(district: records.District) -> Quality:
    """The figures of the newest version that is counted; the published one is seen to.

    Raises:
        TryAgainLater: the database is away.
    """
    found = quality.newest(district.id)
    if district.published and (found is None or found.version != district.published):
        overview.count(district, "quality", quality.count)
        found = quality.newest(district.id)
    if found is None:
        return Quality(0, (), (), (), _findings(district))
    names = overview.school_names(district)
    by_school = [(names.get(one.school, one.school), one) for one in found.schools]
    by_school.sort(key=lambda one: (_known(one[1]), one[0]))
    types = [(name, found.types.get(name, 0)) for name in TYPES]
    return Quality(
        found.version,
        [(_contacts(number), count) for number, count in enumerate(found.students)],
        by_school,
        [one for one in types if one[1]],
        _findings(district),
    )


def _known(fill: Fill) -> float:
    return (fill.phone + fill.email) / (fill.contacts or 1)


def _contacts(number: int) -> str:
    return {0: "none", MOST_COUNTED: f"{MOST_COUNTED} or more"}.get(number, str(number))


def _findings(district: records.District) -> list[Findings]:
    """Of syncs that compared a whole file; previews and files that were refused say nothing."""
    syncs = records.list_syncs(district.id, limit=3 * SYNCS)
    told = [one for one in syncs if not one.is_preview and one.state in ("published", "unchanged")]
    return [_found(sync) for sync in reversed(told[:SYNCS])]


def _found(sync: records.Sync) -> Findings:
    counts = overview.by_severity(sync)
    return Findings(sync.id, sync.started_at, counts["error"], counts["warning"], counts["info"])
