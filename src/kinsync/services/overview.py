"""A district at a glance: state, last and next sync, who can be reached, who reads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kinsync.domain.share import Share
from kinsync.services import beside
from kinsync.services.browse import Whose, schools
from kinsync.services.schedules import list_schedules
from kinsync.services.states import state_of
from kinsync.store import access, queue, reach, records
from kinsync.store.reach import SchoolReach
from kinsync.store.sftp_accounts import Account, list_accounts

__all__ = ["Account", "sftp_accounts"]

COUNTED_AT_ONCE = 100_000
"""Relationships up to which a request counts who can be reached itself."""


@dataclass(frozen=True, slots=True)
class Line:
    """A district in one line: counts and a state."""

    state: str
    version: int
    students: int
    contacts: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Connected:
    """One application of a district, and its share in words."""

    name: str
    client_id: str
    share: Sequence[str]


@dataclass(frozen=True, slots=True)
class Overview:
    """What Home shows."""

    state: str
    last: records.Sync | None
    held: records.Sync | None
    next_at: datetime | None
    counts: Mapping[str, int]
    """Published records by kind."""
    reach: SchoolReach | None
    reach_version: int
    by_school: Sequence[tuple[str, SchoolReach]]
    trend: Sequence[tuple[int, SchoolReach]]
    trend_shares: Sequence[tuple[str, tuple[float, float, float]]]
    """Version, and hundredths of its students with a contact, with a phone, with an e-mail."""
    findings: Mapping[str, int]
    """Findings of the last sync, by severity."""
    applications: Sequence[Connected]


def of_district(district: records.District, at: datetime) -> Overview:
    """The district as it is.

    Raises:
        TryAgainLater: the database is away.
    """
    syncs = [sync for sync in records.list_syncs(district.id) if not sync.is_preview]
    _count_reach(district)
    counted = reach.of_versions(district.id)
    newest = max(counted, default=0)
    names = school_names(district)
    by_school = [(names.get(one.school, one.school), one) for one in counted.get(newest, ())]
    by_school.sort(key=lambda one: (-one[1].without_contacts - one[1].without_phone, one[0]))
    last = next(iter(syncs), None)
    return Overview(
        state=state_of(district, at),
        last=last,
        held=records.held_sync(district.id),
        next_at=next_sync(district),
        counts=published(district),
        reach=reach.in_all(counted[newest]) if newest else None,
        reach_version=newest,
        by_school=by_school,
        trend=[(version, reach.in_all(counted[version])) for version in sorted(counted)],
        trend_shares=[_shares(version, counted[version]) for version in sorted(counted)],
        findings=by_severity(last),
        applications=applications(district),
    )


def _shares(version: int, schools_: list[SchoolReach]) -> tuple[str, tuple[float, float, float]]:
    one = reach.in_all(schools_)
    without = (one.without_contacts, one.without_phone, one.without_email)
    students = one.students or 1
    contacts, phones, emails = (100 * (students - count) / students for count in without)
    return str(version), (contacts, phones, emails)


def line_of(district: records.District, at: datetime) -> Line:
    """A district in one line; nobody's data."""
    counts = published(district)
    last = next(iter(records.list_syncs(district.id, limit=1)), None)
    return Line(
        state_of(district, at),
        district.published,
        counts.get("student", 0),
        counts.get("contact", 0),
        last.started_at if last else None,
    )


def next_sync(district: records.District) -> datetime | None:
    """When the district's files are looked at next; None where only an upload starts a sync."""
    job = queue.waiting_sync(district.id)
    waiting = [job.scheduled_at] if job is not None and job.scheduled_at else []
    scheduled = [one.next_at for one in list_schedules(district)]
    return min([*waiting, *scheduled], default=None)


def applications(district: records.District) -> list[Connected]:
    """The applications that are connected, by name."""
    known = {one.id: one for one in access.list_applications()}
    found = [
        Connected(
            known[one.application_id].name,
            known[one.application_id].public_id,
            share_in_words(Share.from_json(one.share)),
        )
        for one in access.list_connections(district.id)
    ]
    return sorted(found, key=lambda one: one.name.casefold())


def share_in_words(share: Share) -> list[str]:
    """What a share is limited to, one limit a line; "everything" where it is not."""
    limits = (
        ("school", "schools", share.schools),
        ("grade", "grades", share.grades),
        ("type of contact", "types of contact", share.types),
        ("relationship", "relationships", share.relationships),
        ("flag", "flags", share.flags),
    )
    words = [
        f"{one if len(given) == 1 else many}: {', '.join(sorted(given))}"
        for one, many, given in limits
        if given is not None
    ]
    if share.left_out:
        words.append(f"without {', '.join(sorted(share.left_out))}")
    if share.withheld:
        words.append(f"{len(share.withheld)} withheld")
    if share.restricted:
        words.append("restricted people as well")
    return words or ["everything"]


def sftp_accounts(district: records.District) -> list[Account]:
    """The accounts that upload for the district."""
    return list_accounts(district.id)


def school_names(district: records.District) -> dict[str, str]:
    """What the published schools are called, by SIS id."""
    rows = schools(Whose(district.id, district.published))
    return {str(row["sis_id"]): str(row["name"] or row["sis_id"]) for row in rows}


def published(district: records.District) -> dict[str, int]:
    """Records of the published version, added up from what each version changed."""
    totals: dict[str, int] = {}
    for version in records.list_versions(district.id):
        changes = version.counts.get("changes")
        for kind, acts in (changes if isinstance(changes, dict) else {}).items():
            totals[kind] = totals.get(kind, 0) + acts["created"] - acts["deleted"]
    return totals


def by_severity(sync: records.Sync | None) -> dict[str, int]:
    """How many findings of a sync are errors, warnings and hints."""
    found = sync.counts.get("findings") if sync else None
    totals = dict.fromkeys(("error", "warning", "info"), 0)
    for one in (found if isinstance(found, dict) else {}).values():
        totals[one["severity"]] += one["count"]
    return totals


# -- who can be reached ---------------------------------------------------------------------------


def _count_reach(district: records.District) -> None:
    """See that the published version is counted: at once where it is small, beside otherwise."""
    if district.published and district.published not in reach.of_versions(district.id, limit=1):
        count(district, "reach", reach.count)


def count(district: records.District, what: str, counter: Callable[[int, int], None]) -> None:
    """Count the published version: at once where it is small, beside otherwise."""
    if published(district).get("relationship", 0) <= COUNTED_AT_ONCE:
        counter(district.id, district.published)
    else:
        beside.begin(what, district.id, lambda: counter(district.id, district.published))
