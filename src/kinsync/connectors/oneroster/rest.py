"""OneRoster REST: the organisations, and all users in pages, from which contacts are told apart.

There is no list of contacts in OneRoster; filters on roles are optional in 1.2 and often refused.
So one list is read, and held to one account.

Source: 1EdTech, OneRoster 1.1; OneRoster Rostering Service 1.2, "REST/JSON Binding".
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import httpx2
import polars as pl

from kinsync.connectors.connector import Carries, Connector, Given, Setting, State
from kinsync.connectors.oneroster import people
from kinsync.domain.errors import ChangeInput, IncompletePull, NothingThere
from kinsync.transport.http import Answer, Http, Limits, read_address, read_base
from kinsync.transport.paging import Offset, pages
from kinsync.transport.signing import ClientCredentials, OAuth1
from kinsync.transport.source_table import Piece, Table

ORGS, USERS, USER = "orgs", "users", "users/{user}"
VERSIONS = {"1.1": "ims/oneroster/v1p1", "1.2": "ims/oneroster/rostering/v1p2"}
SIGNED = {"oauth1-sha256": "HMAC-SHA256", "oauth1-sha1": "HMAC-SHA1"}
TOKENS = ("oauth2", "oauth2-form")
SORTED = {"sort": "sourcedId", "orderBy": "asc"}
"""So that no user moves from one page to another while the list is read."""
LOOKED_AT = 5
"""Pages of users in which a first look hopes to meet a student and a contact, and contacts whom it
looks up where it does not."""


class OneRoster(Connector):
    """A district's SIS or hub, read over OneRoster."""

    name: ClassVar = "oneroster"
    title: ClassVar = "OneRoster"
    mapping: ClassVar = "people"
    cadence: ClassVar = "every 6 hours from 01:30"
    limits: ClassVar = Limits(in_flight=2)
    settings: ClassVar[Sequence[Setting]] = (
        Setting("url", "address of the service as the system shows it, with or without its path"),
        Setting("token_url", "address that gives tokens, or its path; not for oauth1", ""),
        Setting("client_id", "id that the system issued; in OAuth 1.0a the consumer key"),
        Setting("client_secret", "secret that the system issued with it", is_secret=True),
        Setting("scope", "scopes to ask for, blanks between; some servers need them", ""),
        Setting("auth", f"{', '.join((*TOKENS, *SIGNED))}: how Kinsync proves who it is", "oauth2"),
        Setting("version", "1.1 or 1.2, for an address without its path", "1.2"),
        Setting("disabled", "no: leave out people whose login is disabled", "yes"),
        Setting("page_size", "users asked for at a time", "1000"),
        Setting("asked_alone", "people at most who are named, not listed, and looked up", "200"),
    )
    carries: ClassVar = Carries(
        contacts="all contacts of a student, in whichever direction they are tied",
        sis_id="sourcedId",
        email="one",
        type="from the role: parent and guardian Parent/Guardian, relative Family, others Other",
        phones="sms as Cell, phone as Home",
        addresses="none: OneRoster has no address of a person",
        flags="guardian by the role; metadata.priority and emergencyContact, where they are filled",
        schools="all of a student are read; the first one is published",
        lost=(
            "what a relative is to a student",
            "a contact who is a parent of one student and a relative of another has one role",
            "which contact comes first",
            "birthdays: they stand in a service that is seldom granted",
        ),
    )
    key: ClassVar = people.KEY
    tables: ClassVar[Sequence[Table]] = people.TABLES

    def base(self, given: Given) -> str:
        """The address, with the path of its version where it lacks that."""
        url = read_base(given["url"]).rstrip("/")
        if url.endswith(("/v1p1", "/v1p2")):
            return url
        path = VERSIONS[given.chosen("version", tuple(VERSIONS))]
        for begun in ("/ims/oneroster/rostering", "/ims/oneroster", "/ims"):
            url = url.removesuffix(begun)
        return f"{url}/{path}"

    def auth(self, given: Given) -> httpx2.Auth:
        kind = given.chosen("auth", (*TOKENS, *SIGNED))
        if kind in SIGNED:
            return OAuth1(given["client_id"], given["client_secret"], method=SIGNED[kind])
        return ClientCredentials(
            self.token_url(given),
            given["client_id"],
            given["client_secret"],
            {"scope": given["scope"]} if given["scope"] else None,
            in_body=kind == "oauth2-form",
        )

    def token_url(self, given: Given) -> str:
        """Where tokens are given.

        Raises:
            ChangeInput: it is not told, or not safe.
        """
        if not given["token_url"]:
            raise ChangeInput(
                "The setting token_url is missing: the address that gives tokens stands beside the "
                "address of the service, and does not follow from it."
            )
        return str(read_address(given["token_url"], self.base(given) + "/"))

    def extension(self, given: Given) -> Mapping[str, str]:
        """What is asked for beside the standard, where the mapping names metadata."""
        return {}

    # -- reading -----------------------------------------------------------------------------

    def look(self, http: Http, given: Given) -> Iterator[str]:
        orgs = self._orgs(http, given)
        schools = sum(str(one.get("type")).lower() == "school" for one in orgs)
        yield f"{self.title} answers, with {len(orgs)} organisations, {schools} of them schools."
        seen = people.People(orgs)
        named: list[str] = []
        count = 0
        for number, page in enumerate(self._users(http, given), 1):
            named = named or [agent for one in page for agent in people.agents_of(one)]
            count += len(page)
            list(seen.pieces(page))
            if number == LOOKED_AT or (seen.students and seen.contacts):
                break
        if not seen.students:
            raise ChangeInput(
                f"Among the first {count} users there is no student. Check the school year there, "
                "and which schools are shared with this connection."
            )
        yield f"Among the first {count} users there are {seen.students} students."
        if seen.contacts:
            yield f"{seen.contacts} are parents, guardians or relatives."
        elif any(_alone(http, user) for user in named[:LOOKED_AT]):
            yield "They name contacts, and these are there too."
        else:
            yield (
                "None of them is a parent, guardian or relative, and whom they name is not there. "
                "Where contacts are not sent, switch that on: guardians have to be included."
            )

    def read(self, http: Http, given: Given, state: State) -> Iterator[Piece]:
        orgs = self._orgs(http, given)
        found = people.People(orgs, self.tables_of(given), with_disabled=given.is_on("disabled"))
        yield found.schools()
        for page in self._users(http, given):
            yield from found.pieces(page)
        yield from self._named_alone(http, found, given.number("asked_alone"))

    def join(self, tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
        return people.joined(tables)

    def _named_alone(self, http: Http, found: people.People, most: int) -> Iterator[Piece]:
        """Those whom others name and the list does not have, as far as they are there.

        A list that moves while it is read loses somebody; some lists leave out who has no login.
        """
        asked: set[str] = set()
        has_some = False
        while missing := [one for one in found.missing() if one not in asked]:
            now = missing[: most - len(asked)]
            if not now:
                break
            asked.update(now)
            there = [one for one in http.each(now, lambda user: _alone(http, user)) if one]
            has_some |= bool(there)
            yield from found.pieces(there)
        if missing and has_some:
            raise IncompletePull(
                f"{http.who} did not give the whole of {USERS}: people are there whom it did not "
                f"list, more than the {most} who are asked for alone. Nothing was published; the "
                "next pull tries again. Where it leaves them out on purpose, raise asked_alone."
            )

    def _orgs(self, http: Http, given: Given) -> list[dict[str, Any]]:
        return [row for page in self._pages(http, given, ORGS) for row in page]

    def _users(self, http: Http, given: Given) -> Iterator[list[dict[str, Any]]]:
        return self._pages(http, given, USERS)

    def _pages(self, http: Http, given: Given, name: str) -> Iterator[list[dict[str, Any]]]:
        """The pages of a list in the order of its keys, or where that is refused, as it comes."""
        paging = Offset(given.number("page_size"), follows=False)

        def listed(sort: Mapping[str, str]) -> Iterator[list[dict[str, Any]]]:
            params = {**sort, **self.extension(given)}
            rows = partial(_with_key, name=name)
            key = ("sourcedId",)
            return pages(http, name, paging, params, rows, key, may_repeat=True)

        found = listed(SORTED)
        try:
            first = next(found, None)
        except NothingThere:
            found = listed({})
            first = next(found, None)
        if first is not None:
            yield first
            yield from found


def _alone(http: Http, user: str) -> dict[str, Any] | None:
    """The record of one user; None where there is none."""
    try:
        answer = http.get(USER, parts={"user": user})
    except NothingThere:
        return None
    record = answer.data.get("user") if isinstance(answer.data, dict) else None
    return record if isinstance(record, dict) and people.sourced_id(record) == user else None


def _with_key(answer: Answer, name: str) -> list[dict[str, Any]]:
    rows = answer.under(name)
    if not all(people.sourced_id(row) for row in rows):
        raise IncompletePull(
            f"{answer.place} has rows without sourcedId. Nothing was published. Where it stays so, "
            "the system's interface has changed."
        )
    return rows
