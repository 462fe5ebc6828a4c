"""PowerSchool: the three emergency contacts on a student's record, and whatever else is there.

They stand in two tables, Students and StudentCoreFields, and come with the resource of students,
with a PowerQuery of the plugin, or table by table; columns are called as in the tables either way.

Source: PowerSchool, pages ``v1`` and ``schema`` of its API; "StudentContact" in its compliance
documents; tables as its database exports name them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import httpx2
import polars as pl

from kinsync.connectors.connector import Carries, Given, Setting, State, TellsChanges
from kinsync.connectors.powerschool import changes, district
from kinsync.connectors.powerschool.fields import Wanted, extended, resource_rows
from kinsync.connectors.powerschool.plugin import plugin, students_query
from kinsync.connectors.powerschool.schema_tables import schema_tables, table_pages
from kinsync.domain.errors import ChangesUntold, SourceRefusal
from kinsync.transport.http import Http, Limits
from kinsync.transport.paging import Rows
from kinsync.transport.source_table import Gone, Piece, Table

STUDENTS = "students"
OF_DISTRICT = "ws/v1/district/student"
WAYS = ("resource", "query", "table")
NAMES = (
    "students.emerg_contact_1",
    "students.emerg_contact_2",
    "studentcorefields.emerg_contact_3",
)

_KEY = "students.dcid"
CERTAIN = (
    *("students.student_number", "students.last_name", "students.first_name"),
    "students.schoolid",
)
NEEDED = (_KEY, *CERTAIN, "students.enroll_status")


class PowerSchool(TellsChanges):
    """A district's PowerSchool: students, and the emergency contacts on their records."""

    name: ClassVar = "powerschool"
    title: ClassVar = "PowerSchool"
    cadence: ClassVar = "every 2 hours from 00:30"
    limits: ClassVar = Limits(in_flight=2)
    settings: ClassVar[Sequence[Setting]] = (
        *district.SIGN_IN,
        Setting(
            "way",
            "resource: the students of the API; query: a PowerQuery; table: the schema tables",
            "resource",
        ),
        Setting("query", "name of the PowerQuery, where that is the way", "org.kinsync.students"),
        Setting(
            "data_version", "application for which PowerSchool counts changes; blank: none", ""
        ),
        *district.STUDENTS_OF,
    )
    carries: ClassVar = Carries(
        contacts="up to three of each student, from the slots on its record",
        sis_id="none: a slot is not a person; a contact is recognised by student, name and phone",
        email="none by default; a mapping may name students.guardianemail",
        type="none: everybody is an emergency contact",
        phones="one",
        addresses="none",
        flags="the slot as order; everybody is an emergency contact",
        schools="the number of the student's school",
        changes=(
            "by data version, where an application is registered for it and students come with "
            "the resource: what came or changed in the tables that it was registered with, and, "
            "published by the next whole pull, what went"
        ),
        lost=(
            "every contact after the third",
            "who lives with the student, has custody, or may fetch it",
            "everything that a district keeps in Unified Contacts: that is powerschool-contacts",
        ),
    )
    key: ClassVar = _KEY
    tables: ClassVar[Sequence[Table]] = (Table(STUDENTS, (_KEY,), NEEDED, CERTAIN),)

    def tables_of(self, given: Given) -> Sequence[Table]:
        if given.chosen("way", WAYS) == "table":
            return schema_tables(_columns(given), _KEY, CERTAIN)
        return (Table(STUDENTS, (_KEY,), _columns(given), CERTAIN),)

    def plugin(self, columns: Sequence[str]) -> bytes:
        """What is installed at PowerSchool, so that these columns may be read, either way."""
        named = (*NEEDED, *columns)
        return plugin(named, [students_query(named)])

    def base(self, given: Given) -> str:
        return district.base(given)

    def auth(self, given: Given) -> httpx2.Auth:
        return district.sign_in(given)

    def look(self, http: Http, given: Given) -> Iterator[str]:
        told = district.metadata(http)
        yield district.greeting(told)
        read = district.first_of(given, self._pages(http, given, told))
        yield f"{len(read)} students came first."
        yield from self._extended(http, given, told, read)
        if empty := [name for name in _columns(given) if not any(_has(row, name) for row in read)]:
            yield (
                f"None of them has {', '.join(empty)}. Where the district fills these, the plugin "
                "lacks the right to read them."
            )
        have = sum(any(_has(row, name) for name in NAMES) for row in read)
        yield f"{have} of them have an emergency contact on their record."
        if not have:
            yield (
                "A district that has moved to Unified Contacts leaves these fields empty: there, "
                "the connector is powerschool-contacts."
            )

    def read(self, http: Http, given: Given, state: State) -> Iterator[Piece]:
        told = district.metadata(http)
        for rows in self._pages(http, given, told):
            yield Piece(STUDENTS, district.of_source(given, rows))
        for table in self.tables_of(given)[1:]:
            for rows in table_pages(http, given, table, _schema_size(told, given)):
                yield Piece(table.name, rows)

    def moment(self, http: Http, given: Given, since: State) -> State | None:
        if not given["data_version"] or given.chosen("way", WAYS) != "resource":
            return None
        return {"version": changes.counted(http, given, since.get("version", "0"))[0]}

    def read_changes(
        self,
        http: Http,
        given: Given,
        since: State,
        now: State,
        before: Mapping[str, pl.LazyFrame],
    ) -> Iterator[Piece | Gone]:
        wanted = Wanted.of(_columns(given))
        students = changes.changed(http, given, since["version"], wanted)
        yield Gone(STUDENTS, (_KEY,), [(student,) for student in students])
        rows = district.of_source(given, list(changes.alone(http, wanted, students)))
        yield Piece(STUDENTS, rows)
        there = changes.stay(before[STUDENTS], _KEY, students) + len(rows)
        if not given["schools"] and there != count_students(http, given, wanted):
            raise ChangesUntold(f"{http.who} has others beside those whose changes it tells.")

    def join(self, tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
        joined = tables[STUDENTS]
        for name, extending in tables.items():
            if name != STUDENTS:
                joined = joined.join(extending, on=_KEY, how="left")
        return joined.sort(_KEY)

    # -- what is asked -----------------------------------------------------------------------

    def _pages(self, http: Http, given: Given, told: Mapping[str, object]) -> Iterator[Rows]:
        way, columns = given.chosen("way", WAYS), _columns(given)
        if way == "resource":
            size = district.page_size(told, "student_max_page_size", given)
            return student_pages(http, given, columns, size)
        if way == "table":
            return table_pages(http, given, self.tables_of(given)[0], _schema_size(told, given))
        return district.queried(
            http, given["query"], _schema_size(told, given), columns, key=(_KEY,)
        )

    def _extended(
        self, http: Http, given: Given, told: Mapping[str, object], read: Rows
    ) -> Iterator[str]:
        """Put what extending tables say of these students beside them, for a first look."""
        known = {row[_KEY]: row for row in read}
        for table in self.tables_of(given)[1:]:
            rows = next(table_pages(http, given, table, _schema_size(told, given)), [])
            for row in rows:
                known.get(row[_KEY], {}).update(row)
            yield f"The table {table.name} gives {len(rows)} rows on its first page."


def student_pages(http: Http, given: Given, columns: Sequence[str], size: int) -> Iterator[Rows]:
    """The students of a district as rows with these columns, page by page.

    Raises:
        ChangeInput: the resource has not all of these columns.
        IncompletePull, SourceRefusal: it is not the whole.
    """
    wanted = Wanted.of(columns)
    params = _of_statuses(given, wanted)
    missing, has_students = set(wanted.extensions), False
    for found in district.whole(
        http, OF_DISTRICT, size, lambda answer: resource_rows(answer, "student"),
        key=("id",), params=params,
    ):  # fmt: skip
        has_students = True
        for student in found if missing else ():
            missing.difference_update(extended(student))
        yield [wanted.row(student) for student in found]
    if missing and has_students:
        raise SourceRefusal(
            f"{http.who} gives nothing of {', '.join(sorted(missing))}: its plugin may not read "
            "there. Nothing was published. Grant the plugin these fields, or leave them out of the "
            "mapping of the source."
        )


def _schema_size(told: Mapping[str, object], given: Given) -> int:
    return district.page_size(told, "schema_table_query_max_page_size", given)


def count_students(http: Http, given: Given, wanted: Wanted) -> int:
    """How many students there are of the statuses that a source reads.

    Raises:
        IncompletePull, SourceRefusal: it is not said.
    """
    return district.count_of(http, http.get(f"{OF_DISTRICT}/count", _of_statuses(given, wanted)))


def _of_statuses(given: Given, wanted: Wanted) -> dict[str, str]:
    statuses = district.statuses(given)
    listed = f"({','.join(statuses)})" if len(statuses) > 1 else statuses[0]
    return {"q": f"school_enrollment.enroll_status=={listed}", **wanted.params}


def _columns(given: Given) -> tuple[str, ...]:
    return district.spelled(given.columns, NEEDED)


def _has(row: Mapping[str, object], column: str) -> bool:
    return row.get(column) not in (None, "")
