"""A thousand districts beside the one that is measured: one is synced, the rest are copies."""

import contextlib
import csv
import tempfile
from pathlib import Path

from psycopg import sql

from benchmarks.measure import kinsync
from kinsync import bootstrap
from kinsync.domain.settings import Settings
from kinsync.store.database import connect

MODEL = "Neighbour"
COPIED = ("version", "search_state", "school", "student", "contact", "relationship", "search_key")
"""What a district's lists are made of."""
ROWS = 300


def live_in(home: Path, district: str, file: Path, count: int) -> None:
    """See that there are so many other districts, each with the first rows of ``file``, and on
    record of ``district`` what a year leaves: answers to applications, and acts of people."""
    with tempfile.TemporaryDirectory(prefix="kinsync-bench-") as folder:
        path = Path(folder) / "students.csv"
        with file.open(newline="", encoding="utf-8") as whole, path.open("w", newline="") as part:
            rows = csv.reader(whole)
            csv.writer(part).writerows(row for row, _ in zip(rows, range(ROWS + 1), strict=False))
        kinsync("district", "add", MODEL, home=home)
        kinsync("sync", MODEL, "--file", str(path), home=home)
    bootstrap.connect_database(Settings(home=home))
    try:
        from kinsync.services.browse import follow
        from kinsync.store import records

        model = records.find_district(MODEL)
        follow(model.id)
        _copy(model.id, count - 1)
        _add_a_year(district)
    finally:
        bootstrap.leave_database()


def _add_a_year(district: str) -> None:
    with contextlib.closing(connect()) as connection:
        connection.execute(ANSWERS, {"district": district, "count": 200_000})
        connection.execute(ACTS, {"district": district, "count": 50_000})
        connection.commit()
        connection.autocommit = True
        connection.execute("ANALYZE disclosure, dashboard_act")
        connection.execute("CHECKPOINT")


ANSWERS = """
INSERT INTO disclosure (district_id, connection_id, edition, version, records, api, endpoint,
    first_id, last_id, fields)
SELECT d.id, n.id, 1, 1, 100, 'v3.1', 'users', low.id, low.id, 'name phone email'
FROM district d JOIN connection n ON n.district_id = d.id,
    generate_series(1, %(count)s) number,
    LATERAL (SELECT id FROM contact c WHERE c.district_id = d.id
        AND c.id > lpad(to_hex(number), 24, '6') LIMIT 1) low
WHERE d.name = %(district)s
"""
ACTS = """
INSERT INTO dashboard_act (district_id, user_id, email, what, about, version, records, subjects)
SELECT d.id, 1, 'office@bench.example', 'looked at a list', 'contacts', 1, 50, seen.ids
FROM district d, generate_series(1, %(count)s),
    (SELECT string_agg(md5(n::text)::char(24), ' ') AS ids FROM generate_series(1, 50) n) seen
WHERE d.name = %(district)s
"""


def _copy(model: int, count: int) -> None:
    with contextlib.closing(connect()) as connection:
        connection.execute(
            "INSERT INTO district (public_id, name, published, created_at, settings)"
            " SELECT substr(md5(name || n), 1, 24), name || ' ' || n, published, created_at,"
            " settings FROM district, generate_series(1, %s) n WHERE id = %s"
            " ON CONFLICT DO NOTHING",
            (count, model),
        )
        for table in COPIED:
            names = [
                name
                for (name,) in connection.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
                    " AND column_name <> 'district_id'",
                    (table,),
                )
            ]
            statement = sql.SQL(
                "INSERT INTO {table} (district_id, {columns}) SELECT d.id, {theirs}"
                " FROM {table} t, district d WHERE t.district_id = %s AND d.name LIKE %s"
                " ON CONFLICT DO NOTHING"
            ).format(
                table=sql.Identifier(table),
                columns=sql.SQL(", ").join(map(sql.Identifier, names)),
                theirs=sql.SQL(", ").join(sql.Identifier("t", name) for name in names),
            )
            connection.execute(statement, (model, f"{MODEL} %"))
        connection.commit()
        connection.autocommit = True
        for table in COPIED:
            connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
