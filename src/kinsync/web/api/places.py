"""Schools and the district, in every version of the API."""

from collections.abc import Callable
from typing import Any

from kinsync.services import places, read
from kinsync.services.places import DistrictRow, School
from kinsync.services.read import Page
from kinsync.web.api.answers import Body, Call, not_found, record_id
from kinsync.web.api.envelope import (
    counted,
    enclosed,
    listed,
    relations,
    self_link,
    single,
    wants_count,
    window,
)
from kinsync.web.api.forms import present, timestamp
from kinsync.web.api.table import View

SCHOOL_LINKS = {
    "v1": ("district", "sections", "students", "teachers"),
    "v2": ("district", "sections", "students", "teachers"),
    "v3": ("district", "sections", "users", "terms", "courses"),
}
DISTRICT_LINKS = {
    "v1": ("schools", "teachers", "students", "sections", "admins", "status"),
}
HAS_FEW_GRADES = ("v1.2", "v2.0")
"""Versions whose grades have no blank, and whose records have no ``ext``."""

PENDING, SUCCESS = ("pending", ""), ("success", "")
STATES = {
    "running": ("running", ""),
    "held": ("error", "The latest sync waits for somebody at the district."),
    "refused": ("error", "The latest file was refused. What was published before stays."),
    "failed": ("error", "The latest sync failed. What was published before stays."),
}
"""Per state of the latest sync: that of the district, and what is said of it."""


def schools(call: Call) -> Body:
    """A page of schools."""
    wanted = window(call)
    if wants_count(call):
        return counted(call, read.count(call.scope, "school"))
    page = places.school_page(call.scope, wanted)
    return _schools(call, page, lambda: read.count(call.scope, "school"))


def one_school(call: Call, id_: str) -> Body:
    """One school."""
    return _school(call, places.school(call.scope, record_id(id_)))


def schools_of_student(call: Call, id_: str) -> Body:
    """The schools of a student. The only one that is known is the primary one."""
    page = places.schools_of(call.scope, record_id(id_), window(call))
    if page is None:
        raise not_found()
    return _schools(call, page, lambda: len(page.records))


def school_of_student(call: Call, id_: str) -> Body:
    """The school of a student."""
    page = places.schools_of(call.scope, record_id(id_), read.Window(1))
    return _school(call, page.records[0] if page and page.records else None)


def has_school(call: Call, id_: str) -> bool:
    """Whether the scope has this school."""
    return places.school(call.scope, record_id(id_)) is not None


def districts(call: Call) -> Body:
    """The district of the token, alone in a list."""
    window(call)
    if wants_count(call):
        return counted(call, 1)
    found = district(_district(call), call.version)
    return listed(call, "districts", [found], Page([found], False, False), lambda: 1)


def one_district(call: Call, id_: str) -> Body:
    """The district of the token; no other is known to it."""
    if not is_own_district(call, id_):
        raise not_found()
    found = district(_district(call), call.version)
    names = DISTRICT_LINKS.get(call.version[:2], ())
    return single(call, "districts", found, relations(call, "districts", found["id"], names))


def district_of(exists: Callable[[Call, str], bool]) -> View:
    """The district of a record, which must be there."""

    def view(call: Call, id_: str) -> Body:
        if not exists(call, id_):
            raise not_found()
        return one_district(call, call.scope.district)

    return view


def status(call: Call, id_: str) -> Body:
    """How the syncs of the district go, as v1.2 tells it: a list of one."""
    if not is_own_district(call, id_):
        raise not_found()
    found = _district(call)
    state, error = _state(found)
    record = {
        "error": error,
        "id": found.id,
        "instant_login": False,
        "sis_type": "sftp",
        "state": "running" if state == "success" else state,
        **_moments(found),
    }
    return enclosed(call, [{"data": record}], [self_link(call)], lambda: 1)


def is_own_district(call: Call, id_: str) -> bool:
    """Whether this is the district of the token."""
    return record_id(id_) == call.scope.district


def school(found: School, district_id: str, version: str) -> dict[str, Any]:
    """A school. What is not known is blank; its grades are left out where there is no blank."""
    row = found.row
    record = {
        "created": timestamp(found.created),
        "district": district_id,
        "id": row.id,
        "last_modified": timestamp(found.last_modified),
        "location": dict.fromkeys(("address", "city", "state", "zip", "lat", "lon"), ""),
        "mdr_number": "",
        "name": row.name or "",
        "nces_id": "",
        "phone": "",
        "principal": {"name": "", "email": ""},
        "school_number": "",
        "sis_id": row.sis_id,
        "state_id": "",
    }
    if version not in HAS_FEW_GRADES:
        record |= {"ext": {}, "high_grade": "", "low_grade": ""}
    return record


def school_as_told(found: School, call: Call) -> dict[str, Any]:
    """A school as an event of this version tells of it."""
    return school(found, call.scope.district, call.version)


def district(found: DistrictRow, version: str) -> dict[str, Any]:
    """The district. Moments that have not come are left out."""
    record: dict[str, Any] = {"id": found.id, "mdr_number": "", "name": found.name}
    if version.startswith("v1"):
        return record
    state, error = _state(found)
    record |= {"error": error, "nces_id": "", "sis_type": "sftp", "state": state}
    record |= _moments(found)
    if version.startswith("v3") and found.launched:
        record["launch_date"] = found.launched.date().isoformat()
    if version != "v2.0":
        record |= {"login_methods": [], "portal_url": ""}
    if version == "v3.1":
        record |= {"lms_state": "", "lms_type": ""}
    return record


def _schools(call: Call, page: Page[School], number: Callable[[], int]) -> Body:
    records = (school(found, call.scope.district, call.version) for found in page.records)
    return listed(call, "schools", records, page, number)


def _school(call: Call, found: School | None) -> Body:
    if found is None:
        raise not_found()
    record = school(found, call.scope.district, call.version)
    names = SCHOOL_LINKS[call.version[:2]]
    return single(call, "schools", record, relations(call, "schools", found.id, names))


def _district(call: Call) -> DistrictRow:
    found = places.district(call.scope)
    if found is None:
        raise not_found()
    return found


def _state(found: DistrictRow) -> tuple[str, str]:
    """The state of the district, and what is said of it."""
    otherwise = SUCCESS if found.published else PENDING
    return STATES.get(found.sync_state or "", otherwise)


def _moments(found: DistrictRow) -> dict[str, str]:
    """When the district was first and last published."""
    return present(
        last_sync=timestamp(found.published) if found.published else None,
        launch_date=timestamp(found.launched) if found.launched else None,
    )
