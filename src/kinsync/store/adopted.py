"""Ids of another service that a district adopts: spoken for here, over all districts.

The truth about whether an id is in force are the records themselves; ``is_waiting`` only spares
later nights from asking again, and goes with the evidence.
"""

import contextlib
import io

import polars as pl
import psycopg
from psycopg import sql

from kinsync.domain.errors import Conflict
from kinsync.domain.moving import TO_ADOPT
from kinsync.store.database import LOCK_SPACE, connect, outages

ROWS_AT_ONCE = 100_000
BYTES_AT_ONCE = 32_000_000
ADOPTION_LOCK = -1
"""Second half of the advisory lock of those who bring ids: districts and migrations start at 0."""

USED = (
    ("school", "id"),
    ("student", "id"),
    ("contact", "id"),
    ("contact", "legacy_id"),
    ("relationship", "id"),
    ("contact_merge", "from_id"),
    ("district", "public_id"),
    ("application", "public_id"),
)
"""Everything that has an id by which applications know it."""

_EVIDENCE = ("sis_id", "name", "phone", "email", "students", "type", "relationship")
_COLUMNS = list(TO_ADOPT.names())
Cursor = psycopg.Cursor[tuple[object, ...]]


def taken(district_id: int, ids: pl.Series) -> pl.DataFrame:
    """Those of ``ids`` that are spoken for: ``id``, ``held_kind``.

    ``held_kind`` is one of ``MOVING`` where this district brought the id from another service, and
    null where it is any other record's on this server.

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="comparing ids"), contextlib.closing(connect()) as connection:
        return _taken(connection.cursor(), district_id, ids)


def keep(district_id: int, rows: pl.DataFrame, allowed: pl.Series) -> None:
    """Speak for the ids of these rows (``TO_ADOPT``), all or none. An id that waits already is told
    anew; a v2 id that comes with its v3 id now is no longer kept alone.

    Args:
        district_id: whose ids they are to be.
        rows: what is kept.
        allowed: ids that were found ``taken`` and may be kept all the same.

    Raises:
        Conflict: somebody else has come to hold one of them meanwhile.
        TryAgainLater: the database is away.
    """
    with outages(doing="keeping ids"), contextlib.closing(connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK_SPACE, ADOPTION_LOCK))
        ids = pl.concat([rows["id"], rows["legacy_id"].drop_nulls().alias("id")])
        held = _taken(cursor, district_id, ids)["id"]
        if not held.is_in(allowed.implode()).all():
            raise Conflict("Some of the ids were taken meanwhile. Run the same command again.")
        _write(cursor, district_id, rows)
        connection.commit()


def waiting(district_id: int) -> pl.DataFrame:
    """The ids that wait for their records (``TO_ADOPT``).

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="loading ids"), contextlib.closing(connect()) as connection:
        return _read(connection.cursor(), district_id)


def settle(district_id: int, ids: pl.Series) -> None:
    """These ids are in force: forget the evidence.

    Raises:
        TryAgainLater: the database is away.
    """
    if ids.is_empty():
        return
    with outages(doing="settling ids"), contextlib.closing(connect()) as connection:
        cursor = connection.cursor()
        _bring(cursor, ids)
        blank = ", ".join(f"{name} = NULL" for name in _EVIDENCE)
        cursor.execute(
            sql.SQL(
                "UPDATE adopted SET is_waiting = false, {blank} FROM coming"
                " WHERE adopted.district_id = %s AND adopted.id = coming.id"
            ).format(blank=sql.SQL(blank)),
            (district_id,),
        )
        connection.commit()


def _taken(cursor: Cursor, district_id: int, ids: pl.Series) -> pl.DataFrame:
    _bring(cursor, ids)
    mine = sql.Literal(district_id)
    parts = [
        sql.SQL(
            "SELECT coming.id, NULL AS kind FROM coming JOIN {} AS held ON held.{} = coming.id"
        ).format(sql.Identifier(table), sql.Identifier(column))
        for table, column in USED
    ]
    parts += [
        sql.SQL(
            "SELECT coming.id, CASE WHEN held.district_id = {} THEN {} END"
            " FROM coming JOIN adopted AS held ON held.{} = coming.id"
        ).format(mine, sql.SQL(kind), sql.Identifier(column))
        for column, kind in (("id", "held.kind"), ("legacy_id", "'legacy'"))
    ]
    rows = cursor.execute(
        sql.SQL("SELECT id, max(kind) FROM ({}) AS found GROUP BY id ORDER BY id").format(
            sql.SQL(" UNION ALL ").join(parts)
        )
    ).fetchall()
    return pl.DataFrame(rows, schema={"id": pl.String, "held_kind": pl.String}, orient="row")


def _bring(cursor: Cursor, ids: pl.Series) -> None:
    """The ids as a temporary table ``coming``, for one transaction."""
    cursor.execute("DROP TABLE IF EXISTS coming")
    cursor.execute(
        'CREATE TEMPORARY TABLE coming (id varchar(24) COLLATE "C" NOT NULL) ON COMMIT DROP'
    )
    _copy(cursor, sql.SQL("coming (id)"), ids.to_frame("id"))
    cursor.execute("ANALYZE coming")


def _write(cursor: Cursor, district_id: int, rows: pl.DataFrame) -> None:
    cursor.execute("CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM adopted LIMIT 0")
    names = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
    _copy(
        cursor,
        sql.SQL("kept ({})").format(names),
        rows.select(pl.col(_COLUMNS).exclude("students"), _encoded()).select(_COLUMNS),
    )
    cursor.execute("ANALYZE kept")
    told = [name for name in _COLUMNS if name != "id"]
    cursor.execute(
        "DELETE FROM adopted USING kept WHERE adopted.district_id = %s"
        " AND adopted.kind = 'legacy' AND adopted.id = kept.legacy_id",
        (district_id,),
    )
    cursor.execute(
        sql.SQL(
            "INSERT INTO adopted (district_id, is_waiting, {names})"
            " SELECT %s, true, {names} FROM kept"
            " ON CONFLICT (district_id, id) DO UPDATE SET is_waiting = true,"
            " kept_at = now(), {changes}"
            " WHERE (adopted.is_waiting, {before}) IS DISTINCT FROM (true, {after})"
        ).format(
            names=names,
            changes=_each("{0} = excluded.{0}", told),
            before=_each("adopted.{0}", told),
            after=_each("excluded.{0}", told),
        ),
        (district_id,),
    )


def _each(form: str, names: list[str]) -> sql.Composable:
    return sql.SQL(", ").join(sql.SQL(form).format(sql.Identifier(name)) for name in names)


def _encoded() -> pl.Expr:
    """Lists as JSON; null stays null."""
    encoded = pl.struct(more="students").struct.json_encode()
    text = encoded.str.strip_prefix('{"more":').str.head(-1)
    return pl.when(pl.col("students").is_not_null()).then(text).alias("students")


def _copy(cursor: Cursor, target: sql.Composable, frame: pl.DataFrame) -> None:
    statement = sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(target)
    with cursor.copy(statement) as copy:
        for block in frame.iter_slices(ROWS_AT_ONCE):
            copy.write(block.write_csv(include_header=False, null_value="").encode())


def _read(cursor: Cursor, district_id: int) -> pl.DataFrame:
    schema = pl.Schema({**TO_ADOPT, "students": pl.String()})
    blocks, gathered = [schema.to_frame()], io.BytesIO()
    statement = sql.SQL(
        "COPY (SELECT {} FROM adopted WHERE district_id = {} AND is_waiting) TO STDOUT (FORMAT csv)"
    ).format(sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)), sql.Literal(district_id))
    with cursor.copy(statement) as copy:
        for row in copy:  # one row at a time, so that a block never ends within one
            gathered.write(row)
            if gathered.tell() >= BYTES_AT_ONCE:
                blocks.append(_frame(gathered, schema))
                gathered = io.BytesIO()
        if gathered.tell():
            blocks.append(_frame(gathered, schema))
    rows = pl.concat(blocks)
    return rows.with_columns(pl.col("students").str.json_decode(pl.List(pl.String())))


def _frame(csv: io.BytesIO, schema: pl.Schema) -> pl.DataFrame:
    return pl.read_csv(csv.getvalue(), has_header=False, schema=schema, empty_string_is_null=True)
