"""What a share shows, and what an application is told when that changes."""

import polars as pl
import pytest
from hypothesis import given, settings
from tests.pipeline.sharing import shares, snapshots
from tests.store.people import record_id, same_of_all, snapshot

from kinsync.domain.changes import Snapshot
from kinsync.domain.errors import ChangeInput
from kinsync.domain.flags import read
from kinsync.domain.frames import KINDS
from kinsync.domain.share import EVERYTHING, Share, optional_fields, types
from kinsync.pipeline.diff import diff
from kinsync.pipeline.restrict import restricted
from kinsync.pipeline.visible import events, noticed, visible, without_contacts

Served = dict[tuple[str, str], object]


def served(snapshot: Snapshot, share: Share) -> Served:
    """What an application has of each record, and which fields of it, by kind and id."""
    shown = visible(snapshot, share).frames
    people = {row["id"]: row for row in shown["contact"].iter_rows(named=True)}
    ties = list(shown["relationship"].iter_rows(named=True))
    found: Served = {}
    for kind in KINDS:
        for row in shown[kind].iter_rows(named=True):
            said: dict[str, object] = {**row, "fields": share.columns(kind)}
            if kind == "contact":
                said["ties"] = [tie for tie in ties if tie["contact_id"] == row["id"]]
                said["tie fields"] = share.columns("relationship") if said["ties"] else None
            if kind == "relationship":
                said["person"] = people[row["contact_id"]], share.columns("contact")
            found[kind, row["id"]] = said
    return found


@settings(max_examples=50)
@given(before=snapshots(), after=snapshots(), was=shares(), now=shares())
def test_the_events_of_a_change_lead_from_what_was_seen_to_what_is_seen(
    before: Snapshot, after: Snapshot, was: Share, now: Share
) -> None:
    old, new = served(before, was), served(after, now)

    told = {(kind, id_): act for act, kind, id_ in events(before, after, was, now).iter_rows()}

    assert {key for key, act in told.items() if act == "created"} == new.keys() - old.keys()
    assert {key for key, act in told.items() if act == "deleted"} == old.keys() - new.keys()
    assert {key for key, act in told.items() if act == "updated"} == {
        key for key in new.keys() & old.keys() if new[key] != old[key]
    }


@settings(max_examples=50)
@given(before=snapshots(), after=snapshots(), share=shares())
def test_of_a_night_only_what_changed_needs_to_be_looked_at(
    before: Snapshot, after: Snapshot, share: Share
) -> None:
    old, new = ({kind: whole.frames[kind].lazy() for kind in KINDS} for whole in (before, after))

    part = noticed(old, new, diff(after, before), follow_students=share.limits_students)

    assert events(*part, share, share).equals(events(before, after, share, share))


@settings(max_examples=50)
@given(before=snapshots(), after=snapshots(), share=shares())
def test_nothing_is_told_before_what_it_refers_to(
    before: Snapshot, after: Snapshot, share: Share
) -> None:
    told = events(before, after, share, share)

    rank = {kind: place for place, kind in enumerate(KINDS)}
    coming = [rank[kind] for act, kind, _ in told.iter_rows() if act == "created"]
    going = [rank[kind] for act, kind, _ in told.iter_rows() if act == "deleted"]
    acts = told["act"].to_list()
    assert coming == sorted(coming)
    assert going == sorted(going, reverse=True)
    assert "deleted" not in acts[: len(acts) - len(going)]


@settings(max_examples=50)
@given(snapshot=snapshots(), share=shares())
def test_a_person_is_seen_with_the_students_who_are_shared_or_not_at_all(
    snapshot: Snapshot, share: Share
) -> None:
    shown = visible(snapshot, share).frames

    ties = shown["relationship"]
    assert set(ties["contact_id"]) == set(shown["contact"]["id"])
    assert set(ties["student_id"]) <= set(shown["student"]["id"])
    assert share.withheld.isdisjoint(shown["contact"]["id"])
    if share.types is not None:
        assert set(ties["type"]) <= share.types
    if share.flags is not None:
        told = [
            {name for name, word in read(text).items() if word == "Y"} for text in ties["flags"]
        ]
        assert all(share.flags & one for one in told)
    assert share.restricted or ties["restricted"].null_count() == ties.height


def test_who_is_restricted_to_one_student_is_seen_with_the_other() -> None:
    whole = snapshot(same_of_all({0: 0, 1: 1})).frames
    ties = whole["relationship"].with_columns(contact_id=pl.lit(record_id("contact", 0)))
    barred = pl.when(pl.col("student_id") == record_id("student", 1)).then(pl.lit("Y"))
    told = restricted(Snapshot({**whole, "relationship": ties.with_columns(restricted=barred)}))

    shown = visible(told, EVERYTHING).frames
    assert shown["relationship"]["student_id"].to_list() == [record_id("student", 0)]
    assert shown["contact"].height == 2
    assert visible(told, Share(restricted=True)).frames["relationship"].height == 2
    assert (
        visible(told, Share(schools=None, flags=frozenset({"pick_up"})))
        .frames["relationship"]
        .is_empty()
    )


@settings(max_examples=50)
@given(snapshot=snapshots(), share=shares())
def test_a_share_is_kept_as_json_and_back(snapshot: Snapshot, share: Share) -> None:
    assert Share.from_json(share.as_json()) == share


@settings(max_examples=50)
@given(snapshot=snapshots())
def test_no_share_takes_no_contact_away(snapshot: Snapshot) -> None:
    nobody = Share(types=frozenset())

    assert without_contacts(snapshot, Share(restricted=True)) == 0
    with_contacts = snapshot.frames["relationship"]["student_id"].n_unique()
    assert without_contacts(snapshot, nobody) == with_contacts


@pytest.mark.parametrize(
    ("unknown", "advice"),
    [("Primry", "'Primary'"), ("Guardian", "'Parent/Guardian'"), ("Neighbour", "Known: Primary,")],
)
def test_a_type_that_is_none_is_refused_with_the_nearest(unknown: str, advice: str) -> None:
    with pytest.raises(ChangeInput, match=advice):
        types([unknown])


def test_fields_are_named_one_by_one_or_by_kind() -> None:
    assert optional_fields(["contact.EMAIL"]) == {"contact.email"}
    assert optional_fields(["contact", "student.dob"]) == {
        "contact.phone", "contact.phone_type", "contact.email", "contact.sis_id",
        "contact.relationship", "student.dob",
    }  # fmt: skip


def test_a_share_that_limits_something_unknown_is_refused() -> None:
    with pytest.raises(ChangeInput, match="'sections'"):
        Share.from_json({"sections": ["1"]})


def test_a_field_that_is_left_out_is_not_among_the_columns_that_are_served() -> None:
    share = Share(fields=frozenset({"contact.email"}))

    assert "email" in share.columns("contact")
    assert "phone" not in share.columns("contact")
    assert share.is_open
    assert pl.Series(share.columns("student")).is_in(["dob"]).sum() == 0
