"""Night: a delivery beside what is published, and what publishing it would change.

Nearly everybody reads as before and is only counted; the rest is matched and compared.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from kinsync.domain.changes import Changes, Matched, Snapshot
from kinsync.domain.frames import CONTACTS, KINDS, RELATIONSHIPS, STUDENTS, empty
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.carry import carry, kept_from
from kinsync.pipeline.diff import diff
from kinsync.pipeline.match import Frames, NewIds, match
from kinsync.pipeline.people import reached
from kinsync.pipeline.restrict import barred
from kinsync.pipeline.settle import Unsettled, id_hash, prints, published_prints, settle
from kinsync.pipeline.snapshot import schools
from kinsync.pipeline.touched import TIES
from kinsync.services.decided import Decided, part_of
from kinsync.services.intake import Intake
from kinsync.store.snapshots import Published

WithWaitingIds = Callable[[Matched, Sequence[Snapshot]], Matched]
"""Takes what was matched, and the parts that it was matched with."""


@dataclass(frozen=True, slots=True)
class Night:
    """What would change, and whether the deletions of this night wait for a cleaner one."""

    changes: Changes
    before: Snapshot
    """The part of what is published that was looked at."""
    after: Snapshot
    """The same as it would be."""
    is_deferred: bool
    carried: pl.DataFrame
    """Keys (``pipeline.touched.TIES``) of those of whom more stays than the delivery says."""

    def changes_behind(self, restricting: Changes) -> Changes:
        """What would change once ``restricting`` is published before."""
        behind = diff(self.after, _with(self.before, restricting), self.changes.merged)
        return replace(behind, parts=self.changes.parts)


def compare(
    intake: Intake,
    published: Published,
    absent: Callable[[Frames], Snapshot],
    new_ids: NewIds,
    vocabulary: Vocabulary,
    with_waiting_ids: WithWaitingIds,
    decided: Decided | None = None,
    *,
    deletes_later: bool = False,
) -> Night:
    """What publishing this delivery would do.

    Args:
        intake: the delivery, taken in.
        published: what is published now.
        absent: the last state of records that were deleted within retention, as far as it is
            kept, or known again from what a delivery says.
        new_ids: where new ids come from.
        vocabulary: which names, phones and mailboxes are placeholders, and no evidence.
        with_waiting_ids: gives new records the ids of another service that wait for them.
        decided: what people decided about pairs of contacts.
        deletes_later: whether whoever is missing stays, as they do where a held row may speak of
            anybody.
    """
    decided = decided or Decided()
    unfolded = decided.unfolded(published)
    ours = prints(intake.student_pieces(), intake.contact_pieces(), intake.relationship_pieces())
    barring = intake.held.filter("restricted").drop_nulls("student_sis_id")
    unsettled = settle(
        ours,
        published_prints(unfolded.frames),
        compared=decided.compared,
        also=barring["student_sis_id"].hash(),
    )
    del ours
    before = _published(unfolded, unsettled)
    incoming = _incoming(intake, unsettled)
    gone = decided.absent(absent(incoming))
    matched = match(incoming, before, gone, new_ids, vocabulary)
    matched = with_waiting_ids(matched, (before, gone))
    defers = deletes_later or intake.has_unreadable_student
    kept = carry(matched, before, intake.held, vocabulary, defer_deletions=defers)
    told = barred(kept.snapshot, kept_from(kept.snapshot, intake.held, vocabulary))
    kept = replace(kept, snapshot=told)
    shown = _shown(published, unsettled, before, decided)
    return Night(
        changes=decided.changes(kept, shown),
        before=shown,
        after=decided.folded(kept, shown).snapshot,
        is_deferred=defers and kept.snapshot.records() > matched.snapshot.records(),
        carried=_carried(kept.snapshot, matched.snapshot),
    )


def _with(before: Snapshot, changes: Changes) -> Snapshot:
    """A snapshot with updates of some of its records."""
    frames = dict(before.frames)
    for kind, frame in before.frames.items():
        updated = changes.kinds[kind].updated
        here = updated.filter(pl.col("id").is_in(frame["id"].implode()))
        if here.height:
            rest = frame.filter(~pl.col("id").is_in(here["id"].implode()))
            frames[kind] = pl.concat([rest, here])
    return Snapshot(frames)


def _carried(kept: Snapshot, matched: Snapshot) -> pl.DataFrame:
    """The keys of students who stay although nothing says so, or whose contacts do, and of those.

    A row has one of the keys, or a phone or mailbox under both.
    """
    students, people, ties = (
        kept.frames[kind].filter(~pl.col("id").is_in(matched.frames[kind]["id"].implode()))
        for kind in ("student", "contact", "relationship")
    )
    who = pl.concat([people["id"], ties["contact_id"]])
    all_ties = kept.frames["relationship"].filter(pl.col("contact_id").is_in(who.implode()))
    ids = pl.concat([students["id"], all_ties["student_id"]])
    told = kept.frames["student"].filter(pl.col("id").is_in(ids.implode()))
    contacts = kept.frames["contact"].filter(pl.col("id").is_in(all_ties["contact_id"].implode()))
    reach = reached(contacts.with_row_index("who")).select(pl.col("reach").hash().alias("phone"))
    numbers = contacts.drop_nulls("sis_id").select(id_hash("sis_id").alias("sis_id"))
    parts = [told.select(id_hash("sis_id").alias("student")), numbers]
    parts.append(reach.with_columns(email="phone"))
    keys = pl.DataFrame(schema=dict.fromkeys(TIES, pl.UInt64))
    return pl.concat([keys, *parts], how="diagonal")


def _incoming(intake: Intake, unsettled: Unsettled) -> Frames:
    """The part of the delivery that is looked at, before it has ids; schools are few."""
    who = unsettled.incoming
    told = id_hash("sis_id").is_in(unsettled.students.implode())
    students, named = [empty(STUDENTS)], [intake.rest.schools.to_frame()]
    for piece in intake.student_pieces():
        students.append(piece.filter(told))
        named.append(piece.select("school_sis_id").unique())
    return {
        "school": schools(pl.concat(named)),
        "student": pl.concat(students),
        "contact": pl.concat([empty(CONTACTS), *intake.contact_pieces(who)]),
        "relationship": pl.concat([empty(RELATIONSHIPS), *intake.relationship_pieces(who)]),
    }


def _shown(
    published: Published, unsettled: Unsettled, before: Snapshot, decided: Decided
) -> Snapshot:
    """The same part of what is published, in which everybody who is the same is one contact."""
    if decided.is_nothing:
        return before
    who = pl.concat([unsettled.published, decided.compared]).unique()
    people = part_of(published, who).frames
    return Snapshot(
        {**before.frames, "contact": people["contact"], "relationship": people["relationship"]}
    )


def _published(published: Published, unsettled: Unsettled) -> Snapshot:
    """The part of what is published that is looked at."""
    people = unsettled.published.implode()
    conditions = {
        "school": pl.lit(value=True),
        "student": id_hash("sis_id").is_in(unsettled.students.implode()),
        "contact": id_hash("id").is_in(people),
        "relationship": id_hash("contact_id").is_in(people),
    }
    return Snapshot(
        {
            kind: published.frames[kind].filter(conditions[kind]).collect(engine="streaming")
            for kind in KINDS
        }
    )
