"""Records of OneRoster, taken apart: what no simulator of a district shows by itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from kinsync.connectors.oneroster.people import CONTACTS, STUDENTS, TIES, People

Record = Mapping[str, Any]


def user(key: str, *roles: str, agents: Sequence[str] = (), **told: Any) -> dict[str, Any]:
    """A user of 1.2; the first role is the primary one."""
    kinds = ["primary", "secondary", "secondary"]
    listed = [
        {"roleType": kind, "role": role, "org": {"sourcedId": "s1"}}
        for kind, role in zip(kinds, roles, strict=False)
    ]
    agent = [{"sourcedId": one, "type": "user"} for one in agents]
    names = {"givenName": "Noor", "familyName": "Vasquez", "status": "active"}
    return {"sourcedId": key, **names, "roles": listed, "agents": agent, **told}


def taken(*records: Record, orgs: Sequence[Record] = ()) -> dict[str, list[Mapping[str, Any]]]:
    """The rows of each table."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for piece in People(orgs).pieces(records):
        found.setdefault(piece.table, []).extend(piece.rows)
    return found


def ties(*records: Record) -> list[tuple[str, str]]:
    return [(one["student"], one["contact"]) for one in taken(*records)[TIES.name]]


def test_a_tie_may_be_told_from_either_side() -> None:
    assert ties(user("stu", "student", agents=["con"])) == [("stu", "con")]
    assert ties(user("con", "parent", agents=["stu"])) == [("stu", "con")]


@pytest.mark.parametrize("role", ["teacher", "principal", "districtAdministrator"])
def test_whom_staff_name_is_nobodys_contact(role: str) -> None:
    assert ties(user("staff", role, agents=["stu"])) == []


def test_a_student_is_no_contact_of_its_own() -> None:
    assert ties(user("stu", "student", agents=["stu", "con"])) == [("stu", "con")]


def test_an_agent_may_be_told_by_its_address_alone() -> None:
    agent = {"href": "https://sis.example.org/ims/oneroster/v1p1/users/con-7"}

    assert ties(user("stu", "student") | {"agents": [agent, None, {}]}) == [("stu", "con-7")]


@pytest.mark.parametrize(
    ("roles", "told"),
    [
        (("teacher", "parent"), "parent"),
        (("aide", "guardian", "parent"), "parent"),
        (("Guardian",), "guardian"),
        (("ext:coach",), "ext:coach"),
        ((), ""),
    ],
)
def test_of_several_roles_the_one_counts_that_says_most_of_a_contact(
    roles: Sequence[str], told: str
) -> None:
    (row,) = taken(user("con", *roles))[CONTACTS.name]

    assert row["role"] == told


@pytest.mark.parametrize("status", ["tobedeleted", "ToBeDeleted", "inactive"])
def test_who_is_gone_has_no_rows_and_is_not_missing(status: str) -> None:
    people = People(())
    gone = user("con", "parent", status=status)
    pieces = list(people.pieces([user("stu", "student", agents=["con"]), gone]))

    assert [row["contact"] for row in pieces[1].rows] == ["stu"]
    assert people.missing() == []


def test_who_is_named_and_does_not_come_is_missing() -> None:
    people = People(())
    list(people.pieces([user("stu", "student", agents=["b", "a"]), user("a", "parent")]))

    assert people.missing() == ["b"]


@pytest.mark.parametrize(
    ("types", "schools"),
    [
        ({"d": "district", "s2": "school", "s1": "school", "s3": "school"}, "s2, s1, s3"),
        ({"d": "district", "s2": "local"}, "s2"),
        ({"l": "local", "s2": "school"}, "s2"),
        ({"d": "district"}, "d"),
        ({"d": "district", "unknown": ""}, "unknown"),
    ],
)
def test_the_schools_of_a_student_are_those_below_the_district(
    types: Mapping[str, str], schools: str
) -> None:
    orgs = [{"sourcedId": key, "type": kind} for key, kind in types.items() if kind]
    record = {
        "sourcedId": "stu",
        "role": "student",
        "orgs": [{"sourcedId": key} for key in types],
    }
    (row,) = taken(record, orgs=orgs)[STUDENTS.name]

    assert (row["schools"], row["school"]) == (schools, schools.split(", ")[0])
