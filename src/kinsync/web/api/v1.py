"""v1.2: a contact for every student that a person belongs to, in the source's own words."""

from collections.abc import Callable
from typing import Any

from kinsync.services import read
from kinsync.services.read import Page, Student, StudentContactRow
from kinsync.web.api import events, places
from kinsync.web.api.answers import Body, Call, not_found, record_id
from kinsync.web.api.envelope import (
    counted,
    enclosed,
    link,
    listed,
    relations,
    self_link,
    single,
    wants_count,
    window,
)
from kinsync.web.api.fields import shown
from kinsync.web.api.forms import FEW_GRADES, TWO_GENDERS, present
from kinsync.web.api.students import details, identity
from kinsync.web.api.table import COUNTED, PAGE, Endpoint, none_of, not_held, nowhere

NOT_HELD = {
    "school_admins": "school admins",
    "sections": "sections",
    "teachers": "teachers",
}
"""Collections without records, whose records would have events."""
CONTACT_LINKS = ("district", "student")
STUDENT_LINKS = ("district", "sections", "school", "teachers", "contacts", "events")


def contacts(call: Call) -> Body:
    """A page of contacts, one per person and student."""
    wanted = window(call)
    if wants_count(call):
        return counted(call, read.count(call.scope, "relationship"))
    page = read.student_contact_page(call.scope, wanted)
    records = (contact(row, call.scope.district) for row in page.records)
    return listed(call, "contacts", records, page, lambda: read.count(call.scope, "relationship"))


def one_contact(call: Call, id_: str) -> Body:
    """One contact."""
    row = _contact(call, id_)
    record = contact(row, call.scope.district)
    return single(call, "contacts", record, relations(call, "contacts", row.id, CONTACT_LINKS))


def student_of_contact(call: Call, id_: str) -> Body:
    """The one student of a contact."""
    return _student(call, _contact(call, id_).student_id)


def students(call: Call) -> Body:
    """A page of students."""
    wanted = window(call)
    if wants_count(call):
        return counted(call, read.count(call.scope, "student"))
    return _students(
        call, read.student_page(call.scope, wanted), lambda: read.count(call.scope, "student")
    )


def one_student(call: Call, id_: str) -> Body:
    """One student."""
    return _student(call, record_id(id_))


def students_in_school(call: Call, id_: str) -> Body:
    """The students of a school."""
    school_id = record_id(id_)
    return _students(
        call,
        read.students_in(call.scope, school_id, window(call)),
        lambda: read.count_students_in(call.scope, school_id),
    )


def contacts_of_student(call: Call, id_: str) -> Body:
    """The contacts of one student: bare records, and no cursors."""
    student_id = record_id(id_)
    wanted = window(call, has_cursors=False)
    found = read.student_contacts_of(call.scope, student_id, wanted.limit)
    if found is None:
        raise not_found()
    page, number = found
    links = [self_link(call), link("student", f"/{call.version}/students/{student_id}")]
    bare = [shown(call.scope.share, contact(row, call.scope.district)) for row in page.records]
    return enclosed(call, bare, links, lambda: number)


def contact(row: StudentContactRow, district: str) -> dict[str, Any]:
    """What one person is to one student. No enumerations: the words are the source's."""
    return {
        "district": district,
        "email": row.email or "",
        "name": row.name or "",
        "phone": row.phone or "",
        "phone_type": row.phone_type or "",
        "relationship": row.relationship or "",
        "sis_id": row.sis_id or "",
        "student": row.student_id,
        "type": row.type or "",
        "id": row.id,
    }


def student(found: Student, district: str) -> dict[str, Any]:
    """A student. A grade that is blank is left out: this version has no blank for it."""
    return {
        **identity(found, district),
        **details(found),
        "gender": TWO_GENDERS.get(found.row.gender, ""),
        **present(grade=FEW_GRADES.get(found.row.grade, "Other")),
    }


def _contact(call: Call, id_: str) -> StudentContactRow:
    row = read.student_contact(call.scope, record_id(id_))
    if row is None:
        raise not_found()
    return row


def _student(call: Call, id_: str) -> Body:
    found = read.student(call.scope, id_)
    if found is None:
        raise not_found()
    record = student(found, call.scope.district)
    names = [name for name in STUDENT_LINKS if name != "school" or found.school_id]
    return single(call, "students", record, relations(call, "students", id_, names))


def _students(call: Call, page: Page[Student] | None, number: Callable[[], int]) -> Body:
    if page is None:
        raise not_found()
    records = (student(found, call.scope.district) for found in page.records)
    return listed(call, "students", records, page, number)


def _has_contact(call: Call, id_: str) -> bool:
    return read.student_contact(call.scope, record_id(id_)) is not None


def _has_student(call: Call, id_: str) -> bool:
    return read.student(call.scope, record_id(id_)) is not None


def _in_district(view: Callable[[Call], Body]) -> Callable[[Call, str], Body]:
    """A collection by the address of the token's own district."""

    def of_district(call: Call, id_: str) -> Body:
        if not places.is_own_district(call, id_):
            raise not_found()
        return view(call)

    return of_district


EVENTS: events.Language = {
    "school": events.Told("schools", places.school_as_told),
    "student": events.Told("students", lambda found, call: student(found, call.scope.district)),
    "relationship": events.Told(
        "studentcontacts", lambda found, call: contact(found, call.scope.district)
    ),
}
"""A contact is what a person is to one student, so its events are those of relationships."""

ENDPOINTS = (
    Endpoint(
        "contacts",
        contacts,
        "Contacts, one for each student that a person belongs to, in the source's own words.",
        "StudentContact[]",
        COUNTED,
    ),
    Endpoint("contacts/{id}", one_contact, "One contact.", "StudentContact"),
    Endpoint(
        "contacts/{id}/district",
        places.district_of(_has_contact),
        "The district of a contact.",
        "District",
    ),
    Endpoint("contacts/{id}/student", student_of_contact, "The student of a contact.", "Student"),
    Endpoint("students", students, "Students.", "Student[]", COUNTED),
    Endpoint("students/{id}", one_student, "One student.", "Student"),
    Endpoint(
        "students/{id}/contacts",
        contacts_of_student,
        "The contacts of a student: bare records, and no cursors.",
        "StudentContact[]",
        ("limit",),
        is_bare=True,
    ),
    Endpoint(
        "students/{id}/district",
        places.district_of(_has_student),
        "The district of a student.",
        "District",
    ),
    Endpoint(
        "students/{id}/school", places.school_of_student, "The school of a student.", "School"
    ),
    none_of("students/{id}/sections", _has_student, "sections", "Section"),
    none_of("students/{id}/teachers", _has_student, "teachers", "Teacher"),
    Endpoint("schools", places.schools, "Schools.", "School[]", COUNTED),
    Endpoint("schools/{id}", places.one_school, "One school.", "School"),
    Endpoint(
        "schools/{id}/district",
        places.district_of(places.has_school),
        "The district of a school.",
        "District",
    ),
    Endpoint(
        "schools/{id}/students", students_in_school, "The students of a school.", "Student[]", PAGE
    ),
    none_of("schools/{id}/sections", places.has_school, "sections", "Section"),
    none_of("schools/{id}/teachers", places.has_school, "teachers", "Teacher"),
    Endpoint("districts", places.districts, "The district of the token.", "District[]"),
    Endpoint("districts/{id}", places.one_district, "The district of the token.", "District"),
    Endpoint(
        "districts/{id}/status",
        places.status,
        "How the syncs of the district go: a list of one.",
        "DistrictStatus[]",
    ),
    Endpoint(
        "districts/{id}/schools",
        _in_district(places.schools),
        "The schools of the district.",
        "School[]",
        COUNTED,
    ),
    Endpoint(
        "districts/{id}/students",
        _in_district(students),
        "The students of the district.",
        "Student[]",
        COUNTED,
    ),
    none_of("districts/{id}/sections", places.is_own_district, "sections", "Section"),
    none_of("districts/{id}/teachers", places.is_own_district, "teachers", "Teacher"),
    none_of("districts/{id}/admins", places.is_own_district, "district admins", "DistrictAdmin"),
    *not_held("teachers", "Teacher", "district", "grade_levels", "school", "sections", "students"),
    *not_held("sections", "Section", "district", "school", "students", "teacher", "teachers"),
    *not_held("school_admins", "SchoolAdmin", "schools"),
    *not_held("district_admins", "DistrictAdmin"),
    *events.endpoints(EVENTS),
    events.of_record("students", "student", EVENTS, _has_student),
    events.of_record("schools", "school", EVENTS, places.has_school),
    *(
        Endpoint(
            f"{name}/{{id}}/events",
            nowhere,
            f"Always 404: Kinsync holds no {what}.",
            "Event",
            is_held=False,
        )
        for name, what in NOT_HELD.items()
    ),
)
