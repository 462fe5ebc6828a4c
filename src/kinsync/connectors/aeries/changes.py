"""Which students changed in an Aeries: it tells who, not what.

Times are those of its server's clock, without a zone: when clocks are put back, an hour of them
comes twice. So more is asked for than passed since.

Source: support.aeries.com, "Student-related end points", "Student Data Changes".
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import polars as pl

from kinsync.domain.errors import ChangesUntold
from kinsync.transport.http import Http

CHANGES = "StudentDataChanges/{area}/{year}/{month}/{day}/{hour}/{minute}"
AREAS = ("student", "contact", "enrollment")
OVERLAP = timedelta(minutes=90)
MOST_ASKED_ALONE = 500
"""Students who are asked for one by one; with more of them everything is read."""


def is_time(told: str) -> bool:
    """Whether a time is told, as 2026-11-25T14:00:00 or longer."""
    try:
        datetime.fromisoformat(told[:19])
    except ValueError:
        return False
    return len(told) >= len("2026-11-25T14:00:00")


def schools_of(students: pl.LazyFrame) -> pl.LazyFrame:
    """The schools at which each student was."""
    schools = pl.col("SchoolCode").unique().drop_nulls()
    return students.group_by("StudentID").agg(schools)


def changed(
    http: Http, at: str, year: Mapping[str, str], known: pl.LazyFrame
) -> Mapping[str, frozenset[str]]:
    """Who changed since that time at the server, and the schools where they are or were.

    Raises:
        ChangesUntold: it says so of too many, or not of whom.
    """
    since = datetime.fromisoformat(at) - OVERLAP
    parts = {name: getattr(since, name) for name in ("year", "month", "day", "hour", "minute")}
    found: dict[str, set[str]] = {}
    for area in AREAS:
        for row in http.get(CHANGES, year, parts={"area": area, **parts}).rows():
            student, school = row.get("StudentID"), row.get("SchoolCode")
            if student is None or school is None:
                raise ChangesUntold(f"{http.who} does not name who changed.")
            found.setdefault(str(student), set()).add(str(school))
    if len(found) > MOST_ASKED_ALONE:
        raise ChangesUntold(f"{http.who} has more changed students than are asked for one by one.")
    theirs = known.filter(pl.col("StudentID").is_in(list(found))).collect()
    for student, schools in theirs.iter_rows():
        found[student].update(schools)
    return {student: frozenset(found[student]) for student in sorted(found)}
