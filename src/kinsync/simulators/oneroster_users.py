"""The people of a pretended OneRoster service: its records, with the quirks that they have.

Source: 1EdTech, OneRoster 1.1 and OneRoster Rostering Service 1.2, "REST/JSON Binding".
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from kinsync.simulators.roster import Roster, as_persons
from kinsync.simulators.spelling import A_FEW, ROLE_WORDS

_ROLES = {"mother": "parent", "father": "parent", "stepmother": "guardian"}
_MODIFIED = datetime(2026, 9, 2, 13, 5, 11, tzinfo=UTC)


class Users:
    """Everybody whom a service knows, night after night."""

    def __init__(self, roster: Roster, quirks: Collection[str], *, version: str, path: str) -> None:
        """``path`` is what stands before the keys in references."""
        self.roster = roster
        self.quirks = frozenset(quirks)
        self.version = version
        self.path = path
        self.modified: dict[str, datetime] = {}
        self._users: list[dict[str, Any]] = []
        self._night = 0
        roster.seen_as(_as_users)

    def student_id(self, number: str) -> str:
        """The sourcedId of a student."""
        return number

    def contact_id(self, person: int) -> str:
        """The sourcedId of a contact."""
        return f"con-{person}"

    def school_id(self, code: str) -> str:
        """The sourcedId of a school."""
        return code

    def district_id(self) -> str:
        """The sourcedId of the district."""
        return "district"

    def staff_id(self) -> str:
        """The sourcedId of the one who teaches, or leads a school."""
        return "staff-1"

    def orgs(self) -> list[dict[str, Any]]:
        """The district and its schools."""
        kind = "local" if "local-orgs" in self.quirks else "school"
        above = {"parent": self._reference("org", self.district_id())}
        schools = [
            self._record(
                self.school_id(code), name=f"School {code}", type=kind, identifier=code, **above
            )
            for code in self.roster.schools
        ]
        lead = {"name": "Lakeside", "type": "district", "identifier": "0"}
        return [self._record(self.district_id(), **lead), *schools]

    def users(self) -> list[dict[str, Any]]:
        """Everybody: students, staff and contacts."""
        if self._night != self.roster.night:
            self._night, self._users = self.roster.night, list(self._all_users())
        return self._users

    def _all_users(self) -> Iterator[dict[str, Any]]:
        students: dict[str, list[int]] = {}
        for student, person in self.roster.contacts.select("student", "person").iter_rows():
            students.setdefault(student, []).append(person)
        for number, row in enumerate(self.roster.students.iter_rows(named=True)):
            yield from self._doubled(
                number, self._student(row, students.get(row["Student_id"], []))
            )
        yield self._staff()
        if "no-guardians" not in self.quirks:
            yield from self._contacts()

    def _doubled(self, number: int, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield record
        if "duplicates" in self.quirks and number % A_FEW == 2:
            yield dict(record)

    def _contacts(self) -> Iterator[dict[str, Any]]:
        for row in self._contact_rows().iter_rows(named=True):
            number = row["person"]
            record = self._contact(row)
            if "deleted" in self.quirks and number % A_FEW == 3:
                record["status"] = "tobedeleted" if number % 2 else "inactive"
            yield from self._doubled(number, record)
            if "id-per-role" in self.quirks and self.has_second(number):
                yield self._contact({**row, "role": "aunt"}, second=True)

    def _contact_rows(self) -> pl.DataFrame:
        """One row is one person who is a contact, with their students and schools."""
        return self.roster.contacts.group_by("person", maintain_order=True).agg(
            pl.col("student", "school"),
            pl.col("role", "first", "last", "phone", "phone_kind", "email").first(),
            pl.col("order", "type").first(),
        )

    def _role_of(self, role: str) -> str:
        """The role of OneRoster for what a person is."""
        if "ext-roles" in self.quirks and role == "friend":
            return "ext:liaison"
        return _ROLES.get(role, "relative")

    def has_second(self, person: int) -> bool:
        """Whether a contact has a second record, under the quirk ``id-per-role``."""
        return person % A_FEW == 1

    def _student(self, row: Mapping[str, Any], contacts: Sequence[int]) -> dict[str, Any]:
        number = int(row["Student_id"])
        agents = [self.contact_id(person) for person in contacts]
        if "id-per-role" in self.quirks:
            agents += [self.contact_id(one) + "-2" for one in contacts if self.has_second(one)]
        agents = [] if "contacts-alone" in self.quirks else agents
        is_one_of_few = number % A_FEW == 4
        if "dangling-agents" in self.quirks and is_one_of_few:
            agents.append(f"con-gone-{number}")
        if "other-roles" in self.quirks and is_one_of_few:
            agents.append(self.staff_id())
        if "sibling-agents" in self.quirks and is_one_of_few:
            agents.append(self.student_id(self.roster.students["Student_id"][0]))
        schools = [self.school_id(row["School_id"])]
        if "two-schools" in self.quirks and is_one_of_few:
            schools += [self.school_id(one) for one in self.roster.schools if one not in schools]
        if "district-role" in self.quirks:
            schools.insert(0, self.district_id())
        return self._user(
            self.student_id(row["Student_id"]),
            "student",
            schools,
            agents,
            username=row["Student_email"] or row["Student_id"],
            givenName=row["First_name"],
            middleName=row["Middle_name"] or "",
            familyName=row["Last_name"],
            identifier=row["Student_number"] or "",
            email=row["Student_email"] or "",
            grades=[row["Grade"]] if row["Grade"] else [],
            userIds=[{"type": "SIS", "identifier": row["Student_number"] or ""}],
            userMasterIdentifier=row["State_id"] or "",
        )

    def _staff(self) -> dict[str, Any]:
        role = "principal" if "other-roles" in self.quirks else "teacher"
        schools = [self.school_id(code) for code in self.roster.schools[:1]]
        names = {"givenName": "Odile", "familyName": "Brandt", "email": "o.brandt@lakeside.example"}
        return self._user(self.staff_id(), role, schools, [], username="obrandt", **names)

    def _contact(self, row: Mapping[str, Any], *, second: bool = False) -> dict[str, Any]:
        role = self._role_of(row["role"])
        students = [self.student_id(one) for one in dict.fromkeys(row["student"])]
        is_mobile = row["phone_kind"] in ("cell", "")
        record = self._user(
            self.contact_id(row["person"]) + ("-2" if second else ""),
            role,
            [self.school_id(one) for one in sorted(set(row["school"]))],
            [] if "students-alone" in self.quirks else students,
            username=row["email"] or f"con{row['person']}",
            givenName=row["first"],
            middleName="",
            familyName=row["last"],
            identifier=str(row["person"]),
            email=row["email"],
            sms=row["phone"] if is_mobile else "",
            phone="" if is_mobile else row["phone"],
        )
        if "disabled" in self.quirks and row["person"] % A_FEW == 5:
            record["enabledUser"] = "false"
        if "metadata" in self.quirks:
            record["metadata"] = {
                "relationship": ROLE_WORDS[row["role"]],
                "priority": row["order"],
                "emergencyContact": row["type"] == "E",
            }
        return record

    def _user(
        self, key: str, role: str, orgs: Sequence[str], agents: Sequence[str], **told: Any
    ) -> dict[str, Any]:
        shown = role.capitalize() if "capital-roles" in self.quirks else role
        references = [self._reference("org", one) for one in orgs]
        record = self._record(
            key,
            enabledUser=True if "booleans" in self.quirks else "true",
            **{"sms": "", "phone": "", "grades": [], **told},
            agents=[self._reference("user", one) for one in agents],
        )
        if self.version == "1.1" or "old-records" in self.quirks:
            return record | {"role": shown, "orgs": references}
        kinds = ("primary", *("secondary" for _ in orgs[1:]))
        roles = [
            {"roleType": kind, "role": shown, "org": org}
            for kind, org in zip(kinds, references, strict=True)
        ]
        return record | {"roles": roles}

    def _record(self, key: str, **told: Any) -> dict[str, Any]:
        modified = self.modified.get(key, _MODIFIED)
        text = f"{modified:%Y-%m-%dT%H:%M:%S}"
        text += "Z" if "no-milliseconds" in self.quirks else f".{modified.microsecond // 1000:03}Z"
        start = {"sourcedId": key, "status": "active", "dateLastModified": text, "metadata": {}}
        return start | told

    def _reference(self, kind: str, key: str) -> dict[str, str]:
        return {"href": f"{self.path}/{kind}s/{key}", "sourcedId": key, "type": kind}

    def is_listed(self, record: Mapping[str, Any]) -> bool:
        """Whether a user stands in lists, and not alone under its key."""
        key = record["sourcedId"]
        is_hidden = key.startswith("con-") and int(re.sub(r"\D", "", key)) % A_FEW == 6
        return not (is_hidden and "hidden" in self.quirks)


def _as_users(contacts: pl.DataFrame) -> pl.DataFrame:
    """What OneRoster can hold: a record for each person, who has one role to all students."""
    return as_persons(contacts).with_columns(pl.col("role").first().over("person"))


def roles_of(record: Mapping[str, Any]) -> list[str]:
    """The roles of a user, of either version."""
    told = [one["role"] for one in record["roles"]] if "roles" in record else [record["role"]]
    return [one.lower() for one in told]
