"""Laws of match and diff, on random small families whose truth is known."""

from collections import defaultdict

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from tests.pipeline.families import EDITS, adult, edited, families
from tests.pipeline.snapshots import WORDS, District, Person, Tie, counter, ids_by_truth, incoming

from kinsync.domain.changes import Changes, Snapshot
from kinsync.domain.frames import KINDS
from kinsync.pipeline.diff import diff
from kinsync.pipeline.match import match

laws = settings(max_examples=15)


def publish(people: list[Person]) -> tuple[District, dict[str, str]]:
    district = District()
    district.sync(people)
    return district, truth_ids(district, people)


def truth_ids(district: District, people: list[Person]) -> dict[str, str]:
    assert district.matched is not None
    return ids_by_truth(people, district.matched)


def assert_same(one: Snapshot, other: Snapshot) -> None:
    for kind in KINDS:
        assert_frame_equal(one.frames[kind].sort("id"), other.frames[kind].sort("id"))


def apply(changes: Changes, snapshot: Snapshot) -> Snapshot:
    """The snapshot after the changes: what publish does, in a line per kind."""
    frames = {}
    for kind in KINDS:
        of_kind = changes.kinds[kind]
        gone = pl.concat([of_kind.updated["id"], of_kind.deleted["id"]])
        kept = snapshot.frames[kind].filter(~pl.col("id").is_in(gone.implode()))
        frames[kind] = pl.concat([kept, of_kind.updated, of_kind.created])
    return Snapshot(frames)


@laws
@given(st.data(), families(), st.sampled_from(EDITS))
def test_one_edit_and_shuffled_rows_change_no_id(
    data: st.DataObject, people: list[Person], edit: str
) -> None:
    district, was = publish(people)
    place = data.draw(st.integers(0, len(people) - 1))
    after = [*people[:place], edited(people[place], edit), *people[place + 1 :]]
    after = data.draw(st.permutations(after))

    changes = district.sync(after)

    assert truth_ids(district, after) == was
    assert changes.kinds["contact"].created.is_empty()
    assert changes.merged.is_empty()


@laws
@given(families(), st.sampled_from(["phone", "email", "phone and email", "type", "sis_id"]))
def test_an_edit_of_everybody_at_once_changes_no_id(people: list[Person], edit: str) -> None:
    district, was = publish(people)
    after = [edited(one, edit) for one in people]

    district.sync(after)

    assert truth_ids(district, after) == was


@laws
@given(st.data(), families(), families())
def test_the_order_of_rows_decides_nothing(
    data: st.DataObject, first: list[Person], second: list[Person]
) -> None:
    one, other = District(), District()
    for night in (first, second):
        one.sync(night)
        other.sync(data.draw(st.permutations(night)))

    assert_same(one.published, other.published)


@laws
@given(st.data(), families())
def test_who_is_absent_a_night_returns_with_all_ids(
    data: st.DataObject, people: list[Person]
) -> None:
    district, _ = publish(people)
    was = district.published
    stay = data.draw(st.lists(st.sampled_from(people), unique_by=lambda one: one.truth))

    district.sync(stay)
    district.sync(people)

    assert_same(district.published, was)


@laws
@given(st.data(), families(), st.integers(2, 5))
def test_an_id_never_stands_for_two_people_nor_a_person_for_two_ids(
    data: st.DataObject, people: list[Person], nights: int
) -> None:
    """People come, leave, return and change, one thing a night; a landline stays in the house."""
    district = District()
    here, away = list(people), list[Person]()
    people_of, ids_of = defaultdict(set), defaultdict(set)
    for night in range(nights):
        district.sync(here)
        for truth, contact in truth_ids(district, here).items():
            people_of[contact].add(truth)
            ids_of[truth].add(contact)
        leave = data.draw(st.lists(st.sampled_from(here), unique_by=lambda one: one.truth))
        stay = [one for one in here if one not in leave]
        edits = data.draw(st.lists(st.sampled_from(EDITS), min_size=len(stay), max_size=len(stay)))
        stay = [
            edited(*pair) if data.draw(st.booleans()) else pair[0]
            for pair in zip(stay, edits, strict=True)
        ]
        reach = data.draw(st.sampled_from(["landline", "cell", "none"]))
        here, away = [*stay, *away, adult(4 + night, 0, (Tie("S00"),), reach)], leave

    assert all(len(truths) == 1 for truths in people_of.values())
    assert all(len(contacts) == 1 for contacts in ids_of.values())


@laws
@given(families())
def test_match_is_idempotent(people: list[Person]) -> None:
    district, _ = publish(people)
    new_ids = counter(10**6)

    again = match(incoming(people), district.published, Snapshot.of_nothing(), new_ids, WORDS)

    assert_same(again.snapshot, district.published)
    assert new_ids(1).item() == f"{10**6:024x}"


@laws
@given(families())
def test_a_snapshot_differs_from_itself_in_nothing(people: list[Person]) -> None:
    district, _ = publish(people)

    assert diff(district.published, district.published).is_empty


@laws
@given(families(), families())
def test_what_differs_makes_one_snapshot_of_the_other(
    first: list[Person], second: list[Person]
) -> None:
    district, _ = publish(first)
    before = district.published

    changes = district.sync(second)

    assert_same(apply(changes, before), district.published)
    for kind in KINDS:
        of_kind = changes.kinds[kind]
        assert of_kind.updated["id"].to_list() == of_kind.previous["id"].to_list()


@laws
@given(families(), families())
def test_every_relationship_has_its_two_ends(first: list[Person], second: list[Person]) -> None:
    district, _ = publish(first)
    district.sync(second)

    frames = district.published.frames
    for kind in ("contact", "student"):
        ends = frames["relationship"][f"{kind}_id"]
        assert set(ends) <= set(frames[kind]["id"])
    for kind in KINDS:
        assert frames[kind]["id"].is_unique().all()
        assert frames[kind]["id"].null_count() == 0
