"""Skyward SMS 2.0 by its API server: students, and the guardians of each.

Source: Arux Software, Ruby gem Bright, ``Bright::SisApi::Skyward``; Tools4ever,
HelloID-Conn-Prov-Source-Skyward-SMS2.0-REST-Students; Skyward, "API FAQs".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import httpx2
import polars as pl

from kinsync.connectors.connector import Carries, Connector, Given, Setting, State
from kinsync.domain.errors import ChangeInput, IncompletePull, NothingThere
from kinsync.transport.cells import cell
from kinsync.transport.http import Answer, Http, Limits
from kinsync.transport.paging import Cursor, next_link, pages
from kinsync.transport.signing import ClientCredentials
from kinsync.transport.source_table import Piece, Table

STUDENTS, GUARDIANS = "v1/students", "v1/guardians"
WAYS = ("auto", "list", "student")
"""How guardians are asked for: as one list, or those of each student."""
SAMPLE = 20
"""So many students are asked about alone where the list of guardians is empty."""

_PHONES = (
    *("PhoneNumber", "PhoneNumberType", "PhoneNumber2", "PhoneNumber2Type"),
    *("PhoneNumber3", "PhoneNumber3Type"),
)
_ADDRESS = ("StreetAddress", "City", "State", "ZipCode")
_STUDENT = Table(
    "students",
    ("NameId",),
    (
        *("NameId", "DisplayId", "StateId", "FirstName", "MiddleName", "LastName", "GradYr"),
        *("DateOfBirth", "SchoolEmail", "DefaultSchoolId", "schoolIds", *_ADDRESS, *_PHONES),
    ),
    ("FirstName", "LastName", "DefaultSchoolId"),
    called="Student",
)
_GUARDIAN = Table(
    "guardians",
    ("NameId", "GuardianNameId"),
    (
        *("NameId", "GuardianNameId", "FirstName", "MiddleName", "LastName", "RelationshipDesc"),
        *("Email", "SchoolEmail", *_ADDRESS, *_PHONES),
    ),
    ("FirstName", "LastName", "PhoneNumber", "RelationshipDesc"),
    called="Guardian",
)


class SkywardSms2(Connector):
    """A district's Skyward SMS 2.0, read over the API server ("LMS API")."""

    name: ClassVar = "skyward-api"
    title: ClassVar = "Skyward API Sync"
    cadence: ClassVar = "every 6 hours from 01:30"
    limits: ClassVar = Limits(in_flight=2, silent_seconds=300, answer_seconds=600)
    settings: ClassVar[Sequence[Setting]] = (
        Setting("url", "address of the district's API server, https://HOST/api"),
        Setting("key", "the key that Skyward issued", is_secret=True),
        Setting("secret", "the secret that was issued with it", is_secret=True),
        Setting(
            "guardians", "list: asked for at once; student: one by one; auto: found out", "auto"
        ),
        Setting("page_size", "rows asked for at a time", "1000"),
    )
    carries: ClassVar = Carries(
        contacts="all guardians of a student",
        sis_id="GuardianNameId",
        email="one: the guardian's own, or else that of the school",
        type="none: everybody is a parent or guardian",
        phones="three, each with its type",
        addresses="street, city, state and zip",
        flags="everybody is a guardian; no others",
        schools="the code of the student's default school",
        lost=(
            "emergency contacts: the interface gives guardians only",
            "the order of guardians",
            "the grade: the interface gives the year of graduation",
            "every school of a student but the default one",
        ),
    )
    key: ClassVar = "NameId"
    tables: ClassVar[Sequence[Table]] = (_STUDENT, _GUARDIAN)

    def base(self, given: Given) -> str:
        return given["url"].rstrip("/") + "/"

    def auth(self, given: Given) -> httpx2.Auth:
        key, secret = given["key"], given["secret"]
        form = {"grant_type": "password", "username": key, "password": secret}
        return ClientCredentials(self.base(given) + "token", key, secret, form)

    def look(self, http: Http, given: Given) -> Iterator[str]:
        students = next(self._pages(http, given, STUDENTS, "NameId"), [])
        yield "Skyward answers, and takes the key."
        if not students:
            raise ChangeInput(
                "Skyward gives no student. Check in Skyward that the key may read students, and "
                "that the school year has active enrollments."
            )
        yield f"It gives students: {len(students)} on the first page."
        listed = next(self._guardians(http, given, [one.get("NameId") for one in students]), None)
        if listed is None:
            raise ChangeInput(
                f"None of the first {min(SAMPLE, len(students))} students has a guardian, and "
                "neither has the list. Check in Skyward that the key may read guardians."
            )
        yield "It gives guardians, and what each is to which student."

    def read(self, http: Http, given: Given, state: State) -> Iterator[Piece]:
        students: list[Any] = []
        for page in self._pages(http, given, STUDENTS, "NameId"):
            yield Piece(_STUDENT.name, [_with_schools(row) for row in page])
            students += [row["NameId"] for row in page]
        yield from self._guardians(http, given, students)

    def join(self, tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
        students = _STUDENT.shown(tables[_STUDENT.name])
        guardians = _GUARDIAN.shown(tables[_GUARDIAN.name])
        order = ("Student.NameId", "Guardian.GuardianNameId")
        return students.join(
            guardians, left_on="Student.NameId", right_on="Guardian.NameId", how="left"
        ).sort(*(pl.col(name).cast(pl.Int64, strict=False) for name in order), *order)

    # -- what is asked -----------------------------------------------------------------------

    def _guardians(self, http: Http, given: Given, students: Sequence[Any]) -> Iterator[Piece]:
        """Guardians as one list, or where Skyward does not serve that, student by student."""
        way = given.chosen("guardians", WAYS)
        if way != "student":
            has_some = False
            try:
                for page in self._pages(http, given, GUARDIANS, "GuardianNameId"):
                    has_some = True
                    yield _ties(http.who, page)
            except NothingThere:
                if way == "list":
                    raise
            else:
                if has_some or way == "list":
                    return
                sample = students[:SAMPLE]
                if not any(self._of_student(http, one).rows for one in sample):
                    return
        for piece in http.each(students, lambda student: self._of_student(http, student)):
            if piece.rows:
                yield piece

    def _of_student(self, http: Http, student: Any) -> Piece:
        found = _ties(http.who, http.get(GUARDIANS, {"studentNameId": str(student)}).rows())
        return Piece(found.table, [row for row in found.rows if row["NameId"] == student])

    def _pages(
        self, http: Http, given: Given, path: str, key: str
    ) -> Iterator[list[dict[str, Any]]]:
        size = {"paging.limit": str(given.number("page_size"))}
        start = {**size, "paging.cursor": ""}
        return pages(http, path, Cursor(_cursor, "paging.cursor", start, size), key=(key,))


def _cursor(answer: Answer) -> str | None:
    """Where the next page begins: the link calls ``cursor`` what is asked as ``paging.cursor``."""
    link = next_link(answer)
    if link is None:
        return None
    asked = dict(httpx2.URL(link).params)
    return asked.get("cursor") or asked.get("paging.cursor")


def _with_schools(student: Mapping[str, Any]) -> Mapping[str, Any]:
    """A student whose schools stand in one cell."""
    listed = student.get("schoolIds")
    if not isinstance(listed, list):
        return student
    return {**student, "schoolIds": cell(listed)}


def _ties(who: str, guardians: Sequence[Mapping[str, Any]]) -> Piece:
    """Guardians, each as often as there are students whose guardian they are."""
    if not all(isinstance(guardian.get("Students"), list) for guardian in guardians):
        raise IncompletePull(
            f"{who} gave guardians without Students. Nothing was published. Where it stays so, the "
            "system's interface has changed."
        )
    return Piece(
        _GUARDIAN.name,
        [
            {
                **guardian,
                "NameId": tie.get("StudentNameId"),
                "RelationshipDesc": tie.get("RelationshipDesc"),
            }
            for guardian in guardians
            for tie in guardian["Students"]
        ],
    )
