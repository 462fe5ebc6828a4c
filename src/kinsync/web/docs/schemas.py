"""What each kind of record holds, per version, as JSON Schema."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from kinsync.web.api.forms import (
    FEW_GRADES,
    FLAGS,
    GENDERS,
    GRADES,
    PHONE_TYPES,
    RACES,
    RELATIONSHIPS,
    TWO_GENDERS,
    TYPES,
)
from kinsync.web.api.languages import BY_CODE, ELSE
from kinsync.web.api.places import HAS_FEW_GRADES
from kinsync.web.api.v3 import MEALS

Schema: TypeAlias = dict[str, Any]
Words: TypeAlias = Mapping[str | None, str]


def text(says: str = "") -> Schema:
    """Any text; ``""`` where it is blank."""
    return {"type": "string"} | ({"description": says} if says else {})


def identifier(says: str) -> Schema:
    """An id: 24 hexadecimal digits."""
    return {"type": "string", "pattern": "^[0-9a-f]{24}$", "description": says}


def moment(says: str) -> Schema:
    """A moment, to the millisecond, UTC."""
    return {"type": "string", "format": "date-time", "description": says}


def word(words: Words, says: str = "", *, has_blank: bool = True) -> Schema:
    """One of a closed list."""
    known = list(dict.fromkeys(each for each in words.values() if each or has_blank))
    return {"type": "string", "enum": known} | ({"description": says} if says else {})


def listed(items: Schema, says: str = "") -> Schema:
    """A list, which may be empty."""
    return {"type": "array", "items": items} | ({"description": says} if says else {})


def record(always: Mapping[str, Schema], sometimes: Mapping[str, Schema] | None = None) -> Schema:
    """An object that holds these, and nothing else."""
    return {
        "type": "object",
        "properties": {**always, **(sometimes or {})},
        "required": list(always),
        "additionalProperties": False,
    }


def one_of(words: Iterable[str]) -> Schema:
    """One of a few words, none of them blank."""
    return {"type": "string", "enum": sorted(set(words))}


DISTRICT = {"district": identifier("The district.")}
LOCATION = record({name: text() for name in ("address", "city", "state", "zip", "lat", "lon")})
PERSON_NAME = record({}, {"first": text(), "middle": text(), "last": text()})
TIMES = {
    "created": moment("When the record was first published."),
    "last_modified": moment("When it last changed."),
}
REACHED = {
    "email": text('As the district wrote it; `""` where there is none.'),
    "phone": text('Digits alone; `""` where there is none.'),
    "sis_id": text('The contact\'s id in the SIS; `""` where it has none.'),
}
IDENTITY = {
    **DISTRICT,
    **TIMES,
    "email": text(),
    "id": identifier("The same in every version."),
    "name": PERSON_NAME,
}
DETAILS = {
    "credentials": record({"district_username": text()}),
    "ell_status": word(FLAGS),
    "graduation_year": text(),
    "hispanic_ethnicity": word(FLAGS),
    "location": LOCATION,
    "race": word(RACES),
    "schools": listed(identifier("A school."), "The student's schools."),
    "sis_id": text("The student's id in the SIS."),
    "state_id": text(),
    "student_number": text(),
}
SOMETIMES = {
    "dob": {
        "type": "string",
        "pattern": "^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}$",
        "description": "`M/D/YYYY`; left out where it is blank.",
    },
    "school": identifier("The student's school; left out where it is not known."),
}
ENROLLED = {
    "enrollments": listed({"type": "object"}, "Always empty."),
    "ext": record({}),
}


def student_contact(version: str) -> Schema:
    """A contact of v1.2."""
    return record(
        {
            "id": identifier("One for each student that the person belongs to."),
            **DISTRICT,
            "student": identifier("The student."),
            "name": text("The whole name."),
            "type": text("In the source's own words."),
            "relationship": text("In the source's own words."),
            "phone_type": text("In the source's own words."),
            **REACHED,
        }
    )


def contact(version: str) -> Schema:
    """A contact of v2.x."""
    return record(
        {
            "id": identifier("The v2 id of the person; v3 calls it `legacy_id`."),
            **DISTRICT,
            "students": listed(identifier("A student."), "All students of the person."),
            "name": text("The whole name."),
            "type": word(TYPES, "To the first student."),
            "relationship": word(RELATIONSHIPS, "To the first student."),
            "phone_type": word(PHONE_TYPES),
            **REACHED,
        }
    )


def student(version: str) -> Schema:
    """A student of v1.2 and v2.x."""
    if version in HAS_FEW_GRADES:
        grade = word(FEW_GRADES, "Left out where it is blank.", has_blank=False)
        always = {**IDENTITY, **DETAILS, "gender": word(TWO_GENDERS)}
        return record(always, {**SOMETIMES, "grade": grade})
    words = {"gender": word(GENDERS), "grade": word(GRADES)}
    return record({**IDENTITY, **DETAILS, **ENROLLED, **words}, SOMETIMES)


def user(version: str) -> Schema:
    """A contact or a student of v3.x."""
    roles = [record({"contact": _contact_role()}), record({"student": _student_role(version)})]
    return record(
        {
            **IDENTITY,
            "id": identifier("The v3 id; a student's is the same in every version."),
            "name": PERSON_NAME
            | {"description": "A contact's whole name stands in `last`, and there is no `first`."},
            "roles": {"oneOf": roles, "description": "The one role that the user has."},
        }
    )


def school(version: str) -> Schema:
    """A school."""
    blank = ("mdr_number", "nces_id", "phone", "school_number", "state_id")
    always = {
        **DISTRICT,
        **TIMES,
        "id": identifier("The same in every version."),
        "name": text(),
        "sis_id": text("The school's id in the SIS."),
        "location": LOCATION,
        "principal": record({"name": text(), "email": text()}),
        **{name: text() for name in blank},
    }
    if version not in HAS_FEW_GRADES:
        always |= {"ext": record({}), "high_grade": word(GRADES), "low_grade": word(GRADES)}
    return record(always)


def district(version: str) -> Schema:
    """A district."""
    always = {"id": identifier("The same in every version."), "name": text(), "mdr_number": text()}
    if version.startswith("v1"):
        return record(always)
    always |= {**_syncing("pending", "running", "success", "error"), "nces_id": text()}
    sometimes = _moments()
    if version.startswith("v3"):
        sometimes["launch_date"] = {"type": "string", "format": "date"}
    if version != "v2.0":
        always |= {"login_methods": listed(text(), "Always empty."), "portal_url": text()}
    if version == "v3.1":
        always |= {"lms_state": text("Always blank."), "lms_type": text("Always blank.")}
    return record(always, sometimes)


def district_status(version: str) -> Schema:
    """How the syncs of a district go, as v1.2 tells it."""
    always = {
        "id": identifier("The district."),
        "instant_login": {"type": "boolean", "const": False},
        **_syncing("pending", "running", "error"),
    }
    return record(always, _moments())


def event(version: str) -> Schema:
    """A change, as it was told to one application."""
    changed = {"type": "object", "description": "What stood before in the fields that changed."}
    merged = listed(identifier("A contact."), "Where two contacts turned out to be one person.")
    data = record(
        {"object": {"type": "object", "description": "The record, whole, as lists show it."}},
        {"previous_attributes": changed, "merged_into": merged, "merged_from": merged},
    )
    return record(
        {
            "id": identifier("Ascending: keep the last one as a cursor."),
            "created": moment("When it was told."),
            "type": {
                "type": "string",
                "pattern": "^[a-z]+[.](created|updated|deleted)$",
                "description": "The collection, and what became of the record.",
            },
            "data": data,
        },
        {"previous_attributes": changed},
    )


SCHEMAS: Mapping[str, Callable[[str], Schema]] = {
    "StudentContact": student_contact,
    "Contact": contact,
    "Student": student,
    "User": user,
    "School": school,
    "District": district,
    "DistrictStatus": district_status,
    "Event": event,
}
"""Per kind that a table names: its schema in a version. Other kinds are not held."""


def _contact_role() -> Schema:
    relationship = record(
        {
            "student": identifier("The student."),
            "relationship": word(RELATIONSHIPS),
            "type": word(TYPES),
        }
    )
    return record(
        {
            "legacy_id": identifier("The id of the same person in v2.x."),
            "phone": REACHED["phone"],
            "phone_type": word(PHONE_TYPES),
            "sis_id": REACHED["sis_id"],
            "student_relationships": listed(relationship, "What the person is to each student."),
        }
    )


def _student_role(version: str) -> Schema:
    always = {
        **DETAILS,
        **ENROLLED,
        "gender": word(GENDERS),
        "grade": word(GRADES),
        "legacy_id": identifier("The same id."),
    }
    if version != "v3.1":
        return record(always, SOMETIMES)
    always |= {
        "disability": record({"disability_status": word(FLAGS)}),
        "frl_status": word(MEALS),
        "gifted_status": word(FLAGS),
        "iep_status": text(),
        "preferred_name": record({}),
        "section_504_status": word(FLAGS),
    }
    languages = {
        "home_language": one_of([*BY_CODE.values(), ELSE["home_language"]]),
        "home_language_code": one_of([*BY_CODE, ELSE["home_language_code"]]),
    }
    return record(always, {**SOMETIMES, **languages})


def _syncing(*states: str) -> dict[str, Schema]:
    return {
        "error": text('What is wrong, for people; `""` when nothing is.'),
        "sis_type": {"type": "string", "const": "sftp"},
        "state": {"type": "string", "enum": list(states)},
    }


def _moments() -> dict[str, Schema]:
    return {
        "last_sync": moment("When the district was last published; left out before that."),
        "launch_date": moment("When it was first published; left out before that."),
    }
