"""What every version says of a student, wherever in the record it stands there."""

from typing import Any

from kinsync.services.read import Student
from kinsync.web.api.forms import FLAGS, RACES, birth_date, person_name, present, timestamp


def identity(found: Student, district: str) -> dict[str, Any]:
    """Who the student is. A part of the name that is missing is left out."""
    row = found.row
    return {
        "created": timestamp(found.created),
        "district": district,
        "email": row.email or "",
        "id": row.id,
        "last_modified": timestamp(found.last_modified),
        "name": person_name(first=row.first_name, middle=row.middle_name, last=row.last_name),
    }


def details(found: Student) -> dict[str, Any]:
    """What is known besides. A birth date or school that is missing has no blank: left out."""
    row = found.row
    return {
        "credentials": {"district_username": row.username or ""},
        "ell_status": FLAGS.get(row.ell_status, ""),
        "graduation_year": row.graduation_year or "",
        "hispanic_ethnicity": FLAGS.get(row.hispanic_ethnicity, ""),
        "location": {
            "address": row.street or "",
            "city": row.city or "",
            "state": row.state or "",
            "zip": row.zip or "",
            "lat": "",
            "lon": "",
        },
        "race": RACES.get(row.race, ""),
        "schools": [found.school_id] if found.school_id else [],
        "sis_id": row.sis_id,
        "state_id": row.state_id or "",
        "student_number": row.student_number or "",
        **present(dob=birth_date(row.dob), school=found.school_id),
    }
