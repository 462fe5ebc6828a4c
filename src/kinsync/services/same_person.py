"""Same person? What people decide about two contacts, what that would do, and doing it.

A decision is published at once, as a version of its own: who is the same goes on under the older
id, the other id becomes a pointer; who was joined by mistake stands apart again under their own id.
Every later delivery keeps to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from kinsync.domain.changes import Changes, Snapshot
from kinsync.domain.deciding import DIFFERENT, VERDICTS
from kinsync.domain.errors import ChangeInput, TryAgainLater
from kinsync.domain.frames import RELATIONSHIP_DETAILS
from kinsync.domain.share import Share
from kinsync.services.deciding import ORIGIN, Plan
from kinsync.services.sync import Tools
from kinsync.store import access, excerpts, feeds, publish, records, same_person, snapshots
from kinsync.store.database import district_lock

LOOKS = 3
"""How often something is looked at anew because the district has published meanwhile."""


@dataclass(frozen=True, slots=True)
class Reader:
    """What one application would be told, by kind and act."""

    application: str
    events: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a decision would do: for the district, and for each application that is connected.

    ``before`` and ``after`` hold the contacts that it is about (``PUBLISHED_CONTACTS``), with the
    SIS ids of their ``students``.
    """

    verdict: str | None
    changes: Changes
    before: pl.DataFrame
    after: pl.DataFrame
    readers: Sequence[Reader]

    def as_json(self) -> dict[str, object]:
        """Counts first."""
        return {
            "verdict": self.verdict,
            "changes": self.changes.counts(),
            "applications": [
                {"application": one.application, "events": dict(one.events)} for one in self.readers
            ],
            "before": self.before.to_dicts(),
            "after": self.after.to_dicts(),
        }


@dataclass(frozen=True, slots=True)
class Done:
    """A decision that stands, or was undone; ``version`` is the one that it made, if any."""

    pair: tuple[str, str]
    verdict: str | None
    version: int | None
    changes: Changes

    def as_json(self) -> dict[str, object]:
        return {
            "pair": list(self.pair),
            "verdict": self.verdict,
            "version": self.version,
            "changes": self.changes.counts(),
        }


def effect(
    district: records.District, pair: tuple[str, str], verdict: str | None, tools: Tools
) -> Effect:
    """What deciding this about a pair would do, or, with None, undoing what was decided.

    It is only looked at: nobody waits for a sync that runs. Where one publishes meanwhile, it is
    looked at again.

    Raises:
        NotFound: nobody was ever published under one of the ids, or nothing is decided.
        ChangeInput: it contradicts another decision, or cannot be told any more.
        TryAgainLater: the database is away, or one version follows the other.
    """
    for _ in range(LOOKS):
        now = records.district(district.id)
        found = _effect(now, pair, verdict, tools)
        if records.district(district.id).published == now.published:
            return found
    raise TryAgainLater(f"{district.name} publishes one version after the other. Look again.")


def _effect(
    district: records.District, pair: tuple[str, str], verdict: str | None, tools: Tools
) -> Effect:
    plan = Plan.of(district, pair, verdict, by="", at=tools.now())
    told = feeds.foreseen(district.id, _around(plan), plan.changes, one=plan.people)
    return Effect(
        verdict,
        plan.changes,
        _shown(district.id, plan.before, plan.people),
        _shown(district.id, plan.after, plan.people),
        [Reader(name, counts) for name, counts in told],
    )


def _around(plan: Plan) -> snapshots.Published:
    """What is published of the people of a plan, with the students by whom they are seen."""
    ties = [part.frames["relationship"]["student_id"] for part in (plan.before, plan.after)]
    students = pl.concat(ties).unique().to_list()
    frames = {
        **plan.before.frames,
        "student": excerpts.some(plan.district.id, "student", students),
    }
    return snapshots.Published({kind: frame.lazy() for kind, frame in frames.items()}, is_kept=True)


def decide(
    district: records.District, pair: tuple[str, str], verdict: str, tools: Tools, *, by: str
) -> Done:
    """Decide that two contacts are the same person, or different people, or to look again later.

    What was decided about the pair before is replaced, and stays on record.

    Raises:
        NotFound: nobody was ever published under one of the ids.
        ChangeInput: it contradicts another decision, cannot be told any more, or a sync is held.
        TryAgainLater: the database is away; nothing was published.
    """
    if verdict not in VERDICTS:
        raise ChangeInput(f"{verdict!r} is no decision: say {', '.join(VERDICTS)}.")
    return _act(district, pair, verdict, tools, by=by)


def undo(district: records.District, pair: tuple[str, str], tools: Tools, *, by: str) -> Done:
    """Take back what was decided about a pair; it stays on record as undone.

    Raises as ``decide``; NotFound also where nothing is decided.
    """
    return _act(district, pair, None, tools, by=by)


def _act(
    district: records.District, pair: tuple[str, str], verdict: str | None, tools: Tools, *, by: str
) -> Done:
    with district_lock(district.id, on_wait=tools.on_wait):
        records.fail_abandoned(district.id, at=tools.now())
        plan = Plan.of(records.district(district.id), pair, verdict, by=by, at=tools.now())
        version = None if plan.changes.is_empty else _publish(plan, tools)
        same_person.replace_decision(
            district.id, plan.decision, plan.pair, plan.parted, by=by, at=tools.now()
        )
        return Done(plan.pair, verdict, version, plan.changes)


def part(
    district: records.District, contact: str, students: Sequence[str], tools: Tools, *, by: str
) -> Done:
    """Part one contact in two, for good: who stands to these students (SIS ids) is somebody else.

    Raises:
        NotFound: no such contact is published, or it does not stand to one of the students.
        ChangeInput: nobody would be left, or a sync is held.
        TryAgainLater: the database is away; nothing was published.
    """
    with district_lock(district.id, on_wait=tools.on_wait):
        records.fail_abandoned(district.id, at=tools.now())
        plan = Plan.parting(records.district(district.id), contact, students, by=by, at=tools.now())
        version = _publish(plan, tools)
        same_person.replace_decision(district.id, plan.decision, plan.pair, by=by, at=tools.now())
        return Done(plan.pair, DIFFERENT, version, plan.changes)


def _publish(plan: Plan, tools: Tools) -> int:
    district = plan.district
    held = records.held_sync(district.id)
    if held is not None:
        raise ChangeInput(
            f"Sync {held.id} of {district.name} is held. Nothing was decided. Approve or discard "
            "it first: its changes were found against what is published now."
        )
    _withhold_together(plan, tools)
    run = records.start_sync(district, at=tools.now(), origin=ORIGIN, file_name="")
    publication = publish.Publication(
        district_id=district.id,
        sync_id=run.id,
        base=district.published,
        changes=plan.changes,
        at=tools.now(),
        origin=ORIGIN,
        counts={},
    )
    return publish.publish(publication, storage=tools.storage, step=tools.step)


def _withhold_together(plan: Plan, tools: Tools) -> None:
    """Who is withheld from an application stays so, joined with somebody or parted again."""
    for connection in access.list_connections(plan.district.id):
        was = Share.from_json(connection.share)
        share = was.withholding_with(plan.people)
        if share != was:
            feeds.settle(
                plan.district.id,
                connection.application_id,
                share,
                at=tools.now(),
                storage=tools.storage,
            )


def _shown(district_id: int, snapshot: Snapshot, ids_: Sequence[str]) -> pl.DataFrame:
    """These contacts as people see them, with what they are to which students."""
    contacts = snapshot.frames["contact"].filter(pl.col("id").is_in(list(ids_))).sort("id")
    ties = snapshot.frames["relationship"].filter(pl.col("contact_id").is_in(list(ids_)))
    names = same_person.students_of(district_id, ties["student_id"].unique().to_list())
    told = ties.join(names.rename({"id": "student_id", "sis_id": "student"}), on="student_id")
    listed = (
        told.sort("student", "id")
        .group_by("contact_id")
        .agg(pl.struct("student", "student_id", *RELATIONSHIP_DETAILS).alias("students"))
    )
    return contacts.join(listed.rename({"contact_id": "id"}), on="id", how="left").sort("id")
