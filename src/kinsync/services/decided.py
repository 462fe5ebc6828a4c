"""Decided: what people decided about pairs of contacts, as far as a sync has to know it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from kinsync.domain.changes import Changes, Matched, Snapshot
from kinsync.domain.deciding import DIFFERENT, FACES, LATER, PARTS, Decision, faces
from kinsync.domain.frames import KINDS, PUBLISHED, empty
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.diff import diff
from kinsync.pipeline.fold import fold, parts_of, ties_of, unfolded
from kinsync.pipeline.people import People, reaches
from kinsync.pipeline.settle import id_hash
from kinsync.pipeline.told_apart import Anchors
from kinsync.pipeline.touched import TIES
from kinsync.store import same_person
from kinsync.store.same_person import LastKnown
from kinsync.store.snapshots import Published

_NO_KEYS = pl.DataFrame(schema=dict.fromkeys(TIES, pl.UInt64))


@dataclass(frozen=True, slots=True)
class Decided:
    """What is decided, and all that is known of those whom it is about.

    ``faces`` (``deciding.FACES``) are who is the same, ``anchors`` who is told apart. ``parts``
    (``deciding.PARTS``) stand behind the faces of what is published now, ``gone`` did so once.
    ``keys`` are by which rows of all these are found; ``stamp`` is another when a decision is.
    """

    faces: pl.DataFrame = field(default_factory=lambda: empty(FACES))
    anchors: Anchors = field(default_factory=Anchors.of_nobody)
    parts: pl.DataFrame = field(default_factory=lambda: empty(PARTS))
    gone: pl.DataFrame = field(default_factory=lambda: empty(PARTS))
    keys: pl.DataFrame = field(default_factory=_NO_KEYS.clone)
    stamp: str = ""

    def rules(self, rules: str) -> str:
        """What decides what becomes of a delivery, with the decisions."""
        return f"{rules}:{self.stamp}" if self.stamp else rules

    @property
    def is_nothing(self) -> bool:
        """Whether nobody is, or was, one with somebody else."""
        return self.faces.is_empty() and self.parts.is_empty()

    @property
    def compared(self) -> pl.Series:
        """Hashes of the ids of all who are looked at every night."""
        ids = pl.concat([self.faces["id"], self.faces["face_id"], self.parts["id"]])
        ids = pl.concat([ids, self.parts["face_id"]]).unique()
        return ids.to_frame("id").select(id_hash("id")).to_series()

    def unfolded(self, published: Published) -> Published:
        """What is published, as it would be had nobody decided anything."""
        if self.parts.is_empty():
            return published
        return replace(published, frames=unfolded(published.frames, self.parts))

    def absent(self, absent: Snapshot) -> Snapshot:
        """The absent without those who stand behind a face, and with those who did so once."""
        if self.parts.is_empty() and self.gone.is_empty():
            return absent
        here = self.parts["id"]
        gone = self.gone.filter(~pl.col("id").is_in(here.implode()))
        known = pl.concat([here, gone["id"]])
        taken = pl.concat([ties_of(self.parts)["id"], ties_of(gone)["id"]])
        frames = dict(absent.frames)
        is_known = pl.col("id").is_in(known.implode())
        is_taken = pl.col("id").is_in(taken.implode())
        frames["contact"] = pl.concat(
            [frames["contact"].filter(~is_known), gone.select(list(PUBLISHED["contact"]))]
        )
        frames["relationship"] = pl.concat(
            [frames["relationship"].filter(~is_taken), ties_of(gone)]
        )
        return Snapshot(frames)

    def folded(self, matched: Matched, shown: Snapshot) -> Matched:
        """What would be published, everybody who is the same being one."""
        return fold(matched, self.faces, shown.frames["contact"]["id"])

    def changes(self, matched: Matched, shown: Snapshot) -> Changes:
        """What publishing this would change, everybody who is the same being one.

        Args:
            matched: what would be published of parts.
            shown: what is published, of the same part of the district.
        """
        if self.is_nothing:
            return diff(matched.snapshot, shown, matched.merged)
        folded = self.folded(matched, shown)
        parts = parts_of(matched.snapshot, self.faces)
        changes = diff(folded.snapshot, shown, folded.merged)
        return replace(changes, parts=None if parts.equals(self.parts) else parts)


def decided(district_id: int, version: int, vocabulary: Vocabulary, *, since: int = 0) -> Decided:
    """Everything that is decided about a district's contacts, for a sync against that version.

    ``since`` is the first version whose deletions count.

    Raises:
        TryAgainLater: the database is away.
    """
    parts = same_person.parts(district_id, version)
    decisions = [one for one in same_person.in_force(district_id) if one.verdict != LATER]
    if not decisions and parts.is_empty():
        return Decided()
    faced = same_person.still_published(district_id, parts["face_id"].unique().to_list())
    is_here = pl.col("face_id").is_in(sorted(faced))
    gone = pl.concat([parts.filter(~is_here), same_person.gone_parts(district_id, since=since)])
    back = same_person.still_published(district_id, gone["id"].to_list())
    gone = gone.filter(~pl.col("id").is_in(sorted(back)))
    parts = parts.filter(is_here)
    decisions = followed(district_id, decisions, parts)
    who = faces(decisions, _published(district_id, decisions))
    groups = _groups(who)
    ids = sorted({*_barred(decisions, groups), *who["id"], *parts["id"], *gone["id"]})
    people = everybody(district_id, ids, pl.concat([parts, gone]), vocabulary)
    return Decided(
        faces=who,
        anchors=people.anchors(_barred(decisions, groups), who),
        parts=parts,
        gone=gone,
        keys=people.keys(),
        stamp=_stamp(decisions),
    )


def followed(
    district_id: int, decisions: Sequence[Decision], parts: pl.DataFrame
) -> list[Decision]:
    """The decisions, about whoever the ids that were merged by a delivery lead to.

    An id that leads to the other of its own pair stays itself: that is the pair that was decided.
    """
    ids = {id_ for one in decisions for id_ in one.pair} - set(parts["id"])
    leads = same_person.pointers(district_id, sorted(ids))
    published = same_person.still_published(district_id, sorted(leads))

    def now(id_: str, other: str) -> str:
        lead = None if id_ in published else leads.get(id_)
        return id_ if lead is None or lead.into_id == other else lead.into_id

    found = []
    for one in decisions:
        low, high = sorted((now(one.low_id, one.high_id), now(one.high_id, one.low_id)))
        if (low, high) == one.pair:
            found.append(one)
        elif low != high:
            found.append(_about(district_id, one, low, high))
    return found


def _about(district_id: int, decision: Decision, low: str, high: str) -> Decision:
    known = same_person.last_known(district_id, [low, high]).contacts
    legacy = {decision.low_id: decision.low_legacy_id, decision.high_id: decision.high_legacy_id}
    legacy |= dict(known.select("id", "legacy_id").iter_rows())
    if low not in legacy or high not in legacy:  # the record of where it led is gone
        return decision
    return replace(
        decision, low_id=low, high_id=high, low_legacy_id=legacy[low], high_legacy_id=legacy[high]
    )


def _published(district_id: int, decisions: Iterable[Decision]) -> set[str]:
    return same_person.still_published(
        district_id, sorted({id_ for one in decisions for id_ in one.pair})
    )


def _groups(who: pl.DataFrame) -> dict[str, list[str]]:
    """All who are the same as each id, itself too."""
    groups: dict[str, list[str]] = {}
    for id_, face in who.select("id", "face_id").iter_rows():
        groups.setdefault(face, []).append(id_)
    return {id_: ids for ids in groups.values() for id_ in ids}


def _barred(decisions: Iterable[Decision], groups: Mapping[str, list[str]]) -> list[str]:
    """Everybody who is told apart from somebody."""
    pairs = [one.pair for one in decisions if one.verdict == DIFFERENT]
    return sorted({one for pair in pairs for id_ in pair for one in groups.get(id_, [id_])})


def _stamp(decisions: Iterable[Decision]) -> str:
    told = "\n".join(sorted(f"{one.low_id} {one.high_id} {one.verdict}" for one in decisions))
    return hashlib.sha256(told.encode()).hexdigest() if told else ""


@dataclass(frozen=True, slots=True)
class Everybody:
    """Contacts, wherever they are kept: ``known`` with their ids, and as ``people``."""

    known: LastKnown
    people: People

    def anchors(self, ids: Sequence[str], who: pl.DataFrame) -> Anchors:
        """Those of these ids, as anchors; ``who`` is ``deciding.FACES``."""
        contacts = self.known.contacts.with_row_index("who").select("who", "id")
        chosen = contacts.filter(pl.col("id").is_in(ids)).join(
            who.select("id", "face_id"), on="id", how="left"
        )
        if chosen.is_empty():
            return Anchors.of_nobody()
        students = self.known.students.select(student_id="id", student_sis_id="sis_id")
        return Anchors.of(self.people.only(chosen["who"]), chosen, students)

    def keys(self) -> pl.DataFrame:
        """By what rows about them are found (``touched.TIES``), one key a row."""
        reach = reaches(self.people).select(pl.col("reach").hash().alias("phone"))
        numbers = self.known.contacts.drop_nulls("sis_id").select(id_hash("sis_id").alias("sis_id"))
        students = self.known.students.drop_nulls("sis_id").select(
            id_hash("sis_id").alias("student")
        )
        parts = [students, numbers, reach.with_columns(email="phone")]
        return pl.concat([_NO_KEYS, *parts], how="diagonal")


def everybody(
    district_id: int, ids: Sequence[str], parts: pl.DataFrame, vocabulary: Vocabulary
) -> Everybody:
    """The contacts of these ids: as parts where they are, else as they were published last.

    Raises:
        TryAgainLater: the database is away.
    """
    behind = parts.filter(pl.col("id").is_in(list(ids)))
    others = sorted({*ids} - {*behind["id"]})
    told = same_person.last_known(district_id, others)
    ties = ties_of(behind)
    students = same_person.students_of(district_id, ties["student_id"].unique().to_list())
    known = LastKnown(
        pl.concat([told.contacts, behind.select(list(PUBLISHED["contact"]))]).sort("id"),
        pl.concat([told.ties, ties]),
        pl.concat([told.students, students]).unique("id", keep="first", maintain_order=True),
    )
    return Everybody(known, People.published(known.contacts, known.ties, vocabulary))


def part_of(published: Published, who: pl.Series) -> Snapshot:
    """What is published of these contacts (hashes of ids), and of nothing else."""
    conditions = {
        "school": pl.lit(value=False),
        "student": pl.lit(value=False),
        "contact": id_hash("id").is_in(who.implode()),
        "relationship": id_hash("contact_id").is_in(who.implode()),
    }
    return Snapshot(
        {
            kind: published.frames[kind].filter(conditions[kind]).collect(engine="streaming")
            for kind in KINDS
        }
    )
