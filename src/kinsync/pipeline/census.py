"""Census: what a snapshot amounts to, for the guard to compare before and after."""

from collections import Counter
from collections.abc import Mapping

import polars as pl

from kinsync.domain.changes import Changes
from kinsync.domain.frames import KINDS
from kinsync.domain.guarding import Census

_FIELDS = ("phone", "email")


def census(frames: Mapping[str, pl.DataFrame] | Mapping[str, pl.LazyFrame]) -> Census:
    """Counts of a snapshot: by kind, frames of ``PUBLISHED``, of which few columns are read."""
    counts = {kind: int(frames[kind].lazy().select(pl.len()).collect().item()) for kind in KINDS}
    reached = frames["contact"].lazy().select(pl.col(_FIELDS).count()).collect()
    students = frames["student"].lazy().select("school_sis_id").drop_nulls()
    by_school = students.group_by("school_sis_id").len().sort("school_sis_id").collect()
    with_phone, with_email = reached.row(0)
    return Census(counts, with_phone, with_email, dict(by_school.iter_rows()))


def census_after(before: Census, changes: Changes) -> Census:
    """Counts of the snapshot that the changes make of another one."""
    counts = dict(before.counts)
    reached = Counter({"phone": before.with_phone, "email": before.with_email})
    by_school = Counter(dict(before.students_by_school))
    for kind, of_kind in changes.kinds.items():
        counts[kind] += of_kind.created.height - of_kind.deleted.height
    for sign, part in ((1, "created"), (1, "updated"), (-1, "previous"), (-1, "deleted")):
        contacts = getattr(changes.kinds["contact"], part)
        students = getattr(changes.kinds["student"], part)["school_sis_id"].drop_nulls()
        for name in _FIELDS:
            reached[name] += sign * contacts[name].count()
        for school, count in students.value_counts().iter_rows():
            by_school[school] += sign * count
    schools = {school: count for school, count in sorted(by_school.items()) if count}
    return Census(counts, reached["phone"], reached["email"], schools)
