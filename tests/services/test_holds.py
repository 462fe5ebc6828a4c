"""A hold keeps what is published until a person decides, and a decision is about one diff alone."""

import shutil
from dataclasses import replace

import pytest

from kinsync.domain.errors import ChangeInput, Conflict, NotFound
from kinsync.services.holds import approve, discard, held_sync
from kinsync.services.restore import restore
from kinsync.services.sync import Outcome
from kinsync.store import snapshots
from kinsync.store.storage import Storage
from tests.services.office import Office, is_same, totals
from tests.services.pupils import Line, mother, school_of, uncle
from tests.store.disk import on_disk

SCHOOL = school_of(12)
HALF = school_of(6)


@pytest.fixture
def held(office: Office) -> Outcome:
    """A sync that would delete half the school, and waits."""
    office.sync(SCHOOL)
    return office.sync(HALF)


def changed(lines: list[Line], phone: str = "4255550199") -> list[Line]:
    """The same lines with one phone that is new."""
    return [replace(lines[0], phone=phone), *lines[1:]]


def test_a_loss_of_half_the_district_is_held_with_its_reasons(
    office: Office, held: Outcome
) -> None:
    assert held.sync.state == "held"
    assert "12 of 24 contacts would be deleted" in " ".join(held.sync.reasons)
    assert office.version == 1
    assert office.students() == {line.student for line in SCHOOL}


def test_a_held_sync_shows_the_changes_it_waits_with(office: Office, held: Outcome) -> None:
    shown = held_sync(office.district, office.tools)

    assert held.changes is not None
    assert shown.sync.id == held.sync.id
    assert shown.changes.counts() == held.changes.counts()
    assert totals(shown.changes) == {"created": 0, "updated": 0, "deleted": 30}


def test_approval_publishes_exactly_what_was_held(office: Office, held: Outcome) -> None:
    before = office.published()
    ids = [office.ids(line) for line in HALF]

    approved = approve(office.district, office.tools, sync_id=held.sync.id)

    assert (approved.id, approved.state) == (held.sync.id, "published")
    assert approved.version == office.version == 2
    assert snapshots.changes_of(office.id, 2).counts() == totals_by_kind(held)
    assert [office.ids(line) for line in HALF] == ids
    assert is_same(snapshots.as_of(office.id, 1), before)


def totals_by_kind(outcome: Outcome) -> dict[str, dict[str, int]]:
    assert outcome.changes is not None
    return outcome.changes.counts()


def test_what_was_approved_is_published_already_when_it_is_sent_again(
    office: Office, held: Outcome
) -> None:
    approve(office.district, office.tools)

    assert office.sync(HALF).sync.state == "unchanged"
    assert office.reads == []


def test_after_approval_the_next_night_goes_on_from_there(office: Office, held: Outcome) -> None:
    approve(office.district, office.tools)

    night = office.sync(changed(HALF))

    assert totals(night.changes) == {"created": 0, "updated": 1, "deleted": 0}
    assert office.version == 3


def test_a_discarded_sync_is_forgotten(office: Office, held: Outcome) -> None:
    discard(office.district, office.tools, sync_id=held.sync.id)

    assert office.state(held.sync.id) == "discarded"
    assert office.version == 1
    with pytest.raises(NotFound, match="No sync of Lakeside is held"):
        approve(office.district, office.tools)


def test_a_discarded_file_that_is_sent_again_is_held_again(office: Office, held: Outcome) -> None:
    discard(office.district, office.tools)

    again = office.sync(HALF)

    assert again.sync.state == "held"
    assert again.sync.id != held.sync.id


def test_a_held_file_that_is_sent_again_is_held_anew(office: Office, held: Outcome) -> None:
    again = office.sync(HALF)

    assert (office.state(held.sync.id), again.sync.state) == ("replaced", "held")


NEWER = {
    "goes through": changed(SCHOOL),
    "is held too": school_of(5),
    "changes nothing": [*SCHOOL, SCHOOL[0]],
    "is what is published": SCHOOL,
}


@pytest.mark.parametrize("newer", NEWER)
def test_a_newer_upload_replaces_a_held_sync(office: Office, held: Outcome, newer: str) -> None:
    office.sync(NEWER[newer])

    assert office.state(held.sync.id) == "replaced"


def test_approval_of_a_sync_that_was_replaced_is_refused(office: Office, held: Outcome) -> None:
    newer = office.sync(school_of(5))

    with pytest.raises(Conflict, match=f"sync {newer.sync.id} is"):
        approve(office.district, office.tools, sync_id=held.sync.id)
    assert office.version == 1
    assert office.state(newer.sync.id) == "held"


def test_discarding_a_sync_that_was_replaced_is_refused(office: Office, held: Outcome) -> None:
    newer = office.sync(school_of(5))

    with pytest.raises(Conflict):
        discard(office.district, office.tools, sync_id=held.sync.id)
    assert office.state(newer.sync.id) == "held"


def test_a_preview_leaves_a_held_sync_to_be_decided(office: Office, held: Outcome) -> None:
    office.sync(changed(SCHOOL), is_preview=True)

    assert office.state(held.sync.id) == "held"
    assert approve(office.district, office.tools, sync_id=held.sync.id).version == 2


def test_a_preview_of_a_great_loss_says_that_it_would_be_held(office: Office) -> None:
    office.sync(SCHOOL)

    preview = office.sync(HALF, is_preview=True)

    assert preview.sync.state == "previewed"
    assert preview.reasons
    with pytest.raises(NotFound):
        held_sync(office.district, office.tools)


def test_approval_after_another_publish_is_a_conflict(office: Office) -> None:
    office.sync(SCHOOL)
    office.sync(changed(SCHOOL))
    held = office.sync(HALF)
    restore(office.district, 1, office.tools)
    before = office.published()

    with pytest.raises(Conflict, match=r"Sync again\."):
        approve(office.district, office.tools, sync_id=held.sync.id)
    assert office.version == 3
    assert is_same(office.published(), before)


def test_approving_twice_publishes_once(office: Office, held: Outcome) -> None:
    approve(office.district, office.tools, sync_id=held.sync.id)

    with pytest.raises(NotFound):
        approve(office.district, office.tools, sync_id=held.sync.id)
    assert office.version == 2


def test_a_diff_that_is_lost_cannot_be_approved(office: Office, held: Outcome) -> None:
    shutil.rmtree(on_disk(Storage(office.home).sync(office.district.public_id, held.sync.id)))

    with pytest.raises(ChangeInput, match="Sync the district's file again"):
        approve(office.district, office.tools)
    assert office.version == 1


def test_a_diff_that_is_lost_can_be_discarded(office: Office, held: Outcome) -> None:
    shutil.rmtree(office.home / "storage")

    assert discard(office.district, office.tools).state == "discarded"
    with pytest.raises(NotFound):
        held_sync(office.district, office.tools)


def test_the_hold_of_one_district_is_not_the_hold_of_another(office: Office, held: Outcome) -> None:
    neighbour = Office("Hillside", office.home)
    neighbour.sync(SCHOOL)

    with pytest.raises(NotFound):
        approve(neighbour.district, neighbour.tools, sync_id=held.sync.id)
    assert office.state(held.sync.id) == "held"


def test_those_who_were_away_through_an_approved_loss_return_as_they_were(
    office: Office, held: Outcome
) -> None:
    was = office.ids(uncle(11))
    approve(office.district, office.tools)

    office.sync(SCHOOL)

    assert office.ids(uncle(11)) == was
    assert office.ids(mother(0))
