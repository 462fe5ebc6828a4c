"""What a dead process, another district or a lost cache leaves to the next sync."""

import os
from dataclasses import replace

from kinsync.store import records
from kinsync.store.storage import Storage
from tests.services.office import Office, is_same, totals
from tests.services.pupils import mother
from tests.services.test_sync import SCHOOL, instead
from tests.store.disk import on_disk


def test_a_sync_whose_process_died_is_marked_failed_by_the_next(office: Office) -> None:
    died = records.start_sync(office.district, at=office.day)

    office.sync(SCHOOL)

    assert office.state(died.id) == "failed"
    assert "process" in records.find_sync(office.id, died.id).error


def test_districts_of_one_home_do_not_touch_each_other(office: Office) -> None:
    neighbour = Office("Hillside", office.home)
    office.sync(SCHOOL)
    before = office.published()
    abandoned = records.start_sync(office.district, at=office.day)
    held = office.sync(SCHOOL[:4])

    neighbour.sync([replace(line, phone="4255550199") for line in SCHOOL])
    neighbour.sync(SCHOOL[:20])

    assert is_same(office.published(), before)
    assert office.state(held.sync.id) == "held"
    assert office.state(abandoned.id) == "failed"
    mine = set(office.named()["contact_id"]) | set(office.named()["id"])
    assert not mine & (set(neighbour.named()["contact_id"]) | set(neighbour.named()["id"]))


def test_a_lost_cache_costs_time_and_nothing_else(office: Office) -> None:
    office.sync(SCHOOL)
    before = office.published()
    district = on_disk(Storage(office.home).district(office.district.public_id))
    for folder in district.glob("v*"):
        for file in folder.iterdir():
            os.truncate(file, 3)

    outcome = office.sync(instead(mother(0), replace(mother(0), phone="4255550199")))

    assert totals(outcome.changes) == {"created": 0, "updated": 1, "deleted": 0}
    assert set(office.named()["contact_id"]) == set(before.frames["contact"]["id"])
