"""A pretended PowerSchool: sign-in, the v1 resources, schema tables and PowerQueries.

Source: PowerSchool's own pages on ``v1``, ``schema``, ``contacts`` and ``metadata``; answers that
clients of it were seen to meet. What is not documented is as the real one is least kind: a right
that the plugin lacks is silent in extensions and a refusal elsewhere.
"""

import re
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from operator import is_not
from typing import Any

import polars as pl

from kinsync.simulators.bearer import Tokens, basic
from kinsync.simulators.fiql import Unreadable, fits
from kinsync.simulators.powerschool_plugin import INSTALLED, Plugin
from kinsync.simulators.powerschool_records import (
    CORE,
    EXTENSION,
    QUIRKS,
    StudentRecords,
    first_three,
)
from kinsync.simulators.roster import Roster
from kinsync.simulators.serving import Reply, Request

__all__ = ["QUIRKS", "PowerSchoolSystem"]

CLIENT = ("5b6f0d5e-7f1c-4a52-9e3b-6a1f0c2d8e44", "c0d3a7f2-91be-4c55-8a17-2f6e9d4b1c30")
TABLES = ("students", "studentcorefields")
APPLICATION = "kinsync_contacts"
"""Registered for the changes of these tables."""
GRANTED = (*TABLES, EXTENSION)
"""The tables that a plugin may be granted."""
EXPANSIONS = (
    *("demographics", "addresses", "alerts", "phones", "school_enrollment", "ethnicity_race"),
    *("contact", "contact_info", "initial_enrollment", "schedule_setup", "fees", "lunch"),
    *("counselors", "global_id"),
)
SECONDS = 2591999
USUAL_PAGE = 100

_ROUTES = (
    (r"/ws/v1/metadata", "metadata"),
    (r"/ws/v1/district", "district"),
    (r"/ws/v1/district/school(?P<count>/count)?", "schools"),
    (r"/ws/v1/district/student(?P<count>/count)?", "students"),
    (r"/ws/v1/school/(?P<school>\d+)/student(?P<count>/count)?", "students"),
    (r"/ws/v1/student/(?P<dcid>\d+)", "student"),
    (r"/ws/schema/table/(?P<table>\w+)/metadata", "columns"),
    (r"/ws/schema/table/(?P<table>\w+)(?P<count>/count)?", "table"),
    (r"/ws/schema/table/(?P<table>\w+)/(?P<dcid>\d+)", "record"),
    (r"/ws/schema/query/(?P<name>[\w.]+?)(?P<count>/count)?", "query"),
    (r"/ws/dataversion/(?P<application>\w+)/(?P<version>\d+)", "dataversion"),
    (r"/ws/contacts/student/(?P<dcid>\d+)", "contacts"),
)


class _Refused(Exception):
    """An answer that is not what was asked for."""

    def __init__(self, status: int, says: str) -> None:
        super().__init__(says)
        self.status = status


class PowerSchoolSystem:
    """One district's PowerSchool."""

    counts_changes = True
    """Whether an application is registered whose tables' changes are counted."""

    def __init__(
        self,
        roster: Roster,
        *,
        quirks: Collection[str] = (),
        client: tuple[str, str] = CLIENT,
        granted: Collection[str] = GRANTED,
        seconds: float = SECONDS,
    ) -> None:
        """``granted`` are the plugin's tables, ``seconds`` how long a token lives."""
        self.roster = roster
        self.quirks = frozenset(quirks)
        self.client = client
        self.granted = frozenset(granted)
        if "no-core-fields" in self.quirks:
            self.granted -= {"studentcorefields"}
        self.tokens = Tokens(seconds)
        self.plugin = INSTALLED
        self.version, self.oldest_version = 100, 0
        self._changed: dict[tuple[str, int], int] = {}
        self._kept: dict[Hashable, Sequence[Any]] = {}
        self._kept_of: tuple[pl.DataFrame, ...] = ()
        self.most = 1000 if "page-of-1000" in self.quirks else 100
        self._set_up()

    def _set_up(self) -> None:
        self.roster.seen_as(first_three)
        self.records = StudentRecords(self.roster, self.quirks)

    @property
    def path(self) -> str:
        return ""

    @property
    def settings(self) -> Mapping[str, str]:
        told = {"client_id": self.client[0], "client_secret": self.client[1]}
        return told | ({"data_version": APPLICATION} if self.counts_changes else {})

    def night(self) -> None:
        self.happen(self.roster.next_night)

    def happen(self, what: Callable[[], None]) -> None:
        """Let something happen to the people, and count it as a change."""
        before = {table: self._records(table) for table in TABLES}
        what()
        self.version += 1
        for table in TABLES:
            after = self._records(table)
            for dcid in before[table].keys() | after.keys():
                if before[table].get(dcid) != after.get(dcid):
                    self._changed[table, int(dcid)] = self.version

    def _records(self, table: str) -> dict[str, dict[str, str]]:
        key = "dcid" if table == "students" else "studentsdcid"
        return {row[key]: row for row in self.records.table(table)}

    def error(self, status: int) -> Reply:
        return Reply({"message": f"The request was answered with {status}."}, status)

    def answer(self, request: Request) -> Reply:
        if request.path.rstrip("/") == "/oauth/access_token":
            return self._token(request)
        if not request.path.startswith("/ws/"):
            return self.error(404)
        if not self.tokens.has_one(request):
            return Reply({"message": "The access token is missing or has expired."}, 401)
        found = ((re.fullmatch(pattern, request.path), name) for pattern, name in _ROUTES)
        parts, name = next(((parts, name) for parts, name in found if parts), (None, ""))
        if parts is None or (name == "query") != (request.method == "POST"):
            return self.error(404)
        handle: Callable[..., Any] = getattr(self, f"_{name}")
        given = {key: value for key, value in parts.groupdict().items() if value}
        try:
            body = handle(request.query, **given)
        except _Refused as refused:
            return Reply({"message": str(refused)}, refused.status)
        except Unreadable as fault:
            return Reply({"message": "Validation Failed", "errors": [{"field": str(fault)}]}, 400)
        return Reply("", 204) if body is None else Reply(body)

    def _token(self, request: Request) -> Reply:
        is_right = basic(request) == self.client
        if not is_right or request.form.get("grant_type") != "client_credentials":
            return Reply({"error": "invalid_client"}, 401)
        seconds = int(self.tokens.seconds)
        expires: int | str = str(seconds) if "text-expiry" in self.quirks else seconds
        token = {"access_token": self.tokens.give(), "token_type": "Bearer", "expires_in": expires}
        return Reply(token)

    # -- v1 ----------------------------------------------------------------------------------

    def _metadata(self, _query: Mapping[str, str]) -> dict[str, Any]:
        return {
            "metadata": {
                "plugin_id": 27,
                "powerschool_version": "25.12.0.0.2531904",
                "district_timezone": "America/Los_Angeles",
                "student_max_page_size": self.most,
                "school_max_page_size": self.most,
                "schema_table_query_max_page_size": self.most,
            }
        }

    def _district(self, _query: Mapping[str, str]) -> dict[str, Any]:
        return {"district": {"uuid": "5d0f1c1e", "name": "Lakeside", "district_number": "17"}}

    def _schools(self, query: Mapping[str, str], count: str = "") -> dict[str, Any]:
        schools = [
            {"id": number - 100, "name": f"School {number}", "school_number": number}
            for number in map(int, self.roster.schools)
        ]
        return self._resource("school", schools, query, is_count=bool(count))

    def _students(
        self, query: Mapping[str, str], school: str = "", count: str = ""
    ) -> dict[str, Any]:
        self._require("students")
        search = query.get("q", "")
        listed = self._tonight(
            ("students", school, search),
            lambda: (
                one
                for one in self.records.students()
                if (not school or one["school_enrollment"]["school_id"] == int(school))
                and fits(one, search)
            ),
        )
        shown = listed if count else [self._shown(one, query) for one in self._page(listed, query)]
        return self._resource("student", shown, query, is_count=bool(count), is_paged=True)

    def _student(self, query: Mapping[str, str], dcid: str) -> dict[str, Any]:
        self._require("students")
        found = [one for one in self.records.students() if one["id"] == int(dcid)]
        if not found:
            raise _Refused(404, "There is no such student.")
        return {"student": self._shown(found[0], query)}

    def _shown(self, student: Mapping[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
        """A student with what was asked for beside; what is empty is a text without letters."""
        asked = _listed(query, "expansions")
        plain = {key: value for key, value in student.items() if key not in EXPANSIONS}
        expanded = {name: student.get(name) or "" for name in EXPANSIONS if name in asked}
        tables = [
            self._extension(name, student["id"])
            for name in _listed(query, "extensions")
            if name in self.granted and name in (CORE, EXTENSION)
        ]
        extended = {"_extension_data": {"_table_extension": _one_or_more(tables)}} if tables else {}
        return {**plain, **expanded, **extended}

    def _extension(self, name: str, dcid: int) -> dict[str, Any]:
        record = self.records.extension(name, dcid)
        fields = [
            {"name": key, "type": "String", "value": value}
            for key, value in (record or {}).items()
            if value and self.plugin.may_read(f"{name}.{key}")
        ]
        told = {"_field": _one_or_more(fields)} if fields else {}
        return {"recordFound": record is not None, "name": name, **told}

    def _resource(
        self,
        name: str,
        rows: Sequence[Mapping[str, Any]],
        query: Mapping[str, str],
        *,
        is_count: bool,
        is_paged: bool = False,
    ) -> dict[str, Any]:
        if is_count:
            return {"resource": {"count": len(rows)}}
        shown = rows if is_paged else self._page(rows, query)
        listed = {name: _one_or_more(shown)} if shown else {}
        about = {"@expansions": ", ".join(EXPANSIONS), "@extensions": ",".join(sorted(TABLES[1:]))}
        return {f"{name}s": {**about, **listed}}

    # -- schema tables -----------------------------------------------------------------------

    def _table(self, query: Mapping[str, str], table: str, count: str = "") -> dict[str, Any]:
        self._require(table)
        rows = [row for row in self.records.table(table) if fits(row, query.get("q", ""))]
        if count:
            return {"count": len(rows)}
        if "sort" in query:
            rows.sort(key=lambda row: str(row.get(query["sort"], "")).rjust(20))
        records = [self._projected(table, row, query) for row in self._page(rows, query)]
        return {"name": table, "record": records, "@extensions": ""}

    def _record(self, query: Mapping[str, str], table: str, dcid: str) -> dict[str, Any]:
        self._require(table)
        key = "dcid" if table == "students" else "studentsdcid"
        found = [row for row in self.records.table(table) if row[key] == dcid]
        if not found:
            raise _Refused(404, "There is no such record.")
        return {"name": table, **self._projected(table, found[0], query)}

    def _projected(
        self, table: str, row: Mapping[str, str], query: Mapping[str, str]
    ) -> dict[str, Any]:
        wanted = _listed(query, "projection")
        if not wanted:
            raise Unreadable("projection")
        shown = {
            name: value
            for name, value in row.items()
            if {name, "*"} & set(wanted) and value and self.plugin.may_read(f"{table}.{name}")
        }
        return {"id": int(row.get("dcid") or row["studentsdcid"]), "tables": {table: shown}}

    def _columns(self, _query: Mapping[str, str], table: str) -> dict[str, Any]:
        self._require(table)
        names = self.records.table(table)[0] if self.records.table(table) else {}
        columns = [{"name": name.upper(), "access": "ViewOnly", "type": "String"} for name in names]
        return {"name": table, "columns": columns}

    # -- others ------------------------------------------------------------------------------

    def install(self, plugin: bytes) -> None:
        """Install the zip of a plugin in place of the one that is there.

        Raises:
            ValueError: PowerSchool would not install it.
        """
        self.plugin = Plugin.from_zip(plugin)
        named = {one.partition(".")[0] for one in self.plugin.fields or ()}
        self.granted = frozenset(named.intersection(GRANTED))

    def _query(self, query: Mapping[str, str], name: str, count: str = "") -> dict[str, Any]:
        found = self.plugin.queries.get(name)
        if found is None:
            raise _Refused(404, "There is no such query.")
        if lacking := found.tables.intersection(GRANTED) - self.granted:
            raise _Refused(403, f"The plugin has no access to {', '.join(lacking)}.")
        rows = self._tonight(
            (name, id(found)), lambda: self._rows_of(found.tables, of_today=found.of_today)
        )
        if count:
            return {"count": len(rows)}
        size = {"pagesize": str(USUAL_PAGE), **query}
        shown = rows if query.get("pagesize") == "0" else self._page(rows, size)
        records = [
            {
                **{
                    alias: row[column] for alias, column in found.columns.items() if row.get(column)
                },
                "_id": number,
                "_name": "students",
            }
            for number, row in enumerate(shown, 1)
        ]
        told = {"name": "students", "count": len(records), "@extensions": ""}
        return {**told, "record": records} if records else told

    def _rows_of(self, tables: frozenset[str], *, of_today: bool) -> Iterator[dict[str, str]]:
        """The rows of a join of these tables, each column under ``table.field``."""
        for one in self.records.students() if "person" not in tables else ():
            if one["school_enrollment"]["enroll_status_code"] > 0 and of_today:
                continue
            joined = {f"students.{key}": value for key, value in self.records.row(one).items()}
            for table in tables - {"students"}:
                told = self.records.extension(table, one["id"]) or {}
                joined |= {f"{table}.{key}": value for key, value in told.items()}
            yield joined

    def _dataversion(
        self, _query: Mapping[str, str], application: str, version: str
    ) -> dict[str, Any]:
        if application != APPLICATION or not self.counts_changes:
            raise _Refused(404, "There is no such application.")
        if not 0 <= int(version) <= self.version or 0 < int(version) < self.oldest_version:
            raise _Refused(400, "There is no such version.")
        tables: dict[str, list[int]] = {}
        for (table, dcid), changed in sorted(self._changed.items()):
            if changed > int(version):
                tables.setdefault(table, []).append(dcid)
        return {"$dataversion": str(self.version), "tables": tables}

    def _contacts(self, _query: Mapping[str, str], dcid: str) -> Any:
        return None

    def _require(self, table: str) -> None:
        if table not in GRANTED:
            raise _Refused(404, "There is no such table.")
        if table not in self.granted:
            raise _Refused(403, "The plugin has no access to this table.")

    def _tonight(self, key: Hashable, make: Callable[[], Iterable[Any]]) -> Sequence[Any]:
        """What is made of tonight's roster, made once for all pages of a list."""
        now = (self.roster.students, self.roster.contacts)
        if len(self._kept_of) != len(now) or any(map(is_not, now, self._kept_of)):
            self._kept, self._kept_of = {}, now
        if key not in self._kept:
            self._kept[key] = list(make())
        return self._kept[key]

    def _page(self, rows: Sequence[Any], query: Mapping[str, str]) -> Sequence[Any]:
        size = min(int(query.get("pagesize") or self.most), self.most)
        first = (int(query.get("page") or 1) - 1) * size
        return rows[first : first + size]


def _listed(query: Mapping[str, str], name: str) -> list[str]:
    return [one.strip().lower() for one in query.get(name, "").split(",") if one.strip()]


def _one_or_more(rows: Sequence[Any]) -> Any:
    """A list of one is not a list: XML shows through."""
    return rows[0] if len(rows) == 1 else list(rows)
