"""v2.0 and v2.1: one contact for a person, under the id of these versions, with all students."""

from typing import Any

from kinsync.services import read
from kinsync.services.read import V2, Contact, Page, Student
from kinsync.web.api import events, places
from kinsync.web.api.answers import Body, Call, not_found, record_id
from kinsync.web.api.envelope import counted, listed, relations, single, wants_count, window
from kinsync.web.api.forms import (
    FEW_GRADES,
    GENDERS,
    GRADES,
    PHONE_TYPES,
    RELATIONSHIPS,
    TWO_GENDERS,
    TYPES,
    present,
)
from kinsync.web.api.students import details, identity
from kinsync.web.api.table import COUNTED, PAGE, Endpoint, none_of, not_held

CONTACT_LINKS = ("district", "students")
STUDENT_LINKS = ("district", "sections", "school", "schools", "teachers", "contacts")


def contacts(call: Call) -> Body:
    """A page of people."""
    wanted = window(call)
    if wants_count(call):
        return counted(call, read.count(call.scope, "contact"))
    return _contacts(call, read.contact_page(call.scope, wanted, key=V2))


def one_contact(call: Call, id_: str) -> Body:
    """One person; where the id was another's before, who that turned out to be."""
    found = read.contact(call.scope, record_id(id_), key=V2)
    if found is None:
        raise not_found()
    record = contact(found, call.scope.district)
    links = relations(call, "contacts", record["id"], CONTACT_LINKS)
    return single(call, "contacts", record, links)


def students_of_contact(call: Call, id_: str) -> Body:
    """The students of a person."""
    return _students(call, read.students_of(call.scope, record_id(id_), window(call), key=V2))


def students(call: Call) -> Body:
    """A page of students."""
    wanted = window(call)
    if wants_count(call):
        return counted(call, read.count(call.scope, "student"))
    return _students(call, read.student_page(call.scope, wanted))


def one_student(call: Call, id_: str) -> Body:
    """One student."""
    found = read.student(call.scope, record_id(id_))
    if found is None:
        raise not_found()
    record = student(found, call.scope.district, call.version)
    names = [name for name in STUDENT_LINKS if name != "school" or found.school_id]
    return single(call, "students", record, relations(call, "students", found.id, names))


def contacts_of_student(call: Call, id_: str) -> Body:
    """The people of a student."""
    return _contacts(call, read.contacts_of(call.scope, record_id(id_), window(call), key=V2))


def students_in_school(call: Call, id_: str) -> Body:
    """The students of a school."""
    return _students(call, read.students_in(call.scope, record_id(id_), window(call)))


def contact(found: Contact, district: str) -> dict[str, Any]:
    """A person. One type and relationship for all students: the first, in the order of asking."""
    row = found.row
    first = found.relationships[0] if found.relationships else None
    return {
        "district": district,
        "email": row.email or "",
        "name": row.name or "",
        "phone": row.phone or "",
        "phone_type": PHONE_TYPES.get(row.phone_type, "Other"),
        "relationship": RELATIONSHIPS.get(first.relationship, "Other") if first else "",
        "sis_id": row.sis_id or "",
        "students": list(dict.fromkeys(each.student_id for each in found.relationships)),
        "type": TYPES.get(first.type, "Other") if first else "",
        "id": row.legacy_id,
    }


def student(found: Student, district: str, version: str) -> dict[str, Any]:
    """A student. v2.0 has no blank for a grade, so a blank one is left out there."""
    row = found.row
    record = {**identity(found, district), **details(found)}
    if version == "v2.0":
        record["gender"] = TWO_GENDERS.get(row.gender, "")
        return record | present(grade=FEW_GRADES.get(row.grade, "Other"))
    record["gender"] = GENDERS.get(row.gender, "")
    record["grade"] = GRADES.get(row.grade, "Other")
    return record | {"enrollments": [], "ext": {}}


def _contacts(call: Call, page: Page[Contact] | None) -> Body:
    if page is None:
        raise not_found()
    records = (contact(found, call.scope.district) for found in page.records)
    return listed(call, "contacts", records, page)


def _students(call: Call, page: Page[Student] | None) -> Body:
    if page is None:
        raise not_found()
    records = (student(found, call.scope.district, call.version) for found in page.records)
    return listed(call, "students", records, page)


def _has_contact(call: Call, id_: str) -> bool:
    return read.contact(call.scope, record_id(id_), key=V2) is not None


def _has_student(call: Call, id_: str) -> bool:
    return read.student(call.scope, record_id(id_)) is not None


EVENTS: events.Language = {
    "school": events.Told("schools", places.school_as_told),
    "student": events.Told(
        "students", lambda found, call: student(found, call.scope.district, call.version)
    ),
    "contact": events.Told("contacts", lambda found, call: contact(found, call.scope.district)),
}

ENDPOINTS = (
    Endpoint(
        "contacts", contacts, "Contacts: persons, each with all students.", "Contact[]", COUNTED
    ),
    Endpoint("contacts/{id}", one_contact, "One contact.", "Contact"),
    Endpoint(
        "contacts/{id}/district",
        places.district_of(_has_contact),
        "The district of a contact.",
        "District",
    ),
    Endpoint(
        "contacts/{id}/students",
        students_of_contact,
        "The students of a contact.",
        "Student[]",
        PAGE,
    ),
    Endpoint("students", students, "Students.", "Student[]", COUNTED),
    Endpoint("students/{id}", one_student, "One student.", "Student"),
    Endpoint(
        "students/{id}/contacts",
        contacts_of_student,
        "The contacts of a student.",
        "Contact[]",
        PAGE,
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
    Endpoint(
        "students/{id}/schools",
        places.schools_of_student,
        "The schools of a student.",
        "School[]",
        PAGE,
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
    Endpoint("districts", places.districts, "The district of the token.", "District[]", ("count",)),
    Endpoint("districts/{id}", places.one_district, "The district of the token.", "District"),
    *not_held("teachers", "Teacher", "district", "school", "schools", "sections", "students"),
    *not_held(
        "sections",
        "Section",
        *("course", "district", "school", "students", "teacher", "teachers", "term"),
    ),
    *not_held("courses", "Course", "district", "sections"),
    *not_held("terms", "Term", "district", "sections"),
    *not_held("school_admins", "SchoolAdmin", "district", "schools"),
    *not_held("district_admins", "DistrictAdmin", "district"),
    *events.endpoints(
        EVENTS,
        *("courses", "district_admins", "districts", "school_admins", "sections", "teachers"),
        "terms",
    ),
)
