"""Same person? What people decide about two contacts, what that would do, and doing it.

A decision is published at once, as a version of its own: who is the same goes on under the older
id, the other id becomes a pointer; who was joined by mistake stands apart again under their own id.
Every later delivery keeps to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from kinsync.domain.changes import Changes, Matched, Snapshot
from kinsync.domain.deciding import DIFFERENT, SAME, VERDICTS, Decision, faces, together
from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.domain.frames import KINDS, PUBLISHED, RELATIONSHIP_DETAILS, empty
from kinsync.pipeline.fold import unfolded
from kinsync.pipeline.split import split
from kinsync.services.decided import Decided, followed
from kinsync.services.sync import Tools
from kinsync.store import feeds, ids, publish, records, same_person, snapshots
from kinsync.store.database import district_lock

ORIGIN = "decision"


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

    Raises:
        NotFound: nobody was ever published under one of the ids, or nothing is decided.
        ChangeInput: it contradicts another decision, or cannot be told any more.
        TryAgainLater: the database is away.
    """
    with district_lock(district.id, on_wait=tools.on_wait):
        plan = _Plan.of(records.district(district.id), pair, verdict, by="", at=tools.now())
        return plan.effect(tools)


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
        plan = _Plan.of(records.district(district.id), pair, verdict, by=by, at=tools.now())
        version = None if plan.changes.is_empty else _publish(plan, tools)
        same_person.replace_decision(district.id, plan.decision, plan.pair, by=by, at=tools.now())
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
        plan = _Plan.parting(
            records.district(district.id), contact, students, by=by, at=tools.now()
        )
        version = _publish(plan, tools)
        same_person.replace_decision(district.id, plan.decision, plan.pair, by=by, at=tools.now())
        return Done(plan.pair, DIFFERENT, version, plan.changes)


def _publish(plan: "_Plan", tools: Tools) -> int:
    district = plan.district
    held = records.held_sync(district.id)
    if held is not None:
        raise ChangeInput(
            f"Sync {held.id} of {district.name} is held. Nothing was decided. Approve or discard "
            "it first: its changes were found against what is published now."
        )
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


@dataclass(frozen=True, slots=True)
class _Plan:
    """A decision that is about to be made, and what it changes."""

    district: records.District
    pair: tuple[str, str]
    decision: Decision | None
    before: Snapshot
    after: Snapshot
    changes: Changes

    @staticmethod
    def of(
        district: records.District,
        pair: tuple[str, str],
        verdict: str | None,
        *,
        by: str,
        at: datetime,
    ) -> "_Plan":
        low, high = sorted(pair)
        if low == high:
            raise ChangeInput("A pair is two contacts: name two ids.")
        known = same_person.last_known(district.id, [low, high]).contacts
        legacy = dict(known.select("id", "legacy_id").iter_rows())
        for id_ in (low, high):
            if id_ not in legacy:
                raise NotFound(f"No contact of {district.name} has, or had, the id {id_!r}.")
        others = same_person.in_force(district.id)
        if verdict is None and not any(one.pair == (low, high) for one in others):
            raise NotFound(f"Nothing is decided about {low} and {high}.")
        others = [one for one in others if one.pair != (low, high)]
        decision = verdict and Decision(
            ids.allocate_one(), low, legacy[low], high, legacy[high], verdict, by, at
        )
        decisions = [*others, *([decision] if decision else [])]
        _check(decisions)
        state = _State.of(district, decisions, [low, high])
        whole = state.parts_apart()
        if verdict == DIFFERENT:
            whole = state.apart(whole, low, high)
        return _Plan(district, (low, high), decision or None, state.shown, *state.outcome(whole))

    @staticmethod
    def parting(
        district: records.District,
        contact: str,
        students: Sequence[str],
        *,
        by: str,
        at: datetime,
    ) -> "_Plan":
        decisions = same_person.in_force(district.id)
        state = _State.of(district, decisions, [contact])
        whole = state.parts_apart()
        now = _only(whole, contact)
        if now.frames["contact"].is_empty():
            raise NotFound(f"No contact of {district.name} has the id {contact!r} now.")
        ties = now.frames["relationship"]
        known = same_person.students_of(district.id, ties["student_id"].to_list())
        chosen = known.filter(pl.col("sis_id").is_in(list(students)))
        if chosen.height != len(set(students)):
            raise NotFound("The contact does not stand to all of these students. Nothing was done.")
        is_theirs = pl.col("student_id").is_in(chosen["id"].implode())
        if ties.filter(~is_theirs).is_empty():
            raise ChangeInput("Nobody would be left of the contact. Name fewer students.")
        new_id, new_legacy = ids.allocate(2)
        own = now.frames["contact"]
        other = own.with_columns(id=pl.lit(new_id), legacy_id=pl.lit(new_legacy))
        two = split(
            now,
            _as_snapshot(own, ties.filter(~is_theirs)),
            _as_snapshot(other, ties.filter(is_theirs)),
        )
        decision = Decision(
            ids.allocate_one(), contact, own["legacy_id"][0], new_id, new_legacy, DIFFERENT, by,
            at,
        )  # fmt: skip
        changed = _instead(whole, contact, two)
        return _Plan(district, decision.pair, decision, state.shown, *state.outcome(changed))

    def effect(self, tools: Tools) -> Effect:
        published = snapshots.published(self.district.id, storage=tools.storage)
        told = feeds.foreseen(self.district.id, published, self.changes)
        ids_ = self._about()
        return Effect(
            self.decision.verdict if self.decision else None,
            self.changes,
            _shown(self.district.id, self.before, ids_),
            _shown(self.district.id, self.after, ids_),
            [Reader(name, counts) for name, counts in told],
        )

    def _about(self) -> list[str]:
        kinds = self.changes.kinds["contact"]
        changed = [kinds.created, kinds.updated, kinds.deleted]
        return sorted({*self.pair, *(id_ for frame in changed for id_ in frame["id"])})


@dataclass(frozen=True, slots=True)
class _State:
    """What is published of everybody whom a decision may touch, and who stands behind them."""

    district: records.District
    decided: Decided
    shown: Snapshot

    @staticmethod
    def of(
        district: records.District, decisions: Sequence[Decision], wanted: Sequence[str]
    ) -> "_State":
        parts = same_person.parts(district.id, district.published)
        who = faces(followed(district.id, decisions, parts))
        everyone = sorted({*wanted, *who["id"], *parts["id"], *parts["face_id"]})
        here = sorted(same_person.still_published(district.id, everyone))
        known = same_person.last_known(district.id, here)
        shown = _as_snapshot(known.contacts, known.ties)
        return _State(district, Decided(faces=who, parts=parts), shown)

    def parts_apart(self) -> Snapshot:
        """The same, as it would be had nobody decided anything."""
        lazy = {kind: frame.lazy() for kind, frame in self.shown.frames.items()}
        frames = unfolded(lazy, self.decided.parts)
        return Snapshot({kind: frame.collect() for kind, frame in frames.items()})

    def outcome(self, whole: Snapshot) -> tuple[Snapshot, Changes]:
        """What would be published, and what that changes."""
        matched = Matched(whole, Changes({}).merged)
        return self.decided.folded(matched, self.shown).snapshot, self.decided.changes(
            matched, self.shown
        )

    def apart(self, whole: Snapshot, low: str, high: str) -> Snapshot:
        """The same with two contacts in the place of one, where a delivery has joined the pair."""
        here = set(whole.frames["contact"]["id"])
        leads = same_person.pointers(self.district.id, [low, high])
        for gone, left in ((low, high), (high, low)):
            lead = leads.get(gone)
            if gone in here or left not in here or lead is None or lead.into_id != left:
                continue
            before = [
                same_person.last_known(self.district.id, [id_], version=lead.version - 1)
                for id_ in (left, gone)
            ]
            one, other = (_as_snapshot(known.contacts, known.ties) for known in before)
            if other.frames["contact"]["name"].null_count():
                raise ChangeInput(
                    f"What {gone} was before is purged. Say who is who by their students: "
                    "'kinsync same-person DISTRICT part'."
                )
            return _instead(whole, left, split(_only(whole, left), one, other))
        return whole


def _check(decisions: Sequence[Decision]) -> None:
    """Refuse decisions by which two who are different would be the same."""
    groups = together(one.pair for one in decisions if one.verdict == SAME)
    for one in decisions:
        if one.verdict == DIFFERENT:
            low, high = (groups.get(id_, id_) for id_ in one.pair)
            if low == high:
                raise ChangeInput(
                    f"{one.low_id} and {one.high_id} would be the same person by other decisions, "
                    "and different people by this one. Nothing was decided. Undo one of them first."
                )


def _as_snapshot(contacts: pl.DataFrame, ties: pl.DataFrame) -> Snapshot:
    frames = {kind: empty(PUBLISHED[kind]) for kind in KINDS}
    return Snapshot({**frames, "contact": contacts, "relationship": ties})


def _only(whole: Snapshot, id_: str) -> Snapshot:
    frames = whole.frames
    return _as_snapshot(
        frames["contact"].filter(pl.col("id") == id_),
        frames["relationship"].filter(pl.col("contact_id") == id_),
    )


def _instead(whole: Snapshot, id_: str, two: Snapshot) -> Snapshot:
    """The snapshot with two contacts in the place of that one."""
    frames = whole.frames
    contacts = frames["contact"].filter(pl.col("id") != id_)
    ties = frames["relationship"].filter(pl.col("contact_id") != id_)
    return _as_snapshot(
        pl.concat([contacts, two.frames["contact"]]),
        pl.concat([ties, two.frames["relationship"]]),
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
