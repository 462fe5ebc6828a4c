"""What people decided about two contacts: the same person, or different people.

A decision speaks of two ids. Whoever is the *same* is published as one contact, under one of the
ids, its *face*; the contacts behind a face, as the source goes on delivering them, are its *parts*.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from kinsync.domain.frames import CONTACT_DETAILS

SAME, DIFFERENT, LATER = "same", "different", "later"
VERDICTS = (SAME, DIFFERENT, LATER)

FACES = pl.Schema({"id": pl.String(), "face_id": pl.String(), "face_legacy_id": pl.String()})
"""One row is one contact of those who are the same; the face is one of them."""

PARTS = pl.Schema(
    {
        "face_id": pl.String(),
        "id": pl.String(),
        "legacy_id": pl.String(),
        **CONTACT_DETAILS,
        "ties": pl.String(),  # JSON list of relationships: id, student_id and details
    }
)
"""One row is one contact behind a face, as the source delivers it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about a pair; ``low_id`` is the older id of the two."""

    id: str
    low_id: str
    low_legacy_id: str
    high_id: str
    high_legacy_id: str
    verdict: str
    decided_by: str
    decided_at: datetime

    @property
    def pair(self) -> tuple[str, str]:
        return self.low_id, self.high_id


def faces(decisions: Iterable[Decision], published: Collection[str]) -> pl.DataFrame:
    """Who is who (``FACES``) by the decisions that say *same*; each tie leads on to the next.

    The face is the oldest of the ids that are ``published``, so that one who is published already
    goes on as they are; where none is, the oldest of all.
    """
    same = [one for one in decisions if one.verdict == SAME]
    legacy = {one.low_id: one.low_legacy_id for one in same}
    legacy |= {one.high_id: one.high_legacy_id for one in same}
    groups = sorted(together(one.pair for one in same).items())
    known = {least: id_ for id_, least in reversed(groups) if id_ in published}
    told = [(id_, known.get(least, least)) for id_, least in groups]
    rows = [(id_, face, legacy[face]) for id_, face in told]
    return pl.DataFrame(rows, schema=FACES, orient="row")


def together(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The least of all that can be reached from each, along the pairs."""
    leads: dict[str, str] = {}

    def least(id_: str) -> str:
        while (near := leads.setdefault(id_, id_)) != id_:
            id_ = leads[id_] = leads[near]
        return id_

    for one, other in pairs:
        low, high = sorted((least(one), least(other)))
        leads[high] = low
    return {id_: least(id_) for id_ in list(leads)}
