"""A whole district goes at once: every table is looked through, so none is forgotten."""

from psycopg import sql

from kinsync.store.retention import transaction

WITH_DISTRICT = """
SELECT table_name FROM information_schema.columns JOIN information_schema.tables
    USING (table_schema, table_name)
WHERE table_schema = current_schema() AND column_name = 'district_id' AND table_type = 'BASE TABLE'
ORDER BY table_name
"""

FIRST = (
    b"""DELETE FROM token_minute WHERE token IN (SELECT hash FROM token
        WHERE connection_id IN (SELECT id FROM connection WHERE district_id = %s))""",
    b"DELETE FROM token WHERE connection_id IN (SELECT id FROM connection WHERE district_id = %s)",
    b"""DELETE FROM procrastinate_jobs
        WHERE (args->>'district_id')::int = %s AND status <> 'doing'""",
)
"""What belongs to a district without naming it in a column."""
LAST = (
    b"""DELETE FROM application WHERE only_for_id = %s AND NOT EXISTS (
        SELECT FROM connection WHERE application_id = application.id)""",
)
"""What nobody else may use, once nothing is tied to it."""


def remove_district(district_id: int) -> dict[str, int]:
    """Delete everything that the tables hold of a district, and the district; rows by table.

    Raises:
        TryAgainLater: the database is away; nothing was removed.
    """
    with transaction() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM district WHERE id = %s FOR UPDATE", (district_id,))
        for statement in FIRST:
            cursor.execute(statement, (district_id,))
        counts = {}
        for (table,) in cursor.execute(WITH_DISTRICT).fetchall():
            statement_of_table = sql.SQL("DELETE FROM {} WHERE district_id = %s").format(
                sql.Identifier(str(table))
            )
            counts[str(table)] = cursor.execute(statement_of_table, (district_id,)).rowcount
        for statement in LAST:
            cursor.execute(statement, (district_id,))
        cursor.execute("DELETE FROM district WHERE id = %s", (district_id,))
    return {table: count for table, count in counts.items() if count}
