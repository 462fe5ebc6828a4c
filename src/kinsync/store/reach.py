"""How many students can be reached, school by school: counted once for each version."""

import contextlib
import json
from dataclasses import dataclass

from kinsync.store.database import connect, outages
from kinsync.store.gate import district_reader


@dataclass(frozen=True, slots=True)
class SchoolReach:
    """The students of one school; of a district where ``school`` is blank."""

    school: str
    """The SIS id; "" for students without a school, or for all of them."""
    students: int
    without_contacts: int
    without_phone: int
    without_email: int


COUNTED = """
SELECT school, count(*), count(*) FILTER (WHERE people = 0), count(*) FILTER (WHERE phones = 0),
    count(*) FILTER (WHERE emails = 0)
FROM (
    SELECT s.id, coalesce(s.school_sis_id, '') AS school, count(c.id) AS people,
        count(c.phone) AS phones, count(c.email) AS emails
    FROM student s
    LEFT JOIN relationship r ON r.district_id = s.district_id AND r.student_id = s.id
        AND r.since <= %(version)s AND %(version)s < r.until
    LEFT JOIN contact c ON c.district_id = s.district_id AND c.id = r.contact_id
        AND c.since <= %(version)s AND %(version)s < c.until
    WHERE s.district_id = %(district)s AND s.since <= %(version)s AND %(version)s < s.until
    GROUP BY s.id, s.school_sis_id
) student GROUP BY school ORDER BY school
"""


def count(district_id: int, version: int) -> None:
    """Count the students of a version, unless that was done.

    Raises:
        TryAgainLater: the database is away.
    """
    values = {"district": district_id, "version": version}
    with outages(doing="counting students"), contextlib.closing(connect()) as connection:
        rows = connection.execute(COUNTED, values).fetchall()
        connection.execute(
            "INSERT INTO reach (district_id, version, schools) VALUES (%(district)s, %(version)s,"
            " %(schools)s) ON CONFLICT DO NOTHING",
            {**values, "schools": json.dumps(rows)},
        )
        connection.commit()


def of_versions(district_id: int, *, limit: int = 30) -> dict[int, list[SchoolReach]]:
    """What was counted, by version, the newest first."""
    with district_reader(district_id) as cursor:
        cursor.execute(
            "SELECT version, schools FROM reach WHERE district_id = %s"
            " ORDER BY version DESC LIMIT %s",
            (district_id, limit),
        )
        return {
            version: [SchoolReach(*row) for row in json.loads(schools)]
            for version, schools in cursor.fetchall()
        }


def in_all(schools: list[SchoolReach]) -> SchoolReach:
    """The whole district."""
    return SchoolReach(
        "",
        *(
            sum(getattr(school, name) for school in schools)
            for name in ("students", "without_contacts", "without_phone", "without_email")
        ),
    )
