"""v3.0 and v3.1: people and students are users, each with a role."""

from collections.abc import Callable
from typing import Any

from kinsync.services import read
from kinsync.services.read import Contact, Page, Scope, Student, Window
from kinsync.web.api import events, places
from kinsync.web.api.answers import ApiError, Body, Call, not_found, record_id
from kinsync.web.api.envelope import (
    counted,
    listed,
    listed_nothing,
    relations,
    single,
    wants_count,
    window,
)
from kinsync.web.api.forms import (
    GENDERS,
    GRADES,
    PHONE_TYPES,
    RELATIONSHIPS,
    TYPES,
    enumeration,
    timestamp,
)
from kinsync.web.api.languages import language
from kinsync.web.api.students import details, identity
from kinsync.web.api.table import COUNTED, PAGE, Endpoint, none_of, not_held, nothing

MEALS = enumeration("Free", "Reduced", "Paid", "Other")
STUDENT_LINKS = ("district", "sections", "myContacts", "myTeachers", "schools")
CONTACT_LINKS = ("district", "myStudents")

Reader = Callable[[Scope, Window], Page[Any]]
READERS: dict[str | None, tuple[Reader, tuple[str, ...]]] = {
    None: (read.user_page, ("contact", "student")),
    "contact": (read.contact_page, ("contact",)),
    "student": (read.student_page, ("student",)),
}
"""Per ``role``: how its users are read, and which kinds of record they are."""
ROLES_NOT_AT_SCHOOL = ("staff", "teacher")
ROLES_NOT_HELD = ("district_admin", *ROLES_NOT_AT_SCHOOL)


def users(call: Call) -> Body:
    """A page of users: of one role, or of all of them mixed."""
    role = _role(call, (*filter(None, READERS), *ROLES_NOT_HELD))
    if role in ROLES_NOT_HELD:
        return nothing(call)
    reader, kinds = READERS[role]
    wanted = window(call)
    if wants_count(call):
        return counted(call, sum(read.count(call.scope, kind) for kind in kinds))
    return _page(call, reader(call.scope, wanted))


def one_user(call: Call, id_: str) -> Body:
    """One person or student; where the id was another's before, who that turned out to be."""
    found = read.user(call.scope, record_id(id_))
    if found is None:
        raise not_found()
    names = CONTACT_LINKS if isinstance(found, Contact) else STUDENT_LINKS
    record = user(found, call.scope.district, call.version)
    return single(call, "users", record, relations(call, "users", found.id, names))


def contacts_of_user(call: Call, id_: str) -> Body:
    """The people of a student."""
    return _page(call, read.contacts_of(call.scope, record_id(id_), window(call)))


def students_of_user(call: Call, id_: str) -> Body:
    """The students of a person."""
    return _page(call, read.students_of(call.scope, record_id(id_), window(call)))


def schools_of_user(call: Call, id_: str) -> Body:
    """The schools of a student; none of a person."""
    window(call)
    found = read.user(call.scope, record_id(id_))
    if found is None:
        raise not_found()
    return (
        listed_nothing(call) if isinstance(found, Contact) else places.schools_of_student(call, id_)
    )


def users_of_school(call: Call, id_: str) -> Body:
    """The users of a school: of these, students are held."""
    role = _role(call, ("student", *ROLES_NOT_AT_SCHOOL))
    wanted = window(call)
    page = read.students_in(call.scope, record_id(id_), wanted)
    if page is None:
        raise not_found()
    return listed_nothing(call) if role in ROLES_NOT_AT_SCHOOL else _page(call, page)


def user(found: Contact | Student, district: str, version: str) -> dict[str, Any]:
    """A user with the one role that we know."""
    if isinstance(found, Contact):
        return contact_user(found, district)
    return student_user(found, district, version)


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
    """A student. v3.1 knows of meals, language and individual programmes as well."""
    row = student.row
    role = {
        **details(student),
        "enrollments": [],
        "ext": {},
        "gender": GENDERS.get(row.gender, ""),
        "grade": GRADES.get(row.grade, "Other"),
        "legacy_id": row.id,
    }
    if version == "v3.1":
        role |= {
            "disability": {"disability_status": ""},
            "frl_status": MEALS.get(row.frl_status, "Other"),
            "gifted_status": "",
            "iep_status": row.iep_status or "",
            "preferred_name": {},
            "section_504_status": "",
            **language(row.home_language),
        }
    return {**identity(student, district), "roles": {"student": role}}


def _page(call: Call, page: Page[Any] | None) -> Body:
    if page is None:
        raise not_found()
    district, version = call.scope.district, call.version
    return listed(call, "users", (user(each, district, version) for each in page.records), page)


def _role(call: Call, known: tuple[str, ...]) -> str | None:
    role = call.parameters.get("role") or None
    if role is not None and role not in known:
        raise ApiError(400, f"role must be one of {', '.join(sorted(known))}.")
    return role


def _has_user(call: Call, id_: str) -> bool:
    return read.user(call.scope, record_id(id_)) is not None


AS_USER = events.Told("users", lambda found, call: user(found, call.scope.district, call.version))
EVENTS: events.Language = {
    "school": events.Told("schools", places.school_as_told),
    "student": AS_USER,
    "contact": AS_USER,
}

ENDPOINTS = (
    Endpoint(
        "users",
        users,
        "Users of one role, or of all of them mixed. Contacts and students are held.",
        "User[]",
        (*COUNTED, "role"),
    ),
    Endpoint("users/{id}", one_user, "One contact or student.", "User"),
    Endpoint(
        "users/{id}/district",
        places.district_of(_has_user),
        "The district of a user.",
        "District",
    ),
    Endpoint(
        "users/{id}/mycontacts", contacts_of_user, "The contacts of a student.", "User[]", PAGE
    ),
    Endpoint(
        "users/{id}/mystudents", students_of_user, "The students of a contact.", "User[]", PAGE
    ),
    Endpoint(
        "users/{id}/schools",
        schools_of_user,
        "The schools of a student.",
        "School[]",
        (*PAGE, "primary"),
    ),
    none_of("users/{id}/myteachers", _has_user, "teachers", "User"),
    none_of("users/{id}/sections", _has_user, "sections", "Section"),
    none_of("users/{id}/resources", _has_user, "resources", "Resource"),
    Endpoint("schools", places.schools, "Schools.", "School[]", COUNTED),
    Endpoint("schools/{id}", places.one_school, "One school.", "School"),
    Endpoint(
        "schools/{id}/district",
        places.district_of(places.has_school),
        "The district of a school.",
        "District",
    ),
    Endpoint(
        "schools/{id}/users",
        users_of_school,
        "The users of a school: of these, students are held.",
        "User[]",
        (*PAGE, "role", "primary"),
    ),
    none_of("schools/{id}/sections", places.has_school, "sections", "Section"),
    none_of("schools/{id}/terms", places.has_school, "terms", "Term"),
    none_of("schools/{id}/courses", places.has_school, "courses", "Course"),
    Endpoint("districts", places.districts, "The district of the token.", "District[]", ("count",)),
    Endpoint("districts/{id}", places.one_district, "The district of the token.", "District"),
    *not_held("courses", "Course", "district", "resources", "schools", "sections"),
    *not_held("resources", "Resource", "courses", "sections", "users"),
    *not_held(
        "sections",
        "Section",
        *("course", "district", "resources", "school", "term", "users"),
    ),
    *not_held("terms", "Term", "district", "schools", "sections"),
    *events.endpoints(EVENTS, "courses", "districts", "resources", "sections", "terms"),
)
