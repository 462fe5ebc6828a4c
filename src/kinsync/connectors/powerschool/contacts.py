"""PowerSchool's Unified Contacts: everybody, with phones, e-mails and what they may do.

The students come with the API's resource; who their contacts are, with four PowerQueries of the
plugin, for the API itself tells contacts student by student alone. A query's rows name the student
each, so that nobody has to be looked up.

Source: PowerSchool, page ``contacts`` of its API; tables as its database exports name them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import httpx2
import polars as pl

from kinsync.connectors.connector import Carries, Connector, Given, Setting, State
from kinsync.connectors.powerschool import district, plugin
from kinsync.connectors.powerschool.api import CERTAIN, NEEDED, PowerSchool, student_pages
from kinsync.connectors.powerschool.fields import plain
from kinsync.domain.errors import ChangeInput
from kinsync.transport.cells import gathered, number
from kinsync.transport.http import Http, Limits
from kinsync.transport.paging import Rows
from kinsync.transport.source_table import Piece, Table

STUDENTS, CONTACTS = "students", "contacts"
PHONES, EMAILS, ADDRESSES = "phones", "emails", "addresses"
_KEY, _PERSON = "students.dcid", "contacts.contact_id"
_CONTACT = (
    *(_KEY, _PERSON, "contacts.detail_id", "contacts.first_name", "contacts.middle_name"),
    *(
        "contacts.last_name",
        "contacts.relation_type",
        "contacts.relation_code",
        "contacts.priority",
        "contacts.is_custodial",
    ),
    *("contacts.is_emergency", "contacts.lives_with", "contacts.school_pickup"),
    *("contacts.receives_mail", "contacts.start_date", "contacts.end_date"),
)
_PHONE = (
    *(_KEY, _PERSON, "phones.id", "phones.number", "phones.extension", "phones.type"),
    *("phones.code", "phones.order", "phones.preferred"),
)
_EMAIL = (_KEY, _PERSON, "emails.id", "emails.address", "emails.order", "emails.primary")
_ADDRESS = (
    *(_KEY, _PERSON, "address.id", "address.street", "address.unit", "address.city"),
    *("address.state", "address.zip", "address.order"),
)
_HOME = ("contacts.street", "contacts.city", "contacts.state", "contacts.zip")
MADE = ("contacts.phones", "contacts.phone_types", "contacts.emails", *_HOME)
"""Columns with everything that a contact has of a kind, a bar between; and its first address."""


class PowerSchoolContacts(Connector):
    """A district's PowerSchool: students, and their Unified Contacts."""

    name: ClassVar = "powerschool-contacts"
    title: ClassVar = "PowerSchool Unified Contacts"
    cadence: ClassVar = PowerSchool.cadence
    limits: ClassVar = Limits(in_flight=2)
    settings: ClassVar[Sequence[Setting]] = (
        *district.SIGN_IN,
        Setting("contacts_query", "PowerQuery of contacts", plugin.CONTACTS.name),
        Setting("phones_query", "PowerQuery of their phones", plugin.PHONES.name),
        Setting("emails_query", "PowerQuery of their e-mails", plugin.EMAILS.name),
        Setting(
            "addresses_query", "PowerQuery of their addresses; blank: none", plugin.ADDRESSES.name
        ),
        *district.STUDENTS_OF,
    )
    carries: ClassVar = Carries(
        contacts="all contacts of a student who are active today",
        sis_id="the ID of the person, shared by siblings",
        email="all, the primary one first",
        type="from the order (1 Primary, 2 Secondary), else from relation, custody and emergency",
        phones="all, the preferred one first",
        addresses="street with its unit, city, state and zip: the first in the contact's order",
        flags=(
            "order, emergency, custody as guardian, lives with, pick-up, mail, and since and until "
            "when; nobody is restricted"
        ),
        schools="the number of the student's school",
        lost=(
            "associations that have ended, have not begun, or are not active",
            "a contact's further addresses, employer, and access to the portal",
            "who may not come near: PowerSchool has no mark for it; a mapping can name a relation",
        ),
    )
    key: ClassVar = _KEY
    tables: ClassVar[Sequence[Table]] = (
        Table(STUDENTS, (_KEY,), NEEDED, CERTAIN),
        Table(CONTACTS, (_KEY, _PERSON, "contacts.detail_id"), _CONTACT),
        Table(PHONES, (_KEY, _PERSON, "phones.id"), _PHONE),
        Table(EMAILS, (_KEY, _PERSON, "emails.id"), _EMAIL),
        Table(ADDRESSES, (_KEY, _PERSON, "address.id"), _ADDRESS),
    )

    def tables_of(self, given: Given) -> Sequence[Table]:
        students, contacts, *others = self.tables
        return (
            Table(STUDENTS, students.key, _of_students(given), students.certain),
            Table(CONTACTS, contacts.key, _of_contacts(given)),
            *others,
        )

    def plugin(self, columns: Sequence[str]) -> bytes:
        """What is installed at PowerSchool, so that these columns and all contacts may be read."""
        queries = [plugin.CONTACTS, plugin.PHONES, plugin.EMAILS, plugin.ADDRESSES]
        return plugin.plugin(_students_among((*NEEDED, *columns)), queries)

    def base(self, given: Given) -> str:
        return district.base(given)

    def auth(self, given: Given) -> httpx2.Auth:
        return district.sign_in(given)

    def look(self, http: Http, given: Given) -> Iterator[str]:
        told = district.metadata(http)
        yield district.greeting(told)
        first = district.first_of(given, self._students(http, given, told))
        yield f"{len(first)} students came first."
        for name in _queries(given):
            rows = next(self._queried(http, given, told, name), [])
            if name == CONTACTS and not rows:
                raise ChangeInput(
                    "Nobody has a contact there. A district that keeps emergency contacts on the "
                    "record of the student is read with the connector powerschool."
                )
            yield f"{given[f'{name}_query']} gives {len(rows)} {name} on its first page."

    def read(self, http: Http, given: Given, state: State) -> Iterator[Piece]:
        told = district.metadata(http)
        for rows in self._students(http, given, told):
            yield Piece(STUDENTS, district.of_source(given, rows))
        for name in _queries(given):
            for rows in self._queried(http, given, told, name):
                yield Piece(name, rows)

    def join(self, tables: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
        whose = [_KEY, _PERSON]
        contacts = (
            tables[CONTACTS]
            .sort(*whose, "contacts.start_date", number("contacts.detail_id"), nulls_last=False)
            .unique(whose, keep="last", maintain_order=True)
            .with_columns(pl.coalesce("contacts.relation_type", "contacts.relation_code"))
            .join(_phones(tables[PHONES]), on=whose, how="left")
            .join(_emails(tables[EMAILS]), on=whose, how="left")
            .join(_homes(tables[ADDRESSES]), on=whose, how="left")
        )
        return (
            tables[STUDENTS]
            .join(contacts, on=_KEY, how="left")
            .sort(_KEY, number("contacts.priority"), number(_PERSON), nulls_last=True)
        )

    # -- what is asked -----------------------------------------------------------------------

    def _students(self, http: Http, given: Given, told: Mapping[str, object]) -> Iterator[Rows]:
        size = district.page_size(told, "student_max_page_size", given)
        return student_pages(http, given, _of_students(given), size)

    def _queried(
        self, http: Http, given: Given, told: Mapping[str, object], name: str
    ) -> Iterator[Rows]:
        size = district.page_size(told, "schema_table_query_max_page_size", given)
        table = next(one for one in self.tables_of(given) if one.name == name)
        query = given[f"{name}_query"]
        return district.queried(http, query, size, table.columns, key=table.key)


def _queries(given: Given) -> Iterator[str]:
    """The tables that PowerQueries give, as far as the source names one."""
    for name in (CONTACTS, PHONES, EMAILS, ADDRESSES):
        if given[f"{name}_query"]:
            yield name


def _students_among(columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(one for one in columns if not plain(one).startswith("contacts."))


def _of_students(given: Given) -> tuple[str, ...]:
    return district.spelled(_students_among(given.columns), NEEDED)


def _of_contacts(given: Given) -> tuple[str, ...]:
    named = [one for one in given.columns if plain(one).startswith("contacts.")]
    more = [one for one in named if plain(one) not in MADE]
    return district.spelled(more, _CONTACT)


def _phones(phones: pl.LazyFrame) -> pl.LazyFrame:
    """Of each contact all phones and their types, the preferred one first.

    A phone is as somebody typed it, if need be with its extension: that is not said twice.
    """
    extension = pl.col("phones.extension")
    typed = pl.col("phones.number")
    is_told = extension.is_null() | typed.str.contains("(?i)x")
    whole = pl.when(is_told).then(typed).otherwise(typed + " x" + extension)
    is_preferred = pl.col("phones.preferred").is_in(["1", "true"])
    return _gathered(
        phones,
        (is_preferred, "phones.order", "phones.id"),
        {
            "contacts.phones": whole,
            "contacts.phone_types": pl.coalesce("phones.type", "phones.code"),
        },
    )


def _emails(emails: pl.LazyFrame) -> pl.LazyFrame:
    is_primary = pl.col("emails.primary").is_in(["1", "true"])
    told = {"contacts.emails": pl.col("emails.address")}
    return _gathered(emails, (is_primary, "emails.order", "emails.id"), told)


def _homes(addresses: pl.LazyFrame) -> pl.LazyFrame:
    """Of each contact the first address in its order."""
    whose = [_KEY, _PERSON]
    ordered = addresses.sort(*whose, number("address.order"), number("address.id"), nulls_last=True)
    street = pl.concat_str("address.street", "address.unit", separator=" ", ignore_nulls=True)
    told = (street, *(pl.col(f"address.{name}") for name in ("city", "state", "zip")))
    return ordered.unique(whose, keep="first", maintain_order=True).select(
        *whose, *(value.alias(name) for name, value in zip(_HOME, told, strict=True))
    )


def _gathered(
    rows: pl.LazyFrame, order: tuple[pl.Expr, str, str], told: Mapping[str, pl.Expr]
) -> pl.LazyFrame:
    """Of each contact what it has several of, in this order, in one cell each."""
    whose = [_KEY, _PERSON]
    is_first, *numbers = order
    by = [is_first.fill_null(value=False).not_(), *map(number, numbers)]
    joined = [gathered(value).alias(name) for name, value in told.items()]
    return rows.sort(*whose, *by, nulls_last=True).group_by(whose, maintain_order=True).agg(joined)
