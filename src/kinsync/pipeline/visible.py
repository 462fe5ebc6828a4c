"""Visible: what a share shows of a snapshot, and the events from one such sight to the next.

Entering what is shown is *created*, leaving it *deleted*; *updated* is what is shown before and
after and has changed between, or is served with other fields.
"""

from collections.abc import Collection, Mapping

import polars as pl

from kinsync.domain.changes import Changes, Snapshot
from kinsync.domain.flags import told as flag
from kinsync.domain.frames import EVENTS, KINDS, PUBLISHED
from kinsync.domain.share import Share
from kinsync.pipeline.fingerprints import row_hash, said

ORDER = (
    *((kind, act) for kind in KINDS for act in ("created", "updated")),
    *((kind, "deleted") for kind in reversed(KINDS)),
)
"""Whatever is told refers only to what was told before it: students first, and last to go."""

RANKS = pl.DataFrame(
    [(kind, act, rank) for rank, (kind, act) in enumerate(ORDER)],
    schema={"kind": pl.String, "act": pl.String, "rank": pl.UInt8},
    orient="row",
)


Lazy = Mapping[str, pl.LazyFrame]
"""By kind, records that are not read yet."""


def visible(snapshot: Snapshot, share: Share) -> Snapshot:
    """The records of a snapshot that a share lets through."""
    if share.is_open:
        return snapshot if share.restricted else _unrestricted(snapshot)
    frames = snapshot.frames
    students = frames["student"].filter(*_limits(share, school_sis_id="schools", grade="grades"))
    ties = frames["relationship"].filter(
        *_limits(share, type="types", relationship="relationships"),
        *([] if share.flags is None else [_has_one_of(share.flags)]),
        *([] if share.restricted else [pl.col("restricted").is_null()]),
        pl.col("student_id").is_in(students["id"].implode()),
        ~pl.col("contact_id").is_in(pl.Series(sorted(share.withheld), dtype=pl.String).implode()),
    )
    is_seen = pl.col("id").is_in(ties["contact_id"].unique().implode())
    return Snapshot(
        {
            "school": frames["school"].filter(*_limits(share, sis_id="schools")),
            "student": students,
            "contact": frames["contact"].filter(is_seen),
            "relationship": ties,
        }
    )


def _unrestricted(snapshot: Snapshot) -> Snapshot:
    """Without restricted people and relationships; as it is where nobody is restricted."""
    frames = {
        kind: frame.filter(pl.col("restricted").is_null())
        if kind in ("contact", "relationship") and frame["restricted"].null_count() < frame.height
        else frame
        for kind, frame in snapshot.frames.items()
    }
    return Snapshot(frames)


def _has_one_of(flags: Collection[str]) -> pl.Expr:
    """Relationships with one of these flags."""
    has = [pl.col("flags").str.contains(flag(name), literal=True) for name in sorted(flags)]
    return pl.any_horizontal(pl.lit(value=False), *has).fill_null(value=False)


def events(before: Snapshot, after: Snapshot, was: Share, now: Share) -> pl.DataFrame:
    """What an application is told when what it sees goes from one state to another.

    Args:
        before: what was published, of which the application saw what ``was`` shows.
        after: what is published then, of which it sees what ``now`` shows.

    Returns:
        ``frames.EVENTS``, in the order in which they are told.
    """
    old, new = visible(before, was), visible(after, now)
    told = pl.concat(
        [_of_kind(kind, _content(kind, old, was), _content(kind, new, now)) for kind in KINDS]
    )
    return told.join(RANKS, on=["kind", "act"]).sort("rank", "record_id").select(EVENTS.names())


def noticed(
    before: Lazy, after: Lazy, changes: Changes, *, follow_students: bool
) -> tuple[Snapshot, Snapshot]:
    """Of two states, the records of which an application may notice anything between them.

    With them comes all that says whether they are seen: ``events`` of the parts are those of the
    whole, under any share that stays the same. A night costs what changed.

    Args:
        before, after: by kind, frames of ``frames.PUBLISHED``, not read yet.
        changes: what differs between the two.
        follow_students: whether people are seen by where their students are.
    """
    contacts = _touched_contacts(before, after, changes, follow_students=follow_students)
    ties = [
        whole["relationship"].filter(pl.col("contact_id").is_in(contacts.implode())).collect()
        for whole in (before, after)
    ]
    students = [_ids(changes, "student"), *(frame["student_id"] for frame in ties)]
    wanted = {"student": pl.concat(students).unique(), "contact": contacts}
    old, new = (
        Snapshot(
            {
                "school": whole["school"].collect(),
                **{
                    kind: whole[kind].filter(pl.col("id").is_in(ids.implode())).collect()
                    for kind, ids in wanted.items()
                },
                "relationship": frame,
            }
        )
        for whole, frame in zip((before, after), ties, strict=True)
    )
    return old, new


def seen(snapshot: Snapshot) -> pl.DataFrame:
    """``kind``, ``record_id``, ``legacy_id`` of every record of what a share shows."""
    return pl.concat(
        [
            snapshot.frames[kind].select(
                kind=pl.lit(kind),
                record_id="id",
                legacy_id="legacy_id" if kind == "contact" else pl.lit(None, pl.String),
            )
            for kind in KINDS
        ]
    )


def _limits(share: Share, **columns: str) -> list[pl.Expr]:
    """A condition for each column that the share limits; a blank is the word ""."""
    limits = {column: getattr(share, name) for column, name in columns.items()}
    return [
        pl.col(column).fill_null("").is_in(sorted(words))
        for column, words in limits.items()
        if words is not None
    ]


def _touched_contacts(
    before: Lazy, after: Lazy, changes: Changes, *, follow_students: bool
) -> pl.Series:
    """Ids of contacts who changed, or whose relationships did, or whose students."""
    of_kind = changes.kinds["relationship"]
    frames = [of_kind.created, of_kind.updated, of_kind.previous, of_kind.deleted]
    if follow_students:
        of_students = pl.col("student_id").is_in(_ids(changes, "student").implode())
        frames += [whole["relationship"].filter(of_students).collect() for whole in (before, after)]
    return pl.concat(
        [_ids(changes, "contact"), *(frame["contact_id"] for frame in frames)]
    ).unique()


def _ids(changes: Changes, kind: str) -> pl.Series:
    of_kind = changes.kinds[kind]
    frames = (of_kind.created, of_kind.updated, of_kind.deleted)
    return pl.concat([frame["id"] for frame in frames])


def _content(kind: str, of: Snapshot, share: Share) -> pl.DataFrame:
    """``id``, and ``content``: a hash of all that is published about each record of a kind.

    Whatever moves a record's ``last_modified`` is told, and a field that begins or ends to be
    served. A person changes with what they are to students; and what v1.2 says of each
    relationship changes with the person.
    """
    frame = of.frames[kind].select("id", content=_hash(kind, of, share))
    if kind == "contact":
        ties = (
            of.frames["relationship"]
            .group_by(id="contact_id")
            .agg(more=_hash("relationship", of, share).sum())
        )
        return _mixed(frame, ties, on="id")
    if kind == "relationship":
        people = of.frames["contact"].select(contact_id="id", more=_hash("contact", of, share))
        frame = frame.with_columns(of.frames[kind]["contact_id"])
        return _mixed(frame, people, on="contact_id")
    return frame


def _hash(kind: str, of: Snapshot, share: Share) -> pl.Expr:
    """One 64-bit hash over what is known of a record and the fields of it that are served."""
    served = pl.lit(",".join(share.columns(kind))).hash()
    known = [name for name in said(PUBLISHED[kind]) if name in of.frames[kind].columns]
    return (row_hash(known) + served).hash(13)


def _mixed(frame: pl.DataFrame, other: pl.DataFrame, *, on: str) -> pl.DataFrame:
    """The same records, with ``more`` of another frame mixed into each one's hash."""
    both = frame.join(other, on=on, how="left", maintain_order="left")
    return both.select("id", content=pl.col("content") + pl.col("more").fill_null(0))


def _of_kind(kind: str, old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    both = new.join(old, on="id", suffix="_was")
    acts = {
        "created": new.join(old, on="id", how="anti")["id"],
        "updated": both.filter(pl.col("content") != pl.col("content_was"))["id"],
        "deleted": old.join(new, on="id", how="anti")["id"],
    }
    return pl.concat(
        [
            ids.to_frame("record_id").select(
                pl.lit(act).alias("act"), pl.lit(kind).alias("kind"), "record_id"
            )
            for act, ids in acts.items()
        ]
    )


def without_contacts(snapshot: Snapshot, share: Share) -> int:
    """How many shared students have contacts of whom the share shows none."""
    shown = visible(snapshot, share).frames
    has_any = pl.col("id").is_in(snapshot.frames["relationship"]["student_id"].unique().implode())
    has_shown = pl.col("id").is_in(shown["relationship"]["student_id"].unique().implode())
    return shown["student"].filter(has_any & ~has_shown).height
