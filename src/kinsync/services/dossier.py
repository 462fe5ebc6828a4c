"""One contact or student: everybody they are something to, and what every version did to them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from kinsync.domain.errors import NotFound
from kinsync.domain.flags import NAMES, read
from kinsync.domain.priority import CONTACT, MARKS, RELATIONSHIP, STUDENT, read_marks
from kinsync.services.browse import Row, Whose
from kinsync.store import browsing, parts, records
from kinsync.store.gate import district_reader


@dataclass(frozen=True, slots=True)
class Moment:
    """What a version changed about one record: field by field, before and after."""

    version: int
    at: datetime | None
    what: str
    """created, changed, deleted."""
    changes: Sequence[tuple[str, Any, Any]] = field(default=())


@dataclass(frozen=True, slots=True)
class Dossier:
    """One contact or student at a version, with everybody tied to them, and what came before."""

    record: Row
    ties: Sequence[Row]
    kin: Sequence[Row]
    """Of a student: other students with a contact in common."""
    history: Sequence[Moment]
    origins: Mapping[str, str] = field(default_factory=dict)
    """By field (``domain.priority``) the source that its value is of; none where there was one
    source. So do ``ties``, each for itself, under ``origins``."""


TOLD = ("type", "relationship", "flags", "restricted")
"""What is said of a relationship that begins or ends."""
NOT_HISTORY = {"district_id", "id", "since", "until", "created", "legacy_id", MARKS}
KINDS = {"contact": CONTACT, "student": STUDENT, "relationship": RELATIONSHIP}


def contact(whose: Whose, id_: str) -> Dossier:
    """One contact; where the id was another's before, who that turned out to be.

    Raises:
        NotFound: no version of the district has such a contact.
    """
    return _dossier(whose, "contact", id_)


def student(whose: Whose, id_: str) -> Dossier:
    """One student.

    Raises:
        NotFound: no version of the district has such a student.
    """
    return _dossier(whose, "student", id_)


def _dossier(whose: Whose, table: str, id_: str) -> Dossier:
    with district_reader(whose.district_id) as cursor:
        past = browsing.history(cursor, table, whose.district_id, "id", id_)
        current = next((row for row in past if row["since"] <= whose.version < row["until"]), None)
        if current is None and table == "contact":
            other = browsing.merged_into(cursor, whose.district_id, id_)
            if other is not None:
                id_ = other
                past = browsing.history(cursor, table, whose.district_id, "id", id_)
                current = next(
                    (row for row in past if row["since"] <= whose.version < row["until"]), None
                )
        if not past:
            raise NotFound("The district has nobody with that id.")
        of_ties = browsing.history(cursor, "relationship", whose.district_id, f"{table}_id", id_)
        ties = browsing.ties(cursor, whose.scope, table, [id_])
        kin: list[Row] = []
        if table == "student":
            people = [tie["contact_id"] for tie in ties]
            others = browsing.ties(cursor, whose.scope, "contact", people)
            kin = list({row["student_id"]: row for row in others}.values())
            kin = [row for row in kin if row["student_id"] != id_]
    known = _Known(
        {one.number: one.published_at for one in records.list_versions(whose.district_id)},
        records.kept_since(whose.district_id),
        Origins(whose.district_id),
    )
    moments = [*_moments(past, known, table), *_tie_moments(of_ties, known, table)]
    moments.sort(key=lambda moment: moment.version, reverse=True)
    gone = past[-1] | {"is_gone": True, "is_purged": past[-1]["until"] <= known.purged_up_to}
    version = whose.version if current else past[-1]["since"]
    for tie in ties:
        tie["origins"] = known.origins.of("relationship", tie, whose.version)
    origins = known.origins.of(table, current or gone, version)
    return Dossier(current or gone, ties, kin, moments, origins)


class Origins:
    """Which source the values of a district's records are of, at any of its versions."""

    def __init__(self, district_id: int) -> None:
        self._named = lru_cache(lambda version: parts.names(district_id, version))

    def of(self, kind: str, row: Row, version: int) -> dict[str, str]:
        """By field, the name of the source; nothing where the district had one."""
        names = self._named(version)
        if not names:
            return {}
        marks, oldest = read_marks(row[MARKS]), min(names)
        return {
            name: names.get(marks.get(name, oldest), "a source that is gone")
            for name, columns in KINDS[kind].items()
            if _says(row, name, columns[0])
        }


def _says(row: Row, name: str, column: str) -> bool:
    if name in NAMES and column not in row:
        return name in read(row.get("flags"))
    return row.get(column) is not None


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a district's versions: when each was published, and the first that is not
    purged."""

    times: Mapping[int, datetime]
    kept_since: int
    origins: "Origins"

    @property
    def purged_up_to(self) -> int:
        """Records that ended up to this version have no values any more; 0 where all have."""
        return self.kept_since if self.kept_since > 1 else 0


def _moments(past: Sequence[Row], known: _Known, kind: str) -> Iterator[Moment]:
    """What each version did to one record, from its intervals."""
    before: Row | None = None
    times = known.times
    for row in past:
        if before is not None and before["until"] == row["since"]:
            is_told = before["until"] > known.purged_up_to
            changes = [
                (name, before[name], row[name])
                for name in row
                if is_told and name not in NOT_HISTORY and before[name] != row[name]
            ]
            if is_told:
                changes += _moved(before, row, known, kind)
            yield Moment(row["since"], times.get(row["since"]), "changed", changes)
        else:
            if before is not None:
                yield Moment(before["until"], times.get(before["until"]), "deleted")
            yield Moment(row["since"], times.get(row["since"]), "created")
        before = row
    if before is not None and before["until"] in times:
        yield Moment(before["until"], times.get(before["until"]), "deleted")


def _moved(
    before: Row, row: Row, known: _Known, kind: str
) -> Iterator[tuple[str, str | None, str | None]]:
    """Fields whose value is of another source than before."""
    if before[MARKS] == row[MARKS]:
        return
    was = known.origins.of(kind, before, before["since"])
    now = known.origins.of(kind, row, row["since"])
    for name in KINDS[kind]:
        if was.get(name) != now.get(name):
            yield f"source of {name}", was.get(name), now.get(name)


def _tie_moments(rows: Sequence[Row], known: _Known, table: str) -> Iterator[Moment]:
    """The same of relationships: what somebody became to whom, and ceased to be."""
    other = "student_id" if table == "contact" else "contact_id"
    ids = dict.fromkeys(row["id"] for row in rows)
    for id_ in ids:
        own = [row for row in rows if row["id"] == id_]
        for moment in _moments(own, known, "relationship"):
            changes = [
                change for change in moment.changes if not change[0].endswith("_id")
            ] or _whole(own, moment)
            yield Moment(
                moment.version, moment.at, f"relationship {moment.what}",
                [("with", own[-1][other], own[-1][other]), *changes],
            )  # fmt: skip


def _whole(rows: Sequence[Row], moment: Moment) -> list[tuple[str, Any, Any]]:
    is_end = moment.what == "deleted"
    key = "until" if is_end else "since"
    row = next((row for row in rows if row[key] == moment.version), rows[-1])
    pairs = [(name, row[name]) for name in TOLD if row[name]]
    return [(name, value, None) if is_end else (name, None, value) for name, value in pairs]


def names(whose: Whose, ids: Sequence[str]) -> dict[str, str]:
    """Names of these contacts and students, as they were at the version or before it."""
    with district_reader(whose.district_id) as cursor:
        return browsing.names_of(cursor, whose.district_id, ids, whose.version)


def merged_from(whose: Whose, id_: str) -> dict[str, str]:
    """Whoever turned out to be this contact, by id, with their last names of their own."""
    with district_reader(whose.district_id) as cursor:
        ids = browsing.merged_from(cursor, whose.district_id, id_)
        known = browsing.names_of(cursor, whose.district_id, ids, whose.version)
    return {one: known.get(one, "No name") for one in ids}


def phones_of(contact: Row) -> list[Row]:
    """Every phone of a contact: ``phone``, ``extension``, ``type``, ``type_source``."""
    first = {
        "phone": contact["phone"],
        "extension": contact["phone_extension"],
        "type": contact["phone_type"],
        "type_source": contact["phone_type_source"],
    }
    more = json.loads(contact["more_phones"] or "[]")
    return [one for one in (first, *more) if one["phone"]]


def emails_of(contact: Row) -> list[str]:
    """Every address of a contact."""
    more = json.loads(contact["more_emails"] or "[]")
    return [one for one in (contact["email"], *more) if one]
