"""What applications see of one person: the very bodies that the API would answer."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from kinsync.domain.share import Share
from kinsync.services import overview, read
from kinsync.services.browse import Whose
from kinsync.services.dossier import Dossier
from kinsync.services.glimpse import Glimpse
from kinsync.services.overview import Connected
from kinsync.services.read import Contact, Scope, Student
from kinsync.store import access, records
from kinsync.web.api import v1, v2, v3
from kinsync.web.api.answers import ApiError, Body, Call
from kinsync.web.api.fields import shown


@dataclass(frozen=True, slots=True)
class Served:
    """A record as one version of the API serves it."""

    address: str
    body: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Whether an application sees somebody, and what their share is."""

    application: Connected
    is_seen: bool
    relationships: int


def as_served(
    whose: Whose, district: records.District, table: str, found: Dossier
) -> Sequence[Served]:
    """The record in each version of the API, to an application that sees everything."""
    scope = Scope(0, whose.district_id, district.public_id, whose.version)
    record = found.record
    if table == "student":
        asked = [
            ("v3.1", "users", v3.one_user, record["id"]),
            ("v2.1", "students", v2.one_student, record["id"]),
            ("v1.2", "students", v1.one_student, record["id"]),
        ]
    else:
        asked = [
            ("v3.1", "users", v3.one_user, record["id"]),
            ("v2.1", "contacts", v2.one_contact, record["legacy_id"]),
            *(("v1.2", "contacts", v1.one_contact, tie["id"]) for tie in found.ties),
        ]
    return [served for one in asked if (served := _served(scope, *one)) is not None]


def _served(
    scope: Scope, version: str, collection: str, view: Callable[..., Body], id_: str
) -> Served | None:
    path = f"/{version}/{collection}/{id_}"
    try:
        body = view(Call(version, path, "", QueryDict(), scope), id_)
    except ApiError:
        return None
    return Served(path, json.dumps(body["data"], indent=2, ensure_ascii=False))


def seen_by_applications(district: records.District, table: str, id_: str) -> Sequence[Seen]:
    """Each connected application, and whether this person is within its share now."""
    words = {one.client_id: one for one in overview.applications(district)}
    known = {one.id: one.public_id for one in access.list_applications()}
    return [
        _seen(district, connection, words[known[connection.application_id]], table, id_)
        for connection in access.list_connections(district.id)
    ]


def scope_of(district: records.District, connection: access.Connection) -> Scope:
    """What the tokens of a connection see now."""
    share: dict[str, Any] = dict(connection.share)
    return Scope(
        connection.id, district.id, district.public_id, district.published,
        json.dumps(share), connection.edition,
    )  # fmt: skip


def _seen(
    district: records.District,
    connection: access.Connection,
    words: Connected,
    table: str,
    id_: str,
) -> Seen:
    scope = scope_of(district, connection)
    if table == "student":
        return Seen(words, read.student(scope, id_) is not None, 0)
    found = read.contact(scope, id_)
    return Seen(words, found is not None, len(found.relationships) if found else 0)


@dataclass(frozen=True, slots=True)
class Trial:
    """A student and the contacts, as v3.1 would serve them under a share."""

    student: dict[str, Any] | None
    contacts: Sequence[dict[str, Any]]
    text: str
    """The same as JSON, to be read."""


def would_be_served(district: records.District, share: Share, seen: Glimpse) -> Trial:
    """What an application would get to read of somebody.

    When a record was changed last is left out: it follows from what the application has seen.
    """
    people = seen.contacts if seen.is_seen else ()
    served: list[Student | Contact] = [seen.student, *people]
    student, *contacts = [
        shown(json.dumps(share.as_json()), v3.user(one, district.public_id, "v3.1"))
        for one in served
    ]
    for record in (student, *contacts):
        record.pop("last_modified")
    told = [student, *contacts] if seen.is_seen else []
    text = json.dumps(told, indent=2, ensure_ascii=False)
    return Trial(student if seen.is_seen else None, contacts, text)
