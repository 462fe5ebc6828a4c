"""Settle: who reads as last night is told by hashes, piece by piece, and needs no more looking at.

A usual night leaves nearly everybody as they were. They are paired by what they read like, as
*match* would pair them, and are never put together as whole records. What is left goes on with
everybody whose evidence it may touch: whoever has a student, a SIS id, a phone or a mailbox in
common with somebody who does not read as before. On that part match, carry and diff find what
they would find on the whole.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from kinsync.domain.frames import CONTACT_DETAILS, RELATIONSHIP_DETAILS, STUDENTS
from kinsync.pipeline.emails import comparable_email
from kinsync.pipeline.fingerprints import row_hash
from kinsync.pipeline.people import reached
from kinsync.pipeline.phones import comparable_phone

_CONTACTS = pl.Schema({"who": pl.UInt64(), "details": pl.UInt64(), "number": pl.UInt64()})
_REACHES = pl.Schema({"who": pl.UInt64(), "reach": pl.UInt64()})
_TIES = pl.Schema({"who": pl.UInt64(), "student": pl.UInt64(), "kind": pl.UInt64()})
_STUDENTS = pl.Schema({"student": pl.UInt64(), "details": pl.UInt64()})


@dataclass(frozen=True, slots=True)
class Prints:
    """One side as 64-bit hashes, to be compared within one run only.

    ``students``: ``student`` (its SIS id) and ``details``, one row each. ``contacts``: ``who``,
    ``details`` and ``number`` (the SIS id, or null), one row each. ``reaches``: ``who`` and each
    phone or mailbox. ``ties``: ``who``, ``student`` and ``kind``, one row for each relationship.
    """

    students: pl.DataFrame
    contacts: pl.DataFrame
    reaches: pl.DataFrame
    ties: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What has to be looked at.

    ``incoming`` are contacts of the sync by number, ``published`` and ``students`` hashes of ids
    and of the students' SIS ids: as ``id_hash`` makes them.
    """

    incoming: pl.Series
    published: pl.Series
    students: pl.Series


def id_hash(column: str) -> pl.Expr:
    """The hash under which ``Unsettled`` speaks of ids."""
    return pl.col(column).hash()


def prints(
    students: Iterable[pl.DataFrame],
    contacts: Iterable[pl.DataFrame],
    relationships: Iterable[pl.DataFrame],
) -> Prints:
    """What a sync reads like: pieces of ``STUDENTS``, ``CONTACTS`` and ``RELATIONSHIPS``."""
    told, reaches = [pl.DataFrame(schema=_CONTACTS)], [pl.DataFrame(schema=_REACHES)]
    for piece in contacts:
        numbered = piece.with_columns(who=pl.col("contact").cast(pl.UInt64))
        told.append(numbered.select("who", **_told_of_contact()))
        reaches.append(_reaches(numbered))
    ties = [
        piece.select(pl.col("contact").cast(pl.UInt64).alias("who"), **_tie("student_sis_id"))
        for piece in relationships
    ]
    return Prints(
        pl.concat(
            [pl.DataFrame(schema=_STUDENTS)]
            + [piece.select(**_told_of_student()) for piece in students]
        ),
        pl.concat(told),
        pl.concat(reaches),
        pl.concat([pl.DataFrame(schema=_TIES), *ties]),
    )


def published_prints(published: Mapping[str, pl.LazyFrame]) -> Prints:
    """What is published reads like: by kind, frames of ``PUBLISHED``, of which little is read."""
    contacts = published["contact"].with_columns(who=id_hash("id"))
    students = (
        published["student"]
        .select(id_hash("id").alias("of"), **_told_of_student())
        .collect(engine="streaming")
    )
    ties = (
        published["relationship"]
        .select(
            id_hash("student_id").alias("of"),
            id_hash("contact_id").alias("who"),
            words=row_hash(list(RELATIONSHIP_DETAILS)),
        )
        .join(students.lazy().select("of", "student"), on="of")
        .select("who", "student", kind=_kind())
        .collect(engine="streaming")
    )
    return Prints(
        students.drop("of"),
        contacts.select("who", **_told_of_contact()).collect(engine="streaming"),
        _reaches_of(contacts),
        ties,
    )


def _told_of_student() -> dict[str, pl.Expr]:
    return {"student": pl.col("sis_id").hash(), "details": row_hash(list(STUDENTS))}


def _told_of_contact() -> dict[str, pl.Expr]:
    return {"details": row_hash(list(CONTACT_DETAILS)), "number": _hash("sis_id")}


def _tie(student: str) -> dict[str, pl.Expr]:
    words = row_hash(list(RELATIONSHIP_DETAILS))
    return {"student": pl.col(student).hash(), "kind": (pl.col(student).hash() + words).hash(17)}


def _kind() -> pl.Expr:
    return (pl.col("student") + pl.col("words")).hash(17)


def _reaches(contacts: pl.DataFrame) -> pl.DataFrame:
    return reached(contacts).select("who", pl.col("reach").hash())


def _reaches_of(contacts: pl.LazyFrame) -> pl.DataFrame:
    firsts = contacts.select(
        "who",
        comparable_phone(pl.col("phone")).alias("phone"),
        comparable_email(pl.col("email")).alias("email"),
    ).select("who", *(_hash(name) for name in ("phone", "email")))
    told = firsts.collect(engine="streaming")
    has_more = pl.any_horizontal(pl.col("more_phones", "more_emails").is_not_null())
    first = [told.select("who", reach=name).drop_nulls() for name in ("phone", "email")]
    return pl.concat([*first, _reaches(contacts.filter(has_more).collect())])


def _hash(column: str) -> pl.Expr:
    """The hash of a text, null where it is."""
    return pl.when(pl.col(column).is_not_null()).then(pl.col(column).hash()).alias(column)


def settle(ours: Prints, theirs: Prints, compared: pl.Series | None = None) -> Unsettled:
    """Everything but the people and students who read as before and touch nobody else.

    Args:
        ours: what the sync reads like.
        theirs: what is published reads like.
        compared: hashes of ids (``id_hash``) of those published who are looked at in any case.
    """
    pairs = _only_ones(ours).join(_only_ones(theirs), on="exact", suffix="_published")
    if compared is not None:
        pairs = pairs.filter(~pl.col("who_published").is_in(compared.implode()))
    left = [
        (side, side.contacts.filter(~pl.col("who").is_in(known.implode())))
        for side, known in ((ours, pairs["who"]), (theirs, pairs["who_published"]))
    ]
    touched = _touched(left)
    near = [_near(side, people["who"], touched) for side, people in left]
    students = [
        *_unlike(ours.students, theirs.students),
        *(
            _of(side.ties, "who", who)["student"]
            for side, who in zip((ours, theirs), near, strict=True)
        ),
    ]
    return Unsettled(near[0].cast(pl.UInt32), near[1], pl.concat(students).unique())


def _only_ones(side: Prints) -> pl.DataFrame:
    """``who`` and ``exact``: whoever reads like nobody else of that side."""
    kinds = side.ties.group_by("who").agg(pl.col("kind").sum())
    return (
        side.contacts.join(kinds, on="who", how="left")
        .select("who", exact=pl.col("details") + pl.col("kind").fill_null(0))
        .filter(pl.col("exact").is_unique())
    )


def _touched(left: list[tuple[Prints, pl.DataFrame]]) -> dict[str, pl.Series]:
    """Students, numbers, phones and mailboxes of those who do not read as before."""
    return {
        "student": pl.concat([_of(side.ties, "who", who["who"])["student"] for side, who in left]),
        "number": pl.concat([people["number"] for _side, people in left]).drop_nulls(),
        "reach": pl.concat([_of(side.reaches, "who", who["who"])["reach"] for side, who in left]),
    }


def _near(side: Prints, left: pl.Series, touched: Mapping[str, pl.Series]) -> pl.Series:
    """Those people, and everybody who has something of theirs."""
    found = {"student": side.ties, "number": side.contacts, "reach": side.reaches}
    near = [_of(frame, name, touched[name])["who"] for name, frame in found.items()]
    return pl.concat([left, *near]).unique()


def _unlike(ours: pl.DataFrame, theirs: pl.DataFrame) -> list[pl.Series]:
    """Students of each side of whom the other says something else, or nothing."""
    both = ["student", "details"]
    return [
        ours.join(theirs, on=both, how="anti")["student"],
        theirs.join(ours, on=both, how="anti")["student"],
    ]


def _of(frame: pl.DataFrame, column: str, values: pl.Series) -> pl.DataFrame:
    return frame.filter(pl.col(column).is_in(values.implode()))
