"""First: a district that has published nothing. Nobody is known, so there is nobody to match."""

from collections.abc import Callable, Iterable, Iterator

import polars as pl

from kinsync.domain.frames import CONTACT_DETAILS, PUBLISHED, empty

NewIds = Callable[[int], pl.Series]
"""That many ids nobody ever had, ascending, also from one call to the next."""

Pieces = Iterable[pl.DataFrame]


def first_records(
    schools: pl.DataFrame,
    students: Pieces,
    contacts: Pieces,
    relationships: Pieces,
    count: int,
    new_ids: NewIds,
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Every incoming record under a new id, in the order in which they come.

    Args:
        schools: ``frames.SCHOOLS``.
        students: ``frames.STUDENTS``.
        contacts: ``frames.CONTACTS``.
        relationships: ``frames.RELATIONSHIPS``.
        count: how many contacts there are.
        new_ids: where new ids come from.

    Yields:
        The kind and a frame of ``frames.PUBLISHED``, one kind after the other.
    """
    yield "school", _numbered("school", schools, new_ids)
    pupils = [empty(PUBLISHED["student"]).select("sis_id", "id")]
    for piece in students:
        told = _numbered("student", piece, new_ids)
        pupils.append(told.select("sis_id", "id"))
        yield "student", told
    ids, legacy_ids = new_ids(count), new_ids(count)
    people, start = [pl.DataFrame(schema={"contact": pl.UInt32, "id": pl.String})], 0
    for piece in contacts:
        own = ids.slice(start, piece.height).alias("id")
        legacy = legacy_ids.slice(start, piece.height).alias("legacy_id")
        start += piece.height
        people.append(piece.select("contact", own))
        yield "contact", piece.select(own, legacy, *CONTACT_DETAILS)
    yield from _ties(relationships, pupils, people, new_ids)


def _ties(
    relationships: Pieces,
    students: list[pl.DataFrame],
    contacts: list[pl.DataFrame],
    new_ids: NewIds,
) -> Iterator[tuple[str, pl.DataFrame]]:
    people = pl.concat(contacts).sort("contact")
    pupils = pl.concat(students).select("id", key=pl.col("sis_id").hash())
    for piece in relationships:
        wanted = pl.DataFrame({"key": piece["student_sis_id"].hash()})
        near = pupils.join(wanted, on="key", how="semi")  # of a million, the few of this piece
        named = wanted.join(near, on="key", how="left", maintain_order="left")
        ends = piece.with_columns(
            people["id"].gather(piece["contact"]).alias("contact_id"),
            named["id"].alias("student_id"),
        )
        yield "relationship", _numbered("relationship", ends, new_ids)


def _numbered(kind: str, frame: pl.DataFrame, new_ids: NewIds) -> pl.DataFrame:
    return frame.with_columns(new_ids(frame.height).alias("id")).select(list(PUBLISHED[kind]))
