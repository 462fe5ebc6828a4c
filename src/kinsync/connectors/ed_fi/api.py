"""Ed-Fi ODS/API, data standard 4.0 and 5.x: students, enrolments, contacts, associations.

Source: Ed-Fi-Alliance-OSS, Ed-Fi-Data-Standard (v4.0.0, v5.2.0), Ed-Fi-ODS-Implementation,
Data-Management-Service; edanalytics, edfi_api_client.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import httpx2
import polars as pl

from kinsync.connectors.connector import Carries, Given, Setting, State, TellsChanges
from kinsync.connectors.ed_fi.changes import Changed
from kinsync.connectors.ed_fi.resources import WAYS, Api
from kinsync.connectors.ed_fi.site import EdFiTokens
from kinsync.connectors.ed_fi.tables import (
    ASKED,
    CONTACTS,
    ENROLMENTS,
    KEY,
    RESOURCES,
    STUDENTS,
    TIES,
)  # fmt: skip
from kinsync.domain.errors import ChangeInput, ChangesUntold, NothingThere, SourceRefusal
from kinsync.transport.http import Http, Limits, read_base
from kinsync.transport.source_table import Gone, Piece, Table


class EdFiApi(TellsChanges):
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
        changes=(
            "by change queries: what came, changed or got another key, and, published by the next "
            "whole pull, what went; not what the key came "
            "to see or lost sight of because its rights changed. None with a snapshot, or with "
            "students who are not enrolled"
        ),
        lost=(
            "every school of a student but one, and the names of schools",
            "what contactRestrictions say, and whether a phone takes texts",
            "addresses of students, which are in another resource",
            "a person may stand to a student in one way only: the standard has one row for a pair",
        ),
    )
    key: ClassVar = KEY
    tables: ClassVar[Sequence[Table]] = (*RESOURCES, ASKED)

    def base(self, given: Given) -> str:
        return given["url"].rstrip("/") + "/"

    def auth(self, given: Given) -> httpx2.Auth:
        return EdFiTokens(read_base(given["url"]), given)

    def look(self, http: Http, given: Given) -> Iterator[str]:
        api = Api.of(http, given)
        standard = ".".join(map(str, api.site.standard))
        yield f"The API answers: version {_shown(api.site.version)}, data standard {standard}."
        try:
            counts = {table.name: api.count(table.name) for table in RESOURCES}
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
        api = Api.of(http, given)
        began, words = api.newest(), api.words()
        yield self._asked(api)
        came = set()
        for table in (ENROLMENTS, STUDENTS, TIES, CONTACTS):
            for page in api.rows(table, words):
                came.add(table.name)
                yield Piece(table.name, page)
        if TIES.name in came and CONTACTS.name not in came:
            raise SourceRefusal(
                f"{http.who} gives associations, and none of the {api.name_of(CONTACTS.name)} that "
                "they name. Nothing was published. Have the claim set of the key checked."
            )
        api.check_still(began)

    def moment(self, http: Http, given: Given, since: State) -> State | None:
        if given.is_on("snapshot") or given.is_on("inactive"):
            return None  # who is out of sight without an enrolment goes without being deleted
        api = Api.of(http, given)
        found = api.versions()
        if found is None:
            return None
        words = api.words().checksum
        return {"oldest": found.oldest, "newest": found.newest, "words": words}

    def read_changes(
        self,
        http: Http,
        given: Given,
        since: State,
        now: State,
        before: Mapping[str, pl.LazyFrame],
    ) -> Iterator[Piece | Gone]:
        api = Api.of(http, given)
        words = api.words()
        if {since["words"], now["words"]} != {words.checksum}:
            raise ChangesUntold(f"The descriptors of {http.who} changed: every row may have.")
        if not now["oldest"] <= since["newest"] <= now["newest"]:
            raise ChangesUntold(f"{http.who} does not tell changes from so long ago.")
        yield self._asked(api)
        yield from Changed(api, words, before, since["newest"] + 1).read()
        api.check_still(now["newest"])

    @staticmethod
    def _asked(api: Api) -> Piece:
        return Piece(
            ASKED.name, [{"day": api.today.isoformat(), "inactive": api.given["inactive"]}]
        )

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
        enrolments = _current(tables[ENROLMENTS.name], tables[ASKED.name])
        return (
            STUDENTS.shown(_read(tables[STUDENTS.name], enrolments, tables[ASKED.name]))
            .join(
                ENROLMENTS.shown(_schools(enrolments)),
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


def _current(enrolments: pl.LazyFrame, asked: pl.LazyFrame) -> pl.LazyFrame:
    """Enrolments that have not ended on the day of the pull."""
    ends = pl.col("exitWithdrawDate").str.head(10)
    stays = (ends > pl.col("day")).fill_null(value=True)
    return enrolments.join(asked, how="cross").filter(stays).drop("day", "inactive")


def _read(students: pl.LazyFrame, enrolments: pl.LazyFrame, asked: pl.LazyFrame) -> pl.LazyFrame:
    """Students who are enrolled; all of them where the source reads others too."""
    enrolled = enrolments.select(KEY, is_enrolled=pl.lit(value=True)).unique()
    is_read = pl.col("is_enrolled").fill_null(value=False) | (pl.col("inactive") == "yes")
    return (
        students.join(asked, how="cross")
        .join(enrolled, on=KEY, how="left")
        .filter(is_read)
        .drop("day", "inactive", "is_enrolled")
    )


def _amount(count: int | None) -> str:
    return "uncounted" if count is None else f"{count:,}"


def _shown(version: Sequence[int]) -> str:
    return ".".join(map(str, version)) or "unknown"


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
