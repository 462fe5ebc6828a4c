"""Whoever reads as before need not be looked at: the part says what the whole would say."""

from dataclasses import replace

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from tests.pipeline.families import EDITS, edited, families
from tests.pipeline.snapshots import WORDS, District, Person, Tie, counter, incoming

from kinsync.domain.changes import Changes, Snapshot
from kinsync.domain.frames import KINDS
from kinsync.pipeline.census import census, census_after
from kinsync.pipeline.diff import diff
from kinsync.pipeline.match import match
from kinsync.pipeline.settle import Unsettled, id_hash, prints, published_prints, settle

laws = settings(max_examples=15)
HIGH = 10**6


def unsettled(people: list[Person], published: Snapshot) -> Unsettled:
    frames = incoming(people)
    ours = prints([frames["student"]], [frames["contact"]], [frames["relationship"]])
    lazy = {kind: frame.lazy() for kind, frame in published.frames.items()}
    return settle(ours, published_prints(lazy))


def changes_of_whole(people: list[Person], district: District) -> Changes:
    matched = match(incoming(people), district.published, district.absent, counter(HIGH), WORDS)
    return diff(matched.snapshot, district.published, matched.merged)


def changes_of_part(people: list[Person], district: District) -> Changes:
    left = unsettled(people, district.published)
    frames, before = incoming(people), district.published.frames
    is_told = id_hash("sis_id").is_in(left.students.implode())
    is_here = pl.col("contact").is_in(left.incoming.implode())
    part = {
        "school": frames["school"],
        "student": frames["student"].filter(is_told),
        "contact": frames["contact"].filter(is_here),
        "relationship": frames["relationship"].filter(is_here),
    }
    published = {
        "school": before["school"],
        "student": before["student"].filter(is_told),
        "contact": before["contact"].filter(id_hash("id").is_in(left.published.implode())),
        "relationship": before["relationship"].filter(
            id_hash("contact_id").is_in(left.published.implode())
        ),
    }
    matched = match(part, Snapshot(published), district.absent, counter(HIGH), WORDS)
    return diff(matched.snapshot, Snapshot(published), matched.merged)


def assert_same(one: Changes, other: Changes) -> None:
    assert_frame_equal(one.merged, other.merged)
    for kind in KINDS:
        for part in ("created", "updated", "previous", "deleted"):
            assert_frame_equal(getattr(one.kinds[kind], part), getattr(other.kinds[kind], part))


@laws
@given(st.data(), families(), families())
def test_a_night_in_part_is_the_night_in_whole(
    data: st.DataObject, first: list[Person], others: list[Person]
) -> None:
    """Some stay, some are edited, some go, and those of another district come in between."""
    district = District()
    district.sync(first)
    stay = data.draw(st.lists(st.sampled_from(first), unique_by=lambda one: one.truth))
    district.sync(stay)
    edits = data.draw(st.lists(st.sampled_from([None, *EDITS]), min_size=len(first)))
    after = [edited(one, edit) if edit else one for one, edit in zip(first, edits, strict=False)]
    come = data.draw(st.lists(st.sampled_from(others), max_size=2, unique_by=lambda one: one.truth))
    night = data.draw(st.permutations([*after, *come]))

    assert_same(changes_of_part(night, district), changes_of_whole(night, district))


@laws
@given(families(), families())
def test_the_census_after_changes_is_the_census_of_what_they_make(
    first: list[Person], second: list[Person]
) -> None:
    district = District()
    district.sync(first)
    before = census(district.published.frames)
    changes = district.sync(second)

    assert census_after(before, changes) == census(district.published.frames)


def test_a_night_without_changes_leaves_nothing_to_look_at() -> None:
    district = District()
    people = [Person(f"P{n}", f"Ada {n}bergh", (Tie(f"S{n}"),), f"206555{n:04}") for n in range(9)]
    district.sync(people)

    left = unsettled(people[::-1], district.published)

    assert (left.incoming.len(), left.published.len(), left.students.len()) == (0, 0, 0)


def test_whoever_shares_something_with_the_changed_is_looked_at_too() -> None:
    """The same student, the same phone, the same SIS id; the one apart stays apart."""
    district = District()
    changed = Person("A", "Ada Byron", (Tie("S1"),), "2065550101", sis_id="C1")
    people = [
        changed,
        Person("B", "Ben Byron", (Tie("S1"),)),
        Person("C", "Cleo Park", (Tie("S2"),), "12065550101"),
        Person("D", "Dot Reyes", (Tie("S3"),), sis_id="C1"),
        Person("E", "Eli Stone", (Tie("S4"),), "2065550199"),
    ]
    district.sync(people)

    left = unsettled([replace(changed, email="ada@example.org"), *people[1:]], district.published)

    assert sorted(left.incoming) == [0, 1, 2, 3]
    assert left.published.len() == 4
    assert left.students.len() == 3
