"""What a district has uploaded is synced once, the newest of all its files."""

from dataclasses import replace

import pytest

from kinsync.services.arrivals import sync_arrived
from kinsync.services.arrived import Arrivals
from kinsync.services.sync import Outcome
from kinsync.services.uploads import CONTACTS
from kinsync.store.staging import Shelf
from kinsync.store.storage import Storage
from tests.services.office import Office
from tests.services.pupils import as_csv, mother, school_of
from tests.services.uploader import upload_whole

SCHOOL = school_of(6)
NIGHT = [replace(mother(0), phone="4255550199"), *SCHOOL[1:]]


def upload(office: Office, content: bytes, *, path: str = "students.csv") -> None:
    upload_whole(Storage(office.home), office.district, content, path=path)


def sync(office: Office) -> Outcome | None:
    return sync_arrived(office.id, Arrivals(Shelf(Storage(office.home))), office.tools)


def test_an_upload_is_synced_once(office: Office) -> None:
    upload(office, as_csv(SCHOOL))
    first = sync(office)

    assert first is not None
    assert first.sync.state == "published"
    assert sync(office) is None


def test_the_newest_of_several_uploads_is_synced_alone(office: Office) -> None:
    upload(office, as_csv(SCHOOL))
    upload(office, as_csv(NIGHT))
    only = sync(office)

    assert only is not None
    assert office.version == 1
    assert office.row(NIGHT[0]).get("phone") == "4255550199"
    assert sync(office) is None


@pytest.mark.parametrize("path", [CONTACTS, "teachers.csv"])
def test_a_file_beside_it_is_new_if_a_sync_reads_it(path: str, office: Office) -> None:
    upload(office, as_csv(SCHOOL))
    sync(office)
    upload(office, as_csv(SCHOOL), path=path)

    again = sync(office)

    assert (again is not None) == (path == CONTACTS)
