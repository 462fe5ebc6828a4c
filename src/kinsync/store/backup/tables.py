"""Rows out of the database as of one moment, and into tables that the migrations have made.

``COPY`` in text, which every PostgreSQL reads: see decision 23 for why not ``pg_dump``.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import LiteralString, cast

import psycopg
from psycopg import sql

from kinsync.domain.errors import ChangeInput
from kinsync.store.database import connect, outages

PART_BYTES = 4 << 20
UNUSED = {
    *("django_migrations", "django_content_type", "auth_permission", "id_clock"),
    "seal_key",  # of a machine that was given its key before it was used
}
"""Tables that have rows though nobody has used the database yet."""
OF_MIGRATIONS = "django_migrations"
"""What says which migrations the tables have had: it is so already where rows are copied in."""
NOT_COPIED = {
    OF_MIGRATIONS,
    "django_session",  # whoever reads a plain backup would be signed in by them
    "usersessions_usersession",
    "search_key",  # made of the records, and made again
    "search_state",
}

_PATIENCE = (
    "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;"
    "SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL row_security = off"
)
"""No timeout of the server's ends this, and rows that a policy hides are an error, not absent."""

_TABLES = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum), bool_or(row_security_active(c.oid))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT c.relispartition AND c.relpersistence = 'p'
  AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
GROUP BY 1 ORDER BY 1
"""
_SEQUENCES = (
    "SELECT sequencename, last_value FROM pg_sequences"
    " WHERE schemaname = current_schema() AND last_value IS NOT NULL ORDER BY 1"
)
_FILES = """
SELECT d.public_id, 'uploads' AS folder, u.id FROM upload u JOIN district d ON d.id = u.district_id
WHERE u.state = 'complete' AND u.discarded_at IS NULL
UNION ALL
SELECT d.public_id, 'syncs', s.id FROM sync s JOIN district d ON d.id = s.district_id
ORDER BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """The database as it was when the moment began, whatever is published meanwhile."""

    connection: psycopg.Connection
    tables: Mapping[str, list[str]]

    def sequences(self) -> dict[str, int]:
        """Numbers that are given out: no lower than any in the rows, for they move outside."""
        return dict(self.connection.execute(_SEQUENCES).fetchall())

    def files(self) -> dict[str, dict[str, list[int]]]:
        """Numbers of uploads and syncs that are known, by district and folder."""
        named: dict[str, dict[str, list[int]]] = {}
        for district, folder, number in self.connection.execute(_FILES):
            named.setdefault(district, {}).setdefault(folder, []).append(number)
        return named

    def rows(self, table: str) -> Iterator[bytes]:
        """The rows of a table, some MiB at a time."""
        statement = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
            _names(self.tables[table]), sql.Identifier(table)
        )
        part = bytearray()
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in copy:
                part += row
                if len(part) >= PART_BYTES:
                    yield bytes(part)
                    part.clear()
        if part:
            yield bytes(part)


@contextlib.contextmanager
def moment() -> Iterator[Moment]:
    """The database as of now, until the context ends. Nobody waits for it but migrations.

    Raises:
        ChangeInput: the account of the database would not see every row.
        TryAgainLater: the database is away.
    """
    with outages(doing="backing up"):
        connection = connect()
    with contextlib.closing(connection), outages(doing="backing up"):
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(_PATIENCE)
        found = connection.execute(_TABLES).fetchall()
        _check_owner([name for name, _columns, is_walled in found if is_walled])
        tables = {name: columns for name, columns, _ in found if name not in NOT_COPIED}
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(_names(tables)))
        yield Moment(connection, tables)


def _check_owner(walled: Sequence[str]) -> None:
    if walled:
        raise ChangeInput(
            f"The account of KINSYNC_DATABASE_URL does not own the table {walled[0]}, and would "
            "not see all of its rows. Use the account that made the tables."
        )


def is_empty() -> bool:
    """Whether nobody has used the database yet; there may be tables."""
    with outages(doing="looking at the tables"), connect() as connection:
        names = [row[0] for row in connection.execute(_TABLES) if row[0] not in UNUSED]
        asked = sql.SQL("SELECT EXISTS (SELECT 1 FROM {})")
        return not any(
            connection.execute(asked.format(sql.Identifier(name))).fetchone() == (True,)
            for name in names
        )


class Loading:
    """A transaction that puts rows in place of those that the migrations have made."""

    def __init__(self, connection: psycopg.Connection, tables: Mapping[str, list[str]]) -> None:
        self.connection = connection
        self.left_out: list[str] = []
        """Tables of the backup that are none of Kinsync's."""
        self._tables = tables
        self._known = {row[0]: row[1] for row in connection.execute(_TABLES)}

    def load(self, table: str, parts: Iterable[bytes]) -> int:
        """Put the rows of one table in, and answer how many they are."""
        if table not in self._known:
            self.left_out.append(table)
            return sum(part.count(b"\n") for part in parts)
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), _names(self._tables[table])
        )
        with self.connection.cursor() as cursor:
            with cursor.copy(statement) as copy:
                for part in parts:
                    copy.write(part)
            return cursor.rowcount

    def set_sequences(self, values: Mapping[str, int]) -> None:
        """Go on counting where the backup's database stood."""
        statement = (
            "SELECT setval(format('%%I.%%I', schemaname, sequencename)::regclass, %s)"
            " FROM pg_sequences WHERE schemaname = current_schema() AND sequencename = %s"
        )
        for name, value in values.items():
            self.connection.execute(statement, (value, name))

    def record_origin(self, *row: object) -> None:
        """Say, with the rows, what they came from: id, moment, size, sealed or not, and when."""
        self.connection.execute(
            "INSERT INTO backup (id, made_at, size, is_sealed, restored_at)"
            " VALUES (%s, %s, %s, %s, %s)",
            row,
        )


@contextlib.contextmanager
def loading(tables: Mapping[str, list[str]]) -> Iterator[Loading]:
    """Load rows; all of them are there once the context has ended, or none.

    Foreign keys, indexes that are no key, and triggers come back at the end: so loading is fast,
    and nothing is queued or noted a second time.

    Raises:
        TryAgainLater: the database is away.
        Defect: it refused a row.
    """
    with outages(doing="restoring"), connect() as connection:
        connection.execute(_PATIENCE)
        here = [row[0] for row in connection.execute(_TABLES) if row[0] != OF_MIGRATIONS]
        connection.execute(sql.SQL("TRUNCATE {}").format(_names(here)))
        aside = _set_aside(connection)
        yield Loading(connection, tables)
        for statement in aside:
            connection.execute(statement)
        connection.execute("ANALYZE")


_FOREIGN_KEYS = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
              pg_get_constraintdef(oid))
FROM pg_constraint
WHERE contype = 'f' AND connamespace = current_schema()::regnamespace AND conparentid = 0
"""
_INDEXES = """
SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
FROM pg_index JOIN pg_class c ON c.oid = indexrelid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT c.relispartition
  AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)
"""
_TRIGGERS = """
SELECT DISTINCT format('ALTER TABLE %s DISABLE TRIGGER USER', tgrelid::regclass),
       format('ALTER TABLE %s ENABLE TRIGGER USER', tgrelid::regclass)
FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT tgisinternal
"""


def _set_aside(connection: psycopg.Connection) -> list[LiteralString]:
    """Drop what slows loading, and answer the statements that make it again, in their order."""
    found = [connection.execute(asked).fetchall() for asked in (_FOREIGN_KEYS, _INDEXES, _TRIGGERS)]
    for statement, _ in chain(*found):
        connection.execute(statement)
    return [cast(LiteralString, again) for _, again in chain(*reversed(found))]


def _names(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
