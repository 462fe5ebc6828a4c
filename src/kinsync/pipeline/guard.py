"""Guard: whether a sync may go on, or is held for a person, and why.

A sync that is held loses nothing: its diff waits, and published data stay. What trips the guard is
what broken exports look like: many gone at once, everybody changed, a school left out.
"""

from collections.abc import Iterator

import polars as pl

from kinsync.domain.changes import Changes, KindChanges
from kinsync.domain.guarding import Census, GuardThresholds, HoldReason
from kinsync.domain.priority import MARKS
from kinsync.pipeline.fingerprints import row_hash, said


def guard(
    changes: Changes,
    before: Census,
    after: Census,
    thresholds: GuardThresholds | None = None,
    *,
    has_contact_columns: bool = True,
) -> list[HoldReason]:
    """Reasons to hold, the gravest first; none means go on. A first load is never held.

    Args:
        changes: what publishing would do.
        before: what is published.
        after: what would be published.
        thresholds: the district's own; the usual ones where not given.
        has_contact_columns: whether the source said anything about contacts at all.
    """
    if before.is_empty:
        return []
    limits = thresholds or GuardThresholds()
    return [
        *_no_contact_columns(before, has_contact_columns),
        *_student_key(changes, before, after, limits),
        *_deleted(changes, before, limits),
        *_schools(changes, before, limits),
        *_changed_ids(changes, before, limits),
        *_updated(changes, before, limits),
        *_fill(before, after, limits),
    ]


def _no_contact_columns(before: Census, has_contact_columns: bool) -> Iterator[HoldReason]:
    published = before.counts.get("contact", 0)
    if published and not has_contact_columns:
        yield HoldReason(
            "contact-columns-missing",
            "contact",
            1.0,
            0.0,
            f"The file has no contact columns, and {published:,} contacts are published.",
        )


def _student_key(
    changes: Changes, before: Census, after: Census, limits: GuardThresholds
) -> Iterator[HoldReason]:
    students = changes.kinds["student"]
    limit = limits.unknown_students
    lost = _share(students.deleted.height, before.counts.get("student", 0), limits)
    new = _share(students.created.height, after.counts.get("student", 0), limits)
    if lost > limit and new > limit:
        yield HoldReason(
            "student-key-changed",
            "student",
            new,
            limit,
            f"{_percent(new)} of the students were never seen before and {_percent(lost)} of the "
            "published ones are gone: the file may be another district's, or Student_id may hold "
            "another number than it did.",
        )


def _deleted(changes: Changes, before: Census, limits: GuardThresholds) -> Iterator[HoldReason]:
    for kind in ("student", "contact", "relationship"):
        limit: float = getattr(limits, f"deleted_{kind}s")
        count = changes.kinds[kind].deleted.height
        share = _share(count, before.counts.get(kind, 0), limits)
        if share > limit:
            yield HoldReason(
                f"{kind}s-deleted",
                kind,
                share,
                limit,
                f"{count:,} of {before.counts[kind]:,} {kind}s would be deleted "
                f"({_percent(share)}; up to {_percent(limit)} goes through).",
            )


def _schools(changes: Changes, before: Census, limits: GuardThresholds) -> Iterator[HoldReason]:
    """One reason for the school that loses most, so that a lost district does not list them all."""
    deleted = changes.kinds["student"].deleted.filter(pl.col("school_sis_id").is_not_null())
    losses = dict(deleted.group_by("school_sis_id").len().iter_rows())
    shares = {
        school: _share(count, before.students_by_school.get(school, 0), limits)
        for school, count in losses.items()
    }
    hit = sorted(school for school, share in shares.items() if share > limits.school_loss)
    if hit:
        worst = max(hit, key=lambda school: shares[school])
        others = f", and {len(hit) - 1} more schools" if len(hit) > 1 else ""
        yield HoldReason(
            "school-left-out",
            "school",
            shares[worst],
            limits.school_loss,
            f"School {worst}{others} would lose most students: {losses[worst]:,} of "
            f"{before.students_by_school[worst]:,}. Was it left out of the export?",
        )


def _changed_ids(changes: Changes, before: Census, limits: GuardThresholds) -> Iterator[HoldReason]:
    contacts = changes.kinds["contact"]
    both = min(contacts.created.height, contacts.deleted.height)
    share = _share(both, before.counts.get("contact", 0), limits)
    if share > limits.changed_ids:
        yield HoldReason(
            "contacts-change-id",
            "contact",
            share,
            limits.changed_ids,
            f"{both:,} contacts would be deleted and as many created ({_percent(share)} of all): "
            "to applications they would be new people.",
        )


def _updated(changes: Changes, before: Census, limits: GuardThresholds) -> Iterator[HoldReason]:
    for kind in ("student", "contact"):
        limit: float = getattr(limits, f"updated_{kind}s")
        count = _said_otherwise(changes.kinds[kind])
        share = _share(count, before.counts.get(kind, 0), limits)
        if share > limit:
            yield HoldReason(
                f"{kind}s-updated",
                kind,
                share,
                limit,
                f"{count:,} of {before.counts[kind]:,} {kind}s would change "
                f"({_percent(share)}; up to {_percent(limit)} goes through).",
            )


def _said_otherwise(changes: KindChanges) -> int:
    """How many records change in more than the source that they are of."""
    is_marked = changes.updated[MARKS].count() + changes.previous[MARKS].count() > 0
    if not is_marked:
        return changes.updated.height
    told = row_hash(said(changes.updated.schema))
    now, was = (side.select(told).to_series() for side in (changes.updated, changes.previous))
    return int((now != was).sum())


def _fill(before: Census, after: Census, limits: GuardThresholds) -> Iterator[HoldReason]:
    """Shares of contacts that can be reached; a district too small to measure is left alone."""
    counted, left = before.counts.get("contact", 0), after.counts.get("contact", 0)
    if counted < limits.minimum_count or not left:
        return
    for word, was, is_now in (
        ("phone", before.with_phone / counted, after.with_phone / left),
        ("e-mail", before.with_email / counted, after.with_email / left),
    ):
        if round(was - is_now, 9) > limits.fill_drop:
            yield HoldReason(
                f"{word.replace('-', '')}s-lost",
                "contact",
                was - is_now,
                limits.fill_drop,
                f"{_percent(was)} of the contacts have a {word} now, and {_percent(is_now)} would "
                "have one. Was the column left out of the export?",
            )


def _share(count: int, published: int, limits: GuardThresholds) -> float:
    """The share that counts towards a hold: 0 where there is too little to tell anything."""
    if not published:
        return 0.0
    share = count / published
    is_most = share > 0.5 and count >= limits.minimum_of_most
    return share if count >= limits.minimum_count or is_most else 0.0


def _percent(share: float) -> str:
    return f"{share:.1%}".replace(".0%", "%").replace("%", " %")
