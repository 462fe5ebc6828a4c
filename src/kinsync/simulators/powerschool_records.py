"""What a pretended PowerSchool keeps of its students: two tables, and three slots for contacts."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from kinsync.simulators.roster import Roster, Shown, as_persons
from kinsync.simulators.spelling import A_FEW, ROLE_WORDS, phone

CORE = "studentcorefields"
SLOTS = 3
QUIRKS: Mapping[str, str] = {
    "core-fields-missing": "a few students have no record in StudentCoreFields",
    "few-core-fields": "types of phones may not be read in StudentCoreFields",
    "formatted-phones": "phones are written with brackets, dots, or an extension",
    "former-students": "pre-registered, transferred and graduated students are listed too",
    "free-relations": "relations are typed freely: Gma, step-father, Mom/Dad",
    "international-phones": "a few phones begin with +44",
    "last-first": "names are written Last, First",
    "letters": "types of phones are single letters",
    "messy-names": "names have remarks, capitals and blanks about them",
    "migrated": "the district moved to Unified Contacts, and the old fields are empty",
    "nameless": "a few slots have a phone and no name",
    "no-core-fields": "the plugin may not read StudentCoreFields",
    "none-phones": "a few phones say none",
    "odd-kinds": "types of phones are typed freely: Cell/Work",
    "page-of-1000": "the plugin is given pages of 1,000",
    "same-twice": "whoever stands in the first slot stands in the second too",
    "slot-holes": "a few students have nothing in their first slot",
    "text-expiry": "how long a token lives is a text",
    "two-phones": "a few cells hold two phones",
}
"""Each switched on by itself."""

STATUSES = {"A": 0, "P": -1, "T": 2, "G": 3, "H": 4, "I": 1}
EXTENSION = "u_families"
"""A table of the district's own."""

_GRADES = {"PreKindergarten": -1, "Kindergarten": 0}
_TYPES = {"cell": "Cell", "home": "Home", "work": "Work", "": ""}
_FREE = {"mother": "Mom", "father": "Mom/Dad", "grandmother": "Gma", "grandfather": "Gpa"}
_FREE |= {"stepmother": "step-mother", "aunt": "Tia", "uncle": "Uncel", "friend": "Nieghbor"}

Slot = Mapping[str, str]
"""name, phone, ptype and rel; blank where nothing is there."""


def first_three(contacts: pl.DataFrame) -> pl.DataFrame:
    """What the three slots of a student can hold."""
    listed = as_persons(contacts).sort("student", "order", "number", maintain_order=True)
    return listed.group_by("student", maintain_order=True).head(SLOTS)


class StudentRecords:
    """The records of the roster's students, as PowerSchool keeps them."""

    def __init__(self, roster: Roster, quirks: Collection[str]) -> None:
        self._roster = roster
        self._quirks = quirks
        self._listed = Shown(self._all)
        self._of = Shown(self._by_student)

    def students(self) -> Sequence[dict[str, Any]]:
        """Every student with every expansion."""
        return self._listed.of(self._roster.students)

    def extension(self, name: str, dcid: int) -> dict[str, str] | None:
        """The fields of a student's record in a table that extends it; None: there is none."""
        if name == EXTENSION:
            return {"pickup_code": f"P{dcid % 1000:03}", "lives_with": "Both parents"}
        if "core-fields-missing" in self._quirks and dcid % A_FEW == 3:
            return None
        told: dict[str, str] = {}
        for number, slot in enumerate(self.slots(str(dcid)), 1):
            if number == SLOTS:
                told |= {"emerg_contact_3": slot["name"], "emerg_3_phone": slot["phone"]}
            told |= {f"emerg_{number}_ptype": slot["ptype"], f"emerg_{number}_rel": slot["rel"]}
        if "few-core-fields" in self._quirks:
            told = {key: value for key, value in told.items() if "ptype" not in key}
        return told

    def table(self, name: str) -> Sequence[dict[str, str]]:
        """The rows of a table: texts, every column in each."""
        if name == "students":
            return [self.row(one) for one in self.students()]
        found = ((one["id"], self.extension(name, one["id"])) for one in self.students())
        return [{"studentsdcid": str(dcid), **record} for dcid, record in found if record]

    # -- one student -------------------------------------------------------------------------

    def _all(self, students: pl.DataFrame) -> list[dict[str, Any]]:
        return [self._student(row) for row in students.iter_rows(named=True)]

    def _student(self, row: Mapping[str, Any]) -> dict[str, Any]:
        dcid = int(row["Student_id"])
        month, day, year = row["DOB"].split("/")
        names = {"first_name": "First_name", "middle_name": "Middle_name", "last_name": "Last_name"}
        street = {"street": row["Student_street"], "city": row["Student_city"]}
        at = {**street, "state_province": row["Student_state"], "postal_code": row["Student_zip"]}
        born = {"gender": row["Gender"], "birth_date": f"{year}-{month}-{day}"}
        status = self._status(dcid)
        school = int(row["School_id"])
        return {
            "id": dcid,
            "local_id": int(row["Student_number"]),
            "state_province_id": row["State_id"],
            "name": {key: row[column] for key, column in names.items() if row[column]},
            "demographics": {**born, "projected_graduation_year": int(row["Graduation_year"])},
            "addresses": {"physical": at, "mailing": at},
            "contact": self._contact(self.slots(row["Student_id"])),
            "contact_info": {"email": row["Student_email"]} if row["Student_email"] else {},
            "school_enrollment": {
                "enroll_status": status,
                "enroll_status_code": STATUSES[status],
                "enroll_status_description": status,
                "grade_level": int(_GRADES.get(row["Grade"], row["Grade"])),
                "entry_date": "2026-08-17",
                "exit_date": "2027-06-12",
                "school_number": school,
                "school_id": school - 100,
            },
        }

    def _status(self, dcid: int) -> str:
        if "former-students" not in self._quirks:
            return "A"
        return {3: "P", 4: "T", 5: "G"}.get(dcid % A_FEW, "A")

    @staticmethod
    def _contact(slots: Sequence[Slot]) -> dict[str, str]:
        told = {}
        for number, slot in enumerate(slots[:2], 1):
            told[f"emergency_contact_name{number}"] = slot["name"]
            told[f"emergency_phone{number}"] = slot["phone"]
        return {key: value for key, value in told.items() if value}

    def row(self, student: Mapping[str, Any]) -> dict[str, str]:
        """A student's row in Students, every column as a text."""
        dcid = student["id"]
        told = {
            "dcid": str(dcid),
            "id": str(dcid - 90000),
            "student_number": str(student["local_id"]),
            "state_studentnumber": student["state_province_id"],
            **{key: student["name"].get(key, "") for key in ("first_name", "middle_name")},
            "last_name": student["name"]["last_name"],
            "gender": student["demographics"]["gender"],
            "dob": student["demographics"]["birth_date"],
            "grade_level": str(student["school_enrollment"]["grade_level"]),
            "schoolid": str(student["school_enrollment"]["school_number"]),
            "enroll_status": str(student["school_enrollment"]["enroll_status_code"]),
            "street": student["addresses"]["physical"]["street"],
            "city": student["addresses"]["physical"]["city"],
            "state": student["addresses"]["physical"]["state_province"],
            "zip": student["addresses"]["physical"]["postal_code"],
        }
        for number, slot in enumerate(self.slots(str(dcid))[:2], 1):
            told[f"emerg_contact_{number}"] = slot["name"]
            told[f"emerg_phone_{number}"] = slot["phone"]
        return told

    # -- slots -------------------------------------------------------------------------------

    def slots(self, student: str) -> Sequence[Slot]:
        """The three slots of a student."""
        (of,) = self._of.of(self._roster.contacts)
        found = list(of.get(student, ()))
        if "slot-holes" in self._quirks and len(found) < SLOTS and int(student) % 2:
            found.insert(0, {})
        if "same-twice" in self._quirks and len(found) == 1:
            found.append(found[0])
        filled = [self._slot(row) for row in found]
        return [*filled, *[self._slot({})] * (SLOTS - len(filled))]

    @staticmethod
    def _by_student(contacts: pl.DataFrame) -> list[dict[str, list[dict[str, Any]]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for row in contacts.iter_rows(named=True):
            found.setdefault(row["student"], []).append(row)
        return [found]

    def _slot(self, row: Mapping[str, Any]) -> Slot:
        if not row or "migrated" in self._quirks:
            return dict.fromkeys(("name", "phone", "ptype", "rel"), "")
        kind = _TYPES[row["phone_kind"]]
        if "odd-kinds" in self._quirks and kind:
            kind = f"{kind}/Work"
        words = {**ROLE_WORDS, **_FREE} if "free-relations" in self._quirks else ROLE_WORDS
        return {
            "name": self._name(row),
            "phone": self._phone(row),
            "ptype": kind[:1].lower() if "letters" in self._quirks else kind,
            "rel": words[row["role"]],
        }

    def _name(self, row: Mapping[str, Any]) -> str:
        name = str(row["name"])
        is_one_of_few = row["person"] % A_FEW == 5
        if "nameless" in self._quirks and is_one_of_few:
            return ""
        if "last-first" in self._quirks:
            return f"{row['last']}, {row['first']}"
        if "messy-names" in self._quirks:
            forms = (
                f"{name} (work only)",
                name.upper(),
                f"  {name}  ",
                name,
                f"{name} Jr",
                f"Ana & {name}",
            )
            return forms[row["person"] % len(forms)]
        return name

    def _phone(self, row: Mapping[str, Any]) -> str:
        digits, few = row["phone"], row["person"] % A_FEW
        if "none-phones" in self._quirks and few == 2:
            return "none"
        if "international-phones" in self._quirks and few == 3:
            return "+44 20 7946 0958"
        if "two-phones" in self._quirks and few == 4 and digits:
            return f"{digits} or 6025550101"
        return phone(digits, row["number"]) if "formatted-phones" in self._quirks else str(digits)
