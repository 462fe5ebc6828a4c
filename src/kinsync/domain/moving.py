"""Moving in: ids of another service that this district's records are to have here.

What an application saved of the other service is *saved records*; what is left of them once they
are put together and judged is *ids to adopt*.
"""

from dataclasses import dataclass, field

import polars as pl

SAVED = pl.Schema(
    {
        "file": pl.String(),
        "place": pl.UInt32(),  # row of a CSV, number of the record in a file of pages
        "kind": pl.String(),  # one of MOVING, or whatever stood there
        "id": pl.String(),
        "legacy_id": pl.String(),  # a contact's v2 id
        "sis_id": pl.String(),
        "name": pl.String(),
        "phone": pl.String(),
        "email": pl.String(),
        "students": pl.List(pl.String()),  # a contact's students: the service's ids, or SIS ids
        "type": pl.String(),
        "relationship": pl.String(),
    }
)
"""One row is one record as it was saved, in the other service's spelling."""

MOVING = ("school", "student", "contact", "legacy", "relationship")
"""What an id can be of: *contact* is a person by the v3 id (and the v2 id, where it is known),
*legacy* a person by the v2 id alone, *relationship* what v1.2 calls a contact."""

TO_ADOPT = pl.Schema(
    {
        "kind": pl.String(),
        "id": pl.String(),
        "legacy_id": pl.String(),
        "sis_id": pl.String(),
        "name": pl.String(),
        "phone": pl.String(),
        "email": pl.String(),
        "students": pl.List(pl.String()),  # SIS ids
        "type": pl.String(),
        "relationship": pl.String(),
    }
)
"""One row is one id to adopt, with the evidence by which its record is recognised."""

GIVEN = pl.Schema({"kind": pl.String(), "ours": pl.String(), "id": pl.String()})
"""One row gives a published record (``ours``, its id now) the id it is to have.

``kind`` is one of MOVING; *legacy* is the v2 id of the contact ``ours``.
"""

OUTCOMES = ("adopted", "waiting", "ambiguous", "unknown", "refused")
"""In force at its record; kept until the record appears; could be of several; nothing to recognise
it by; cannot be an id of ours, or is another record's."""

JUDGED = pl.Schema({**SAVED, "outcome": pl.String(), "reason": pl.String()})
"""One row is one saved record and what becomes of its id."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an import has to say: records per kind and outcome, and those left aside."""

    counts: dict[str, dict[str, int]]
    repeated: int = 0
    """Records that stood there before: pages overlap."""
    ignored: int = 0
    """Records of kinds that Kinsync does not hold."""
    left: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=JUDGED))
    """``JUDGED``: those neither adopted nor waiting."""
