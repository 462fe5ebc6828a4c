"""v3.0 and v3.1: people and students are users, each with a role."""

from collections.abc import Callable, Iterable
from typing import Any

from django.urls import re_path

from kinsync.services import read
from kinsync.services.read import Contact, Page, Scope, Student, Window
from kinsync.web.api.answers import ApiError, Body, Call, endpoint, not_found, record_id
from kinsync.web.api.envelope import counted, link, listed, single, wants_count, window
from kinsync.web.api.forms import (
    FLAGS,
    RACES,
    birth_date,
    enumeration,
    person_name,
    present,
    timestamp,
)

TYPES = enumeration("Parent/Guardian", "Emergency", "Primary", "Secondary", "Family", "Other")
RELATIONSHIPS = enumeration("Parent", "Grandparent", "Self", "Aunt/Uncle", "Sibling", "Other")
PHONE_TYPES = enumeration("Cell", "Home", "Work", "Other")
GENDERS = enumeration("M", "F", "X")
MEALS = enumeration("Free", "Reduced", "Paid", "Other")
GRADES = enumeration(
    "InfantToddler",
    "Preschool",
    "PreKindergarten",
    "TransitionalKindergarten",
    "Kindergarten",
    *map(str, range(1, 14)),
    "PostGraduate",
    "Ungraded",
    "Other",
)

Reader = Callable[[Scope, Window], Page[Any]]
READERS: dict[str | None, tuple[Reader, tuple[str, ...]]] = {
    None: (read.user_page, ("contact", "student")),
    "contact": (read.contact_page, ("contact",)),
    "student": (read.student_page, ("student",)),
}
"""Per ``role``: how its users are read, and which kinds of record they are."""
ROLES_NOT_HELD = ("district_admin", "staff", "teacher")


@endpoint
def users(call: Call) -> Body:
    """A page of users: of one role, or of all of them mixed."""
    role = call.parameters.get("role") or None
    if role in ROLES_NOT_HELD:
        return _none(call)
    if role not in READERS:
        known = ", ".join(sorted((*filter(None, READERS), *ROLES_NOT_HELD)))
        raise ApiError(400, f"role must be one of {known}.")
    reader, kinds = READERS[role]
    wanted = window(call)
    if wants_count(call):
        return counted(call, sum(read.count(call.scope, kind) for kind in kinds))
    return _page(call, reader(call.scope, wanted))


@endpoint
def one_user(call: Call, id_: str) -> Body:
    """One person or student."""
    found = read.user(call.scope, record_id(id_))
    if found is None:
        raise not_found()
    return single(call, user(call, found), _links(call, found))


@endpoint
def contacts_of_user(call: Call, id_: str) -> Body:
    """The people of a student."""
    return _page(call, read.contacts_of(call.scope, record_id(id_), window(call)))


@endpoint
def students_of_user(call: Call, id_: str) -> Body:
    """The students of a person."""
    return _page(call, read.students_of(call.scope, record_id(id_), window(call)))


def user(call: Call, found: Contact | Student) -> dict[str, Any]:
    """A user with the one role that we know."""
    if isinstance(found, Contact):
        return contact_user(found, call.scope.district)
    return student_user(found, call.scope.district, call.version)


def contact_user(contact: Contact, district: str) -> dict[str, Any]:
    """A person. The whole name stands in ``name.last``; the e-mail on the user, not in the role."""
    row = contact.row
    return {
        "created": timestamp(contact.created),
        "district": district,
        "email": row.email or "",
        "last_modified": timestamp(contact.last_modified),
        "name": {"last": row.name} if row.name else {},
        "id": row.id,
        "roles": {
            "contact": {
                "legacy_id": row.legacy_id,
                "phone": row.phone or "",
                "phone_type": PHONE_TYPES.get(row.phone_type, "Other"),
                "sis_id": row.sis_id or "",
                "student_relationships": [
                    {
                        "relationship": RELATIONSHIPS.get(each.relationship, "Other"),
                        "student": each.student_id,
                        "type": TYPES.get(each.type, "Other"),
                    }
                    for each in contact.relationships
                ],
            }
        },
    }


def student_user(student: Student, district: str, version: str) -> dict[str, Any]:
    """A student. v3.1 knows of meals and of individual programmes as well."""
    row = student.row
    role = {
        "credentials": {"district_username": row.username or ""},
        "ell_status": FLAGS.get(row.ell_status, ""),
        "gender": GENDERS.get(row.gender, ""),
        "grade": GRADES.get(row.grade, "Other"),
        "graduation_year": row.graduation_year or "",
        "hispanic_ethnicity": FLAGS.get(row.hispanic_ethnicity, ""),
        "location": {
            "address": row.street or "",
            "city": row.city or "",
            "state": row.state or "",
            "zip": row.zip or "",
        },
        "race": RACES.get(row.race, ""),
        "schools": [student.school_id] if student.school_id else [],
        "sis_id": row.sis_id,
        "state_id": row.state_id or "",
        "student_number": row.student_number or "",
        **present(dob=birth_date(row.dob), school=student.school_id),
    }
    if version == "v3.1":
        role["frl_status"] = MEALS.get(row.frl_status, "Other")
        role["iep_status"] = row.iep_status or ""
    return {
        "created": timestamp(student.created),
        "district": district,
        "email": row.email or "",
        "last_modified": timestamp(student.last_modified),
        "name": person_name(first=row.first_name, middle=row.middle_name, last=row.last_name),
        "id": row.id,
        "roles": {"student": role},
    }


def _page(call: Call, page: Page[Any] | None) -> Body:
    if page is None:
        raise not_found()
    return listed(call, "users", (user(call, found) for found in page.records), page)


def _none(call: Call) -> Body:
    window(call)  # what cannot be understood is refused here as well
    return counted(call, 0) if wants_count(call) else _page(call, Page([], False, False))


def _links(call: Call, found: Contact | Student) -> Iterable[dict[str, str]]:
    """The relations that are served so far, in the spelling and order that clients know."""
    relation = "myStudents" if isinstance(found, Contact) else "myContacts"
    return [link(relation, f"/{call.version}/users/{found.id}/{relation}")]


urlpatterns = [
    re_path(r"(?i)^users/?$", users),
    re_path(r"(?i)^users/(?P<id_>[^/]+)/?$", one_user),
    re_path(r"(?i)^users/(?P<id_>[^/]+)/mycontacts/?$", contacts_of_user),
    re_path(r"(?i)^users/(?P<id_>[^/]+)/mystudents/?$", students_of_user),
]
