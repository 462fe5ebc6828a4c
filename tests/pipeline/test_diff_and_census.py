"""What differs between two snapshots, and what a snapshot amounts to."""

from dataclasses import replace

from tests.pipeline.snapshots import District, Person, Tie

from kinsync.domain.changes import Snapshot
from kinsync.domain.frames import KINDS
from kinsync.pipeline.census import census
from kinsync.pipeline.diff import diff

ANA = Person("ana", "Ana Ruiz", phone="5035550101", email="ana@example.org")
BO = Person("bo", "Bo Ek", (Tie("S2"),), phone="5035550102")


def snapshot(*people: Person) -> Snapshot:
    district = District()
    district.sync(people)
    return district.published


def test_an_update_brings_every_previous_value() -> None:
    district = District()
    district.sync([ANA, BO])
    changes = district.sync([replace(ANA, phone="5035550199"), BO]).kinds["contact"]

    assert changes.counts() == {"created": 0, "updated": 1, "deleted": 0}
    assert changes.updated["phone"].to_list() == ["5035550199"]
    assert changes.previous["phone"].to_list() == ["5035550101"]
    assert changes.updated.drop("phone").equals(changes.previous.drop("phone"))


def test_from_nothing_everything_is_created_and_to_nothing_deleted() -> None:
    there = snapshot(ANA, BO)
    nothing = Snapshot.of_nothing()
    came, went = diff(there, nothing), diff(nothing, there)

    for kind in KINDS:
        frame = there.frames[kind].sort("id")
        assert came.kinds[kind].created.equals(frame)
        assert went.kinds[kind].deleted.equals(frame)
        assert came.kinds[kind].updated.is_empty()
        assert went.kinds[kind].updated.is_empty()


def test_a_value_that_goes_or_comes_is_a_change_and_a_blank_is_none() -> None:
    district = District()
    district.sync([ANA, replace(BO, phone=None)])
    changes = district.sync([replace(ANA, email=None), replace(BO, phone=None)]).kinds["contact"]

    assert changes.updated["email"].to_list() == [None]
    assert changes.previous["email"].to_list() == ["ana@example.org"]


def test_changes_come_in_the_order_of_ids() -> None:
    created = diff(snapshot(ANA, BO), Snapshot.of_nothing()).kinds["contact"].created

    assert created["id"].is_sorted()


def test_a_census_counts_records_phones_addresses_and_students_by_school() -> None:
    counts = census(snapshot(ANA, replace(BO, email=None)).frames)

    assert counts.counts == {"school": 1, "student": 2, "contact": 2, "relationship": 2}
    assert (counts.with_phone, counts.with_email) == (2, 1)
    assert counts.students_by_school == {"H1": 2}
    assert not counts.is_empty
    assert census(Snapshot.of_nothing().frames).is_empty
