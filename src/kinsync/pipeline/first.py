"""First: a district that has published nothing. Nobody is known, so there is nobody to match."""

from collections.abc import Callable, Mapping

import polars as pl

from kinsync.domain.changes import Changes, KindChanges, Snapshot
from kinsync.domain.frames import KINDS, PUBLISHED, empty

NewIds = Callable[[int], pl.Series]
"""That many ids nobody ever had, ascending, also from one call to the next."""


def number(incoming: Mapping[str, pl.DataFrame], new_ids: NewIds) -> Snapshot:
    """Every incoming record under a new id, in the order of the file.

    ``incoming`` has, by kind, frames of ``SCHOOLS``, ``STUDENTS``, ``CONTACTS``,
    ``RELATIONSHIPS``.
    """
    schools = _numbered(incoming["school"], new_ids)
    students = _numbered(incoming["student"], new_ids)
    contacts = _numbered(incoming["contact"], new_ids)
    contacts = contacts.with_columns(new_ids(contacts.height).alias("legacy_id"))
    ties = _numbered(incoming["relationship"], new_ids)
    ties = ties.with_columns(
        _told(ties["contact"], contacts["contact"], contacts["id"], "contact_id"),
        _told(ties["student_sis_id"], students["sis_id"], students["id"], "student_id"),
    )
    frames = {"school": schools, "student": students, "contact": contacts, "relationship": ties}
    return Snapshot({kind: frames[kind].select(list(PUBLISHED[kind])) for kind in KINDS})


def all_created(snapshot: Snapshot) -> Changes:
    """The changes that make this snapshot out of nothing."""
    return Changes(
        {
            kind: KindChanges(
                created=snapshot.frames[kind],
                updated=empty(PUBLISHED[kind]),
                previous=empty(PUBLISHED[kind]),
                deleted=empty(PUBLISHED[kind]),
            )
            for kind in KINDS
        }
    )


def _numbered(frame: pl.DataFrame, new_ids: NewIds) -> pl.DataFrame:
    return frame.with_columns(new_ids(frame.height).alias("id"))


def _told(keys: pl.Series, known: pl.Series, ids: pl.Series, name: str) -> pl.Series:
    """The id beside each key; every key is known."""
    lookup = pl.DataFrame({"key": known, name: ids})
    wanted = pl.DataFrame({"key": keys})
    return wanted.join(lookup, on="key", how="left", maintain_order="left")[name]
