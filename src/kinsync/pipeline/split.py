"""Split: one published contact as the two that stand behind it, as far as a version can tell.

Each gets what was theirs when they were apart; what both had is both's, and what came since stays
with the one who keeps the id. The next delivery says by its rows which phone is whose.
"""

import polars as pl

from kinsync.domain.changes import Snapshot
from kinsync.domain.frames import CONTACT_DETAILS, PUBLISHED_CONTACTS, PUBLISHED_RELATIONSHIPS
from kinsync.domain.priority import MARKS
from kinsync.pipeline.people import emails_of, phones_of
from kinsync.pipeline.phones import comparable_phone
from kinsync.pipeline.restrict import restricted
from kinsync.pipeline.snapshot import TOLD, folded

_KIND = ["student_id", "type", "relationship"]


def split(now: Snapshot, one: Snapshot, other: Snapshot) -> Snapshot:
    """Two contacts and their relationships, in the place of one.

    Args:
        now: the contact as it is, with all its relationships.
        one: who keeps the id, as they were when they were apart from the other.
        other: who gets their own id back, likewise.
    """
    keeps, goes = _ties(now, one, other, keeps=True), _ties(now, other, one, keeps=False)
    goes = goes.filter(~pl.col("id").is_in(keeps["id"].implode()))
    told = pl.concat([_told(now, one, other, keeps=True), _told(now, other, one, keeps=False)])
    ids = pl.concat([one.frames["contact"], other.frames["contact"]]).select("id", "legacy_id")
    contacts = folded(told).join(ids.with_row_index("contact"), on="contact")
    return restricted(
        Snapshot(
            {
                **now.frames,
                "contact": contacts.select(list(PUBLISHED_CONTACTS)),
                "relationship": pl.concat([keeps, goes]).select(list(PUBLISHED_RELATIONSHIPS)),
            }
        )
    )


def _told(now: Snapshot, mine: Snapshot, theirs: Snapshot, *, keeps: bool) -> pl.DataFrame:
    """What is said of one of the two: ``contact`` (0: who keeps the id), ``snapshot.TOLD``,
    ``sources`` and ``restricted``, which the relationships tell."""
    whole = now.frames["contact"].with_row_index("who")
    reached = []
    for reaches, same in (
        (phones_of, comparable_phone(pl.col("phone"))),
        (emails_of, pl.col("email").str.to_lowercase()),
    ):
        own, other = (
            reaches(side.frames["contact"].with_row_index("who")).select(same).to_series()
            for side in (mine, theirs)
        )
        is_own, is_other = same.is_in(own.implode()), same.is_in(other.implode())
        reached.append(reaches(whole).filter(is_own | ~is_other if keeps else is_own))
    named = pl.DataFrame({name: [_said(name, now, mine, theirs, keeps)] for name in _SAID})
    rows = pl.concat([whole.select("who"), *reached], how="diagonal").join(named, how="cross")
    blank = [pl.lit(None, pl.String).alias(name) for name in TOLD if name not in rows.columns]
    told = rows.with_columns(*blank, contact=pl.lit(0 if keeps else 1, pl.UInt32))
    named_so = (pl.col(name).cast(CONTACT_DETAILS[name]) for name in (*TOLD, MARKS))
    return told.select("contact", *named_so, pl.lit(None, pl.String).alias("restricted"))


_SAID = ("name", "sis_id", "address", MARKS)


def _said(name: str, now: Snapshot, mine: Snapshot, theirs: Snapshot, keeps: bool) -> str | None:
    """A name, SIS id or address: what is said now stays with the one, unless it is the other's."""
    said: list[str | None] = [side.frames["contact"][name][0] for side in (now, mine, theirs)]
    is_now, own, other = said
    return is_now if keeps and is_now != other else own


def _ties(now: Snapshot, mine: Snapshot, theirs: Snapshot, *, keeps: bool) -> pl.DataFrame:
    """The relationships of one of the two; what both were to a student is there twice."""
    ties = now.frames["relationship"]
    own, other = (side.frames["relationship"] for side in (mine, theirs))
    is_pupil, is_others_pupil = (
        pl.col("student_id").is_in(side["student_id"].implode()) for side in (own, other)
    )
    own_kinds, other_kinds = (
        ties.join(side, on=_KIND, how="semi", nulls_equal=True)["id"] for side in (own, other)
    )
    is_own_kind, is_other_kind = (
        pl.col("id").is_in(ids.implode()) for ids in (own_kinds, other_kinds)
    )
    is_mine = is_own_kind | (is_pupil & ~is_others_pupil)
    if keeps:
        is_mine |= ~is_others_pupil | (is_pupil & ~is_other_kind)
    told = ties.filter(is_mine)
    known = own.select(*_KIND, own_id="id").unique(_KIND, keep="first", maintain_order=True)
    is_free = ~pl.col("own_id").is_in(ties["id"].implode())
    is_both = is_other_kind & is_own_kind
    if not keeps:
        is_free |= pl.col("own_id") == pl.col("id")
    named = told.join(known, on=_KIND, how="left", nulls_equal=True)
    return named.with_columns(
        pl.when(is_both & is_free).then("own_id").otherwise("id").alias("id"),
        contact_id=pl.lit(mine.frames["contact"]["id"][0]),
    ).drop("own_id")
