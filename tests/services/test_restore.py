"""An earlier version can be published again, under the ids it had, and nothing is forgotten."""

from dataclasses import replace

import pytest

from kinsync.domain.errors import ChangeInput, NotFound
from kinsync.services.restore import restore
from kinsync.store import records, snapshots
from tests.services.office import Office, is_same, totals
from tests.services.pupils import mother, school_of, uncle

SCHOOL = school_of(12)
NIGHT = [
    replace(mother(0), phone="4255550199"),  # changed
    *(line for line in SCHOOL if line not in (mother(0), uncle(1))),  # one is gone
    replace(uncle(2), name="Gwendolyn Pemberton", phone="4255550123", type="Other"),  # one is new
]


@pytest.fixture
def two_nights(office: Office) -> Office:
    office.sync(SCHOOL)
    office.sync(NIGHT)
    return office


def test_a_restored_version_has_its_content_and_its_ids(two_nights: Office) -> None:
    run, changes = restore(two_nights.district, 1, two_nights.tools)

    assert (run.state, run.version) == ("published", 3)
    assert is_same(two_nights.published(), snapshots.as_of(two_nights.id, 1))
    assert totals(changes)["updated"] == 1
    assert two_nights.row(mother(0))["phone"] == mother(0).phone


def test_versions_list_where_each_came_from(two_nights: Office) -> None:
    restore(two_nights.district, 1, two_nights.tools)

    listed = records.list_versions(two_nights.id)
    assert [(version.number, version.origin) for version in listed] == [
        (3, "restore"),
        (2, "sync"),
        (1, "sync"),
    ]


def test_a_restore_can_be_undone_by_a_restore(two_nights: Office) -> None:
    night = two_nights.published()
    restore(two_nights.district, 1, two_nights.tools)

    restore(two_nights.district, 2, two_nights.tools)

    assert two_nights.version == 4
    assert is_same(two_nights.published(), night)


def test_whoever_was_new_and_restored_away_returns_with_the_same_ids(two_nights: Office) -> None:
    was = two_nights.ids(NIGHT[-1])
    restore(two_nights.district, 1, two_nights.tools)
    assert "Gwendolyn Pemberton" not in two_nights.names("S002")

    two_nights.sync(NIGHT)

    assert two_nights.ids(NIGHT[-1]) == was


def test_the_night_after_a_restore_is_compared_with_what_was_restored(two_nights: Office) -> None:
    restore(two_nights.district, 1, two_nights.tools)

    again = two_nights.sync(SCHOOL)

    assert again.sync.state == "unchanged"
    assert two_nights.version == 3


def test_the_published_version_cannot_be_restored(two_nights: Office) -> None:
    with pytest.raises(ChangeInput, match="Version 2 is what Lakeside publishes now"):
        restore(two_nights.district, 2, two_nights.tools)
    assert two_nights.version == 2


@pytest.mark.parametrize("version", [-1, 0, 3, 99])
def test_a_version_that_never_was_cannot_be_restored(two_nights: Office, version: int) -> None:
    with pytest.raises(NotFound, match=f"no version {version}"):
        restore(two_nights.district, version, two_nights.tools)
    assert two_nights.version == 2
    assert "running" not in {sync.state for sync in records.list_syncs(two_nights.id)}


def test_a_district_without_versions_says_so(office: Office) -> None:
    with pytest.raises(NotFound):
        restore(office.district, 1, office.tools)


def test_a_restore_ends_what_died_before_it(two_nights: Office) -> None:
    died = records.start_sync(two_nights.district, at=two_nights.day)

    restore(two_nights.district, 1, two_nights.tools)

    assert two_nights.state(died.id) == "failed"


def test_a_version_with_the_same_content_can_still_be_restored(two_nights: Office) -> None:
    restore(two_nights.district, 1, two_nights.tools)

    run, changes = restore(two_nights.district, 1, two_nights.tools)

    assert changes.is_empty
    assert run.version == 4
