"""By what people are found: keys of names, phones, addresses and ids, kept beside the records.

A name is kept once for each of its words, turned so that this word is first: "Ana Mora Soler" as
``soler ana mora``, ``mora soler ana`` and ``ana mora soler``. A phone is kept from its last digit
on, so that seven digits without the area code find it. Each way to look is then a range of the
table's key, whatever the size of the district.

Keys follow the versions: they are added when somebody looks, or by a worker after a sync, and never
hold up a publish. Those of earlier intervals stay until the values of these are purged, so earlier
versions are searched in the same way.
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl
import psycopg
from psycopg import sql

from kinsync.pipeline.names import searchable
from kinsync.pipeline.text import fold
from kinsync.store.absences import blanked
from kinsync.store.copying import Cursor, copy_out, copy_texts, spelt
from kinsync.store.database import LOCK_SPACE, connect, outages
from kinsync.store.intervals import STILL

SURNAME, NAME, PHONE, EMAIL, SIS_ID, FOUND = range(6)
"""Kinds of key of a contact: the name as lists are sorted, the name by its other words, and so on;
``FOUND`` is the code of a finding before the name (``found_key``).
Those of a student are ``OF_STUDENT`` higher."""
OF_STUDENT: Final = 10
MOST_WORDS = 6
"""Words of a name by which it is found."""
SEARCH_SPACE = LOCK_SPACE + 2
"""First half of the advisory locks under which a district's keys are added."""
MANY_ROWS = 50_000
FOUND_AT_ONCE = 50_000
NAMELESS = "~"

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "contact": {
        "name": "name",
        "phone": "phone",
        "more_phones": "more_phones",
        "email": "email",
        "more_emails": "more_emails",
        "sis_id": "sis_id",
    },
    "student": {
        "name": "concat_ws(' ', first_name, middle_name, last_name)",
        "sis_id": "sis_id",
        "student_number": "student_number",
        "state_id": "state_id",
        "email": "email",
    },
}
"""What keys are made of, by kind of record."""

KEYS = pl.Schema({"kind": pl.Int16, "key": pl.String, "id": pl.String, "since": pl.Int32})
_PHONES = pl.List(pl.Struct({"phone": pl.String}))
_EMAILS = pl.List(pl.String)


def is_behind(cursor: Any, district_id: int, version: int) -> bool:
    """Whether keys of that version are missing. Behind the gate, or as the owner."""
    cursor.execute("SELECT version FROM search_state WHERE district_id = %s", (district_id,))
    row = cursor.fetchone()
    return (0 if row is None else row[0]) < version


def rows_behind(district_id: int) -> int:
    """About how many records have come or changed since keys were last added.

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="looking at the search"), contextlib.closing(connect()) as connection:
        row = connection.execute(
            "SELECT coalesce(sum((counts->'changes'->kind->>act)::bigint), 0)"
            " FROM version, unnest(ARRAY['contact', 'student']) kind,"
            " unnest(ARRAY['created', 'updated']) act WHERE district_id = %(district)s"
            " AND number > coalesce((SELECT version FROM search_state"
            " WHERE district_id = %(district)s), 0)",
            {"district": district_id},
        ).fetchone()
    return 0 if row is None else int(row[0])


def catch_up(district_id: int) -> bool:
    """Add the keys of what was published since the last time; False where another process does.

    Raises:
        TryAgainLater: the database is away; what was added is whole or not there.
    """
    with outages(doing="adding to the search"), contextlib.closing(connect()) as connection:
        if connection.execute(
            "SELECT pg_try_advisory_xact_lock(%s, %s)", (SEARCH_SPACE, district_id)
        ).fetchone() != (True,):
            return False
        since, published = _versions(connection, district_id)
        if since < published:
            count = sum(_add(connection, district_id, kind, since, published) for kind in COLUMNS)
            connection.execute(
                "INSERT INTO search_state (district_id, version) VALUES (%(district)s, %(version)s)"
                " ON CONFLICT (district_id) DO UPDATE SET version = excluded.version",
                {"district": district_id, "version": published},
            )
        connection.commit()
        if since < published and count > MANY_ROWS:
            connection.execute("ANALYZE search_key")
            connection.commit()
    return True


def found_version(cursor: Any, district_id: int) -> int:
    """The version of which people are found by their findings; 0 where none. As ``is_behind``."""
    cursor.execute("SELECT found FROM search_state WHERE district_id = %s", (district_id,))
    row = cursor.fetchone()
    return 0 if row is None else int(row[0])


def replace_found(district_id: int, version: int, found: Mapping[str, pl.DataFrame]) -> bool:
    """Let people be found by what was wrong with their rows, and no longer by what was before.

    Answers False where another process adds keys, or those of that version are not there yet.

    Args:
        found: by kind of record ``code`` and ``id``, each pair once.

    Raises:
        TryAgainLater: the database is away; everything is as it was.
    """
    with outages(doing="adding to the search"), contextlib.closing(connect()) as connection:
        if connection.execute(
            "SELECT pg_try_advisory_xact_lock(%s, %s)", (SEARCH_SPACE, district_id)
        ).fetchone() != (True,):
            return False
        if _versions(connection, district_id) != (version, version):
            return False
        _delete_found(connection, district_id)
        for table, pairs in found.items():
            kind = FOUND + (OF_STUDENT if table == "student" else 0)
            _add_found(connection, district_id, table, kind, pairs)
        connection.execute(
            "UPDATE search_state SET found = %s WHERE district_id = %s", (version, district_id)
        )
        connection.commit()
    return True


def forget_found(district_id: int) -> None:
    """Let nobody be found any more by what was wrong with their rows.

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="forgetting findings"), contextlib.closing(connect()) as connection:
        take_turn(connection.cursor(), district_id)
        _delete_found(connection, district_id)
        connection.execute(
            "UPDATE search_state SET found = 0 WHERE district_id = %s", (district_id,)
        )
        connection.commit()


def _delete_found(connection: psycopg.Connection, district_id: int) -> None:
    connection.execute(
        "DELETE FROM search_key WHERE district_id = %s AND kind = ANY(%s)",
        (district_id, [FOUND, FOUND + OF_STUDENT]),
    )


def _add_found(
    connection: psycopg.Connection, district_id: int, table: str, kind: int, pairs: pl.DataFrame
) -> None:
    select = sql.SQL(
        "SELECT id, since, {name} FROM {table} WHERE district_id = %s AND until = %s"
        " AND id = ANY(%s)"
    ).format(name=sql.SQL(COLUMNS[table]["name"]), table=sql.Identifier(table))
    schema = {"id": pl.String, "since": pl.Int32, "name": pl.String}
    target = sql.SQL("search_key (district_id, kind, key, id, since)")
    for some in pairs.iter_slices(FOUND_AT_ONCE):
        rows = connection.execute(select, (district_id, STILL, some["id"].unique().to_list()))
        people = pl.DataFrame(rows.fetchall(), schema=schema, orient="row")
        named = people.with_columns(name=sort_keys(people["name"]))
        keys = some.join(named, on="id").select(
            pl.lit(kind, dtype=pl.Int16).alias("kind"),
            (pl.col("code") + " " + pl.col("name")).alias("key"),
            "id",
            "since",
        )
        with connection.cursor() as cursor:
            copy_texts(cursor, target, spelt(keys, [pl.lit(district_id).alias("district_id")]))


def take_turn(cursor: Cursor, district_id: int) -> None:
    """Wait until nobody adds a district's keys, and let nobody begin before the transaction ends.

    Take it before any row of the district: whoever adds keys has this turn first.
    """
    cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (SEARCH_SPACE, district_id))


def _versions(connection: psycopg.Connection, district_id: int) -> tuple[int, int]:
    """The version up to which there are keys, and the one that is published."""
    row = connection.execute(
        "SELECT coalesce(s.version, 0), d.published FROM district d"
        " LEFT JOIN search_state s ON s.district_id = d.id WHERE d.id = %s",
        (district_id,),
    ).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def _add(
    connection: psycopg.Connection, district_id: int, table: str, since: int, published: int
) -> int:
    """Keys of the intervals of one kind of record that begin in these versions; how many. None of
    those that ended so long ago that their values are purged."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(sql.SQL(term), sql.Identifier(name))
        for name, term in COLUMNS[table].items()
    )
    select = sql.SQL(
        "SELECT id, since, {} FROM {} WHERE district_id = {} AND since > {} AND since <= {}"
        " AND until > {}"
    ).format(
        columns,
        sql.Identifier(table),
        *map(sql.Literal, (district_id, since, published, blanked(connection, district_id))),
    )
    schema = pl.Schema(
        {"id": pl.String, "since": pl.Int32, **dict.fromkeys(COLUMNS[table], pl.String)}
    )
    target = sql.SQL("search_key (district_id, kind, key, id, since)")
    district = [pl.lit(district_id).alias("district_id")]
    count = 0
    with contextlib.closing(connect()) as reader:
        for block in copy_out(reader, select, schema):
            keys = keys_of(block, OF_STUDENT if table == "student" else 0)
            with connection.cursor() as cursor:
                copy_texts(cursor, target, spelt(keys, district))
            count += keys.height
    return count


def keys_of(records: pl.DataFrame, first: int = 0) -> pl.DataFrame:
    """``KEYS`` of records, in the order of the table's own key; ``first`` is added to each kind."""
    pieces = [
        pieces.select(
            pl.lit(first + kind, dtype=pl.Int16).alias("kind"), pl.col("key"), "id", "since"
        )
        for kind, pieces in _pieces(records)
    ]
    keys = pl.concat([KEYS.to_frame(), *pieces]).drop_nulls("key")
    return keys.unique().sort("kind", "key", "id", "since")


def _pieces(records: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    yield from _names(records)
    for column in ("phone", "more_phones"):
        if column in records.columns:
            yield PHONE, _values(records, column, _PHONES).with_columns(_phone_key("key"))
    for column in ("email", "more_emails"):
        if column in records.columns:
            emails = _values(records, column, _EMAILS)
            yield EMAIL, emails.with_columns(fold(emails["key"]).alias("key"))
    for column in ("sis_id", "student_number", "state_id"):
        if column in records.columns:
            ids = _values(records, column, _EMAILS)
            yield SIS_ID, ids.with_columns(pl.col("key").str.to_lowercase())


def _values(records: pl.DataFrame, column: str, several: pl.DataType) -> pl.DataFrame:
    """``id``, ``since`` and each value of a column as ``key``; of ``more_…``, those of the list."""
    found = records.select("id", "since", key=column).drop_nulls("key")
    if not column.startswith("more_"):
        return found
    lists = found.with_columns(pl.col("key").str.json_decode(several)).explode("key")
    if column == "more_phones":
        lists = lists.with_columns(key=pl.col("key").struct.field("phone"))
    return lists.drop_nulls("key")


def _phone_key(column: str) -> pl.Expr:
    """Digits from the last on, without a country code before ten."""
    digits = pl.col(column)
    national = pl.when(digits.str.len_bytes() == 11).then(digits.str.strip_prefix("1"))
    return national.otherwise(digits).str.reverse().alias("key")


def _names(records: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    """Names, turned to begin with each of their words."""
    words = _words(records["name"])
    frame = records.select("id", "since", words=words)
    length = pl.col("words").list.len()
    yield SURNAME, frame.select("id", "since", key=_turned(length - 1))
    for place in range(MOST_WORDS):
        some = frame.filter(length > place + 1)
        yield NAME, some.select("id", "since", key=_turned(pl.lit(place)))


def _words(names: pl.Series) -> pl.Series:
    """The words of each name; of one without letters, a word that stands behind all others."""
    found = searchable(names.fill_null(""))
    return found.set(found == "", NAMELESS).str.split(" ")


def _turned(place: pl.Expr) -> pl.Expr:
    """The words from a place on, then those before it."""
    words = pl.col("words")
    return pl.concat_list(words.list.slice(place), words.list.slice(0, place)).list.join(" ")


def sort_keys(names: pl.Series) -> pl.Series:
    """What names are sorted by: the surname first."""
    frame = pl.DataFrame({"words": _words(names)})
    return frame.select(_turned(pl.col("words").list.len() - 1)).to_series()


def found_key(code: str, name: str = "") -> str:
    """The key of somebody of whom a row met a rule, or what all of that rule begin with."""
    return f"{code} {name}"
