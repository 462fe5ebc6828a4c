"""Fold: who is decided to be the same is one contact, whichever way it is put together."""

from random import Random

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from tests.pipeline.families import families
from tests.pipeline.snapshots import WORDS, Person, Tie, counter, incoming
from tests.pipeline.tables import laws

from kinsync.domain.changes import Changes, Matched, Snapshot
from kinsync.domain.deciding import FACES
from kinsync.domain.frames import KINDS
from kinsync.pipeline.fold import fold, parts_of, unfolded
from kinsync.pipeline.match import match

ADA = Person("ada", "Ada Lovelace", (Tie("S1"),), "5035550101", "ada@example.org")
AUGUSTA = Person(
    "ada", "Augusta Ada Lovelace", (Tie("S1", "Emergency"), Tie("S2")), "5035550102", None, "C7"
)


def district(*people: Person) -> Snapshot:
    nothing = Snapshot.of_nothing()
    return match(incoming(people), nothing, nothing, counter(), WORDS).snapshot


def as_matched(snapshot: Snapshot) -> Matched:
    return Matched(snapshot, Changes({}).merged)


def all_under(snapshot: Snapshot, ids: list[str]) -> pl.DataFrame:
    """``FACES``: these contacts are the same as the first of them."""
    legacy = dict(snapshot.frames["contact"].select("id", "legacy_id").iter_rows())
    face = min(ids)
    rows = [(id_, face, legacy[face]) for id_ in ids]
    return pl.DataFrame(rows, schema=FACES, orient="row")


def folded(snapshot: Snapshot, faces: pl.DataFrame) -> Matched:
    return fold(as_matched(snapshot), faces, snapshot.frames["contact"]["id"])


def same(one: Snapshot, other: Snapshot) -> None:
    for kind in KINDS:
        assert_frame_equal(one.frames[kind].sort("id"), other.frames[kind].sort("id"))


def test_two_become_one_with_everything_that_either_has() -> None:
    before = district(ADA, AUGUSTA)
    ids = before.frames["contact"]["id"].to_list()

    one = folded(before, all_under(before, ids))

    [contact] = one.snapshot.frames["contact"].to_dicts()
    assert contact["id"] == min(ids)
    assert contact["name"] == "Augusta Ada Lovelace"
    assert contact["sis_id"] == "C7"
    assert contact["phone"] == "5035550101"
    assert '"5035550102"' in contact["more_phones"]
    assert contact["email"] == "ada@example.org"
    assert one.snapshot.frames["relationship"].height == 3
    assert one.merged.rows() == [(max(ids), min(ids))]


def test_what_both_are_to_a_student_is_said_once() -> None:
    before = district(ADA, Person("ada", "Augusta Ada Lovelace", phone="5035550102"))
    ids = before.frames["contact"]["id"].to_list()

    ties = folded(before, all_under(before, ids)).snapshot.frames["relationship"]

    assert ties["id"].to_list() == [before.frames["relationship"]["id"].min()]


@laws
@given(families(), st.randoms(use_true_random=False))
def test_unfolding_what_was_folded_gives_back_what_was(people: list[Person], dice: Random) -> None:
    before = district(*people)
    ids = before.frames["contact"]["id"].to_list()
    faces = all_under(before, sorted(dice.sample(ids, dice.randint(1, len(ids)))))
    parts = parts_of(before, faces)

    one = folded(before, faces).snapshot

    lazy = {kind: frame.lazy() for kind, frame in one.frames.items()}
    apart = {kind: frame.collect() for kind, frame in unfolded(lazy, parts).items()}
    same(Snapshot(apart), before)


@laws
@given(families(), st.randoms(use_true_random=False))
def test_the_order_in_which_people_are_folded_changes_nothing(
    people: list[Person], dice: Random
) -> None:
    before = district(*people)
    ids = before.frames["contact"]["id"].to_list()
    at_once = folded(before, all_under(before, ids)).snapshot

    step = before
    rest = sorted(ids)[1:]
    dice.shuffle(rest)
    for id_ in rest:
        step = folded(step, all_under(before, [min(ids), id_])).snapshot
    shuffled = Snapshot(
        {
            kind: frame.sample(fraction=1, shuffle=True, seed=3)
            for kind, frame in step.frames.items()
        }
    )

    same(step, at_once)
    same(folded(shuffled, all_under(before, ids)).snapshot, at_once)
