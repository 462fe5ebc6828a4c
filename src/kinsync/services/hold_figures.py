"""Why a sync is held, as figures: what is published, what would be, and what goes through."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import polars as pl

from kinsync.domain.changes import Changes
from kinsync.domain.guarding import Census, GuardThresholds
from kinsync.pipeline.census import census, census_after
from kinsync.pipeline.guard import guard
from kinsync.services.sync import Tools
from kinsync.store import feeds, records, snapshots, storage


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that the guard looks at. ``before``, ``after`` and ``bound`` are shares, 0 to 1.

    ``bound`` is as far as ``after`` may go by itself: down to it, or up to it where ``is_upward``.
    """

    words: str
    before: float
    after: float
    bound: float
    says: str
    is_upward: bool = False
    is_over: bool = False
    """Whether this is a reason for the hold."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What one application would be told, by kind and act; nothing where it notices nothing."""

    application: str
    events: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Picture:
    """What somebody needs to see who decides about a hold."""

    figures: Sequence[Figure]
    readers: Sequence[Reader]

    def as_json(self) -> dict[str, object]:
        """Figures and counts alone."""
        return {
            "figures": [asdict(one) for one in self.figures],
            "readers": [asdict(one) for one in self.readers],
        }


def picture(district: records.District, sync: records.Sync, tools: Tools) -> Picture:
    """The figures of a sync that was held or previewed, and what each application would notice.

    Raises:
        ChangeInput: what it would change is not kept any more.
        TryAgainLater: the database is away.
    """
    changes = storage.load_changes(tools.storage.sync(district.public_id, sync.id))
    published = snapshots.published(district.id, storage=tools.storage)
    before = census(published.frames)
    after = census_after(before, changes)
    given = district.settings.get("guard", {})
    limits = GuardThresholds.from_mapping(given if isinstance(given, Mapping) else {})
    hit = {reason.code for reason in guard(changes, before, after, limits)}
    told = feeds.foreseen(district.id, published, changes)
    return Picture(
        list(_figures(changes, before, after, limits, hit)),
        [Reader(name, events) for name, events in told],
    )


def _figures(
    changes: Changes, before: Census, after: Census, limits: GuardThresholds, hit: set[str]
) -> Iterator[Figure]:
    for kind in ("student", "contact", "relationship"):
        total, gone = before.counts.get(kind, 0), changes.kinds[kind].deleted.height
        if total:
            limit: float = getattr(limits, f"deleted_{kind}s")
            yield Figure(
                f"{kind.capitalize()}s who stay"
                if kind != "relationship"
                else "Relationships that stay",
                1.0,
                1 - gone / total,
                1 - limit,
                f"{total - gone:,} of {total:,} stay, {gone:,} would go",
                is_over=f"{kind}s-deleted" in hit,
            )
    yield from _worst_school(changes, before, limits, hit)
    yield from _reached(before, after, limits, hit)
    yield from _changed(changes, before, limits, hit)


def _worst_school(
    changes: Changes, before: Census, limits: GuardThresholds, hit: set[str]
) -> Iterator[Figure]:
    """The school that loses most, where any loses students."""
    gone = changes.kinds["student"].deleted.filter(pl.col("school_sis_id").is_not_null())
    losses: dict[str, int] = dict(gone.group_by("school_sis_id").len().sort("school_sis_id").rows())
    known = {one: count for one, count in losses.items() if before.students_by_school.get(one)}
    if not known:
        return
    school = max(known, key=lambda one: known[one] / before.students_by_school[one])
    total = before.students_by_school[school]
    yield Figure(
        f"Students who stay in school {school}",
        1.0,
        1 - known[school] / total,
        1 - limits.school_loss,
        f"{total - known[school]:,} of {total:,} stay: no school loses more",
        is_over="school-left-out" in hit,
    )


def _reached(
    before: Census, after: Census, limits: GuardThresholds, hit: set[str]
) -> Iterator[Figure]:
    counted, left = before.counts.get("contact", 0), after.counts.get("contact", 0)
    if not counted or not left:
        return
    for words, code, was, then in (
        ("a phone", "phones-lost", before.with_phone, after.with_phone),
        ("an e-mail", "emails-lost", before.with_email, after.with_email),
    ):
        share, share_then = was / counted, then / left
        yield Figure(
            f"Contacts with {words}",
            share,
            share_then,
            max(0.0, share - limits.fill_drop),
            f"{share:.0%} now, {share_then:.0%} then",
            is_over=code in hit,
        )


def _changed(
    changes: Changes, before: Census, limits: GuardThresholds, hit: set[str]
) -> Iterator[Figure]:
    for kind in ("student", "contact"):
        total, count = before.counts.get(kind, 0), changes.kinds[kind].updated.height
        if total:
            limit: float = getattr(limits, f"updated_{kind}s")
            yield Figure(
                f"{kind.capitalize()}s whose details change",
                0.0,
                count / total,
                limit,
                f"{count:,} of {total:,} would change",
                is_upward=True,
                is_over=f"{kind}s-updated" in hit,
            )
    contacts, total = changes.kinds["contact"], before.counts.get("contact", 0)
    both = min(contacts.created.height, contacts.deleted.height)
    if total and both:
        yield Figure(
            "Contacts who would be new people to applications",
            0.0,
            both / total,
            limits.changed_ids,
            f"{both:,} of {total:,} would go, and as many come",
            is_upward=True,
            is_over="contacts-change-id" in hit,
        )
