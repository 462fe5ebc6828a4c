"""v1.2: a contact for every student that a person belongs to, in the source's own words."""

from typing import Any

from django.urls import re_path

from kinsync.services import read
from kinsync.services.read import Student, StudentContactRow, Window
from kinsync.web.api.answers import Body, Call, endpoint, not_found, record_id
from kinsync.web.api.envelope import (
    counted,
    enclosed,
    link,
    listed,
    self_link,
    single,
    wants_count,
    window,
)
from kinsync.web.api.forms import (
    FLAGS,
    RACES,
    birth_date,
    enumeration,
    person_name,
    present,
    timestamp,
)

GENDERS = enumeration("M", "F")
EARLY_YEARS = {
    "InfantToddler": "Other",
    "Preschool": "PreKindergarten",
    "TransitionalKindergarten": "Kindergarten",
}
"""Grades that this version has no word for, in the nearest one that it has."""
GRADES = enumeration(
    *map(str, range(1, 13)), "PreKindergarten", "Kindergarten", "PostGraduate", "Other"
)


@endpoint
def contacts(call: Call) -> Body:
    """A page of contacts, one per person and student."""
    wanted = window(call)
    number = read.count(call.scope, "relationship")
    if wants_count(call):
        return counted(call, number)
    page = read.student_contact_page(call.scope, wanted)
    records = (contact(row, call.scope.district) for row in page.records)
    return listed(call, "contacts", records, page, _paging(wanted, number))


@endpoint
def one_contact(call: Call, id_: str) -> Body:
    """One contact."""
    row = read.student_contact(call.scope, record_id(id_))
    if row is None:
        raise not_found()
    its_student = link("student", f"/{call.version}/contacts/{row.id}/student")
    return single(call, contact(row, call.scope.district), [its_student])


@endpoint
def students(call: Call) -> Body:
    """A page of students."""
    wanted = window(call)
    number = read.count(call.scope, "student")
    if wants_count(call):
        return counted(call, number)
    page = read.student_page(call.scope, wanted)
    records = (student(found, call.scope.district) for found in page.records)
    return listed(call, "students", records, page, _paging(wanted, number))


@endpoint
def one_student(call: Call, id_: str) -> Body:
    """One student."""
    found = read.student(call.scope, record_id(id_))
    if found is None:
        raise not_found()
    its_contacts = link("contacts", f"/{call.version}/students/{found.id}/contacts")
    return single(call, student(found, call.scope.district), [its_contacts])


@endpoint
def contacts_of_student(call: Call, id_: str) -> Body:
    """The contacts of one student: bare records, and no cursors."""
    student_id = record_id(id_)
    wanted = window(call, has_cursors=False)
    found = read.student_contacts_of(call.scope, student_id, wanted.limit)
    if found is None:
        raise not_found()
    page, number = found
    links = [self_link(call), link("student", f"/{call.version}/students/{student_id}")]
    bare = [contact(row, call.scope.district) for row in page.records]
    return enclosed(bare, links, _paging(wanted, number))


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
    """A student. A grade or date that is blank is left out: this version has no blank for them."""
    row = found.row
    grade = EARLY_YEARS.get(row.grade or "", row.grade)
    return {
        "created": timestamp(found.created),
        "credentials": {"district_username": row.username or ""},
        "district": district,
        "ell_status": FLAGS.get(row.ell_status, ""),
        "email": row.email or "",
        "gender": GENDERS.get(row.gender, ""),
        "graduation_year": row.graduation_year or "",
        "hispanic_ethnicity": FLAGS.get(row.hispanic_ethnicity, ""),
        "id": row.id,
        "last_modified": timestamp(found.last_modified),
        "location": {
            "address": row.street or "",
            "city": row.city or "",
            "state": row.state or "",
            "zip": row.zip or "",
        },
        "name": person_name(first=row.first_name, middle=row.middle_name, last=row.last_name),
        "race": RACES.get(row.race, ""),
        "schools": [found.school_id] if found.school_id else [],
        "sis_id": row.sis_id,
        "state_id": row.state_id or "",
        "student_number": row.student_number or "",
        **present(
            dob=birth_date(row.dob),
            grade=GRADES.get(grade, "Other"),
            school=found.school_id,
        ),
    }


def _paging(wanted: Window, number: int) -> dict[str, int]:
    """Pages of this length that there are. Cursors do not number their page: it is called 1."""
    return {"current": 1, "total": max(1, -(-number // wanted.limit)), "count": number}


urlpatterns = [
    re_path(r"(?i)^contacts/?$", contacts),
    re_path(r"(?i)^contacts/(?P<id_>[^/]+)/?$", one_contact),
    re_path(r"(?i)^students/?$", students),
    re_path(r"(?i)^students/(?P<id_>[^/]+)/?$", one_student),
    re_path(r"(?i)^students/(?P<id_>[^/]+)/contacts/?$", contacts_of_student),
]
