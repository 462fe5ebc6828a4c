"""Invented records, and what differs between two sets of them."""

from collections.abc import Mapping
from datetime import UTC, datetime

import polars as pl

from kinsync.domain.changes import Changes, KindChanges, Snapshot
from kinsync.domain.frames import KINDS, PUBLISHED

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
ODD_TEXTS = (
    "O'Brien-García",
    'says "hi", twice',
    "two\nlines\r",
    "\\.",
    "",
    None,
    "\\N",
    "李小龙 ",
)
"""Texts that a delimited file could lose; the last in front of null is the empty one."""

FLAGS = (None, '{"order":2,"primary":"Y"}', '{"order":1,"lives_with":"N","from":"2026-08-01"}')

State = Mapping[str, Mapping[int, int]]
"""For each kind: number of a record → which of its possible contents it has."""


def snapshot(state: State) -> Snapshot:
    """The published frames of a state, in the order of ids."""
    return Snapshot({kind: _frame(kind, state.get(kind, {})) for kind in KINDS})


def same_of_all(records: Mapping[int, int]) -> State:
    """A state with those records of every kind."""
    return dict.fromkeys(KINDS, records)


def record_id(kind: str, number: int) -> str:
    return f"6b05{KINDS.index(kind):04x}{number:016x}"


def _frame(kind: str, records: Mapping[int, int]) -> pl.DataFrame:
    rows = [_record(kind, number, content) for number, content in sorted(records.items())]
    return pl.DataFrame(rows, schema=PUBLISHED[kind], orient="row")


def _record(kind: str, number: int, content: int) -> dict[str, str | None]:
    ids = {
        "id": record_id(kind, number),
        "legacy_id": record_id("contact", number + 1_000_000),
        "contact_id": record_id("contact", number),
        "student_id": record_id("student", number),
    }
    texts = {
        name: ODD_TEXTS[(place + content) % len(ODD_TEXTS)]
        for place, name in enumerate(PUBLISHED[kind])
    }
    texts |= {"flags": FLAGS[content % len(FLAGS)], "restricted": None}
    return {name: ids.get(name, texts[name]) for name in PUBLISHED[kind]}


def difference(before: Snapshot, after: Snapshot) -> Changes:
    """The changes that lead from one snapshot to the other, record by record."""
    return Changes({kind: _kind(before.frames[kind], after.frames[kind]) for kind in KINDS})


def _kind(before: pl.DataFrame, after: pl.DataFrame) -> KindChanges:
    old = {row[0]: row for row in before.iter_rows()}
    new = {row[0]: row for row in after.iter_rows()}
    changed = [key for key in sorted(old) if key in new and old[key] != new[key]]
    return KindChanges(
        created=_rows(before, [new[key] for key in sorted(new) if key not in old]),
        updated=_rows(before, [new[key] for key in changed]),
        previous=_rows(before, [old[key] for key in changed]),
        deleted=_rows(before, [old[key] for key in sorted(old) if key not in new]),
    )


def _rows(like: pl.DataFrame, rows: list[tuple[str | None, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=like.schema, orient="row")


def is_same(left: Snapshot, right: Snapshot) -> bool:
    return all(left.frames[kind].equals(right.frames[kind]) for kind in KINDS)


def is_same_change(left: Changes, right: Changes) -> bool:
    parts = ("created", "updated", "previous", "deleted")
    return left.merged.equals(right.merged) and all(
        getattr(left.kinds[kind], part).equals(getattr(right.kinds[kind], part))
        for kind in KINDS
        for part in parts
    )
