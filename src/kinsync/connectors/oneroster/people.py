"""People as OneRoster tells of them, by whichever way: records of users, taken apart.

A record is one user, in the words of the REST service of 1.1 or 1.2; which of the two it is, it
shows itself, for some servers of 1.1 answer under the path of 1.2. Students and their contacts are
users alike. A student names contacts as *agents*, a contact may name students: both ways count.

Source: 1EdTech, OneRoster 1.1 and OneRoster Rostering Service 1.2.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from kinsync.transport.source_table import Piece, Table

Record = Mapping[str, Any]

KEY = "student"
"""The key of a student, in every table that has it; ``contact`` is that of a contact."""

CONTACT_ROLES = ("parent", "guardian", "relative")
"""Roles whose users are contacts, the one that says most first."""
_NAMING_STUDENTS = (*CONTACT_ROLES, "aide")
"""Roles whose agents are students. Some districts call an emergency contact an aide."""
_RANK = {"parent": 0, "guardian": 0, "relative": 1}
_GONE = ("tobedeleted", "inactive")
_ABOVE_SCHOOLS = ("district", "state", "national")

_PERSON = (
    *("identifier", "username", "givenName", "middleName", "familyName", "preferredFirstName"),
    *("preferredLastName", "email", "sms", "phone", "enabledUser"),
)
_NAMED = ("givenName", "familyName")

STUDENTS = Table(
    "students",
    (KEY,),
    (KEY, "school", "schools", *_PERSON, "grades", "userMasterIdentifier"),
    _NAMED,
    called="student",
    made=("sourcedId",),
)
TIES = Table("ties", (KEY, "contact"), (KEY, "contact"))
CONTACTS = Table(
    "contacts",
    ("contact",),
    ("contact", "role", *_PERSON),
    _NAMED,
    called="contact",
    made=("sourcedId",),
    via=(TIES.name, "contact"),
)
SCHOOLS = Table(
    "schools", ("sourcedId",), ("sourcedId", "name", "identifier", "type"), called="school"
)
TABLES = (STUDENTS, CONTACTS, TIES, SCHOOLS)


class People:
    """Records of one pull, told apart as they come; who was named and did not come is known."""

    def __init__(
        self,
        orgs: Sequence[Record],
        tables: Sequence[Table] = TABLES,
        *,
        with_disabled: bool = True,
    ) -> None:
        """``orgs`` are the organisations there are, ``tables`` with all columns that are wanted."""
        self._orgs = orgs
        self._paths = {table.name: _paths(table) for table in tables}
        self._types = {sourced_id(one): _word(one.get("type")) for one in orgs}
        self._with_disabled = with_disabled
        self._came: set[str] = set()
        self._named: set[str] = set()
        self.students = self.contacts = 0

    def schools(self) -> Piece:
        """The organisations as rows."""
        return Piece(SCHOOLS.name, [self._picked(SCHOOLS, one) for one in self._orgs])

    def pieces(self, records: Sequence[Record]) -> Iterator[Piece]:
        """The rows of some records. Who was deleted, or is left out, has none."""
        students: list[dict[str, Any]] = []
        contacts: list[dict[str, Any]] = []
        ties: list[dict[str, str]] = []
        for record in records:
            self._came.add(sourced_id(record))
            if not self._is_read(record):
                continue
            roles = _roles(record)
            if "student" in roles:
                students.append(self._student(record))
            agents = agents_of(record)
            ties += self._tied(sourced_id(record), roles, agents)
            self.contacts += bool(set(roles) & set(CONTACT_ROLES))
            contacts.append(self._contact(record, roles))
        self.students += len(students)
        yield Piece(STUDENTS.name, students)
        yield Piece(CONTACTS.name, contacts)
        yield Piece(TIES.name, ties)

    def missing(self) -> list[str]:
        """Those who were named by others and did not come, in a fixed order."""
        return sorted(self._named - self._came)

    def _is_read(self, record: Record) -> bool:
        is_enabled = str(record.get("enabledUser")).lower() != "false"
        return _word(record.get("status")) not in _GONE and (is_enabled or self._with_disabled)

    def _tied(
        self, own: str, roles: Sequence[str], agents: Sequence[str]
    ) -> Iterator[dict[str, str]]:
        is_student = "student" in roles
        if not is_student and not set(roles) & set(_NAMING_STUDENTS):
            return
        self._named.update(agents)
        for other in agents:
            student, contact = (own, other) if is_student else (other, own)
            if student != contact:
                yield {KEY: student, "contact": contact}

    def _student(self, record: Record) -> dict[str, Any]:
        schools = self._schools_of(record)
        return {
            **self._picked(STUDENTS, record),
            KEY: sourced_id(record),
            "school": next(iter(schools), ""),
            "schools": ", ".join(schools),
        }

    def _contact(self, record: Record, roles: Sequence[str]) -> dict[str, Any]:
        telling = next((role for role in CONTACT_ROLES if role in roles), next(iter(roles), ""))
        own = {"contact": sourced_id(record), "role": telling}
        return {**self._picked(CONTACTS, record), **own}

    def _picked(self, table: Table, record: Record) -> dict[str, Any]:
        """What a record has of the columns of a table; a column that it does not have is not there.

        That tells a blank cell from an interface that has changed.
        """
        return {
            column: _at(record[first], further)
            for column, first, further in self._paths[table.name]
            if first in record
        }

    def _schools_of(self, record: Record) -> list[str]:
        """All schools of a student, the one that comes first in the lead, the others in order.

        Where a student is listed at the district too, that is none of the schools. Some systems
        call every school local, a word that means the district elsewhere.
        """
        found = list(dict.fromkeys(_orgs(record)))
        for others in ((*_ABOVE_SCHOOLS, "local"), _ABOVE_SCHOOLS, ()):
            if schools := [one for one in found if self._types.get(one) not in others]:
                return [schools[0], *sorted(schools[1:])]
        return []


def joined(tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """One row is one contact of one student, or a student without any."""
    students = STUDENTS.shown(tables[STUDENTS.name]).rename(
        {"student.student": "student.sourcedId"}
    )
    contacts = CONTACTS.shown(tables[CONTACTS.name]).rename(
        {"contact.contact": "contact.sourcedId"}
    )
    schools = SCHOOLS.shown(tables[SCHOOLS.name])
    rank = pl.col("contact.role").replace_strict(_RANK, default=2, return_dtype=pl.UInt8)
    return (
        students.join(schools, left_on="student.school", right_on="school.sourcedId", how="left")
        .join(contacts, left_on="student.sourcedId", right_on="contact.student", how="left")
        .sort("student.sourcedId", rank, "contact.sourcedId", nulls_last=True)
    )


# -- one record ----------------------------------------------------------------------------------


def sourced_id(record: Record) -> str:
    """The key of a record; blank where it has none."""
    return str(record.get("sourcedId") or "")


def _roles(record: Record) -> list[str]:
    """The roles of a user, the primary one first: of 1.2 a list, of 1.1 a word."""
    told = [one for one in _list(record.get("roles")) if isinstance(one, dict)]
    told.sort(key=lambda one: _word(one.get("roleType")) != "primary")
    found = [_word(one.get("role")) for one in told] or [_word(record.get("role"))]
    return [role for role in dict.fromkeys(found) if role]


def _orgs(record: Record) -> Iterator[str]:
    """The organisations of a student: of its roles as one, else those of the user."""
    roles = [one for one in _list(record.get("roles")) if isinstance(one, dict)]
    of_student = [one for one in roles if _word(one.get("role")) == "student"]
    of_student.sort(key=lambda one: _word(one.get("roleType")) != "primary")
    told = [one.get("org") for one in of_student] or _list(record.get("orgs"))
    for one in (*told, record.get("primaryOrg")):
        if found := _reference(one):
            yield found


def agents_of(record: Record) -> list[str]:
    """The keys of the users whom a user names."""
    return [found for one in _list(record.get("agents")) if (found := _reference(one))]


def _reference(told: object) -> str:
    """The key that a reference names; some have nothing but its address."""
    if not isinstance(told, dict):
        return ""
    return str(told.get("sourcedId") or str(told.get("href") or "").rstrip("/").rpartition("/")[2])


def _list(told: object) -> list[Any]:
    return told if isinstance(told, list) else []


def _word(told: object) -> str:
    return str(told or "").strip().lower()


def _paths(table: Table) -> list[tuple[str, str, list[str]]]:
    """The columns of a table, each with the path that leads to it in a record."""
    split = ((column, column.split(".")) for column in table.columns)
    return [(column, path[0], path[1:]) for column, path in split]


def _at(value: Any, path: Sequence[str]) -> Any:
    """What stands deeper in a value: under a name, or in a list of ids under its type."""
    if isinstance(value, dict) and len(path) > 1 and ".".join(path) in value:
        return value[".".join(path)]  # a name may have dots of its own
    for name in path:
        if isinstance(value, list):
            typed = {
                str(one.get("type")): one.get("identifier")
                for one in value
                if isinstance(one, dict)
            }
            value = _under(typed, name)
        else:
            value = _under(value, name) if isinstance(value, dict) else None
    if isinstance(value, list):
        return ", ".join(str(one) for one in value if not isinstance(one, dict | list))
    return None if isinstance(value, dict) else value


def _under(values: Mapping[str, Any], name: str) -> Any:
    if name in values:
        return values[name]
    return next((value for key, value in values.items() if key.casefold() == name.casefold()), None)
