"""Which arrivals of several sources a published version was made of.

Every version that a sync made says so in its counts, under ``sources``: for each source its number,
its name, and the upload or pull that was read. They stay on the shelf while that version is the
last: what stands behind what is published is in use, however old it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from kinsync.store import models
from kinsync.store.database import outages
from kinsync.store.sources import Source

COMPLETE = "complete"
IN_USE = """
    SELECT (part->>'arrival')::bigint
    FROM (SELECT DISTINCT district_id FROM source) AS owner
    CROSS JOIN LATERAL (
        SELECT counts FROM version
        WHERE version.district_id = owner.district_id AND origin = 'sync'
        ORDER BY number DESC LIMIT 1
    ) AS last
    CROSS JOIN LATERAL jsonb_array_elements(last.counts->'sources') AS part
    WHERE part->>'arrival' IS NOT NULL
"""
"""The uploads and pulls that stand behind what districts publish of several sources."""


HAS_COME = """
    SELECT EXISTS (
        SELECT FROM pull WHERE district_id = %(district)s AND source_id = %(source)s
        AND state = 'complete'
    ) OR EXISTS (
        SELECT FROM upload WHERE district_id = %(district)s AND state = 'complete'
        AND completed_at >= %(since)s AND starts_with(lower(path), lower(%(folder)s) || '/')
    )
"""
USED = """
    WITH last AS (
        SELECT turn FROM sync WHERE district_id = %(district)s AND turn IS NOT NULL
        AND version = (
            SELECT max(number) FROM version WHERE district_id = %(district)s
            AND number <= %(version)s AND origin = 'sync'
        )
    )
    SELECT source_id, pull.id FROM pull JOIN last USING (turn)
    WHERE district_id = %(district)s
    UNION ALL
    SELECT source.id, upload.id FROM upload JOIN last USING (turn)
    JOIN source ON source.district_id = upload.district_id
        AND starts_with(lower(upload.path), lower(source.name) || '/')
    WHERE upload.district_id = %(district)s
"""


BEARING = """
    SELECT count(*) FROM contact
    WHERE district_id = %(district)s AND since <= %(version)s AND %(version)s < until
    AND CASE WHEN %(is_oldest)s THEN
        coalesce(cardinality(string_to_array(sources, ' ')), 0)
            < num_nonnulls(name, phone, email, address, sis_id)
    ELSE ' ' || sources || ' ' LIKE %(mark)s END
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One source behind a version; ``arrival`` None: it had no part in it."""

    source: int
    name: str
    arrival: int | None


def parts(district_id: int, version: int) -> list[Part]:
    """The sources behind what was published as ``version``; none where it was of one."""
    with outages(doing="looking at a version"):
        row = (
            models.Version.objects.filter(
                district_id=district_id, number__lte=version, origin__in=("sync", "restore")
            )
            .order_by("-number")
            .first()
        )
    if row is None:
        return []
    if row.origin == "restore":
        return parts(district_id, int(row.counts["restored"]))
    return [_part(one) for one in row.counts.get("sources", [])]


def names(district_id: int, version: int) -> dict[int, str]:
    """The names of those that had a part in it, by number. The lowest is of what bears no mark."""
    return {one.source: one.name for one in parts(district_id, version) if one.arrival is not None}


def bearing(district_id: int, version: int, source: int) -> int:
    """How many contacts of a version have a value of a source; 0 where it has no part in it."""
    named = names(district_id, version)
    if source not in named:
        return 0
    values: dict[str, int | str | bool] = {
        "district": district_id,
        "version": version,
        "is_oldest": source == min(named),
        "mark": f"%:{source} %",
    }
    with outages(doing="counting contacts"), connection.cursor() as cursor:
        cursor.execute(BEARING, values)
        return int(cursor.fetchone()[0])


def _part(told: Mapping[str, Any]) -> Part:
    return Part(int(told["source"]), str(told["name"]), told["arrival"])


def in_use() -> list[int]:
    """The numbers of all uploads and pulls that are."""
    with outages(doing="looking for arrivals"), connection.cursor() as cursor:
        cursor.execute(IN_USE)
        return [int(number) for (number,) in cursor.fetchall()]


def is_kept(district_id: int, arrival: int) -> bool:
    """Whether the bytes of that upload or pull are still on the shelf."""
    with outages(doing="looking for an arrival"):
        kinds = (models.Upload, models.Pull)
        return any(
            kind.objects.filter(
                district_id=district_id, id=arrival, state=COMPLETE, discarded_at=None
            ).exists()
            for kind in kinds
        )


def has_come(source: Source) -> bool:
    """Whether anything whole has ever come of a source, kept or not."""
    with outages(doing="looking for arrivals"), connection.cursor() as cursor:
        cursor.execute(
            HAS_COME,
            {
                "district": source.district_id,
                "source": source.id,
                "folder": source.name,
                "since": source.created_at,
            },
        )
        return bool(cursor.fetchone()[0])


def used(district_id: int, version: int) -> dict[int, int]:
    """What was read of each source for what was published as ``version``, by the source's number.

    Of a district that had one source then, the turn of its sync says what that was.
    """
    told = {
        one.source: one.arrival for one in parts(district_id, version) if one.arrival is not None
    }
    if told:
        return told
    with outages(doing="looking for arrivals"), connection.cursor() as cursor:
        cursor.execute(USED, {"district": district_id, "version": version})
        return {int(source): int(number) for source, number in cursor.fetchall()}
