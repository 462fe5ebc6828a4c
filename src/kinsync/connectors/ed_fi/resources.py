"""The resources of one Ed-Fi API as rows: whole lists, what changed in them, and what went."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from kinsync.connectors.connector import Given
from kinsync.connectors.ed_fi.shapes import Resource, Words, address, mails, phones, rows_of
from kinsync.connectors.ed_fi.site import Site
from kinsync.connectors.ed_fi.tables import (
    CONTACTS,
    ENROLMENTS,
    OLD_NAMES,
    RESOURCES,
    STUDENTS,
    TIES,
)  # fmt: skip
from kinsync.domain.errors import ChangesUntold, IncompletePull, NothingThere, SourceRefusal
from kinsync.transport.http import Answer, Http
from kinsync.transport.paging import Cursor, Offset, Paging, pages
from kinsync.transport.source_table import Gone, Table

MOST_GONE = 500
"""Rows of what went that are asked for at a time: these lists have no page tokens."""
WAYS = ("auto", "offset", "token")
TOTAL = "Total-Count"

_DESCRIPTORS = (
    "relationDescriptors",
    "telephoneNumberTypeDescriptors",
    "electronicMailTypeDescriptors",
    "gradeLevelDescriptors",
)


@dataclass(frozen=True, slots=True)
class Versions:
    """The numbers of the oldest and of the newest change that an API tells."""

    oldest: int
    newest: int


@dataclass(frozen=True, slots=True)
class Api:
    """One Ed-Fi API while it is read. ``today`` is the day there."""

    http: Http
    given: Given
    site: Site
    today: date

    @staticmethod
    def of(http: Http, given: Given) -> "Api":
        """The API at the address of a source.

        Raises:
            SourceRefusal, ChangeInput: there is none, or it wants a year or an instance.
        """
        answer = http.follow("its base address", "")
        return Api(http, given, Site.of(answer.data, given, who=http.who), _day_of(answer))

    def name_of(self, resource: str) -> str:
        """What this version of the standard calls a resource."""
        return resource if self.site.has_contacts else OLD_NAMES.get(resource, resource)

    def path(self, resource: str) -> str:
        """Where a resource is."""
        return f"{self.site.data}ed-fi/{self.name_of(resource)}"

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Use-Snapshot": "true"} if self.given.is_on("snapshot") else {}

    def count(self, resource: str, params: Mapping[str, str] | None = None) -> int | None:
        """How many there are; None where the API does not count."""
        asked = {"limit": "0", "totalCount": "true", **(params or {})}
        found = self.http.get(self.path(resource), asked, self.headers).headers.get(TOTAL, "")
        return int(found) if found.isdigit() else None

    def pages(
        self, resource: str, params: Mapping[str, str] | None = None
    ) -> Iterator[list[dict[str, Any]]]:
        """A whole resource, or what of it these parameters leave.

        Raises:
            IncompletePull: what came is not as much as the API counts.
        """
        path, came = self.path(resource), 0
        for page in pages(
            self.http, path, self._paging(), params, key=("id",), headers=self.headers
        ):
            came += len(page)
            yield page
        counted = self.count(resource, params) or 0  # page tokens come without a count
        if came < counted:
            raise IncompletePull(
                f"{self.http.who} did not give the whole of {path}: {came} of {counted} rows came. "
                "Nothing was published; the next pull tries again."
            )

    def rows(
        self, table: Table, words: Words, params: Mapping[str, str] | None = None
    ) -> Iterator[list[dict[str, Any]]]:
        """The same as rows of a table."""
        withheld = self.given.listed("withheld_phones")
        made = {
            ENROLMENTS.name: partial(_enrolment, words=words),
            STUDENTS.name: partial(_student, words=words),
            TIES.name: partial(_tie, words=words),
            CONTACTS.name: partial(_contact, words=words, withheld=withheld),
        }
        columns = table.widened(self.given.columns).columns
        for page in self.pages(table.name, params):
            yield rows_of(page, columns, made[table.name])

    def gone(self, table: Table, least: int) -> Iterator[Gone]:
        """What was deleted, or got another key, from that change on.

        Raises:
            ChangesUntold: the API does not say so, or not which.
        """
        for kind, keys in (("deletes", "keyValues"), ("keyChanges", "oldKeyValues")):
            paging = Offset(MOST_GONE, TOTAL, first_params={"totalCount": "true"})
            path, asked = f"{self.path(table.name)}/{kind}", {"minChangeVersion": str(least)}
            try:
                for page in pages(self.http, path, paging, asked):
                    yield Gone(
                        table.name, table.key, [self._key(table, row.get(keys)) for row in page]
                    )
            except NothingThere:
                if kind == "deletes":  # versions before 6.1 have no changes of keys
                    raise ChangesUntold(f"{self.http.who} does not tell what went.") from None

    def _key(self, table: Table, told: object) -> list[object]:
        """The key of a row, as an answer names it."""
        values = told if isinstance(told, Mapping) else {}
        old = {"contactUniqueId": "parentUniqueId"}
        found = [values.get(name) or values.get(old.get(name, name)) for name in table.key]
        if None in found:
            raise ChangesUntold(f"{self.http.who} does not name what went of {table.name}.")
        return found

    def _paging(self) -> Paging:
        size = self.given.number("page_size")
        way = self.given.chosen("paging", WAYS)
        if way == "token" or (way == "auto" and self.site.has_cursors):
            return Cursor(_next_token, "pageToken", later_params={"pageSize": str(size)})
        return Offset(size, TOTAL, first_params={"totalCount": "true"})

    def words(self) -> Words:
        """What the descriptors mean; a key that may not read them is no fault."""
        found: list[Resource] = []
        for name in _DESCRIPTORS:
            try:
                for page in pages(self.http, self.path(name), Offset(500, TOTAL), key=("id",)):
                    found += page
            except SourceRefusal:
                continue
        return Words.of(found)

    def versions(self) -> Versions | None:
        """Which changes can be asked for; None where the API has no change queries."""
        try:
            data = self.http.get(f"{self.site.changes}availableChangeVersions").data
        except NothingThere:
            return None
        told = {name.lower(): value for name, value in dict(data).items()}
        oldest, newest = told.get("oldestchangeversion"), told.get("newestchangeversion")
        if not isinstance(newest, int):
            return None
        return Versions(oldest if isinstance(oldest, int) else 0, newest)

    def newest(self) -> int | None:
        """The number of the newest change; None where the API has no change queries."""
        found = self.versions()
        return found.newest if found else None

    def check_still(self, began: int | None) -> None:
        """Whether nothing went or got another key while the lists were read page by page.

        Raises:
            IncompletePull: it did, and a list may have lost a row between two pages.
        """
        if began is None or self.given.is_on("snapshot") or self.newest() in (None, began):
            return
        since = {"minChangeVersion": str(began + 1), "limit": "1"}
        for table in RESOURCES:
            for kind in ("deletes", "keyChanges"):
                try:
                    moved = self.http.get(f"{self.path(table.name)}/{kind}", since).rows()
                except NothingThere:
                    continue
                if moved:
                    raise IncompletePull(
                        f"{self.http.who} did not give the whole of {self.path(table.name)}: rows "
                        "went while it was read. Nothing was published; the next pull tries again."
                    )


def _day_of(answer: Answer) -> date:
    """The day on which it was given, by the clock of the API where it tells one."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).date()
    except ValueError:
        return datetime.now(UTC).date()


def _next_token(answer: Answer) -> str | None:
    return answer.headers.get("next-page-token") or None


# -- resources as rows -----------------------------------------------------------------------------


def _student(student: Resource, words: Words) -> Resource:
    told = student.get("birthSexDescriptor") or student.get("sexDescriptor")
    return {"sex": words.of_value(told)}


def _enrolment(enrolment: Resource, words: Words) -> Resource:
    year = enrolment.get("graduationPlanReference") or {}
    return {
        "studentUniqueId": _referred(enrolment, "student", "studentUniqueId"),
        "schoolId": _referred(enrolment, "school", "schoolId"),
        "entryGradeLevel": words.of_value(enrolment.get("entryGradeLevelDescriptor")),
        "graduationSchoolYear": year.get("graduationSchoolYear"),
    }


def _tie(tie: Resource, words: Words) -> Resource:
    contact = _referred(tie, "contact", "contactUniqueId") or _referred(
        tie, "parent", "parentUniqueId"
    )
    return {
        "studentUniqueId": _referred(tie, "student", "studentUniqueId"),
        "contactUniqueId": contact,
        "relation": words.of_value(tie.get("relationDescriptor")),
    }


def _contact(contact: Resource, words: Words, withheld: Sequence[str]) -> Resource:
    return {
        "contactUniqueId": contact.get("contactUniqueId") or contact.get("parentUniqueId"),
        **phones(contact, words, withheld),
        **mails(contact, words),
        **address(contact, words),
    }


def _referred(resource: Resource, name: str, key: str) -> Any:
    reference = resource.get(f"{name}Reference")
    return reference.get(key) if isinstance(reference, Mapping) else None
