"""What is said of why an application sees nothing agrees with what it sees."""

from hypothesis import given

from kinsync.domain.changes import Snapshot
from kinsync.domain.share import Share
from kinsync.pipeline.visible import visible
from kinsync.services.browse import Row
from kinsync.services.sight import WITHHELD, of_contact, why_no_contact, why_no_student
from tests.pipeline.sharing import shares, snapshots


def ties_of(snapshot: Snapshot, contact: str) -> list[Row]:
    """The relationships of a contact, each with its student, as the Data Browser has them."""
    students = {row["id"]: row for row in snapshot.frames["student"].to_dicts()}
    return [
        {**students[tie["student_id"]], **tie}
        for tie in snapshot.frames["relationship"].to_dicts()
        if tie["contact_id"] == contact
    ]


@given(snapshots(), shares())
def test_a_relationship_is_seen_where_nothing_is_said_against_it(
    snapshot: Snapshot, share: Share
) -> None:
    seen = set(visible(snapshot, share).frames["relationship"]["id"])

    for contact in snapshot.frames["contact"].to_dicts():
        ties = ties_of(snapshot, contact["id"])
        hidden = of_contact(share, contact, ties)
        assert len(hidden) == sum(tie["id"] not in seen for tie in ties)


@given(snapshots(), shares())
def test_whoever_is_not_seen_has_a_reason_and_whoever_is_seen_has_none_for_some_student(
    snapshot: Snapshot, share: Share
) -> None:
    frames = visible(snapshot, share).frames
    seen = {*frames["contact"]["id"], *frames["student"]["id"]}

    for contact in snapshot.frames["contact"].to_dicts():
        ties = ties_of(snapshot, contact["id"])
        if contact["id"] not in seen:
            assert all(why_no_contact(share, contact, ties))
        else:
            assert len(of_contact(share, contact, ties)) < len(ties)
    for student in snapshot.frames["student"].to_dicts():
        if student["id"] not in seen:
            assert "not shared" in why_no_student(share, student)[0]


def test_of_somebody_withheld_that_alone_is_said() -> None:
    tie = {"first_name": "Leda", "last_name": "Vale", "restricted": "Y"}

    assert why_no_contact(Share(withheld=frozenset("a")), {"id": "a"}, [tie]) == [WITHHELD]
