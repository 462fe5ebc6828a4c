"""A pretended Aeries: API v5 as its makers describe it, with the quirks that were seen.

Source: support.aeries.com, "Aeries API: Building a Request", "Student-related" and "School-related
end points"; payloads of the vendor's demonstration database. What is not documented is as the real
one is least kind: an unknown year is ignored, a wrong certificate refused with 401.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Reply, Request
from kinsync.simulators.spelling import address

CERTIFICATE = "3fA9c0d17bE24586a2f1D0c94e7B5836"
AREAS = ("Student Data", "Contacts")
"""Security areas that a certificate may be granted."""
YEARS = ("2025-2026", "2026-2027")
QUIRKS: Mapping[str, str] = {
    "admin-root": "the interface stands under /admin instead of /aeries",
    "comments-in-names": "a few surnames hold a remark, such as (work only)",
    "formatted-phones": "phones are written with brackets, dashes, or a leading 1",
    "inactive-students": "a few students have left, and are listed all the same",
    "mailing-names": "a few contacts have their name in MailingName alone",
    "no-codes": "the set of relationships is empty",
    "old-spelling": "CorrespondanceLanguageCode, as older builds spell it",
    "order-ties": "everybody after the first stands at 4, and friends at 0",
    "padding": "what is blank is a single space",
    "restricted": "friends are people who may not come near: red flag, record type R",
    "retired-codes": "aunts and uncles have a code that is not in use any more",
    "silent-deletions": "what is deleted is no change of anybody",
    "two-schools": "a few students are enrolled in a second school too",
    "unknown-codes": "grandparents have a code that is not in the set",
}
"""Each switched on by itself."""

CODES = {
    "10": ("mother", "Mother"),
    "11": ("father", "Father"),
    "12": ("", "Stepfather"),
    "13": ("stepmother", "Stepmother"),
    "14": ("", "Legal Guardian"),
    "15": ("", "Foster Parent"),
    "16": ("grandfather", "Grandfather"),
    "17": ("grandmother", "Grandmother"),
    "18": ("aunt", "Aunt"),
    "19": ("uncle", "Uncle"),
    "20": ("", "Brother"),
    "21": ("", "Sister"),
    "22": ("new", "Cousin"),
    "23": ("friend", "Neighbor"),
    "24": ("", "Daycare Provider"),
    "25": ("", "Caseworker"),
    "30": ("", "Self"),
    "99": ("unknown", "Other"),
}
"""Code → the role that has it, and what it says: a set of this district's own."""
CODE_OF = {role: code for code, (role, _) in CODES.items() if role} | {"": ""}
RETIRED, UNKNOWN = "88", "77"

_AREAS = ("student", "contact", "enrollment")
"""Whose changes are told."""
_PHONES = {"cell": "CellPhone", "home": "HomePhone", "work": "WorkPhone", "": "CellPhone"}
_ADDRESS = ("Address", "AddressCity", "AddressState", "AddressZipCode")
_GRADES = {"PreKindergarten": -1, "Kindergarten": 0}
_A_FEW = 7
"""One in so many has a quirk that only a few have."""
_LANGUAGES = {"English": "00", "Spanish": "01"}
_PATH = re.compile(r"/(?P<root>\w+)/api/v5/(?P<rest>.*)")
_ROUTES = (
    (r"systeminfo", "system"),
    (r"schools", "schools"),
    (r"schools/(?P<school>\d+)", "school"),
    (r"codes/contact/RelationshipToStudent(?:Code)?", "codes"),
    (r"schools/(?P<school>\d+)/students", "students"),
    (r"schools/(?P<school>\d+)/students/(?P<student>\d+)", "students"),
    (r"schools/(?P<school>\d+)/contacts", "contacts"),
    (r"schools/(?P<school>\d+)/contacts/(?P<student>\d+)", "contacts"),
    (r"StudentDataChanges/(?P<area>\w+)/(?P<at>\d+(?:/\d+){4})", "changes"),
)


class AeriesSystem:
    """One district's Aeries."""

    def __init__(
        self,
        roster: Roster,
        *,
        quirks: Collection[str] = (),
        certificate: str = CERTIFICATE,
        rights: Collection[str] = AREAS,
    ) -> None:
        """``rights`` are the security areas that the certificate is granted."""
        self.roster = roster
        self.certificate = certificate
        self.quirks = frozenset(quirks)
        self.rights = frozenset(rights)
        self.root = "admin" if "admin-root" in self.quirks else "aeries"
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._changed: dict[tuple[str, tuple[str, str]], datetime] = {}

    @property
    def path(self) -> str:
        return f"/{self.root}"

    @property
    def settings(self) -> Mapping[str, str]:
        return {"certificate": self.certificate}

    def night(self) -> None:
        self.happen(self.roster.next_night)

    def happen(self, what: Callable[[], None]) -> None:
        """Let something happen to the people, and tell whose records changed."""
        before = {area: self._records(area) for area in _AREAS}
        what()
        for area in _AREAS:
            after = self._records(area)
            for key in before[area].keys() | after.keys():
                was, is_now = before[area].get(key, []), after.get(key, [])
                has_gone = len(is_now) < len(was)
                if was != is_now and not (has_gone and "silent-deletions" in self.quirks):
                    self._changed[area, key] = self.now()

    def _records(self, area: str) -> dict[tuple[str, str], list[tuple[Any, ...]]]:
        """What an area holds of each student, at each school."""
        found: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
        for school in self.roster.schools:
            if area == "contact":
                frame = self._of_school(self.roster.contacts, "student", "school", school)
                number = "student"
            else:
                frame = self._of_school(self.roster.students, "Student_id", "School_id", school)
                number = "Student_id"
            for (student,), rows in frame.group_by(number, maintain_order=True):
                told = [()] if area == "enrollment" else sorted(rows.rows(), key=str)
                found[str(student), school] = list(told)
        return found

    def error(self, status: int) -> Reply:
        return Reply({"Message": f"The request was answered with {status}."}, status)

    def answer(self, request: Request) -> Reply:
        found = _PATH.fullmatch(request.path)
        if not found or found["root"] != self.root:
            return self.error(404)
        routes = ((name, re.fullmatch(pattern, found["rest"])) for pattern, name in _ROUTES)
        name, parts = next(((name, parts) for name, parts in routes if parts), ("", None))
        if parts is None:
            return self.error(404)
        if name != "system" and request.headers.get("aeries-cert") != self.certificate:
            return Reply({"Message": "Invalid Certificate"}, 401)
        area = {"students": "Student Data", "changes": "Student Data", "contacts": "Contacts"}
        if name in area and area[name] not in self.rights:
            return Reply({"Message": "The certificate has no right to this area."}, 403)
        answer: Callable[..., Any] = getattr(self, f"_{name}")
        given = {key: value for key, value in parts.groupdict().items() if value}
        return Reply(answer(request.query, **given))

    # -- what is served ----------------------------------------------------------------------

    def _system(self, _query: Mapping[str, str]) -> dict[str, Any]:
        at = f"{self.now():%Y-%m-%dT%H:%M:%S.%f}0+00:00"
        return {
            "AeriesVersion": "9.26.11.12",
            "DatabaseYear": YEARS[-1],
            "AvailableDatabaseYears": list(YEARS),
            "LocalTimeZoneName": "Pacific Standard Time",
            "CurrentDateTime": at,
        }

    def _schools(self, _query: Mapping[str, str]) -> list[dict[str, Any]]:
        own = [self._a_school(int(code), f"School {code}", "") for code in self.roster.schools]
        return [
            self._a_school(0, "District", ""),
            *own,
            self._a_school(999, "ZZZ Inactive Students", "I"),
        ]

    def _school(self, query: Mapping[str, str], school: str) -> Any:
        found = [one for one in self._schools(query) if one["SchoolCode"] == int(school)]
        return found[0] if found else {}

    @staticmethod
    def _a_school(code: int, name: str, inactive: str) -> dict[str, Any]:
        return {"SchoolCode": code, "Name": name, "InactiveStatusCode": inactive, "Terms": []}

    def _codes(self, _query: Mapping[str, str]) -> list[dict[str, Any]]:
        if "no-codes" in self.quirks:
            return []
        named = {code: (description, "") for code, (_, description) in CODES.items()}
        named[RETIRED] = ("Aunt or Uncle", "I")
        return [
            {
                "Table": "CON",
                "Field": "RL",
                "Code": code,
                "Description": description,
                "Status": status,
                "NumericValue": 0.0,
            }
            for code, (description, status) in named.items()
        ]

    def _students(
        self, query: Mapping[str, str], school: str, student: str | None = None
    ) -> list[dict[str, Any]]:
        frame = self._of_school(self.roster.students, "Student_id", "School_id", school)
        if student is not None:
            frame = frame.filter(pl.col("Student_id") == student)
        first = int(query.get("StartingRecord") or 1)
        last = int(query.get("EndingRecord") or frame.height)
        rows = frame.slice(first - 1, max(0, last - first + 1))
        return [self._student(row, school) for row in rows.iter_rows(named=True)]

    def _contacts(
        self, _query: Mapping[str, str], school: str, student: str | None = None
    ) -> list[dict[str, Any]]:
        if student is not None:  # then the school does not matter
            frame = self.roster.contacts.filter(pl.col("student") == student)
        else:
            frame = self._of_school(self.roster.contacts, "student", "school", school)
        return [self._contact(row) for row in frame.iter_rows(named=True)]

    def _changes(self, _query: Mapping[str, str], area: str, at: str) -> list[dict[str, Any]]:
        year, month, day, hour, minute = map(int, at.split("/"))
        since = datetime(year, month, day, hour, minute, tzinfo=UTC)
        return [
            {"StudentID": int(student), "SchoolCode": int(school), "StudentNumber": int(student)}
            for (of, (student, school)), moment in sorted(self._changed.items())
            if of == area and moment >= since
        ]

    def _of_school(self, frame: pl.DataFrame, student: str, school: str, code: str) -> pl.DataFrame:
        is_there = pl.col(school) == code
        if "two-schools" in self.quirks and code == self.roster.schools[0]:
            is_there |= pl.col(student).cast(pl.Int64) % _A_FEW == 0
        return frame.filter(is_there)

    # -- one record --------------------------------------------------------------------------

    def _student(self, row: Mapping[str, Any], school: str) -> dict[str, Any]:
        number = int(row["Student_id"])
        month, day, year = row["DOB"].split("/")
        has_left = "inactive-students" in self.quirks and number % _A_FEW == 3
        return self._finished(
            {
                "StudentID": number,
                "StudentNumber": int(row["Student_number"]),
                "StateStudentID": row["State_id"],
                "SchoolCode": int(school),
                "LastName": row["Last_name"],
                "FirstName": row["First_name"],
                "MiddleName": row["Middle_name"],
                "Gender": row["Gender"],
                "Grade": _GRADES.get(row["Grade"], row["Grade"]),
                "Birthdate": f"{year}-{month}-{day}T00:00:00",
                "StudentEmailAddress": row["Student_email"],
                "CorrespondenceLanguageCode": _LANGUAGES.get(row["Home_language"], "99"),
                "InactiveStatusCode": "N" if has_left else "",
                "MailingAddress": row["Student_street"],
                "MailingAddressCity": row["Student_city"],
                "MailingAddressState": row["Student_state"],
                "MailingAddressZipCode": row["Student_zip"],
                "SchoolEnterDate": "2026-08-17T00:00:00",
            }
        ) | {"SchoolLeaveDate": None}

    def _contact(self, row: Mapping[str, Any]) -> dict[str, Any]:
        phones = dict.fromkeys(("CellPhone", "HomePhone", "WorkPhone"), "")
        phones[_PHONES[row["phone_kind"]]] = self._phone(row["phone"], row["number"])
        is_restricted = "restricted" in self.quirks and row["role"] == "friend"
        first, last = self._name(row)
        return self._finished(
            {
                "StudentID": int(row["student"]),
                "SchoolCode": int(row["school"]),
                "SequenceNumber": row["number"],
                "ContactOrder": self._order(row),
                "MailingName": row["name"],
                "NamePrefix": "",
                "FirstName": first,
                "MiddleName": "",
                "LastName": last,
                "NameSuffix": "",
                "RelationshipToStudentCode": self._code(row["role"]),
                "MiscCode": "R" if is_restricted else "P1" if row["order"] == 1 else "",
                "PrimaryContact": "Y" if row["order"] == 1 else "",
                "EducationalRightsHolder": "Y" if row["order"] == 1 else "",
                "LivesWithStudentIndicator": "Y" if row["order"] == 1 else "N",
                "AccessToPortal": "Y" if row["order"] == 1 else "",
                "RedFlag": is_restricted,
                **phones,
                "WorkPhoneExt": "",
                "Pager": "",
                "EmailAddress": row["email"],
                **self._address(row),
                "CorrespondenceLanguageCode": "00",
                "NotificationPreferenceCode": "0" if is_restricted else "1",
                "MailTagCode": "A" if row["order"] < 3 else "",
                "Comments": "Court order on file" if is_restricted else "",
            }
        ) | {"RecordAddedDate": "2025-08-11T00:00:00", "PortalAccountID": 0}

    @staticmethod
    def _address(row: Mapping[str, Any]) -> dict[str, str]:
        """Where the first two live; of the others it is not on file."""
        if row["order"] > 2:
            return dict.fromkeys(_ADDRESS, "")
        return dict(zip(_ADDRESS, address(row["family"]).values(), strict=True))

    def _name(self, row: Mapping[str, Any]) -> tuple[str, str]:
        is_one_of_few = row["person"] % _A_FEW == 5
        if "mailing-names" in self.quirks and is_one_of_few:
            return "", ""
        if "comments-in-names" in self.quirks and is_one_of_few:
            return row["first"], f"{row['last']} (work only)"
        return row["first"], row["last"]

    def _order(self, row: Mapping[str, Any]) -> int:
        order: int = row["order"]
        if "order-ties" in self.quirks:
            return 0 if row["role"] == "friend" else 4 if order > 1 else order
        return order

    def _code(self, role: str) -> str:
        if "retired-codes" in self.quirks and role in ("aunt", "uncle"):
            return RETIRED
        if "unknown-codes" in self.quirks and role in ("grandmother", "grandfather"):
            return UNKNOWN
        return CODE_OF[role]

    def _phone(self, digits: str, number: int) -> str:
        if "formatted-phones" not in self.quirks or len(digits) != 10:
            return digits
        area, exchange, line = digits[:3], digits[3:6], digits[6:]
        forms = (f"({area}) {exchange}-{line}", f"{area}-{exchange}-{line}", f"1{digits}")
        return forms[number % len(forms)]

    def _finished(self, record: dict[str, Any]) -> dict[str, Any]:
        """What is blank as this district's database has it; names as its build spells them."""
        blank = " " if "padding" in self.quirks else ""
        told = {name: blank if value in ("", None) else value for name, value in record.items()}
        if "old-spelling" in self.quirks:
            told["CorrespondanceLanguageCode"] = told.pop("CorrespondenceLanguageCode")
        return told
