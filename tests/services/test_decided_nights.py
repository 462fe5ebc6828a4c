"""Nights of a district whose people have decided: narrow or whole, the same comes of them."""

import random
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from kinsync.domain.deciding import DIFFERENT, PARTS, SAME, faces, together
from kinsync.domain.frames import PUBLISHED, empty
from kinsync.domain.vocabulary import default_vocabulary
from kinsync.pipeline.fold import ties_of
from kinsync.pipeline.people import People
from kinsync.services.decided import Decided, Everybody
from kinsync.simulators.families import small_families
from kinsync.store.same_person import LastKnown
from tests.services.deciding import decision
from tests.services.test_narrow_nights import (
    FLAGS,
    NIGHTS,
    Night,
    Valley,
    assert_same,
    edit,
    written,
)

DECISIONS = 6


@dataclass
class Decisive(Valley):
    """A district without a database whose people decide about pairs of contacts."""

    pairs: dict[tuple[str, str], str] = field(default_factory=dict)
    legacy: dict[str, str] = field(default_factory=dict)
    gone: pl.DataFrame = field(default_factory=lambda: empty(PARTS))

    def decide(self, dice: random.Random) -> None:
        """Decide about a few pairs of those published, near ones above all."""
        named = self.published.snapshot().frames["contact"].sort("name")
        self.legacy |= dict(named.select("id", "legacy_id").iter_rows())
        for _ in range(DECISIONS):
            place = dice.randrange(named.height - 1)
            low, high = sorted((named["id"][place], named["id"][place + 1]))
            verdict = dice.choice([SAME, DIFFERENT])
            if self.is_possible((low, high), verdict):
                self.pairs[low, high] = verdict
        self.know()

    def is_possible(self, pair: tuple[str, str], verdict: str) -> bool:
        said = {**self.pairs, pair: verdict}
        groups = together(one for one, what in said.items() if what == SAME)
        return not any(
            groups.get(one, one) == groups.get(other, other)
            for (one, other), what in said.items()
            if what == DIFFERENT
        )

    def know(self) -> None:
        """What a sync is told of the decisions, from what is published and who is gone."""
        told = [decision(pair, what, self.legacy) for pair, what in self.pairs.items()]
        here = set(self.published.snapshot().frames["contact"]["id"])
        who, parts = faces(told, here), self.decided.parts
        barred = {id_ for (pair, what) in self.pairs.items() if what == DIFFERENT for id_ in pair}
        groups = dict(who.select("id", "face_id").iter_rows())
        barred |= {id_ for id_ in groups if groups[id_] in {groups.get(one) for one in barred}}
        gone = self.gone.filter(~pl.col("id").is_in(sorted(here)))
        ids = {*barred, *who["id"], *parts["id"], *gone["id"]}
        people = self.everybody(ids, pl.concat([parts, gone]))
        self.decided = Decided(
            faces=who,
            anchors=people.anchors(sorted(barred), who),
            parts=parts,
            gone=gone,
            keys=people.keys(),
        )

    def everybody(self, ids: set[str], parts: pl.DataFrame) -> Everybody:
        frames = [self.published.snapshot().frames, self.absent.frames]
        wanted, is_part = pl.col("id").is_in(sorted(ids)), pl.col("id").is_in(parts["id"].implode())
        behind = pl.col("contact_id").is_in(parts["id"].implode())
        contacts = pl.concat([one["contact"].filter(wanted, ~is_part) for one in frames])
        ties = pl.concat([one["relationship"].filter(~behind) for one in frames])
        contacts = pl.concat([contacts, parts.select(list(PUBLISHED["contact"]))]).sort("id")
        ties = pl.concat([ties, ties_of(parts)]).filter(
            pl.col("contact_id").is_in(contacts["id"].implode())
        )
        students = pl.concat([one["student"].select("id", "sis_id") for one in frames])
        students = students.filter(pl.col("id").is_in(ties["student_id"].implode())).unique("id")
        return Everybody(
            LastKnown(contacts, ties, students),
            People.published(contacts, ties, default_vocabulary()),
        )

    def publish(self, night: Night) -> None:
        super().publish(night)
        parts = night.compared.changes.parts
        if parts is not None:
            is_here = pl.col("id").is_in(parts["id"].implode())
            self.gone = pl.concat([self.decided.parts, self.gone]).unique("id", keep="first")
            self.gone = self.gone.filter(~is_here)
            self.decided = replace(self.decided, parts=parts)
        self.know()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), mess=st.sampled_from([1.0, 3.0]))
def test_a_narrow_night_with_decisions_is_the_whole_night(
    tmp_path: Path, seed: int, mess: float
) -> None:
    valley = Decisive(tmp_path)
    dice = random.Random(seed)
    frame = small_families(seed, students=20, mess=mess).file.fill_null("")
    frame = frame.with_columns(pl.lit("").alias(name) for name in FLAGS)
    columns = frame.columns
    table = [[re.sub(r"[\r\n]", " ", str(cell)) for cell in row] for row in frame.rows()]
    valley.publish(valley.look_at(written(table, columns, dice), narrowly=False))
    for night in range(NIGHTS):
        if night % 2 == 0:
            valley.decide(dice)
        content = written(table, columns, dice)
        part, whole = (valley.look_at(content, narrowly=one) for one in (True, False))
        assert_same(part, whole)
        valley.publish(part)
        assert_kept(valley)
        for pair in part.compared.changes.merged.rows():
            assert valley.pairs.get((min(pair), max(pair))) != DIFFERENT
        assert valley.look_at(content, narrowly=False).compared.changes.is_empty
        event(f"narrow: {part.was_narrow}, parts: {min(valley.decided.parts.height, 3)}")
        edit(table, dice, columns)


def assert_kept(valley: Decisive) -> None:
    """Nobody is published beside their face, and no id stands for two records."""
    frames = valley.published.snapshot().frames
    ids = set(frames["contact"]["id"])
    for id_, face in valley.decided.faces.select("id", "face_id").iter_rows():
        assert id_ == face or id_ not in ids
    for kind in ("contact", "relationship"):
        assert max(Counter(frames[kind]["id"]).values(), default=1) == 1
