"""Aeries API v5: schools, their students, and all contacts of these, school by school.

Source: support.aeries.com, "Aeries API: Building a Request", "Student-related" and "School-related
end points", "How SchoolCode is used in student and contact endpoints".
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import httpx2
import polars as pl

from kinsync.connectors.aeries import changes
from kinsync.connectors.connector import Carries, Given, Setting, State, TellsChanges
from kinsync.domain.errors import ChangeInput, ChangesUntold, IncompletePull, SourceRefusal
from kinsync.transport.http import Http, Limits
from kinsync.transport.paging import Records, Unpaged, pages
from kinsync.transport.signing import HeaderKey
from kinsync.transport.source_table import Gone, Piece, Table

SCHOOLS, STUDENTS, CONTACTS = "schools", "students", "contacts"
CODES = "codes/contact/RelationshipToStudent"
"""By its long name: ``codes/CON/RL`` is a path that the web server of Aeries rejects."""
STUDENTS_OF_SCHOOL = "schools/{school}/students"
STUDENT = "schools/{school}/students/{student}"
CONTACTS_OF_SCHOOL = "schools/{school}/contacts"
CONTACTS_OF_STUDENT = "schools/{school}/contacts/{student}"
ANY_SCHOOL = "0"
"""With a student the school does not matter."""

_STUDENT = (
    *("StudentID", "SchoolCode", "StudentNumber", "StateStudentID", "LastName", "FirstName"),
    *("MiddleName", "Gender", "Grade", "Birthdate", "CorrespondenceLanguageCode"),
    *("InactiveStatusCode", "FamilyKey", "ParentGuardianName", "HomePhone", "StudentMobilePhone"),
    *("StudentEmailAddress", "MailingAddress", "MailingAddressCity", "MailingAddressState"),
    *("MailingAddressZipCode", "SchoolEnterDate", "SchoolLeaveDate"),
)
_CONTACT = (
    *("StudentID", "SequenceNumber", "SchoolCode", "ContactOrder", "MailingName", "NamePrefix"),
    *("FirstName", "MiddleName", "LastName", "NameSuffix", "RelationshipToStudentCode"),
    *("EmailAddress", "CellPhone", "HomePhone", "WorkPhone", "WorkPhoneExt", "Pager"),
    *("AdditionalCommunicationTypeCode1", "AdditionalCommunicationDetail1"),
    *("AdditionalCommunicationTypeCode2", "AdditionalCommunicationDetail2"),
    *("MiscCode", "PrimaryContact", "EducationalRightsHolder", "LivesWithStudentIndicator"),
    *("AccessToPortal", "RedFlag", "NotificationPreferenceCode", "MailTagCode"),
    *("CorrespondenceLanguageCode", "Address", "AddressCity", "AddressState", "AddressZipCode"),
)
_CODE = ("Code", "Description", "Status")


MOST_ASKED_ALONE = 3
"""Students with contacts and without a line in the list of their school, who are looked up."""


class AeriesApi(TellsChanges):
    """A district's Aeries, read over its API."""

    name: ClassVar = "aeries"
    title: ClassVar = "Aeries"
    cadence: ClassVar = "every 4 hours from 01:00"
    limits: ClassVar = Limits(in_flight=2)
    settings: ClassVar[Sequence[Setting]] = (
        Setting("url", "address of the district's Aeries with its folder, https://HOST/aeries"),
        Setting("certificate", "the 32 characters that Aeries issued", is_secret=True),
        Setting(
            "year", "year in which the school year begins, such as 2026; blank: the current", ""
        ),
        Setting("schools", "codes of the schools to read, separated by commas; blank: all", ""),
        Setting("excluded_schools", "codes of schools to leave out", ""),
        Setting("inactive", "yes: read students with an inactive status too", "no"),
        Setting("page_size", "students asked for at a time", "500"),
    )
    carries: ClassVar = Carries(
        contacts="all contacts of a student",
        sis_id="none: StudentID and SequenceNumber name a row, not a person",
        email="one",
        type="from the order (1 Primary, 2 Secondary), else from the relationship",
        phones="cell, home and work",
        addresses="street, city, state and zip",
        flags="order, primary, lives with, educational rights as guardian; a red flag restricts",
        schools="the code of one school of each student",
        changes=(
            "students whose record, contacts or enrollment changed, read anew with all contacts; "
            "not what was deleted without a word, such as a contact, if Aeries does not say so"
        ),
        lost=(
            "one person of several students is a row of each of them: Kinsync links them",
            "a student of several schools is shown at the one with the lowest code",
        ),
    )
    key: ClassVar = "StudentID"
    tables: ClassVar[Sequence[Table]] = (
        Table(
            STUDENTS,
            ("StudentID",),
            _STUDENT,
            ("SchoolCode", "LastName", "FirstName"),
            called="STU",
        ),
        Table(
            CONTACTS,
            ("StudentID", "SequenceNumber"),
            _CONTACT,
            ("FirstName", "LastName", "RelationshipToStudentCode", "EmailAddress", "CellPhone"),
            called="CON",
            made=("Relationship",),
        ),
        Table("codes", ("Code",), _CODE, ("Description",)),
    )

    def base(self, given: Given) -> str:
        return given["url"].rstrip("/") + "/api/v5/"

    def auth(self, given: Given) -> httpx2.Auth:
        return HeaderKey("AERIES-CERT", given["certificate"])

    def look(self, http: Http, given: Given) -> Iterator[str]:
        found = self._system(http, given)
        yield f"Aeries {found.get('AeriesVersion', 'of unknown version')} answers."
        yield f"The school year is {found.get('DatabaseYear', 'not told')}."
        schools = self._schools(http, given)
        if not schools:
            raise ChangeInput("No school is left to read. Check the settings of the source.")
        yield f"{len(schools)} schools are read."
        codes = http.get(CODES, self._year(given)).rows()
        yield f"{len(codes)} relationships are defined."
        for school in schools:
            page = next(iter(self._students(http, given, school)), [])
            students = [row for row in page if _is_active(row)]
            contacts = next(iter(self._contacts(http, given, school)), [])
            if students:
                yield f"School {school} gives students, and {len(contacts)} contacts."
                return
        raise ChangeInput(
            f"None of the {len(schools)} schools has an active student. Check the year: Aeries "
            f"answers for {found.get('DatabaseYear', 'a year of its own')}."
        )

    def read(self, http: Http, given: Given, state: State) -> Iterator[Piece]:
        self._system(http, given)
        yield Piece("codes", http.get(CODES, self._year(given)).rows())
        schools = self._schools(http, given)
        for found in http.each(schools, lambda school: self._school(http, given, school)):
            yield from found

    def moment(self, http: Http, given: Given, since: State) -> State | None:
        found = self._system(http, given)
        told = str(found.get("CurrentDateTime") or "")
        if not changes.is_time(told):
            return None
        year = str(found.get("DatabaseYear") or "")
        return {"at": told[:19], "year": year, "schools": self._schools(http, given)}

    def read_changes(
        self,
        http: Http,
        given: Given,
        since: State,
        now: State,
        before: Mapping[str, pl.LazyFrame],
    ) -> Iterator[Piece | Gone]:
        if (since["year"], since["schools"]) != (now["year"], now["schools"]):
            raise ChangesUntold(f"{http.who} has another school year, or other schools.")
        yield Piece("codes", http.get(CODES, self._year(given)).rows())
        known = changes.schools_of(before[STUDENTS])
        students = changes.changed(http, since["at"], self._year(given), known)
        whose = [(student,) for student in students]
        yield Gone(STUDENTS, ("StudentID",), whose)
        yield Gone(CONTACTS, ("StudentID",), whose)
        read = set(now["schools"])
        for found in http.each(
            list(students), lambda one: self._alone(http, given, one, students[one] & read)
        ):
            yield from found

    def join(self, tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
        described = tables["codes"].select(
            pl.col("Code").str.strip_chars(), pl.col("Description").alias("CON.Relationship")
        )
        code = pl.col("CON.RelationshipToStudentCode").str.strip_chars()
        contacts = (
            _named("CON", tables[CONTACTS])
            .join(described, left_on=code, right_on="Code", how="left")
            .with_columns(pl.coalesce("CON.Relationship", code.replace("", None)))
            .drop("CON.SchoolCode", "Code")
        )
        students = _named("STU", tables[STUDENTS])
        order = [pl.col(name).cast(pl.Int64, strict=False) for name in _ORDER]
        return students.join(
            contacts, left_on="STU.StudentID", right_on="CON.StudentID", how="left"
        ).sort("STU.StudentID", *order, nulls_last=True)

    # -- what is asked -----------------------------------------------------------------------

    def _system(self, http: Http, given: Given) -> Mapping[str, Any]:
        """What Aeries says of itself. A year that it does not know it would ignore silently."""
        found = http.get("systeminfo", self._year(given)).data
        if not isinstance(found, dict):
            raise IncompletePull(f"{http.who} says nothing of itself at systeminfo.")
        own = str(found.get("DatabaseYear") or "")
        known = {str(year)[:4] for year in found.get("AvailableDatabaseYears") or (own,) if year}
        if given["year"] and known and given["year"] not in known:
            raise ChangeInput(
                f"Aeries has no year {given['year']}, and would answer with another. It has "
                f"{', '.join(sorted(known))}."
            )
        return found

    def _schools(self, http: Http, given: Given) -> list[str]:
        """Codes of the schools that are read."""
        listed = http.get("schools", self._year(given)).rows()
        wanted, excluded = given.listed("schools"), given.listed("excluded_schools")
        active = {
            str(school.get("SchoolCode"))
            for school in listed
            if not str(school.get("InactiveStatusCode") or "").strip()
            and str(school.get("SchoolCode")) not in ("0", *excluded)
        }
        if unknown := [code for code in wanted if code not in active]:
            raise SourceRefusal(
                f"{http.who} has no active school {', '.join(unknown)}. Nothing was published."
                " Check the schools of the source."
            )
        return sorted(active.intersection(wanted) if wanted else active, key=_by_number)

    def _school(self, http: Http, given: Given, school: str) -> list[Piece]:
        """The students of a school and their contacts. Contacts of others are left out."""
        listed = [row for page in self._students(http, given, school) for row in page]
        students = self._read(given, listed)
        if not students:
            return []
        contacts = [row for page in self._contacts(http, given, school) for row in page]
        self._check_list(http, given, school, listed, contacts)
        read = {row["StudentID"] for row in students}
        theirs = [row for row in contacts if row.get("StudentID") in read]
        return [Piece(STUDENTS, students), Piece(CONTACTS, theirs)]

    def _alone(
        self, http: Http, given: Given, student: str, schools: Collection[str]
    ) -> list[Piece]:
        """One student as these schools have it, and all of its contacts; nothing if it has left."""
        year = self._year(given)
        listed = [
            row
            for school in sorted(schools, key=_by_number)
            for row in http.get(STUDENT, year, parts={"school": school, "student": student}).rows()
        ]
        students = self._read(given, listed)
        if not students:
            return []
        parts = {"school": ANY_SCHOOL, "student": student}
        contacts = http.get(CONTACTS_OF_STUDENT, year, parts=parts).rows()
        return [Piece(STUDENTS, students), Piece(CONTACTS, contacts)]

    @staticmethod
    def _read(given: Given, listed: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those of some students whom the source reads."""
        return [row for row in listed if given["inactive"] == "yes" or _is_active(row)]

    def _check_list(
        self,
        http: Http,
        given: Given,
        school: str,
        listed: Sequence[Mapping[str, Any]],
        contacts: Sequence[Mapping[str, Any]],
    ) -> None:
        """Whether the list of students left out one who has contacts, because it moved.

        Aeries counts nothing, so this is what tells a short list from a whole one.
        """
        known = {row["StudentID"] for row in listed}
        missing = dict.fromkeys(row.get("StudentID") for row in contacts)
        for student in [one for one in missing if one not in known][:MOST_ASKED_ALONE]:
            parts = {"school": school, "student": student}
            if http.get(STUDENT, self._year(given), parts=parts).rows():
                raise IncompletePull(
                    f"{http.who} did not give the whole of {STUDENTS_OF_SCHOOL}: it has students "
                    "there whom it did not list. Nothing was published; the next pull tries again."
                )

    def _students(self, http: Http, given: Given, school: str) -> Iterator[list[dict[str, Any]]]:
        paging = Records(given.number("page_size"), "StartingRecord", "EndingRecord")
        return pages(
            http,
            STUDENTS_OF_SCHOOL,
            paging,
            self._year(given),
            key=("StudentID",),
            parts={"school": school},
        )

    def _contacts(self, http: Http, given: Given, school: str) -> Iterator[list[dict[str, Any]]]:
        return pages(
            http, CONTACTS_OF_SCHOOL, Unpaged(), self._year(given), parts={"school": school}
        )

    @staticmethod
    def _year(given: Given) -> dict[str, str]:
        return {"DatabaseYear": given["year"]} if given["year"] else {}


_ORDER = ("CON.ContactOrder", "CON.SequenceNumber")


def _named(table: str, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Columns under the table of Aeries that they come from, as its people know them."""
    return frame.rename(lambda name: f"{table}.{name}")


def _is_active(student: Mapping[str, Any]) -> bool:
    return not str(student.get("InactiveStatusCode") or "").strip()


def _by_number(code: str) -> tuple[int, str]:
    return (int(code) if code.lstrip("-").isdigit() else 0, code)
