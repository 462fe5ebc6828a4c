"""What a sync changes, school by school."""

from collections.abc import Mapping

import polars as pl

from kinsync.domain.changes import Changes
from kinsync.services.sync import Tools
from kinsync.store import browsing, records, snapshots
from kinsync.store.gate import district_reader
from kinsync.store.storage import load_changes

AT_ONCE = 20_000
"""Records that change up to which a request counts them itself."""
MOST = 300_000
"""Records that change of which they are counted at all: nobody looks through more."""
ACTS = ("created", "updated", "deleted")
Counts = Mapping[str, Mapping[str, Mapping[str, int]]]
"""By school (SIS id, "" for none), kind and act."""


def changes_of(district: records.District, sync: records.Sync, tools: Tools) -> Changes:
    """What a sync changed, or would change.

    Raises:
        ChangeInput: that is not kept any more.
    """
    if sync.version is not None:
        return snapshots.changes_of(district.id, sync.version)
    return load_changes(tools.storage.sync(district.public_id, sync.id))


def counts(district: records.District, sync: records.Sync, tools: Tools) -> Counts:
    """How many records of each school a sync creates, updates and deletes.

    Whoever stands to students of two schools, or moves from one to another, counts in both.

    Raises:
        ChangeInput: what it changes is not kept any more.
    """
    changes = changes_of(district, sync, tools)
    of_kinds = schools_of(district, sync, changes)
    found: dict[str, dict[str, dict[str, int]]] = {}
    for kind, schools in of_kinds.items():
        for act in ACTS:
            ids = getattr(changes.kinds[kind], act).select("id")
            told = ids.join(schools, on="id", how="left").group_by("school").len()
            for school, count in told.iter_rows():
                found.setdefault(school or "", {}).setdefault(kind, {})[act] = count
    return found


def schools_of(
    district: records.District, sync: records.Sync, changes: Changes
) -> Mapping[str, pl.DataFrame]:
    """``id`` and ``school`` of the students, relationships and contacts that change."""
    base = sync.base if sync.version is None else sync.version - 1
    ties = _ties(district, base, changes)
    students = _students(district, base, changes, ties["student_id"])
    at = ties.join(students, left_on="student_id", right_on="id", how="left")
    return {
        "student": students,
        "contact": at.select(id="contact_id", school="school").unique(),
        "relationship": at.select("id", "school").unique(),
    }


def _ties(district: records.District, base: int, changes: Changes) -> pl.DataFrame:
    """``id``, ``contact_id`` and ``student_id`` of relationships that change, or whose contacts."""
    schema = dict.fromkeys(("id", "contact_id", "student_id"), pl.String)
    columns = list(schema)
    of_kind = changes.kinds["relationship"]
    contacts = changes.kinds["contact"]
    changed = pl.concat([getattr(of_kind, act).select(columns) for act in ACTS])
    people = pl.concat([contacts.updated["id"], contacts.deleted["id"], changed["contact_id"]])
    with district_reader(district.id) as cursor:
        rows = browsing.ties_at(cursor, district.id, people.unique().to_list(), base)
    known: pl.DataFrame = pl.DataFrame(rows, schema=schema, orient="row")
    ties: pl.DataFrame = pl.concat([changed, known]).unique("id")
    return ties


def _students(
    district: records.District, base: int, changes: Changes, ids: pl.Series
) -> pl.DataFrame:
    """``id`` and ``school`` of students who change, before and after, and of these."""
    kinds = changes.kinds["student"]
    parts = [kinds.created, kinds.updated, kinds.previous, kinds.deleted]
    own = pl.concat([part.select("id", school="school_sis_id") for part in parts]).unique()
    others = ids.filter(~ids.is_in(own["id"].implode())).unique().to_list()
    with district_reader(district.id) as cursor:
        rows = browsing.schools_at(cursor, district.id, others, base)
    schema = {"id": pl.String, "school": pl.String}
    return pl.concat([own, pl.DataFrame(rows, schema=schema, orient="row")])
