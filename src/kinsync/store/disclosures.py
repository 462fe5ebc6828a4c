"""Who received whose contacts: written before each answer, and read again by person."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper

from kinsync.store.database import outages
from kinsync.store.gate import WEB_ROLE
from kinsync.store.scope import Scope


@dataclass(frozen=True, slots=True)
class Disclosed:
    """Which contacts an answer names: records from one id to another, as the API version has them.

    Of one student's where ``student_id`` names the one who was asked about.
    """

    api: str
    """v1.2 … v3.1: whether ids are of relationships (v1), of v2 or of v3 contacts."""
    endpoint: str
    """The address without version and ids: ``users/{id}/mycontacts``."""
    first_id: str
    last_id: str
    student_id: str | None
    records: int
    fields: Sequence[str]
    """Those that had a value."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One answer that named somebody, to whom, and whom of those who were asked about."""

    at: datetime
    application: str
    client_id: str
    api: str
    endpoint: str
    version: int
    records: int
    fields: Sequence[str]
    contacts: Sequence[str]
    """Ids (v3) of the people whom it named, at the version that was read."""


PUT = (
    b"SELECT set_config('role', %(role)s, true),"
    b" set_config('kinsync.district', %(district)s::text, true);"
    b"INSERT INTO disclosure (district_id, connection_id, edition, version, records, api, endpoint,"
    b" first_id, last_id, student_id, fields) VALUES (%(district)s, %(connection)s, %(edition)s,"
    b" %(version)s, %(records)s, %(api)s, %(endpoint)s, %(first)s, %(last)s, %(student)s,"
    b" %(fields)s)"
)
"""One round trip and one transaction: as the web role, behind the wall of its district."""

NAMED = """
WITH tie AS MATERIALIZED (
    SELECT r.id, r.contact_id, r.student_id, r.since, r.until, r.restricted, c.legacy_id
    FROM relationship r JOIN LATERAL (
        SELECT legacy_id FROM contact c
        WHERE c.district_id = r.district_id AND c.id = r.contact_id LIMIT 1
    ) c ON true
    WHERE r.district_id = %(district)s
    AND (r.student_id = ANY(%(students)s) OR r.contact_id = ANY(%(contacts)s))
)
SELECT d.at, a.name, a.public_id, d.api, d.endpoint, d.version, d.records,
    string_to_array(d.fields, ' '), array_agg(DISTINCT tie.contact_id)
FROM disclosure d
JOIN tie ON CASE WHEN d.endpoint LIKE 'events%%' THEN {told} ELSE {listed} END
JOIN connection n ON n.id = d.connection_id
JOIN application a ON a.id = n.application_id
WHERE d.district_id = %(district)s AND d.at >= coalesce(%(since)s::timestamptz, '-infinity')
    AND d.id > %(behind)s
GROUP BY d.district_id, d.id, a.id
ORDER BY d.id
"""
"""Answers that named a person *as the contact of* one of these students, or one of these contacts.

A tie is what a person was to a student, while they were, and as far as the connection was shown it.
"""

LISTED = """(
    tie.since <= d.version AND d.version < tie.until
    AND CASE left(d.api, 2) WHEN 'v1' THEN tie.id WHEN 'v2' THEN tie.legacy_id
        ELSE tie.contact_id END BETWEEN d.first_id AND d.last_id
    AND (d.student_id IS NULL OR d.student_id = tie.student_id
        OR d.api NOT LIKE 'v1%%' AND EXISTS (
            SELECT FROM relationship o
            WHERE o.district_id = d.district_id AND o.contact_id = tie.contact_id
            AND o.student_id = d.student_id AND o.since <= d.version AND d.version < o.until
            AND {o_shown}))
    AND {tie_shown}
)"""
"""The record is read at the version that was served, whoever moved or merged since.

Later API versions name a person once, with every student; one that was asked for by another student
counts, where the person was that student's as well.
"""

SHOWN = """(
    NOT EXISTS (SELECT FROM edition limited WHERE limited.district_id = d.district_id
        AND limited.connection_id = d.connection_id AND limited.number = {edition}
        AND (limited.share - '{{fields,restricted}}'::text[] <> '{{}}'
            OR {tie}.restricted IS NOT NULL AND limited.share -> 'restricted' IS NULL))
    OR EXISTS (SELECT FROM visible s WHERE s.district_id = d.district_id
        AND s.connection_id = d.connection_id AND s.kind = 'relationship' AND s.record_id = {tie}.id
        AND s.since <= {edition} AND {edition} < s.until)
)"""
"""Whether an edition showed a tie: an open share shows all but restricted ones, or these too."""

TOLD = """EXISTS (
    SELECT FROM event v JOIN edition e ON e.district_id = v.district_id
        AND e.connection_id = v.connection_id AND e.number = v.edition
        - CASE v.act WHEN 'deleted' THEN 1 ELSE 0 END
    WHERE v.district_id = d.district_id AND v.connection_id = d.connection_id
    AND v.id BETWEEN d.first_id AND d.last_id
    AND v.record_id = CASE left(d.api, 2) WHEN 'v1' THEN tie.id ELSE tie.contact_id END
    AND v.kind = CASE left(d.api, 2) WHEN 'v1' THEN 'relationship' ELSE 'contact' END
    AND tie.since <= e.version AND e.version < tie.until
    AND {tie_shown}
)"""
"""An event names a person as its edition showed them; of who is gone, as the one before did."""

NAMED_WHOM = NAMED.format(
    listed=LISTED.format(
        tie_shown=SHOWN.format(tie="tie", edition="d.edition"),
        o_shown=SHOWN.format(tie="o", edition="d.edition"),
    ),
    told=TOLD.format(tie_shown=SHOWN.format(tie="tie", edition="e.number")),
)


def put_on_record(scope: Scope, disclosed: Disclosed) -> None:
    """Write down an answer that is about to go out.

    Raises:
        TryAgainLater: the database is away: the answer must not go out.
    """
    values: dict[str, str | int | None] = {
        "role": WEB_ROLE,
        "district": scope.district_id,
        "connection": scope.connection_id,
        "edition": scope.edition,
        "version": scope.version,
        "records": disclosed.records,
        "api": disclosed.api,
        "endpoint": disclosed.endpoint,
        "first": disclosed.first_id,
        "last": disclosed.last_id,
        "student": disclosed.student_id,
        "fields": " ".join(disclosed.fields),
    }
    with (
        outages(doing="putting a read on record"),
        connection.cursor() as cursor,
        psycopg.ClientCursor(cursor.connection) as direct,  # several statements at once
    ):
        direct.execute(PUT, values)


def named(
    district_id: int,
    *,
    students: Iterable[str] = (),
    contacts: Iterable[str] = (),
    since: datetime | None = None,
    most: int | None = None,
) -> list[Disclosure]:
    """Answers that named one of these contacts, or a contact of one of these students.

    Args:
        students: ids; contacts: v3 ids. Old ids as well, of whoever was there at some time.
        since: no answer before it.
        most: of the district's answers, so many are looked at, the latest; None for all.
    """
    values: dict[str, Any] = {
        "district": district_id,
        "students": list(students),
        "contacts": list(contacts),
        "since": since,
    }
    with outages(doing="reading what is on record"), connection.cursor() as cursor:
        values["behind"] = 0 if most is None else _behind(cursor, district_id, most)
        cursor.execute(NAMED_WHOM, values)
        return [Disclosure(*row) for row in cursor.fetchall()]


def _behind(cursor: CursorWrapper, district_id: int, most: int) -> int:
    """The number behind which the district's latest answers are, so many of them.

    Asked for by itself: the planner sees by the number how few these are.
    """
    cursor.execute(
        "SELECT id FROM disclosure WHERE district_id = %s ORDER BY id DESC OFFSET %s LIMIT 1",
        (district_id, most),
    )
    row = cursor.fetchone()
    return 0 if row is None else int(row[0])


def student_ids(district_id: int, reference: str, hashes: Sequence[str] = ()) -> list[str]:
    """Ids of the students who have this id, or had this SIS id, at any version.

    ``hashes`` are those of the SIS id (``domain.identity``).
    """
    return _ids(
        "SELECT DISTINCT id FROM student WHERE district_id = %(district)s"
        " AND (id = lower(%(reference)s) OR sis_id = %(reference)s)"
        " UNION SELECT id FROM identity WHERE district_id = %(district)s"
        " AND hash = ANY(%(hashes)s)",
        district_id,
        reference,
        hashes,
    )


def contact_ids(district_id: int, reference: str, hashes: Sequence[str] = ()) -> list[str]:
    """Ids of everybody who is, or was, who this id of any API version or SIS id names.

    People who were merged are one: each of their ids leads to all. ``hashes`` as ``student_ids``.
    """
    return _ids(
        "WITH given AS ("
        " SELECT id FROM contact WHERE district_id = %(district)s"
        " AND (id = lower(%(reference)s) OR legacy_id = lower(%(reference)s)"
        " OR sis_id = %(reference)s)"
        " UNION SELECT contact_id FROM relationship WHERE district_id = %(district)s"
        " AND id = lower(%(reference)s)"
        " UNION SELECT id FROM identity WHERE district_id = %(district)s"
        " AND hash = ANY(%(hashes)s)),"
        " now AS (SELECT coalesce(m.into_id, given.id) AS id FROM given LEFT JOIN contact_merge m"
        " ON m.district_id = %(district)s AND m.from_id = given.id)"
        " SELECT id FROM given UNION SELECT id FROM now UNION SELECT m.from_id FROM now"
        " JOIN contact_merge m ON m.district_id = %(district)s AND m.into_id = now.id",
        district_id,
        reference,
        hashes,
    )


def merged_ids(district_id: int, contact_id: str) -> list[str]:
    """This id of a contact, and those of everybody who turned out to be the same person."""
    return _ids(
        "SELECT %(reference)s UNION SELECT from_id FROM contact_merge"
        " WHERE district_id = %(district)s AND into_id = %(reference)s",
        district_id,
        contact_id,
        (),
    )


def _ids(statement: str, district_id: int, reference: str, hashes: Sequence[str]) -> list[str]:
    values: dict[str, Any] = {
        "district": district_id,
        "reference": reference.strip(),
        "hashes": list(hashes),
    }
    with outages(doing="looking somebody up"), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return sorted(id_ for (id_,) in cursor.fetchall())
