"""Census: what a snapshot amounts to, for the guard to compare before and after."""

import polars as pl

from kinsync.domain.changes import Snapshot
from kinsync.domain.guarding import Census


def census(snapshot: Snapshot) -> Census:
    """Counts of a snapshot."""
    contacts, students = snapshot.frames["contact"], snapshot.frames["student"]
    schools = students.filter(pl.col("school_sis_id").is_not_null())
    return Census(
        counts={kind: frame.height for kind, frame in snapshot.frames.items()},
        with_phone=contacts["phone"].count(),
        with_email=contacts["email"].count(),
        students_by_school=dict(
            schools.group_by("school_sis_id").len().sort("school_sis_id").iter_rows()
        ),
    )
