"""Illuminate over its REST API: students, and a resource of contacts that a district names.

Source: address, authentication, pages and envelopes as open clients of the API have them (Python
client "Illuminate"; "Illuminate API Documentation Scraper"). No resource of contacts is public: its
name is a setting, its fields are the mapping's, and the default names are ours.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import httpx2
import polars as pl

from kinsync.connectors.connector import Carries, Connector, Given, Setting, State
from kinsync.domain.errors import ChangeInput, NothingThere, SourceRefusal
from kinsync.transport.cells import cell, number
from kinsync.transport.http import Answer, Http, Limits
from kinsync.transport.paging import Numbered, pages
from kinsync.transport.signing import ClientCredentials, OAuth1, quoted
from kinsync.transport.source_table import Piece, Table

SIGNED = ("oauth2", "oauth1")
KEY = "local_student_id"
DISTRICT = "9999999"
"""The id of the site that is the district itself."""

STUDENTS = Table(
    "students",
    (KEY,),
    (
        *(KEY, "state_student_id", "site_id", "last_name", "first_name", "middle_name"),
        *("grade_level", "gender", "birth_date", "email"),
    ),
    called="Student",
)
CONTACTS = Table(
    "contacts",
    (KEY, "\0row"),
    (
        *(KEY, "\0row", "contact_id", "last_name", "first_name", "relationship", "is_primary"),
        *("is_emergency", "legal_guardian", "household_id", "is_primary_residence", "email"),
        *("street", "address", "city", "state", "zip"),
        *("phones.type", "phones.number"),
    ),
    called="Contact",
)


class IlluminateApi(Connector):
    """A district's Illuminate, read over its API."""

    name: ClassVar = "illuminate-api"
    title: ClassVar = "Illuminate API"
    cadence: ClassVar = "0 4 * * *"
    limits: ClassVar = Limits(in_flight=2)
    settings: ClassVar[Sequence[Setting]] = (
        Setting("url", "address with its root, https://DISTRICT.illuminateed.com/live"),
        Setting("key", "the client id, or the consumer key", is_secret=True),
        Setting("secret", "the client secret, or the consumer secret", is_secret=True),
        Setting("token", "the access token, for oauth1", "", is_secret=True),
        Setting("token_secret", "the secret of the access token, for oauth1", "", is_secret=True),
        Setting("signed", "oauth2 or oauth1", SIGNED[0]),
        Setting("students", "the resource of students", "Students"),
        Setting("contacts", "the resource of contacts", "StudentContacts"),
        Setting("student_key", "the field that names the student in both", KEY),
        Setting("page_size", "rows asked for at a time", "200"),
    )
    carries: ClassVar = Carries(
        contacts="all that the named resource gives",
        sis_id="contact_id, or the field that the mapping names",
        email="as the resource has them",
        type="primary contact and primary residence, guardian, emergency, else by relationship",
        phones="as the resource has them: each phone of a list, with its type",
        addresses="street, city, state and zip, where the resource has them",
        flags="primary, emergency, guardian, and primary residence as lives-with",
        schools="the id of one site of each student",
        lost=("which contacts belong to one household",),
    )
    key: ClassVar = KEY
    tables: ClassVar[Sequence[Table]] = (STUDENTS, CONTACTS)

    def base(self, given: Given) -> str:
        return given["url"].rstrip("/") + "/rest_server.php/Api/"

    def auth(self, given: Given) -> httpx2.Auth:
        key, secret = given["key"], given["secret"]
        if given.chosen("signed", SIGNED) == "oauth1":
            if not given["token"] or not given["token_secret"]:
                raise ChangeInput(
                    "oauth1 wants the access token that Illuminate has issued, and its secret. "
                    "Enter them: 'kinsync source credentials'."
                )
            issued = (given["token"], given["token_secret"])
            return OAuth1(key, secret, issued, method="HMAC-SHA1")
        token_url = given["url"].rstrip("/") + "/?OAuth2_AccessToken"
        return ClientCredentials(token_url, key, secret, in_body=True)

    def look(self, http: Http, given: Given) -> Iterator[str]:
        sites = [row for page in self._pages(http, given, "Sites") for row in page]
        schools = [site for site in sites if not _is_district(site)]
        yield f"Illuminate answers, and has {len(schools)} sites."
        for setting in ("students", "contacts"):
            page = next(self._listed(http, given, setting), [])
            if not page:
                raise ChangeInput(
                    f"{given[setting]} is empty. Check in Illuminate which year the API answers "
                    "for, and that the client may read it."
                )
            if given["student_key"] not in page[0]:
                raise ChangeInput(
                    f"{given[setting]} has no field {given['student_key']}. Tell the source the "
                    f"student_key. It has: {', '.join(sorted(page[0]))}."
                )
            fields = sorted(_flat(page[0]))
            yield f"{given[setting]} may be read. Its fields: {', '.join(fields)}."

    def read(self, http: Http, given: Given, state: State) -> Iterator[Piece]:
        students = _Students()
        for page in self._listed(http, given, "students"):
            rows = [_row(one, given) for one in page]
            yield Piece(STUDENTS.name, rows)
            students.note(row[KEY] for row in rows)
        has_contacts = False
        for page in self._listed(http, given, "contacts"):
            rows = [_row(one, given) for one in page]
            yield Piece(CONTACTS.name, [{**row, KEY: students.whose(row.get(KEY))} for row in rows])
            has_contacts = True
        if has_contacts and not students.are_met:
            raise SourceRefusal(
                f"{http.who} gives contacts of whom none belongs to a student: "
                f"{given['student_key']} is not the same in {given['students']} and "
                f"{given['contacts']}. Nothing was published. Tell the source another student_key."
            )

    def join(self, tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
        students = STUDENTS.shown(tables[STUDENTS.name])
        contacts = CONTACTS.shown(tables[CONTACTS.name])
        order = ("Contact.contact_id", "Contact.\0row")
        return (
            students.join(contacts, left_on=f"Student.{KEY}", right_on=f"Contact.{KEY}", how="left")
            .sort(f"Student.{KEY}", number(order[0]), *order, nulls_last=True)
            .drop("Contact.\0row")
        )

    # -- what is asked -----------------------------------------------------------------------

    def _listed(
        self, http: Http, given: Given, setting: str
    ) -> Iterator[Sequence[Mapping[str, Any]]]:
        """The pages of the resource that a setting names."""
        try:
            yield from self._pages(http, given, given[setting])
        except NothingThere as error:
            raise SourceRefusal(
                f"{http.who} has nothing at {given[setting]}. Nothing was published. Tell the "
                f"source what the resource is called there ({setting}), and check that the address "
                "ends with the right root, such as live or dna. A district without it can use the "
                "extract: the connector illuminate."
            ) from error

    def _pages(self, http: Http, given: Given, resource: str) -> Iterator[list[dict[str, Any]]]:
        paging = Numbered(
            given.number("page_size"), "page", "limit", last=_last_page, found=_all_rows
        )
        yield from pages(http, f"{quoted(resource)}/", paging, rows=_rows)


class _Students:
    """The ids of the students, which contacts may name without their leading zeros."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._by_bare: dict[str, str] = {}
        self.are_met = False
        """Whether any of them was asked for."""

    def note(self, ids: Iterable[Any]) -> None:
        """Remember some; of two who differ in zeros alone, none is found without them."""
        for one in map(_clean, ids):
            self._ids.add(one)
            bare = one.lstrip("0")
            self._by_bare[bare] = one if self._by_bare.get(bare, one) == one else ""

    def whose(self, told: Any) -> str:
        """The id of the student that is meant; as it is told where there is none."""
        text = _clean(told)
        found = text if text in self._ids else self._by_bare.get(text.lstrip("0"))
        self.are_met |= bool(found)
        return found or text


def _rows(answer: Answer) -> list[dict[str, Any]]:
    return answer.rows() if isinstance(answer.data, list) else answer.under("results")


def _last_page(answer: Answer) -> int | None:
    """The number of the last page. A list without an envelope is whole."""
    return 1 if isinstance(answer.data, list) else _number(answer.data.get("num_pages"))


def _all_rows(answer: Answer) -> int | None:
    return None if isinstance(answer.data, list) else _number(answer.data.get("num_results"))


def _number(told: object) -> int | None:
    return int(str(told)) if str(told).isdigit() else None


def _is_district(site: Mapping[str, Any]) -> bool:
    return str(site.get("site_type_name")).upper() == "DISTRICT" or (
        str(site.get("site_id")) == DISTRICT
    )


def _row(told: Mapping[str, Any], given: Given) -> dict[str, Any]:
    """A record as a row: what names its student under one name, and what tells it from others."""
    row = _flat(told)
    if given["student_key"] in row:
        row[KEY] = _clean(row[given["student_key"]])
    whole = json.dumps({name: str(value) for name, value in row.items()}, sort_keys=True)
    return {**row, "\0row": hashlib.sha256(whole.encode()).hexdigest()}


def _flat(told: Mapping[str, Any]) -> dict[str, Any]:
    """A record without anything nested: ``phones.number`` are the numbers of all phones."""
    flat: dict[str, Any] = {}
    for name, value in told.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": one for inner, one in _flat(value).items()}
        elif isinstance(value, list):
            flat |= _cells(name, value)
        else:
            flat[name] = value
    return flat


def _cells(name: str, values: Sequence[Any]) -> dict[str, Any]:
    """A list as cells: one for each name that its objects have."""
    inner = dict.fromkeys(key for one in values if isinstance(one, Mapping) for key in one)
    if not inner:
        return {name: cell(values)}
    return {
        f"{name}.{key}": cell(one.get(key) for one in values if isinstance(one, Mapping))
        for key in inner
    }


def _clean(told: Any) -> str:
    return "" if told is None else str(told).strip()
