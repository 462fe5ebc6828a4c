"""Law: what is on record of a student is the answers that named one of the student's contacts."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinsync.store import disclosures
from kinsync.store.database import connect
from tests.web.lakeside import STILL, Application, add_district, add_relationship, insert, record

NIGHTS = 3
STUDENTS, CONTACTS = range(3), range(4)
NUMBERS = itertools.count(10)
"""Of districts: every example has one of its own."""


@dataclass(frozen=True)
class Family:
    """What somebody is to a student, from one night until before another."""

    student: int
    contact: int
    since: int
    until: int


@dataclass(frozen=True)
class Read:
    """One request, made while a version is published."""

    night: int
    address: str
    about: int
    limit: int
    after: int | None

    def path(self, ids: "Ids") -> str:
        kind = "relationship" if "v1" in self.address else "contact"
        of = "student" if self.address.endswith(("}/contacts", "mycontacts")) else kind
        path = self.address.format(id=ids.id(of, self.about))
        path += f"{'&' if '?' in path else '?'}limit={self.limit}"
        if self.after is not None:
            path += f"&starting_after={ids.id(kind, self.after)}"
        return path


@dataclass(frozen=True)
class Ids:
    """The ids of one example's records."""

    district: int

    def id(self, kind: str, number: int) -> str:
        place = ("student", "contact", "legacy", "relationship").index(kind) + 1
        return f"66b1{self.district:04x}{place:04x}{number:012x}"


def families() -> st.SearchStrategy[list[Family]]:
    nights = st.tuples(st.integers(1, NIGHTS), st.integers(2, NIGHTS + 1)).filter(
        lambda pair: pair[0] < pair[1]
    )
    one = st.builds(
        lambda student, contact, pair: Family(student, contact, *pair),
        st.sampled_from(STUDENTS),
        st.sampled_from(CONTACTS),
        nights,
    )
    return st.lists(one, min_size=1, max_size=8)


READS = st.lists(
    st.builds(
        Read,
        night=st.integers(1, NIGHTS),
        address=st.sampled_from(
            [
                "/v1.2/contacts",
                "/v1.2/contacts/{id}",
                "/v3.1/users",
                "/v3.0/users?role=contact",
                "/v3.1/users/{id}",
                *["/v3.1/users/{id}/mycontacts"] * 2,
                *["/v1.2/students/{id}/contacts"] * 2,
            ]
        ),
        about=st.integers(0, 3),
        limit=st.integers(1, 6),
        after=st.none() | st.none() | st.integers(0, 4),
    ),
    min_size=1,
    max_size=8,
)


@given(families=families(), reads=READS)
@settings(
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_record_of_a_student_is_what_the_answers_really_named(
    http: httpx.Client, families: list[Family], reads: list[Read]
) -> None:
    ids = Ids(next(NUMBERS))
    _publish(ids, families)
    app = Application(http, f"{ids.district:040x}")
    told: dict[str, list[tuple[int, set[str]]]] = {}
    about_contact: dict[str, list[int]] = {}
    for read in reads:
        with connect() as owner:
            owner.execute(
                "UPDATE district SET published = %s WHERE id = %s", (read.night, ids.district)
            )
        answer = app.get(read.path(ids))
        pairs = set(_pairs(answer.json(), ids, families)) if answer.status_code == 200 else set()
        for student in {student for student, _ in pairs}:
            people = {contact for other, contact in pairs if other == student}
            told.setdefault(student, []).append((read.night, people))
        for contact in {contact for _, contact in pairs}:
            about_contact.setdefault(contact, []).append(read.night)

    for number in STUDENTS:
        student = ids.id("student", number)
        found = disclosures.named(ids.district, students=[student])
        assert [(one.version, set(one.contacts)) for one in found] == told.get(student, [])
    for number in CONTACTS:
        contact = ids.id("contact", number)
        found = disclosures.named(ids.district, contacts=[contact])
        assert [one.version for one in found] == about_contact.get(contact, [])


def _publish(ids: Ids, families: list[Family]) -> None:
    """A district whose people stand to its students as they do, at each of three versions."""
    with connect() as owner:
        name = f"District {ids.district}"
        add_district(owner, ids.district, name, f"{ids.district:040x}", versions=NIGHTS)
        for number in STUDENTS:
            record(owner, "student", ids.district, ids.id("student", number), sis_id=f"S{number}")
        for number in {family.contact for family in families}:
            legacy = ids.id("legacy", number)
            contact = ids.id("contact", number)
            record(owner, "contact", ids.district, contact, legacy_id=legacy, name="Somebody")
        for number, family in enumerate(families):
            add_relationship(
                owner,
                ids.district,
                ids.id("relationship", number),
                ids.id("contact", family.contact),
                ids.id("student", family.student),
                "Primary",
                None,
                None,
                since=family.since,
                until=STILL if family.until > NIGHTS else family.until,
            )


def _pairs(answer: dict[str, Any], ids: Ids, families: list[Family]) -> Iterable[tuple[str, str]]:
    """Student and contact, of every contact that an answer names."""
    data = answer["data"] if isinstance(answer["data"], list) else [answer]
    for item in data:
        found = item.get("data", item)
        if "roles" not in found:
            family = families[int(found["id"][-12:], 16)]
            yield found["student"], ids.id("contact", family.contact)
        for tie in found.get("roles", {}).get("contact", {}).get("student_relationships", []):
            yield tie["student"], found["id"]


@pytest.mark.parametrize("address", ["/v3.1/users/{id}/mycontacts", "/v1.2/students/{id}/contacts"])
def test_who_lies_between_two_contacts_of_a_student_was_not_named(
    http: httpx.Client, address: str
) -> None:
    ids = Ids(next(NUMBERS))
    _publish(ids, [Family(0, 0, 1, 9), Family(1, 1, 1, 9), Family(0, 2, 1, 9), Family(2, 2, 1, 9)])
    app = Application(http, f"{ids.district:040x}")

    app.read(address.format(id=ids.id("student", 0)))

    asked, between, sibling = (
        disclosures.named(ids.district, students=[ids.id("student", number)]) for number in STUDENTS
    )
    assert [one.contacts for one in asked] == [[ids.id("contact", 0), ids.id("contact", 2)]]
    assert between == []
    assert len(sibling) == (1 if "v3" in address else 0)  # v1.2 names a contact of one student


def test_a_record_leads_to_the_same_people_after_they_were_merged(http: httpx.Client) -> None:
    ids = Ids(next(NUMBERS))
    _publish(ids, [Family(0, 0, 1, 2), Family(0, 1, 1, 9), Family(1, 2, 1, 9)])
    app = Application(http, f"{ids.district:040x}")
    with connect() as owner:
        owner.execute("UPDATE district SET published = 1 WHERE id = %s", (ids.district,))
    app.read(f"/v3.1/users/{ids.id('contact', 0)}")
    with connect() as owner:  # the second night finds out that 0 is 1
        owner.execute("UPDATE district SET published = 2 WHERE id = %s", (ids.district,))
        insert(
            owner,
            "contact_merge",
            district_id=ids.district,
            from_id=ids.id("contact", 0),
            into_id=ids.id("contact", 1),
            version=2,
        )
    app.read(f"/v3.1/users/{ids.id('contact', 1)}")

    for kind, number in (("contact", 0), ("contact", 1), ("legacy", 0), ("relationship", 1)):
        known = disclosures.contact_ids(ids.district, ids.id(kind, number).upper())
        found = disclosures.named(ids.district, contacts=known)
        assert [one.contacts for one in found] == [
            [ids.id("contact", 0)],
            [ids.id("contact", 1)],
        ]
    student = disclosures.student_ids(ids.district, "S0")
    assert [one.version for one in disclosures.named(ids.district, students=student)] == [1, 2]
    assert disclosures.contact_ids(ids.district, "nobody") == []
