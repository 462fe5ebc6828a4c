"""Deciding: what a decision about two contacts would publish, found without publishing it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from kinsync.domain.changes import Changes, Matched, Snapshot
from kinsync.domain.deciding import DIFFERENT, SAME, Decision, faces, together
from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.domain.frames import KINDS, PUBLISHED, empty
from kinsync.pipeline.fold import unfolded
from kinsync.pipeline.split import split
from kinsync.services.decided import Decided, followed
from kinsync.store import ids, records, same_person
from kinsync.store.same_person import Pointer

ORIGIN = "decision"
"""What makes the version of a decision, on record."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A decision that is about to be made, and what it changes.

    ``people`` are the ids of the pair and of everybody who is, or would be, the same as one of
    them. ``decision`` is None where one is taken back. ``parted`` are ids that lead to one of
    these people and should not any more.
    """

    district: records.District
    pair: tuple[str, str]
    people: Sequence[str]
    decision: Decision | None
    before: Snapshot
    after: Snapshot
    changes: Changes
    parted: Sequence[str] = ()

    @staticmethod
    def of(
        district: records.District,
        pair: tuple[str, str],
        verdict: str | None,
        *,
        by: str,
        at: datetime,
    ) -> "Plan":
        low, high = sorted(pair)
        if low == high:
            raise ChangeInput("A pair is two contacts: name two ids.")
        others = same_person.in_force(district.id)
        legacy = _legacy_ids(district, [low, high], others)
        if verdict is None and not any(one.pair == (low, high) for one in others):
            raise NotFound(f"Nothing is decided about {low} and {high}.")
        others = [one for one in others if one.pair != (low, high)]
        decision = _decision(legacy, verdict, by, at) if verdict else None
        decisions = [*others, *([decision] if decision else [])]
        _check(decisions)
        state = _State.of(district, decisions, [low, high])
        whole = state.parts_apart()
        if verdict == DIFFERENT:
            whole = state.apart(whole, low, high)
        people = state.around(low, high)
        after, changes = state.outcome(whole)
        leads = same_person.pointers(district.id, people)
        changes = state.with_gone(changes, [one for one in people if one not in leads], whole)
        parted = state.parted(leads.values(), people, after)
        return Plan(district, (low, high), people, decision, state.shown, after, changes, parted)

    @staticmethod
    def parting(
        district: records.District,
        contact: str,
        students: Sequence[str],
        *,
        by: str,
        at: datetime,
    ) -> "Plan":
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
            as_snapshot(own, ties.filter(~is_theirs)),
            as_snapshot(other, ties.filter(is_theirs)),
        )
        legacy = {contact: str(own["legacy_id"][0]), new_id: new_legacy}
        decision = _decision(legacy, DIFFERENT, by, at)
        changed = _instead(whole, contact, two)
        people = state.around(*decision.pair)
        return Plan(district, decision.pair, people, decision, state.shown, *state.outcome(changed))


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
        decisions = followed(district.id, decisions, parts)
        pairs = {id_ for one in decisions for id_ in one.pair}
        everyone = sorted({*wanted, *pairs, *parts["id"], *parts["face_id"]})
        here = sorted(same_person.still_published(district.id, everyone))
        who = faces(decisions, here)
        known = same_person.last_known(district.id, here)
        shown = as_snapshot(known.contacts, known.ties)
        return _State(district, Decided(faces=who, parts=parts), shown)

    def parts_apart(self) -> Snapshot:
        """The same, as it would be had nobody decided anything."""
        lazy = {kind: frame.lazy() for kind, frame in self.shown.frames.items()}
        frames = unfolded(lazy, self.decided.parts)
        return Snapshot({kind: frame.collect() for kind, frame in frames.items()})

    def around(self, *ids_: str) -> list[str]:
        """These, and everybody who is, or was until now, the same as one of them."""
        faces_ = pl.concat([self.decided.faces, self.decided.parts], how="diagonal")
        theirs = faces_.filter(pl.col("id").is_in(ids_) | pl.col("face_id").is_in(ids_))["face_id"]
        near = faces_.filter(pl.col("face_id").is_in(theirs.implode()))
        return sorted({*ids_, *near["id"], *near["face_id"]})

    def outcome(self, whole: Snapshot) -> tuple[Snapshot, Changes]:
        """What would be published, and what that changes."""
        matched = Matched(whole, Changes({}).merged)
        return self.decided.folded(matched, self.shown).snapshot, self.decided.changes(
            matched, self.shown
        )

    def with_gone(self, changes: Changes, ids_: Collection[str], whole: Snapshot) -> Changes:
        """The changes, and pointers from those of these ids who are gone to their faces."""
        is_gone = pl.col("id").is_in(list(ids_)) & ~pl.col("id").is_in(
            whole.frames["contact"]["id"].implode()
        )
        gone = self.decided.faces.filter(is_gone, pl.col("id") != pl.col("face_id"))
        pointers = gone.select(from_id="id", into_id="face_id")
        return replace(changes, merged=pl.concat([changes.merged, pointers]).sort("from_id"))

    def parted(
        self, leads: Iterable[Pointer], people: Collection[str], after: Snapshot
    ) -> list[str]:
        """Ids whose pointer leads to one of these people who is somebody else now."""
        faces_ = dict(self.decided.faces.select("id", "face_id").iter_rows())
        here = set(after.frames["contact"]["id"])
        return [
            one.from_id
            for one in leads
            if one.into_id in people
            and faces_.get(one.from_id) != one.into_id
            and (one.from_id in here or one.origin == ORIGIN)
        ]

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
            one, other = (as_snapshot(known.contacts, known.ties) for known in before)
            if any(known.contacts.drop_nulls("name").is_empty() for known in before):
                raise ChangeInput(
                    f"What {gone} and {left} were apart is purged. Say by students who is who: "
                    "'kinsync same-person part'."
                )
            return _instead(whole, left, split(_only(whole, left), one, other))
        return whole


def _legacy_ids(
    district: records.District, ids_: Sequence[str], decisions: Sequence[Decision]
) -> dict[str, str]:
    """The v2 id of each of these contacts; records go in time, decisions stay.

    Raises:
        NotFound: one of them nobody ever was.
    """
    known = same_person.last_known(district.id, ids_).contacts
    legacy = dict(known.select("id", "legacy_id").iter_rows())
    for one in decisions:
        legacy |= {one.low_id: one.low_legacy_id, one.high_id: one.high_legacy_id}
    for id_ in ids_:
        if id_ not in legacy:
            raise NotFound(f"No contact of {district.name} has, or had, the id {id_!r}.")
    return {id_: legacy[id_] for id_ in ids_}


def _decision(legacy: Mapping[str, str], verdict: str, by: str, at: datetime) -> Decision:
    """A new decision about the two contacts of these v2 ids, by their own."""
    low, high = sorted(legacy)
    return Decision(ids.allocate_one(), low, legacy[low], high, legacy[high], verdict, by, at)


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


def as_snapshot(contacts: pl.DataFrame, ties: pl.DataFrame) -> Snapshot:
    """Contacts and their relationships, and nothing else."""
    frames = {kind: empty(PUBLISHED[kind]) for kind in KINDS}
    return Snapshot({**frames, "contact": contacts, "relationship": ties})


def _only(whole: Snapshot, id_: str) -> Snapshot:
    frames = whole.frames
    return as_snapshot(
        frames["contact"].filter(pl.col("id") == id_),
        frames["relationship"].filter(pl.col("contact_id") == id_),
    )


def _instead(whole: Snapshot, id_: str, two: Snapshot) -> Snapshot:
    """The snapshot with two contacts in the place of that one."""
    frames = whole.frames
    contacts = frames["contact"].filter(pl.col("id") != id_)
    ties = frames["relationship"].filter(pl.col("contact_id") != id_)
    return as_snapshot(
        pl.concat([contacts, two.frames["contact"]]),
        pl.concat([ties, two.frames["relationship"]]),
    )
