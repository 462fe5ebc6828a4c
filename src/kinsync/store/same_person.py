"""Decisions about pairs of contacts, and the parts that stand behind a face.

Whatever writes here holds the district's lock.
"""

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import psycopg
from psycopg import sql
from psycopg.rows import class_row

from kinsync.domain.deciding import PARTS, Decision
from kinsync.domain.frames import PUBLISHED_CONTACTS, PUBLISHED_RELATIONSHIPS, empty
from kinsync.store.copying import Cursor, copy_in
from kinsync.store.database import connect, outages
from kinsync.store.intervals import STILL

_COLUMNS = "id, low_id, low_legacy_id, high_id, high_legacy_id, verdict, decided_by, decided_at"
"""Those of a ``Decision``."""
_PART = list(PARTS)

LAST_CONTACTS = """
SELECT DISTINCT ON (id) {columns}, until FROM contact
WHERE district_id = %(district)s AND id = ANY(%(ids)s) AND since <= %(version)s
ORDER BY id, since DESC
"""

TIES = """
SELECT {columns} FROM relationship JOIN (
    SELECT DISTINCT ON (id) id AS whose, until AS ended FROM contact
    WHERE district_id = %(district)s AND id = ANY(%(ids)s) AND since <= %(version)s
    ORDER BY id, since DESC) AS last ON contact_id = whose
WHERE district_id = %(district)s AND since < least(ended, %(version)s + 1)
AND least(ended, %(version)s + 1) <= until
"""

STUDENTS = """
SELECT DISTINCT ON (id) id, sis_id FROM student
WHERE district_id = %(district)s AND id = ANY(%(ids)s) ORDER BY id, since DESC
"""

POINTERS = """
SELECT from_id, into_id, version, coalesce(origin, '') AS origin FROM contact_merge
LEFT JOIN version ON version.district_id = contact_merge.district_id
    AND version.number = contact_merge.version
WHERE contact_merge.district_id = %(district)s AND from_id = ANY(%(ids)s)
"""


@dataclass(frozen=True, slots=True)
class Pointer:
    """A contact who turned out to be another one, in ``version``; ``origin`` is what made that."""

    from_id: str
    into_id: str
    version: int
    origin: str


@dataclass(frozen=True, slots=True)
class LastKnown:
    """Contacts and their relationships as they last were, whether they are still there or not.

    ``contacts`` and ``ties`` have the schemas in which these are published; ``students`` has ``id``
    and ``sis_id`` of all of theirs.
    """

    contacts: pl.DataFrame
    ties: pl.DataFrame
    students: pl.DataFrame


def in_force(district_id: int) -> list[Decision]:
    """The decisions that nobody has undone, the oldest first.

    Raises:
        TryAgainLater: the database is away.
    """
    return _decisions("district_id = %s AND undone_at IS NULL ORDER BY id", (district_id,))


def decision_about(district_id: int, low_id: str, high_id: str) -> Decision | None:
    """The decision about that pair, if there is one that nobody has undone.

    Raises:
        TryAgainLater: the database is away.
    """
    found = _decisions(
        "district_id = %s AND low_id = %s AND high_id = %s AND undone_at IS NULL",
        (district_id, low_id, high_id),
    )
    return found[0] if found else None


def _decisions(condition: str, values: Sequence[object]) -> list[Decision]:
    statement = f"SELECT {_COLUMNS} FROM same_person WHERE {condition}"  # noqa: S608 - our words
    with outages(doing="reading decisions"), contextlib.closing(connect()) as connection:
        cursor = connection.cursor(row_factory=class_row(Decision))
        return cursor.execute(statement.encode(), values).fetchall()


def replace_decision(
    district_id: int,
    decision: Decision | None,
    pair: tuple[str, str],
    parted: Collection[str] = (),
    *,
    by: str,
    at: datetime,
) -> None:
    """Undo what was decided about a pair, and decide this where something is.

    The ids ``parted`` lead to nobody else any more.

    Raises:
        TryAgainLater: the database is away; nothing was decided.
    """
    with outages(doing="deciding"), contextlib.closing(connect()) as connection:
        connection.execute(
            "UPDATE same_person SET undone_by = %s, undone_at = %s"
            " WHERE district_id = %s AND low_id = %s AND high_id = %s AND undone_at IS NULL",
            (by, at, district_id, *pair),
        )
        connection.execute(
            "DELETE FROM contact_merge WHERE district_id = %s AND from_id = ANY(%s)",
            (district_id, list(parted)),
        )
        if decision is not None:
            connection.execute(
                "INSERT INTO same_person (district_id, id, low_id, low_legacy_id, high_id,"
                " high_legacy_id, verdict, decided_by, decided_at, undone_by)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, '')",
                (
                    district_id, decision.id, decision.low_id, decision.low_legacy_id,
                    decision.high_id, decision.high_legacy_id, decision.verdict, by, at,
                ),
            )  # fmt: skip
        connection.commit()


def parts(district_id: int, version: int) -> pl.DataFrame:
    """Who stands behind each face in a version: ``PARTS``, by id.

    Raises:
        TryAgainLater: the database is away.
    """
    return _parts(district_id, "since <= %(version)s AND %(version)s < until", version=version)


def gone_parts(district_id: int, *, since: int) -> pl.DataFrame:
    """Who stood behind a face and is gone since a version from then on, as they last were.

    Raises:
        TryAgainLater: the database is away.
    """
    last = (
        "until >= %(since)s AND until < %(still)s AND NOT EXISTS (SELECT 1 FROM same_person_part"
        " AS later WHERE later.district_id = part.district_id AND later.id = part.id"
        " AND later.since >= part.until)"
    )
    return _parts(district_id, last, since=since, still=STILL)


def _parts(district_id: int, condition: str, **values: object) -> pl.DataFrame:
    statement = (
        f"SELECT {', '.join(_PART)} FROM same_person_part AS part"  # noqa: S608 - our words
        f" WHERE district_id = %(district)s AND {condition} ORDER BY id"
    )
    with outages(doing="loading parts"), contextlib.closing(connect()) as connection:
        rows = connection.execute(statement.encode(), {"district": district_id, **values})
        return pl.DataFrame(rows.fetchall(), schema=PARTS, orient="row")


def write_parts(cursor: Cursor, district_id: int, version: int, parts: pl.DataFrame | None) -> None:
    """Let these and nobody else stand behind their faces from that version on; None: as it is."""
    if parts is None:
        return
    names = sql.SQL(", ").join(map(sql.Identifier, _PART))
    cursor.execute(
        sql.SQL(
            "CREATE TEMPORARY TABLE behind ON COMMIT DROP AS SELECT {} FROM same_person_part"
            " LIMIT 0"
        ).format(names)
    )
    copy_in(cursor, sql.SQL("behind ({})").format(names), parts.select(_PART))
    is_same = sql.SQL("({}) IS NOT DISTINCT FROM ({})").format(
        sql.SQL(", ").join(sql.Identifier("part", name) for name in _PART),
        sql.SQL(", ").join(sql.Identifier("behind", name) for name in _PART),
    )
    values = {"district": district_id, "version": version, "still": STILL}
    cursor.execute(
        sql.SQL(
            "UPDATE same_person_part AS part SET until = %(version)s"
            " WHERE district_id = %(district)s AND until = %(still)s"
            " AND NOT EXISTS (SELECT 1 FROM behind WHERE behind.id = part.id AND {})"
        ).format(is_same),
        values,
    )
    cursor.execute(
        sql.SQL(
            "INSERT INTO same_person_part (district_id, since, until, {})"
            " SELECT %(district)s, %(version)s, %(still)s, {} FROM behind WHERE NOT EXISTS"
            " (SELECT 1 FROM same_person_part AS part WHERE part.district_id = %(district)s"
            " AND part.id = behind.id AND part.until = %(still)s)"
        ).format(names, names),
        values,
    )
    cursor.execute("DROP TABLE behind")


def last_known(district_id: int, ids: Sequence[str], *, version: int = STILL) -> LastKnown:
    """These contacts as they last were, up to a version; those whom nobody ever was are left out.

    Raises:
        TryAgainLater: the database is away.
    """
    values = {"district": district_id, "ids": list(ids), "version": version - (version == STILL)}
    with outages(doing="loading"), contextlib.closing(connect()) as connection:
        contacts = _frame(connection, LAST_CONTACTS, PUBLISHED_CONTACTS, values)
        ties = _frame(connection, TIES, PUBLISHED_RELATIONSHIPS, values)
        students = connection.execute(STUDENTS, {**values, "ids": ties["student_id"].to_list()})
        schema = {"id": pl.String, "sis_id": pl.String}
        return LastKnown(
            contacts, ties, pl.DataFrame(students.fetchall(), schema=schema, orient="row")
        )


def _frame(
    connection: psycopg.Connection, statement: str, schema: pl.Schema, values: dict[str, object]
) -> pl.DataFrame:
    if not values["ids"]:
        return empty(schema)
    names = sql.SQL(", ").join(map(sql.Identifier, schema))
    rows = connection.execute(sql.SQL(statement).format(columns=names), values).fetchall()
    width = len(schema)
    return pl.DataFrame([row[:width] for row in rows], schema=schema, orient="row")


def pointers(district_id: int, ids: Sequence[str]) -> dict[str, Pointer]:
    """Where these ids lead, of those that turned out to be somebody else's.

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="looking somebody up"), contextlib.closing(connect()) as connection:
        cursor = connection.cursor(row_factory=class_row(Pointer))
        values = {"district": district_id, "ids": list(ids)}
        return {one.from_id: one for one in cursor.execute(POINTERS, values)}


def students_of(district_id: int, ids: Sequence[str]) -> pl.DataFrame:
    """``id`` and ``sis_id`` of these students, as they last were.

    Raises:
        TryAgainLater: the database is away.
    """
    values = {"district": district_id, "ids": list(ids)}
    with outages(doing="loading"), contextlib.closing(connect()) as connection:
        rows = connection.execute(STUDENTS, values).fetchall()
    return pl.DataFrame(rows, schema={"id": pl.String, "sis_id": pl.String}, orient="row")


def still_published(district_id: int, ids: Sequence[str]) -> set[str]:
    """Those of these contacts that are published now.

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="looking somebody up"), contextlib.closing(connect()) as connection:
        rows = connection.execute(
            "SELECT id FROM contact WHERE district_id = %s AND id = ANY(%s) AND until = %s",
            (district_id, list(ids), STILL),
        )
        return {str(id_) for (id_,) in rows}
