"""Who goes on under which other id, and who stands behind a face: written with a version."""

import polars as pl
from psycopg import sql

from kinsync.domain.changes import Changes
from kinsync.store import same_person
from kinsync.store.copying import Cursor, copy_in


def write(cursor: Cursor, district_id: int, version: int, changes: Changes) -> None:
    """Remember who these changes join with whom, and who stands behind each face from then on."""
    same_person.write_parts(cursor, district_id, version, changes.parts)
    merged = changes.merged.select("from_id", "into_id")
    if merged.height:
        _write_pointers(cursor, district_id, version, merged)


def _write_pointers(cursor: Cursor, district_id: int, version: int, merged: pl.DataFrame) -> None:
    """Pointers to whoever somebody is now; earlier ones follow to the same record."""
    cursor.execute(
        "CREATE TEMPORARY TABLE merging ON COMMIT DROP AS"
        " SELECT from_id, into_id FROM contact_merge LIMIT 0"
    )
    copy_in(cursor, sql.SQL("merging (from_id, into_id)"), merged)
    cursor.execute("ANALYZE merging")
    values = {"district": district_id, "version": version}
    cursor.execute(
        "DELETE FROM contact_merge AS earlier USING merging WHERE earlier.district_id ="
        " %(district)s AND earlier.from_id = merging.into_id AND earlier.into_id = merging.from_id",
        values,
    )
    cursor.execute(
        "UPDATE contact_merge AS earlier SET into_id = merging.into_id FROM merging"
        " WHERE earlier.district_id = %(district)s AND earlier.into_id = merging.from_id",
        values,
    )
    cursor.execute(
        "INSERT INTO contact_merge (district_id, from_id, from_legacy_id, into_id, version)"
        " SELECT %(district)s, from_id, (SELECT legacy_id FROM contact"
        " WHERE contact.district_id = %(district)s AND contact.id = from_id LIMIT 1),"
        " into_id, %(version)s FROM merging"
        " ON CONFLICT (district_id, from_id)"
        " DO UPDATE SET into_id = excluded.into_id, version = excluded.version",
        values,
    )
    cursor.execute("DROP TABLE merging")
