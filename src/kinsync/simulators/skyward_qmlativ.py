"""A pretended Skyward Qmlativ: the Generic API, as the clients of others know it.

Source: samterfa/rqmlativ and samterfa/pyqmlativ; Tools4ever,
HelloID-Conn-Prov-Source-Skyward-Qmlativ-Students (persons.ps1, IntegrationAccess.xml).
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import polars as pl

from kinsync.simulators.bearer import Tokens
from kinsync.simulators.fiql import Unreadable
from kinsync.simulators.oauth1 import is_signed
from kinsync.simulators.qmlativ_search import searched
from kinsync.simulators.roster import Roster, Shown, as_persons
from kinsync.simulators.serving import Reply, Request
from kinsync.simulators.spelling import A_FEW, ROLE_WORDS, phone

KEY, SECRET = "qmlativ-7d1e", "5bSimulated0f2C81"
TOKEN_SECONDS = 3600
ROOT = "LakesideStuAPI"
YEAR = 12
QUIRKS: Mapping[str, str] = {
    "agencies": "a few friends are agencies: no first name, the whole name in the last",
    "codes-alone": "types and relationships have a code and no description",
    "confidential-phones": "a few phones are marked confidential",
    "extensions": "a few phones have an extension in a field of its own",
    "faxes": "everybody has a fax, which stands first",
    "formatted-phones": "phones are written with brackets, dots, or a leading 1",
    "guardians-on-call": "every guardian is an emergency contact too",
    "inactive-students": "a few students have left, and are listed all the same",
    "next-to-itself": "the last page names itself as the next one",
    "renamed-types": "phones of the type Cell are called MOBILE - TEXT OK",
    "restricted": "a few fathers have restricted access",
    "two-emails": "a few people have a second address",
    "two-entities": "a few students are enrolled in a second entity too",
}
"""Each switched on by itself."""

_GUARDIANS = ("P", "S", "G")
_PHONE_TYPES = {"cell": (1, "CE", "Cell"), "home": (2, "HO", "Home"), "work": (3, "WO", "Work")}
_PHONE_TYPES |= {"": (4, "OT", "Other"), "fax": (5, "FX", "Fax")}
_ROLES = {role: 10 + place for place, role in enumerate(ROLE_WORDS)}
_PATH = re.compile(
    rf"/{ROOT}/Generic/(?P<entity>\d+)/(?P<name>\w+/\w+)"
    r"(?:/(?P<page>\d+)(?:/(?P<size>\d+))?)?/?"
)


class SkywardQmlativSystem:
    """One district's Qmlativ."""

    def __init__(
        self,
        roster: Roster,
        *,
        quirks: Collection[str] = (),
        key: str = KEY,
        secret: str = SECRET,
        rights: Collection[str] | None = None,
    ) -> None:
        """``rights`` are the objects that the key may read; None: all of them."""
        self.roster = roster
        roster.seen_as(as_persons)
        self.key, self.secret = key, secret
        self.quirks = frozenset(quirks)
        self.rights = rights
        self.tokens = Tokens(TOKEN_SECONDS)
        self._shown = {name: Shown(make) for name, make in self._makers().items()}

    @property
    def path(self) -> str:
        return f"/{ROOT}"

    @property
    def settings(self) -> Mapping[str, str]:
        return {"key": self.key, "secret": self.secret}

    def night(self) -> None:
        self.roster.next_night()

    def error(self, status: int) -> Reply:
        return Reply({"Message": f"The request was answered with {status}."}, status)

    def answer(self, request: Request) -> Reply:
        if request.path == f"/{ROOT}/oauth/token":
            return self._token(request)
        if not (self.tokens.has_one(request) or is_signed(request, {self.key: self.secret})):
            return Reply({"Message": "Token has expired"}, 403)
        found = _PATH.fullmatch(request.path)
        if not found or found["entity"] != "1" or found["name"] not in self._shown:
            return self.error(404)
        if self.rights is not None and found["name"] not in self.rights:
            return Reply({"Message": "The key has no right to read this object."}, 403)
        rows = self._rows(found["name"])
        if request.method == "POST":
            if not found["size"]:
                return self.error(405)
            try:
                rows = searched(rows, json.loads(request.body or "{}"))
            except (Unreadable, ValueError) as fault:
                return Reply({"Message": f"The search cannot be read: {fault}."}, 400)
        if not found["page"]:
            known: dict[str, Any] = {name: {} for name in (rows[0] if rows else ())}
            return Reply({**known, "ValidationRules": [], "Relationships": []})
        fields = [
            value
            for name, value in parse_qsl(urlsplit(request.url).query)
            if re.fullmatch(r"searchFields(\[\d+\])?", name)
        ]
        if not found["size"]:
            return self._one(rows, found["page"], fields)
        return self._page(found["name"], rows, int(found["page"]), int(found["size"]), fields)

    def _token(self, request: Request) -> Reply:
        told = [request.form.get(name) for name in ("grant_type", "client_id", "client_secret")]
        if request.method != "POST" or told != ["client_credentials", self.key, self.secret]:
            return Reply({"error": "invalid_client"}, 401)
        return Reply({"access_token": self.tokens.give(), "expires_in": TOKEN_SECONDS})

    def _page(
        self,
        name: str,
        rows: Sequence[Mapping[str, Any]],
        number: int,
        size: int,
        fields: Sequence[str],
    ) -> Reply:
        page = rows[(number - 1) * size : number * size]
        has_more = len(rows) > number * size
        following = f"/Generic/1/{name}/{number + has_more}/{size}"
        is_told = has_more or "next-to-itself" in self.quirks
        return Reply(
            {
                "Objects": [_of_fields(row, fields) for row in page],
                "Paging": {"Next": following if is_told else ""},
            }
        )

    def _one(self, rows: Sequence[Mapping[str, Any]], number: str, fields: Sequence[str]) -> Reply:
        found = [row for row in rows if str(next(iter(row.values()))) == number]
        return Reply(_of_fields(found[0], fields)) if found else self.error(404)

    # -- what is served ----------------------------------------------------------------------

    def _rows(self, name: str) -> Sequence[Mapping[str, Any]]:
        of_students = ("Student/Student", "Enrollment/StudentEntityYear")
        frame = self.roster.students if name in of_students else self.roster.contacts
        return self._shown[name].of(frame)

    def _makers(self) -> Mapping[str, Any]:
        return {
            "District/SchoolYear": lambda _: [
                {
                    "SchoolYearID": number,
                    "Description": f"{2014 + number} - {2015 + number}",
                    "IsCurrentYearForProvidedEntity": number == YEAR,
                }
                for number in (YEAR - 1, YEAR)
            ],
            "Student/Student": lambda frame: list(map(self._student, _named(frame))),
            "Enrollment/StudentEntityYear": lambda frame: [
                one for row in _named(frame) for one in self._enrolments(row)
            ],
            "Family/StudentGuardian": lambda frame: [
                self._guardian(row) for row in _named(frame) if row["type"] in _GUARDIANS
            ],
            "Demographics/EmergencyContact": lambda frame: [
                self._on_call(row) for row in _named(frame) if self._is_on_call(row)
            ],
            "Demographics/Name": lambda frame: list(map(self._name, _persons(frame))),
            "Demographics/NamePhone": lambda frame: [
                one for row in _persons(frame) for one in self._phones(row)
            ],
            "Demographics/NameEmail": lambda frame: [
                one for row in _persons(frame) for one in self._emails(row)
            ],
            "Demographics/Relationship": lambda _: [
                {"RelationshipID": number, **self._code(ROLE_WORDS[role][:4].upper(), role)}
                for role, number in _ROLES.items()
                if role
            ],
            "Demographics/PhoneType": lambda _: list(map(self._phone_type, _PHONE_TYPES.values())),
            "Demographics/EmailType": lambda _: [
                {"EmailTypeID": 1, "Code": "HM", "Description": "Home"}
            ],
        }

    def _student(self, row: Mapping[str, Any]) -> dict[str, Any]:
        number = int(row["Student_id"])
        has_left = "inactive-students" in self.quirks and number % A_FEW == 3
        return {
            "StudentID": number,
            "NameID": _name_of_student(number),
            "StudentNumber": row["Student_number"],
            "StudentStateID": row["State_id"],
            "FirstName": row["First_name"],
            "MiddleName": row["Middle_name"],
            "LastName": row["Last_name"],
            "Grade": row["Grade"],
            "GradYear": row["Graduation_year"],
            "IsCurrentActive": not has_left,
            "ModifiedTime": "2026-08-17T00:00:00",
        }

    def _enrolments(self, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        number, entity = int(row["Student_id"]), int(row["School_id"])
        first, has_two = int(self.roster.schools[0]), number % A_FEW == 0
        told = [(entity, YEAR, True), (entity - 1, YEAR - 1, True)]
        if "two-entities" in self.quirks and has_two and entity != first:
            told.append((first, YEAR, False))
        for place, (of, year, is_default) in enumerate(told):
            yield {
                "StudentEntityYearID": number * 10 + place,
                "StudentID": number,
                "EntityID": of,
                "SchoolYearID": year,
                "IsActive": year == YEAR,
                "IsDefaultEntity": is_default,
            }

    def _guardian(self, row: Mapping[str, Any]) -> dict[str, Any]:
        is_restricted = (
            "restricted" in self.quirks and row["role"] == "father" and row["person"] % A_FEW == 1
        )
        return {
            "StudentGuardianID": int(row["student"]) * 100 + row["number"],
            "StudentID": int(row["student"]),
            "NameIDGuardian": 1 + row["person"],
            "RelationshipID": _ROLES[row["role"]] if row["role"] else None,
            "Rank": row["order"],
            "GuardianCategory": "Guardian",
            "IsCustodialGuardian": row["order"] == 1,
            "IsEmergencyContact": "guardians-on-call" in self.quirks,
            "AllowFamilyAccess": True,
            "AllowStudentPickup": not is_restricted,
            "HasActiveRestrictedAccess": is_restricted,
            "HasUnrestrictedAccess": not is_restricted,
            "ModifiedTime": "2026-08-17T00:00:00",
        }

    def _is_on_call(self, row: Mapping[str, Any]) -> bool:
        return row["type"] not in _GUARDIANS or "guardians-on-call" in self.quirks

    def _on_call(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "EmergencyContactID": int(row["student"]) * 100 + row["number"],
            "NameID": _name_of_student(int(row["student"])),
            "NameIDEmergencyContact": 1 + row["person"],
            "RelationshipID": _ROLES[row["role"]] if row["role"] else None,
            "Rank": row["order"],
            "AllowPickUp": True,
            "Comment": "",
            "ModifiedTime": "2026-08-17T00:00:00",
        }

    def _name(self, row: Mapping[str, Any]) -> dict[str, Any]:
        is_agency = "agencies" in self.quirks and row["role"] == "friend"
        return {
            "NameID": 1 + row["person"],
            "FirstName": "" if is_agency else row["first"],
            "MiddleName": "",
            "LastName": row["name"] if is_agency else row["last"],
            "FullNameFL": row["name"],
            "IsBusiness": is_agency,
            "IsGuardianName": row["type"] in _GUARDIANS,
            "IsEmergencyContactName": self._is_on_call(row),
            "ModifiedTime": "2026-08-17T00:00:00",
        }

    def _phones(self, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        number, is_few = row["person"], row["person"] % A_FEW == 2
        if "faxes" in self.quirks:
            yield self._a_phone(number, 0, "3605550100", "fax")
        if not row["phone"]:
            return
        written = phone(row["phone"], number) if "formatted-phones" in self.quirks else row["phone"]
        is_quiet = "confidential-phones" in self.quirks and is_few
        told = self._a_phone(number, 1, written, row["phone_kind"])
        extension = "204" if "extensions" in self.quirks and is_few else ""
        yield told | {"IsConfidential": is_quiet, "Extension": extension}

    def _a_phone(self, person: int, rank: int, digits: str, kind: str) -> dict[str, Any]:
        return {
            "NamePhoneID": person * 10 + rank,
            "NameID": 1 + person,
            "PhoneNumber": digits,
            "Extension": "",
            "FullPhoneNumber": digits,
            "FormattedPhoneNumber": digits,
            "PhoneTypeID": _PHONE_TYPES[kind][0],
            "Rank": 1 + rank,
            "IsConfidential": False,
            "IsFax": kind == "fax",
            "IsInternational": False,
            "ModifiedTime": "2026-08-17T00:00:00",
        }

    def _emails(self, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        told = [row["email"]] if row["email"] else []
        if "two-emails" in self.quirks and row["person"] % A_FEW == 2:
            told.append(f"second.{row['person']}@mail.example.org")
        for place, address in enumerate(told):
            yield {
                "NameEmailID": row["person"] * 10 + place,
                "NameID": 1 + row["person"],
                "EmailAddress": address,
                "EmailTypeID": 1,
                "Rank": 1 + place,
                "ModifiedTime": "2026-08-17T00:00:00",
            }

    def _phone_type(self, told: tuple[int, str, str]) -> dict[str, Any]:
        number, code, word = told
        if "renamed-types" in self.quirks and word == "Cell":
            word = "MOBILE - TEXT OK"
        is_bare = "codes-alone" in self.quirks
        return {
            "PhoneTypeID": number,
            "Code": word if is_bare else code,
            "Description": "" if is_bare else word,
        }

    def _code(self, code: str, role: str) -> dict[str, str]:
        is_bare = "codes-alone" in self.quirks
        word = ROLE_WORDS[role]
        return {"Code": word if is_bare else code, "Description": "" if is_bare else word}


def _named(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    return frame.iter_rows(named=True)


def _persons(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Each person once."""
    return _named(frame.unique("person", keep="first", maintain_order=True))


def _name_of_student(number: int) -> int:
    return 50_000_000 + number


def _of_fields(row: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """What was asked for; the number of the object comes all the same."""
    key = next(iter(row))
    return {name: value for name, value in row.items() if name == key or name in fields}
