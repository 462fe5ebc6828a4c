"""Records of a district's people, as the pages of the Data Browser show them."""

# ruff: noqa: S608 - statements are put together from this module's own words, never from a request

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.backends.utils import CursorWrapper

from kinsync.store.statements import CURRENT

UNTOLD = 2**62
"""How many records a version made that does not say it: perhaps very many."""


def intervals(
    cursor: CursorWrapper, table: str, district_id: int, keys: Sequence[tuple[str, int]]
) -> list[dict[str, Any]]:
    """Whole records of these intervals, in this order."""
    cursor.execute(
        f"SELECT k.* FROM unnest(%s::text[], %s::int[]) WITH ORDINALITY AS w(id, since, place)"
        f" JOIN {table} k ON k.district_id = %s AND k.id = w.id AND k.since = w.since"
        " ORDER BY w.place",
        ([id_ for id_, _ in keys], [since for _, since in keys], district_id),
    )
    return _dicts(cursor)


def values(
    cursor: CursorWrapper,
    table: str,
    district_id: int,
    keys: Sequence[tuple[str, int]],
    value: str,
) -> list[tuple[str, int, Any]]:
    """``id``, ``since`` and a value of these intervals."""
    cursor.execute(
        f"SELECT k.id, k.since, {value} FROM unnest(%s::text[], %s::int[]) AS w(id, since)"
        f" JOIN {table} k ON k.district_id = %s AND k.id = w.id AND k.since = w.since",
        ([id_ for id_, _ in keys], [since for _, since in keys], district_id),
    )
    found: list[tuple[str, int, Any]] = cursor.fetchall()
    return found


def versions(cursor: CursorWrapper, scope: Mapping[str, int], kind: str) -> list[tuple[int, int]]:
    """The versions up to the one that is read which made records of a kind, and about how many."""
    cursor.execute(
        "SELECT number, (changes->>'created')::bigint + (changes->>'updated')::bigint"
        " FROM (SELECT number, counts->'changes'->%(kind)s AS changes FROM version"
        " WHERE district_id = %(district)s AND number <= %(version)s) v ORDER BY number",
        {**scope, "kind": kind},
    )
    told = [(int(number), UNTOLD if count is None else int(count)) for number, count in cursor]
    return [(number, count) for number, count in told if count]


TIES = (
    "SELECT r.id, r.contact_id, r.student_id, r.type, r.type_source, r.relationship,"
    " r.relationship_source, r.flags, r.restricted, r.sources, r.since, r.until,"
    " s.first_name, s.middle_name, s.last_name, s.grade, s.sis_id AS student_sis_id,"
    " s.school_sis_id, c.name, c.phone, c.phone_extension, c.phone_type, c.email,"
    " c.more_phones, c.more_emails, c.address,"
    " c.sis_id AS contact_sis_id"
    " FROM relationship r"
    " JOIN student s ON s.district_id = r.district_id AND s.id = r.student_id"
    " AND s.since <= %(version)s AND %(version)s < s.until"
    " JOIN contact c ON c.district_id = r.district_id AND c.id = r.contact_id"
    " AND c.since <= %(version)s AND %(version)s < c.until"
    " WHERE r.district_id = %(district)s AND r.since <= %(version)s AND %(version)s < r.until"
    " AND r.{side}_id = ANY(%(ids)s)"
    " ORDER BY r.{side}_id, array_position("
    "'{{Primary,Parent/Guardian,Secondary,Family,Emergency,Other}}'::text[], r.type), r.id"
)


def ties(
    cursor: CursorWrapper, scope: Mapping[str, int], side: str, ids: Sequence[str]
) -> list[dict[str, Any]]:
    """What these contacts (or students, by ``side``) are to whom, with both records' words."""
    cursor.execute(TIES.format(side=side), {**scope, "ids": list(ids)})
    return _dicts(cursor)


def history(
    cursor: CursorWrapper, table: str, district_id: int, key: str, id_: str
) -> list[dict[str, Any]]:
    """Every interval of the records whose ``key`` is that, the oldest first."""
    cursor.execute(
        f"SELECT k.* FROM {table} k WHERE k.district_id = %s AND k.{key} = %s"
        " ORDER BY k.id, k.since",
        (district_id, id_),
    )
    return _dicts(cursor)


def schools(cursor: CursorWrapper, scope: Mapping[str, int]) -> list[dict[str, Any]]:
    """The schools of a version, by name."""
    cursor.execute(
        f"SELECT k.* FROM school k WHERE k.district_id = %(district)s AND {CURRENT}"
        " ORDER BY lower(coalesce(k.name, k.sis_id)), k.id",
        scope,
    )
    return _dicts(cursor)


def students_by_place(
    cursor: CursorWrapper, scope: Mapping[str, int]
) -> list[tuple[str | None, str | None, int]]:
    """Schools (SIS ids) and grades in which there are students, and how many."""
    cursor.execute(
        "SELECT k.school_sis_id, k.grade, count(*) FROM student k"
        f" WHERE k.district_id = %(district)s AND {CURRENT} GROUP BY 1, 2",
        scope,
    )
    return [(school, grade, int(count)) for school, grade, count in cursor.fetchall()]


def merged_into(cursor: CursorWrapper, district_id: int, id_: str) -> str | None:
    """Who somebody turned out to be."""
    cursor.execute(
        "SELECT into_id FROM contact_merge WHERE district_id = %s AND from_id = %s",
        (district_id, id_),
    )
    row = cursor.fetchone()
    return None if row is None else str(row[0])


def merged_from(cursor: CursorWrapper, district_id: int, id_: str) -> list[str]:
    """Ids of whoever turned out to be this contact."""
    cursor.execute(
        "SELECT from_id FROM contact_merge WHERE district_id = %s AND into_id = %s"
        " ORDER BY from_id",
        (district_id, id_),
    )
    return [str(row[0]) for row in cursor.fetchall()]


def _dicts(cursor: CursorWrapper) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


CHANGED = {
    "created": (
        "SELECT NULL, to_jsonb(k) FROM {table} k WHERE k.district_id = %(district)s"
        " AND k.since = %(version)s AND k.id > %(after)s AND NOT EXISTS (SELECT FROM {table} p"
        " WHERE p.district_id = k.district_id AND p.id = k.id AND p.until = %(version)s)"
    ),
    "updated": (
        "SELECT to_jsonb(p), to_jsonb(k) FROM {table} k"
        " JOIN {table} p ON p.district_id = k.district_id"
        " AND p.id = k.id AND p.until = %(version)s WHERE k.district_id = %(district)s"
        " AND k.since = %(version)s AND k.id > %(after)s"
    ),
    "deleted": (
        "SELECT to_jsonb(k), NULL FROM ending e JOIN {table} k ON k.district_id = e.district_id"
        " AND k.id = e.id AND k.until = e.version WHERE e.district_id = %(district)s"
        " AND e.version = %(version)s AND e.kind = '{table}' AND e.id > %(after)s"
        " AND NOT EXISTS (SELECT FROM {table} n WHERE n.district_id = e.district_id"
        " AND n.id = e.id AND n.since = e.version)"
    ),
}


AT_CHANGED_SCHOOL = {
    "student": "coalesce(k.school_sis_id, '') = %(school)s",
    "relationship": (
        "EXISTS (SELECT FROM student s WHERE s.district_id = k.district_id AND s.id = k.student_id"
        " AND s.since <= %(version)s AND %(version)s <= s.until"
        " AND coalesce(s.school_sis_id, '') = %(school)s)"
    ),
    "contact": (
        "EXISTS (SELECT FROM relationship r JOIN student s ON s.district_id = r.district_id"
        " AND s.id = r.student_id AND s.since <= %(version)s AND %(version)s <= s.until"
        " WHERE r.district_id = k.district_id AND r.contact_id = k.id"
        " AND r.since <= %(version)s AND %(version)s <= r.until"
        " AND coalesce(s.school_sis_id, '') = %(school)s)"
    ),
    "school": "k.sis_id = %(school)s",
}
"""Whether a record that changed is, or was until then, of that school ("" is none)."""


def changed(
    cursor: CursorWrapper, table: str, act: str, district_id: int, version: int, after: str,
    limit: int, school: str | None = None,
) -> list[tuple[dict[str, Any] | None, dict[str, Any] | None]]:  # fmt: skip
    """Records that a version created, updated or deleted: as they were, and as they became."""
    statement = CHANGED[act].format(table=table)
    where = "" if school is None else f" AND {AT_CHANGED_SCHOOL[table]}"
    cursor.execute(
        f"{statement}{where} ORDER BY k.id LIMIT %(limit)s",
        {
            "district": district_id, "version": version, "after": after, "limit": limit,
            "school": school,
        },
    )  # fmt: skip
    return [(_loaded(before), _loaded(row)) for before, row in cursor.fetchall()]


def _loaded(record: Any) -> dict[str, Any] | None:
    loaded: dict[str, Any] | None = json.loads(record) if isinstance(record, str) else record
    return loaded


def ties_at(
    cursor: CursorWrapper, district_id: int, contacts: Sequence[str], version: int
) -> list[tuple[str, str, str]]:
    """``id``, contact and student of what these contacts were to whom at a version."""
    cursor.execute(
        "SELECT id, contact_id, student_id FROM relationship WHERE district_id = %s"
        " AND contact_id = ANY(%s) AND since <= %s AND %s < until",
        (district_id, list(contacts), version, version),
    )
    return [(str(id_), str(contact), str(student)) for id_, contact, student in cursor.fetchall()]


def schools_at(
    cursor: CursorWrapper, district_id: int, students: Sequence[str], version: int
) -> list[tuple[str, str | None]]:
    """``id`` and school (SIS id) of these students at a version."""
    cursor.execute(
        "SELECT id, school_sis_id FROM student WHERE district_id = %s AND id = ANY(%s)"
        " AND since <= %s AND %s < until",
        (district_id, list(students), version, version),
    )
    return [(str(id_), school) for id_, school in cursor.fetchall()]


def names_of(
    cursor: CursorWrapper, district_id: int, ids: Sequence[str], version: int
) -> dict[str, str]:
    """Names of contacts and students as of a version, or as they last were before it."""
    cursor.execute(
        "SELECT DISTINCT ON (id) id, name FROM ("
        " SELECT id, since, coalesce(name, 'No name') AS name FROM contact"
        " WHERE district_id = %(district)s AND id = ANY(%(ids)s) AND since <= %(version)s"
        " UNION ALL SELECT id, since, concat_ws(' ', first_name, last_name) FROM student"
        " WHERE district_id = %(district)s AND id = ANY(%(ids)s) AND since <= %(version)s"
        ") known ORDER BY id, since DESC",
        {"district": district_id, "ids": list(ids), "version": version},
    )
    return dict(cursor.fetchall())
