"""Where each column stands in an answer of PowerSchool.

Columns are called as in its database, ``table.field``, whichever way they come. The resource of
students knows them under other names, a few levels deep, and shows through that it was XML once:
a list of one is not a list, what is empty is a text without letters, what is blank is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kinsync.domain.errors import ChangeInput
from kinsync.transport.http import Answer
from kinsync.transport.paging import Rows

EXPANSIONS = frozenset(
    {
        *("demographics", "addresses", "alerts", "phones", "school_enrollment", "ethnicity_race"),
        *("contact", "contact_info", "initial_enrollment", "schedule_setup", "fees", "lunch"),
        *("counselors", "global_id"),
    }
)
_OF_STUDENTS = {
    "dcid": "id",
    "student_number": "local_id",
    "state_studentnumber": "state_province_id",
    "first_name": "name.first_name",
    "middle_name": "name.middle_name",
    "last_name": "name.last_name",
    "gender": "demographics.gender",
    "dob": "demographics.birth_date",
    "sched_yearofgraduation": "demographics.projected_graduation_year",
    "grade_level": "school_enrollment.grade_level",
    "schoolid": "school_enrollment.school_number",
    "enroll_status": "school_enrollment.enroll_status_code",
    "entrydate": "school_enrollment.entry_date",
    "exitdate": "school_enrollment.exit_date",
    "street": "addresses.physical.street",
    "city": "addresses.physical.city",
    "state": "addresses.physical.state_province",
    "zip": "addresses.physical.postal_code",
    "mailing_street": "addresses.mailing.street",
    "mailing_city": "addresses.mailing.city",
    "mailing_state": "addresses.mailing.state_province",
    "mailing_zip": "addresses.mailing.postal_code",
    "home_phone": "phones.main.number",
    "emerg_contact_1": "contact.emergency_contact_name1",
    "emerg_phone_1": "contact.emergency_phone1",
    "emerg_contact_2": "contact.emergency_contact_name2",
    "emerg_phone_2": "contact.emergency_phone2",
    "mother": "contact.mother",
    "father": "contact.father",
    "guardianemail": "contact.guardian_email",
    "guardianfax": "contact.guardian_fax",
    "doctor_name": "contact.doctor_name",
    "doctor_phone": "contact.doctor_phone",
}
"""Column of Students → where the resource of students has it."""
STUDENTS = "students"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Some columns, and what has to be asked for so that the resource of students has them.

    ``paths`` has each column that stands in the resource itself, ``fields`` each of a table that
    extends it, as (table, field).
    """

    paths: Mapping[str, Sequence[str]]
    fields: Mapping[str, tuple[str, str]]

    @staticmethod
    def of(columns: Sequence[str]) -> "Wanted":
        """How these columns are had.

        Raises:
            ChangeInput: one of them is not in the resource.
        """
        paths, fields = {}, {}
        for column in columns:
            name = plain(column)
            table, _, field = name.partition(".")
            if table == STUDENTS and field in _OF_STUDENTS:
                paths[column] = _OF_STUDENTS[field].split(".")
            elif field and table in EXPANSIONS:
                paths[column] = name.split(".")
            elif field and table != STUDENTS:
                fields[column] = (table, field)
            else:
                raise ChangeInput(
                    f"PowerSchool's resource of students has no {column}. Name a column as "
                    "table.field, such as studentcorefields.emerg_1_rel, or read it with a "
                    "PowerQuery: the setting way."
                )
        return Wanted(paths, fields)

    @property
    def params(self) -> dict[str, str]:
        """What to ask for beside the students themselves."""
        expansions = sorted({path[0] for path in self.paths.values()} & EXPANSIONS)
        told = {"expansions": expansions, "extensions": self.extensions}
        return {name: ",".join(listed) for name, listed in told.items() if listed}

    @property
    def extensions(self) -> Sequence[str]:
        """The tables that extend the resource."""
        return sorted({table for table, _ in self.fields.values()})

    def row(self, student: Mapping[str, Any]) -> dict[str, Any]:
        """A student as a row; a column of which nothing is told is not there."""
        found = {column: _at(student, path) for column, path in self.paths.items()}
        told = extended(student)
        found |= {
            column: told.get(table, {}).get(field) for column, (table, field) in self.fields.items()
        }
        return {column: value for column, value in found.items() if value is not None}


def plain(column: str) -> str:
    """A column as PowerSchool spells it: mappings may write capitals and blanks."""
    return column.strip().lower().replace(" ", "_")


def extended(student: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Table that extends the resource → its fields, where a student has them."""
    data = student.get("_extension_data") or {}
    return {
        str(table.get("name", "")).lower(): {
            str(field.get("name", "")).lower(): field.get("value")
            for field in _listed(table.get("_field"))
        }
        for table in _listed(data.get("_table_extension"))
    }


def resource_rows(answer: Answer, name: str) -> Rows:
    """The rows of a resource's answer: several, one, or none.

    Raises:
        IncompletePull: it is not such an answer.
    """
    around = answer.data.get(f"{name}s") if isinstance(answer.data, dict) else None
    if around == "":
        return []
    if not isinstance(around, dict):
        return answer.under(f"{name}s")
    found = around.get(name) or []
    return answer.listed(_as_list(found))


def query_rows(answer: Answer) -> Rows:
    """The rows of a PowerQuery: flat as they come, or each table's fields as ``table.field``.

    Raises:
        IncompletePull: it is not such an answer.
    """
    if not isinstance(answer.data, dict):
        return answer.under("record")
    found = answer.data.get("record") or []
    return [dict(_flat(row)) for row in answer.listed(_as_list(found))]


def _flat(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    tables = row.get("tables")
    if not isinstance(tables, dict):
        yield from ((name.lower(), value) for name, value in row.items())
        return
    for table, fields in tables.items():
        yield from ((f"{table}.{name}".lower(), value) for name, value in fields.items())


def _at(student: Mapping[str, Any], path: Sequence[str]) -> Any:
    found: Any = student
    for name in path:
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return None if isinstance(found, dict | list) else found


def _as_list(found: Any) -> Any:
    return [found] if isinstance(found, dict) else found


def _listed(found: Any) -> list[dict[str, Any]]:
    listed = _as_list(found)
    return listed if isinstance(listed, list) else []
