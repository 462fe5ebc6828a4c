"""How complete the contacts of a version are, school by school: counted once for each version."""

import contextlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kinsync.store.database import connect, outages
from kinsync.store.gate import district_reader

MOST_COUNTED = 8
"""Students with so many contacts or more are counted together."""


@dataclass(frozen=True, slots=True)
class Fill:
    """The contacts of students of one school, and how many of them have what.

    One contact of two students counts twice: each student has to be reached.
    """

    school: str
    """The SIS id; "" for students without a school."""
    contacts: int
    phone: int
    email: int
    relationship: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted of a version."""

    version: int
    schools: Sequence[Fill]
    types: Mapping[str, int]
    """Our word → contacts of students; "" where a type is not known."""
    students: Sequence[int]
    """How many students have no contact, one, two …; the last one: that many or more."""


KNOWN = """
SELECT coalesce(s.school_sis_id, ''), coalesce(r.type, ''), count(*), count(c.phone),
    count(c.email), count(r.relationship)
FROM relationship r
JOIN student s ON s.district_id = r.district_id AND s.id = r.student_id
    AND s.since <= %(version)s AND %(version)s < s.until
JOIN contact c ON c.district_id = r.district_id AND c.id = r.contact_id
    AND c.since <= %(version)s AND %(version)s < c.until
WHERE r.district_id = %(district)s AND r.since <= %(version)s AND %(version)s < r.until
GROUP BY 1, 2 ORDER BY 1, 2
"""
PEOPLE = """
SELECT least(people, %(most)s), count(*) FROM (
    SELECT s.id, count(DISTINCT r.contact_id) AS people FROM student s
    LEFT JOIN relationship r ON r.district_id = s.district_id AND r.student_id = s.id
        AND r.since <= %(version)s AND %(version)s < r.until
    WHERE s.district_id = %(district)s AND s.since <= %(version)s AND %(version)s < s.until
    GROUP BY s.id
) student GROUP BY 1
"""


def count(district_id: int, version: int) -> None:
    """Count a version, unless that was done.

    Raises:
        TryAgainLater: the database is away.
    """
    values = {"district": district_id, "version": version, "most": MOST_COUNTED}
    with outages(doing="counting contacts"), contextlib.closing(connect()) as connection:
        known = connection.execute(KNOWN, values).fetchall()
        people: dict[int, int] = dict(connection.execute(PEOPLE, values).fetchall())
        figures = {"known": known, "people": [people.get(n, 0) for n in range(MOST_COUNTED + 1)]}
        connection.execute(
            "INSERT INTO quality (district_id, version, figures) VALUES (%(district)s, %(version)s,"
            " %(figures)s) ON CONFLICT DO NOTHING",
            {**values, "figures": json.dumps(figures)},
        )
        connection.commit()


def newest(district_id: int) -> Figures | None:
    """What was counted of the newest version that was; None: of none yet."""
    with district_reader(district_id) as cursor:
        cursor.execute(
            "SELECT version, figures FROM quality WHERE district_id = %s"
            " ORDER BY version DESC LIMIT 1",
            (district_id,),
        )
        row = cursor.fetchone()
    return None if row is None else _figures(row[0], json.loads(row[1]))


def _figures(version: int, told: Mapping[str, Any]) -> Figures:
    types: Counter[str] = Counter()
    schools: dict[str, list[int]] = {}
    for school, type_, *counts in told["known"]:
        types[type_] += counts[0]
        sums = schools.setdefault(school, [0] * len(counts))
        schools[school] = [a + b for a, b in zip(sums, counts, strict=True)]
    fills = [Fill(school, *counts) for school, counts in schools.items()]
    return Figures(version, fills, types, told["people"])
