"""Skyward Qmlativ by its Generic API: students, guardians, emergency contacts, phones, e-mails.

Source: samterfa/rqmlativ and samterfa/pyqmlativ; Tools4ever,
HelloID-Conn-Prov-Source-Skyward-Qmlativ-Students (persons.ps1, IntegrationAccess.xml).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx2
import polars as pl

from kinsync.connectors.connector import Carries, Connector, Given, Setting, State
from kinsync.connectors.skyward.qmlativ_tables import (
    EMAILS,
    EMERGENCY,
    ENROLMENTS,
    GUARDIANS,
    NAMES,
    PHONE_TYPES,
    PHONES,
    RELATIONSHIPS,
    STUDENTS,
    TIES,
    YEARS,
)
from kinsync.domain.errors import ChangeInput
from kinsync.transport.cells import gathered, number
from kinsync.transport.http import Answer, Http, Limits
from kinsync.transport.paging import Asked, Rows, pages
from kinsync.transport.signing import ClientCredentials, OAuth1
from kinsync.transport.source_table import Piece, Table

SIGNED = ("oauth2", "oauth1")


class SkywardQmlativ(Connector):
    """A district's Skyward Qmlativ, read over the Generic API."""

    name: ClassVar = "skyward-qmlativ"
    title: ClassVar = "Skyward Qmlativ"
    cadence: ClassVar = "every 6 hours from 01:30"
    limits: ClassVar = Limits(in_flight=2, silent_seconds=300, answer_seconds=600)
    settings: ClassVar[Sequence[Setting]] = (
        Setting("url", "the district's Qmlativ with API for STS, https://HOST/DISTRICTStuAPI"),
        Setting("key", "the consumer key that Qmlativ issued", is_secret=True),
        Setting("secret", "the consumer secret that was issued with it", is_secret=True),
        Setting("signed", "oauth2 or oauth1", SIGNED[0]),
        Setting("entity", "the entity that is asked; 1 is the district", "1"),
        Setting("school_year", "SchoolYearID to read; blank: the current", ""),
        Setting("inactive", "yes: read students who are not active now too", "no"),
        Setting("confidential", "yes: read phones that are marked confidential too", "no"),
        Setting("page_size", "rows asked for at a time", "1000"),
        Setting(
            "search",
            "yes: ask by search, in a fixed order and for people who are read alone",
            "no",
        ),
    )
    carries: ClassVar = Carries(
        contacts="all guardians and emergency contacts of a student",
        sis_id="NameID",
        email="all",
        type="guardians are Parent/Guardian, whoever is an emergency contact alone Emergency",
        phones="all but faxes and confidential ones, each with the district's own type",
        addresses="none: they stand in objects of their own, which are not read",
        flags=(
            "rank as order, custodial as guardian, emergency and pick-up; an active restricted "
            "access restricts"
        ),
        schools="the default entity of each student in the year",
        lost=(
            "every entity of a student but the default one, and the names of entities",
            "Comment of an emergency contact, GuardianCategory, and access to Family Access",
        ),
    )
    key: ClassVar = "StudentID"
    tables: ClassVar[Sequence[Table]] = (
        *(STUDENTS, ENROLMENTS, GUARDIANS, EMERGENCY, TIES, NAMES, PHONES, EMAILS),
        *(RELATIONSHIPS, PHONE_TYPES),
    )

    def base(self, given: Given) -> str:
        return given["url"].rstrip("/") + "/"

    def auth(self, given: Given) -> httpx2.Auth:
        key, secret = given["key"], given["secret"]
        if given.chosen("signed", SIGNED) == "oauth1":
            return OAuth1(key, secret, method="HMAC-SHA1")
        token_url = self.base(given) + "oauth/token"
        return ClientCredentials(token_url, key, secret, in_body=True, stale=(401, 403))

    def look(self, http: Http, given: Given) -> Iterator[str]:
        year = self._year(http, given)
        known = [str(row.get("SchoolYearID")) for row in self._years(http, given)]
        if year not in known:
            raise ChangeInput(
                f"Qmlativ has no school year with the number {year}. It has {', '.join(known)}. "
                "Tell the source one of them as school_year, or none for the current one."
            )
        yield f"Qmlativ answers, for the school year with the number {year}."
        tables = [one for one in self.tables_of(given) if one.name != TIES.name]
        for table in tables:
            page = next(self._pages(http, given, table), [])
            if not page and table.name == STUDENTS.name:
                raise ChangeInput(
                    f"Qmlativ gives no student for entity {given['entity']}. Check the entity of "
                    "the source, and that the key may read Student/Student."
                )
            missing = [one for one in table.certain if any(one not in row for row in page)]
            if missing:
                raise ChangeInput(
                    f"Qmlativ gives {table.name} without {', '.join(missing)}. Have the right to "
                    "read these fields granted to the key there, under API > User Access."
                )
            yield f"{table.name} may be read."

    def read(self, http: Http, given: Given, state: State) -> Iterator[Piece]:
        tables = {table.name: table for table in self.tables_of(given)}
        year = self._year(http, given)

        def listed(table: Table) -> Iterator[list[dict[str, Any]]]:
            return self._pages(http, given, tables[table.name])

        for table in (RELATIONSHIPS, PHONE_TYPES):
            yield from (Piece(table.name, page) for page in listed(table))
        student_of: dict[Any, Any] = {}
        for page in listed(STUDENTS):
            read = [row for row in page if given.is_on("inactive") or _is_active(row)]
            yield Piece(STUDENTS.name, read)
            student_of |= {row["NameID"]: row["StudentID"] for row in read}
        students = set(student_of.values())
        for page in listed(ENROLMENTS):
            of_year = [row for row in page if str(row.get("SchoolYearID", year)) == year]
            yield Piece(ENROLMENTS.name, _of_those(students, of_year, "StudentID"))
        for page in listed(GUARDIANS):
            theirs = _of_those(students, page, "StudentID")
            yield Piece(GUARDIANS.name, theirs)
            yield _ties(theirs, "NameIDGuardian")
        for page in listed(EMERGENCY):
            found = _of_those(student_of, page, "NameID")
            theirs = [{**row, "StudentID": student_of.get(row.get("NameID"))} for row in found]
            yield Piece(EMERGENCY.name, theirs)
            yield _ties(theirs, "NameIDEmergencyContact")
        yield from (Piece(NAMES.name, page) for page in listed(NAMES))
        for page in listed(PHONES):
            is_open = given.is_on("confidential")
            yield Piece(PHONES.name, [row for row in page if _may_ring(row, confidential=is_open)])
        yield from (Piece(EMAILS.name, page) for page in listed(EMAILS))

    def join(self, tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
        students = STUDENTS.shown(tables[STUDENTS.name]).join(
            _enrolled(tables[ENROLMENTS.name]),
            left_on="Student.StudentID",
            right_on="StudentEntityYear.StudentID",
            how="left",
        )
        order = (
            *("Student.StudentID", "StudentGuardian.Rank", "EmergencyContact.Rank"),
            "Name.NameID",
        )
        return (
            students.join(
                _people(tables), left_on="Student.StudentID", right_on=_STUDENT, how="left"
            )
            .rename({_WHO: "Name.NameID"})
            .sort(*(number(name) for name in order), *order, nulls_last=True)
        )

    # -- what is asked -----------------------------------------------------------------------

    def _year(self, http: Http, given: Given) -> str:
        """The number of the school year that is read.

        Raises:
            ChangeInput: Qmlativ says of none that it is the current one.
        """
        if given["school_year"]:
            return given["school_year"]
        years = self._years(http, given)
        current = [row for row in years if row.get("IsCurrentYearForProvidedEntity") in (True, 1)]
        if not current:
            raise ChangeInput(
                f"Qmlativ names no current school year for entity {given['entity']}. Check the "
                "entity of the source, or tell it a school_year."
            )
        return str(current[0].get("SchoolYearID"))

    def _years(self, http: Http, given: Given) -> list[dict[str, Any]]:
        return [row for page in self._pages(http, given, YEARS) for row in page]

    def _pages(self, http: Http, given: Given, table: Table) -> Iterator[list[dict[str, Any]]]:
        fields = [one for one in table.columns if (table.name, one) != _NOT_ASKED]
        query = {f"searchFields[{nth}]": name for nth, name in enumerate(fields)}
        where = f"Generic/{given.number('entity')}/{table.name}"
        asked = _search(table, given) if given.is_on("search") else None
        paging = _Pages(where, given.number("page_size"), urlencode(query), asked)
        return pages(http, where, paging, rows=_objects, key=(table.columns[0],))


_STUDENT, _WHO = "\0student", "\0who"
_NOT_ASKED = (EMERGENCY.name, "StudentID")
"""Emergency contacts name the student by his NameID; the StudentID is put in."""


@dataclass(frozen=True, slots=True)
class _Pages:
    """Pages with their number in the path. Each names the next one, the last none, or itself."""

    where: str
    size: int
    query: str
    search: Mapping[str, Any] | None = None

    def first(self) -> Asked:
        return Asked(url=f"{self.where}/1/{self.size}?{self.query}", body=self.search)

    def after(self, asked: Asked, answer: Answer, rows: int) -> Asked | None:
        paging = answer.data.get("Paging") if isinstance(answer.data, dict) else None
        told = paging.get("Next") if isinstance(paging, dict) else None
        path = str(told or "").lstrip("/").partition("?")[0]
        is_last = not rows or not path or path == asked.url.partition("?")[0]
        return None if is_last else Asked(url=f"{path}?{self.query}", body=self.search)

    def total(self, answer: Answer) -> int | None:
        return None


_SEARCHED = {
    STUDENTS.name: ("IsCurrentActive",),
    NAMES.name: ("IsGuardianName", "IsEmergencyContactName"),
}
"""Object → marks of which one at least is to be true, where a search is asked for."""


def _search(table: Table, given: Given) -> dict[str, Any]:
    """What is posted: objects by their number, so that none moves from one page to another."""
    search: dict[str, Any] = {"SearchSort": [{"FieldName": table.columns[0], "Descending": False}]}
    marks = _SEARCHED.get(table.name, ())
    if marks and not (table.name == STUDENTS.name and given.is_on("inactive")):
        told = [{"FieldName": one, "ConditionType": "Equal", "Value": "true"} for one in marks]
        search["SearchCondition"] = {
            "SearchConditionGroup": {
                "ConditionGroupType": "Or",
                "Conditions": [{"StringSearchCondition": one} for one in told],
            }
        }
    return search


def _objects(answer: Answer) -> list[dict[str, Any]]:
    return answer.under("Objects")


def _is_active(student: Mapping[str, Any]) -> bool:
    return student.get("IsCurrentActive") is not False


def _ties(rows: Sequence[Mapping[str, Any]], who: str) -> Piece:
    """Whose names are read: those of students who are read."""
    ties = [{"StudentID": row.get("StudentID"), "NameID": row.get(who)} for row in rows]
    return Piece(TIES.name, ties)


def _of_those(students: Collection[Any], rows: Rows, name: str) -> Rows:
    """Rows of students who are read; one that names no student stays, so that it is missed."""
    return [row for row in rows if name not in row or row[name] in students]


def _may_ring(phone: Mapping[str, Any], *, confidential: bool) -> bool:
    return not phone.get("IsFax") and (confidential or not phone.get("IsConfidential"))


# -- what belongs together -----------------------------------------------------------------------


def _enrolled(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Of each student the default entity, or else an active one, and in one cell all of them."""
    comes_late = [pl.col(name).fill_null("") != "true" for name in ("IsDefaultEntity", "IsActive")]
    ordered = rows.sort("StudentID", *comes_late, number("EntityID"), pl.all())
    first = ordered.unique("StudentID", keep="first", maintain_order=True)
    return ENROLMENTS.shown(
        first.join(_cells(ordered, ["StudentID"], Entities=pl.col("EntityID")), on="StudentID")
    )


def _cells(rows: pl.LazyFrame, by: Sequence[str], **cells: pl.Expr) -> pl.LazyFrame:
    """Rows that belong together as one, their values in cells, in the order of the rows."""
    told = {name: gathered(values) for name, values in cells.items()}
    return rows.group_by(by, maintain_order=True).agg(**told)


def _people(tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Who is anything to a student, each once, with what is known of the person."""
    words = _described(tables[RELATIONSHIPS.name], "RelationshipID", "Relationship")
    guardians, emergency = (
        table.shown(tables[table.name].join(words, on="RelationshipID", how="left")).with_columns(
            pl.col(f"{table.called}.StudentID").alias(_STUDENT),
            pl.col(f"{table.called}.{who}").alias(_WHO),
        )
        for table, who in ((GUARDIANS, "NameIDGuardian"), (EMERGENCY, "NameIDEmergencyContact"))
    )
    people = guardians.join(emergency, on=[_STUDENT, _WHO], how="full", coalesce=True)
    for table, known in (
        (NAMES, tables[NAMES.name]),
        (PHONES, _phones(tables)),
        (EMAILS, _emails(tables[EMAILS.name])),
    ):
        keys = [f"{table.called}.StudentID", f"{table.called}.NameID"]
        people = people.join(
            table.shown(known), left_on=[_STUDENT, _WHO], right_on=keys, how="left"
        )
    return people


def _described(codes: pl.LazyFrame, key: str, name: str) -> pl.LazyFrame:
    """What codes mean: a description, or where there is none the code."""
    blank = pl.col("Description").str.strip_chars() == ""
    told = pl.when(~blank).then("Description").fill_null(pl.col("Code"))
    return codes.select(key, told.alias(name))


def _phones(tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Of each person the phones in one cell, by rank, and in another their types."""
    types = _described(tables[PHONE_TYPES.name], "PhoneTypeID", "Type")
    digits = pl.coalesce(
        pl.when(pl.col(name).str.strip_chars() != "").then(name)
        for name in ("PhoneNumber", "FullPhoneNumber", "FormattedPhoneNumber")
    )
    extension = pl.lit(" x") + pl.col("Extension").str.strip_chars()
    has_extension = pl.col("Extension").fill_null("").str.strip_chars() != ""
    whole = pl.when(has_extension).then(digits + extension).otherwise(digits)
    rows = tables[PHONES.name].join(types, on="PhoneTypeID", how="left")
    ordered = rows.sort("NameID", number("Rank"), number("NamePhoneID"), nulls_last=True)
    return _cells(ordered, _OF, PhoneNumbers=whole, PhoneTypes=pl.col("Type"))


def _emails(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Of each person the addresses in one cell, by rank."""
    ordered = rows.sort("NameID", number("Rank"), number("NameEmailID"), nulls_last=True)
    return _cells(ordered, _OF, EmailAddresses=pl.col("EmailAddress"))


_OF = ("StudentID", "NameID")
