"""Ed-Fi ODS/API, data standard 4.0 and 5.x: students, enrolments, contacts, associations.

Source: Ed-Fi-Alliance-OSS, Ed-Fi-Data-Standard (v4.0.0, v5.2.0), Ed-Fi-ODS-Implementation,
Data-Management-Service; edanalytics, edfi_api_client.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, ClassVar

import httpx2
import polars as pl

from kinsync.connectors.connector import Carries, Connector, Given, Setting, State
from kinsync.connectors.ed_fi.shapes import Resource, Words, address, mails, phones, rows_of
from kinsync.connectors.ed_fi.site import EdFiTokens, Site
from kinsync.connectors.ed_fi.tables import CONTACTS, ENROLMENTS, OLD_NAMES, STUDENTS, TIES
from kinsync.domain.errors import ChangeInput, IncompletePull, NothingThere, SourceRefusal
from kinsync.transport.http import Answer, Http, Limits, read_base
from kinsync.transport.paging import Cursor, Offset, Paging, pages
from kinsync.transport.source_table import Piece, Table

WAYS = ("auto", "offset", "token")
TOTAL = "Total-Count"
KEY = "studentUniqueId"

_DESCRIPTORS = (
    "relationDescriptors",
    "telephoneNumberTypeDescriptors",
    "electronicMailTypeDescriptors",
    "gradeLevelDescriptors",
)


class EdFiApi(Connector):
    """A district's Ed-Fi ODS, read over its API."""

    name: ClassVar = "ed-fi"
    title: ClassVar = "Ed-Fi"
    cadence: ClassVar = "0 2 * * *"
    limits: ClassVar = Limits(in_flight=2)
    settings: ClassVar[Sequence[Setting]] = (
        Setting("url", "base address of the API, the one that shows its versions"),
        Setting("key", "the key of the API client", is_secret=True),
        Setting("secret", "the secret of the API client", is_secret=True),
        Setting("year", "school year, where the API has one for each", ""),
        Setting("instance", "instance or tenant, where the API has several", ""),
        Setting("paging", "offset or token; auto: token since version 7.3", WAYS[0]),
        Setting("snapshot", "yes: read the snapshot that the API offers", "no"),
        Setting("withheld_phones", "types of phones that are not read", "Fax"),
        Setting("inactive", "yes: read students without an enrolment now too", "no"),
        Setting("page_size", "rows asked for at a time, 500 at most", "500"),
    )
    carries: ClassVar = Carries(
        contacts="all contacts of a student that the key may see",
        sis_id="contactUniqueId, or parentUniqueId",
        email="all, the primary one first, but those that are not to be published",
        type="from primary and emergency status, legal guardian and relation",
        phones="all in their order, but faxes and those that are not to be published",
        addresses="the home address, or else the first, but those that are not to be published",
        flags=(
            "priority as order, primary, emergency, legal guardian and lives with; whoever has "
            "contactRestrictions is restricted"
        ),
        schools="the primary or the latest school of a student's enrolments",
        lost=(
            "every school of a student but one, and the names of schools",
            "what contactRestrictions say, and whether a phone takes texts",
            "addresses of students, which are in another resource",
            "a person may stand to a student in one way only: the standard has one row for a pair",
        ),
    )
    key: ClassVar = KEY
    tables: ClassVar[Sequence[Table]] = (STUDENTS, ENROLMENTS, TIES, CONTACTS)

    def base(self, given: Given) -> str:
        return given["url"].rstrip("/") + "/"

    def auth(self, given: Given) -> httpx2.Auth:
        return EdFiTokens(read_base(given["url"]), given)

    def look(self, http: Http, given: Given) -> Iterator[str]:
        api = self._api(http, given)
        standard = ".".join(map(str, api.site.standard))
        yield f"The API answers: version {_shown(api.site.version)}, data standard {standard}."
        try:
            counts = {table.name: api.count(table.name) for table in self.tables}
        except NothingThere as error:
            if told := ", ".join(
                f"{one} {given[one]}" for one in ("year", "instance") if given[one]
            ):
                raise ChangeInput(
                    f"The API has nothing for {told}: check these settings of the source, or leave "
                    "them out where the API has one database alone."
                ) from error
            raise
        yield f"The key sees {_amount(counts[STUDENTS.name])} students."
        if counts[STUDENTS.name] == 0:
            raise ChangeInput(
                "The key sees no student. Check the year and the instance of the source, and in the"
                " API's administration the education organisations and the claim set of the key."
            )
        names = [api.name_of(table.name) for table in (CONTACTS, TIES)]
        sees = [_amount(counts[table.name]) for table in (CONTACTS, TIES)]
        yield f"It sees {sees[0]} {names[0]} and {sees[1]} {names[1]}."
        if 0 in (counts[CONTACTS.name], counts[TIES.name]):
            raise ChangeInput(
                f"The key sees no {names[0]} or no {names[1]}. An API shows those of students at "
                "the education organisations of the key, and only if its claim set has both of "
                "them. Have the claim set checked."
            )
        if api.newest() is None:
            yield "It has no change queries: that students move while they are read may go unseen."

    def read(self, http: Http, given: Given, state: State) -> Iterator[Piece]:
        api = self._api(http, given)
        columns = {table.name: table.columns for table in self.tables_of(given)}
        began, words = api.newest(), api.words()
        shape = {
            ENROLMENTS.name: partial(_enrolment, words=words),
            STUDENTS.name: partial(_student, words=words),
            TIES.name: partial(_tie, words=words),
            CONTACTS.name: partial(_contact, words=words, withheld=given.listed("withheld_phones")),
        }

        def listed(table: Table) -> Iterator[list[dict[str, Any]]]:
            for page in api.pages(table.name):
                yield rows_of(page, columns[table.name], shape[table.name])

        enrolled: set[Any] = set()
        for page in listed(ENROLMENTS):
            current = [row for row in page if not _has_ended(row, api.today)]
            yield Piece(ENROLMENTS.name, current)
            enrolled |= {row[KEY] for row in current}
        students: set[Any] = set()
        for page in listed(STUDENTS):
            everybody = given.is_on("inactive")
            read = [row for row in page if everybody or row.get(KEY) in enrolled]
            yield Piece(STUDENTS.name, read)
            students |= {row[KEY] for row in read}
        has_ties = has_contacts = False
        for page in listed(TIES):
            yield Piece(
                TIES.name, [row for row in page if row[KEY] is None or row[KEY] in students]
            )
            has_ties = True
        for page in listed(CONTACTS):
            yield Piece(CONTACTS.name, page)
            has_contacts = True
        if has_ties and not has_contacts:
            raise SourceRefusal(
                f"{http.who} gives associations, and none of the {api.name_of(CONTACTS.name)} that "
                "they name. Nothing was published. Have the claim set of the key checked."
            )
        api.check_still(began)

    def join(self, tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
        ties = TIES.shown(tables[TIES.name])
        contacts = CONTACTS.shown(tables[CONTACTS.name])
        by = (KEY, "contactUniqueId")
        people = ties.join(
            contacts,
            left_on=[f"{TIES.called}.{name}" for name in by],
            right_on=[f"{CONTACTS.called}.{name}" for name in by],
            how="left",
        )
        priority = pl.col(f"{TIES.called}.contactPriority").cast(pl.Int64, strict=False)
        return (
            STUDENTS.shown(tables[STUDENTS.name])
            .join(
                ENROLMENTS.shown(_schools(tables[ENROLMENTS.name])),
                left_on=f"{STUDENTS.called}.{KEY}",
                right_on=f"{ENROLMENTS.called}.{KEY}",
                how="left",
            )
            .join(
                people,
                left_on=f"{STUDENTS.called}.{KEY}",
                right_on=f"{TIES.called}.{KEY}",
                how="left",
            )
            .sort(
                f"{STUDENTS.called}.{KEY}",
                priority,
                f"{TIES.called}.contactUniqueId",
                nulls_last=True,
            )
        )

    def _api(self, http: Http, given: Given) -> "_Api":
        answer = http.follow("its base address", "")
        return _Api(http, given, Site.of(answer.data, given, who=http.who), _day_of(answer))


@dataclass(frozen=True, slots=True)
class _Api:
    """One Ed-Fi API while it is read. ``today`` is the day there."""

    http: Http
    given: Given
    site: Site
    today: date

    def name_of(self, resource: str) -> str:
        """What this version of the standard calls a resource."""
        return resource if self.site.has_contacts else OLD_NAMES.get(resource, resource)

    def path(self, resource: str) -> str:
        """Where a resource is."""
        return f"{self.site.data}ed-fi/{self.name_of(resource)}"

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Use-Snapshot": "true"} if self.given.is_on("snapshot") else {}

    def count(self, resource: str) -> int | None:
        """How many there are; None where the API does not count."""
        found = self.http.get(
            self.path(resource), {"limit": "0", "totalCount": "true"}, self.headers
        ).headers.get(TOTAL, "")
        return int(found) if found.isdigit() else None

    def pages(self, resource: str) -> Iterator[list[dict[str, Any]]]:
        """A whole resource.

        Raises:
            IncompletePull: what came is not as much as the API counts.
        """
        path, came = self.path(resource), 0
        for page in pages(self.http, path, self._paging(), key=("id",), headers=self.headers):
            came += len(page)
            yield page
        counted = self.count(resource) or 0  # page tokens come without a count
        if came < counted:
            raise IncompletePull(
                f"{self.http.who} did not give the whole of {path}: {came} of {counted} rows came. "
                "Nothing was published; the next pull tries again."
            )

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

    def newest(self) -> int | None:
        """The number of the newest change; None where the API has no change queries."""
        try:
            data = self.http.get(f"{self.site.changes}availableChangeVersions").data
        except NothingThere:
            return None
        told = {name.lower(): value for name, value in dict(data).items()}
        number = told.get("newestchangeversion")
        return number if isinstance(number, int) else None

    def check_still(self, began: int | None) -> None:
        """Whether nothing went or got another key while the lists were read page by page.

        Raises:
            IncompletePull: it did, and a list may have lost a row between two pages.
        """
        if began is None or self.given.is_on("snapshot") or self.newest() in (None, began):
            return
        since = {"minChangeVersion": str(began + 1), "limit": "1"}
        for table in (STUDENTS, ENROLMENTS, TIES, CONTACTS):
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


def _amount(count: int | None) -> str:
    return "uncounted" if count is None else f"{count:,}"


def _shown(version: Sequence[int]) -> str:
    return ".".join(map(str, version)) or "unknown"


def _has_ended(enrolment: Mapping[str, Any], today: date) -> bool:
    told = str(enrolment.get("exitWithdrawDate") or "")[:10]
    return bool(told) and told <= today.isoformat()


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


def _schools(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Of each student the primary school, or the one entered last; in one cell all of them."""
    is_other = pl.col("primarySchool").fill_null("") != "true"
    ordered = rows.sort(
        "studentUniqueId",
        is_other,
        "entryDate",
        "schoolId",
        descending=[False, False, True, False],
        nulls_last=True,
    )
    listed = ordered.group_by("studentUniqueId", maintain_order=True).agg(
        pl.col("schoolId").unique(maintain_order=True).str.join("|").alias("schoolIds")
    )
    first = ordered.unique("studentUniqueId", keep="first", maintain_order=True)
    return first.join(listed, on="studentUniqueId")
