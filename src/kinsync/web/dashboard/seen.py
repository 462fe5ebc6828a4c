"""What applications see of one person: the very bodies that the API would answer.

Where they see nothing, or not all, it is said why.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from kinsync.domain.share import Share
from kinsync.services import overview, read, sight
from kinsync.services.browse import Whose
from kinsync.services.dossier import Dossier
from kinsync.services.glimpse import Glimpse
from kinsync.services.overview import Connected
from kinsync.services.read import Contact, Scope, Student
from kinsync.services.sight import Hidden
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
    """What an application sees of somebody now, and what their share is."""

    application: Connected
    body: str
    """The record as v3.1 serves it to them; "" where they see nothing."""
    relationships: int
    hidden: Sequence[Hidden]
    """What they do not see of a contact whom they see."""
    because: Sequence[str]
    """Why they see nothing."""


EVERYTHING = json.dumps(Share(restricted=True).as_json())
"""The share of an application that sees everybody, restricted people as well."""


def as_served(
    whose: Whose, district: records.District, table: str, found: Dossier
) -> Sequence[Served]:
    """The record in each version of the API, to an application that sees everything."""
    scope = Scope(0, whose.district_id, district.public_id, whose.version, EVERYTHING)
    record = found.record
    if table == "student":
        asked = [
            *((version, "users", v3.one_user, record["id"]) for version in ("v3.1", "v3.0")),
            *((version, "students", v2.one_student, record["id"]) for version in ("v2.1", "v2.0")),
            ("v1.2", "students", v1.one_student, record["id"]),
        ]
    else:
        v2_id = record["legacy_id"]
        asked = [
            *((version, "users", v3.one_user, record["id"]) for version in ("v3.1", "v3.0")),
            *((version, "contacts", v2.one_contact, v2_id) for version in ("v2.1", "v2.0")),
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


def seen_by_applications(district: records.District, table: str, found: Dossier) -> Sequence[Seen]:
    """Each connected application, and what it sees of this record now.

    ``found`` is of the published version.
    """
    words = {one.client_id: one for one in overview.applications(district)}
    known = {one.id: one.public_id for one in access.list_applications()}
    seer = _seen_student if table == "student" else _seen_contact
    return [
        seer(district, connection, words[known[connection.application_id]], found)
        for connection in access.list_connections(district.id)
    ]


def scope_of(district: records.District, connection: access.Connection) -> Scope:
    """What the tokens of a connection see now."""
    share: dict[str, Any] = dict(connection.share)
    return Scope(
        connection.id, district.id, district.public_id, district.published,
        json.dumps(share), connection.edition,
    )  # fmt: skip


def _seen_student(
    district: records.District, connection: access.Connection, words: Connected, found: Dossier
) -> Seen:
    scope = scope_of(district, connection)
    student = read.student(scope, found.record["id"])
    if student is not None:
        return Seen(words, _body(scope, student), 0, (), ())
    share = Share.from_json(connection.share)
    return Seen(words, "", 0, (), sight.why_no_student(share, found.record))


def _seen_contact(
    district: records.District, connection: access.Connection, words: Connected, found: Dossier
) -> Seen:
    scope = scope_of(district, connection)
    share = Share.from_json(connection.share)
    contact = read.contact(scope, found.record["id"])
    if contact is None:
        because = sight.why_no_contact(share, found.record, found.ties)
        return Seen(words, "", 0, (), because)
    hidden = sight.of_contact(share, found.record, found.ties)
    return Seen(words, _body(scope, contact), len(contact.relationships), hidden, ())


def _body(scope: Scope, found: Student | Contact) -> str:
    """The record as v3.1 serves it to whoever has this scope."""
    record = shown(scope.share, v3.user(found, scope.district, "v3.1"))
    return json.dumps(record, indent=2, ensure_ascii=False)


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
