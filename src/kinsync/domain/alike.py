"""Why two contacts look alike: the reasons that a pair is shown with, and what each weighs.

Codes are public; sentences are for a district's people and never hold a value.
"""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for, or with less than 0 points against, one person."""

    sentence: str
    points: int


REASONS = {
    "same-name": Reason("Both have the same name.", 40),
    "shorter-name": Reason("One name is the other with parts left out.", 34),
    "nickname": Reason("One given name is short for the other.", 32),
    "given-name-alike": Reason("The given names differ by a letter or two.", 30),
    "initial": Reason("One given name is the first letter of the other.", 20),
    "surname-alike": Reason("The surnames differ by a letter or two.", 30),
    "other-surname": Reason("The given name is the same and the surname is another.", 12),
    "common-name": Reason("Many contacts of the district have this name.", -10),
    "same-mailbox": Reason("Both have the same e-mail address.", 36),
    "same-phone": Reason("Both have the same phone, and nobody's home phone.", 30),
    "same-home-phone": Reason("Both have the same home phone.", 14),
    "same-student": Reason("Both stand to the same student.", 14),
    "same-address": Reason("Their students live at one address.", 16),
    "same-family-at-school": Reason("Students of one surname at one school have them.", 12),
    "same-relationship": Reason("Both are called the same for their students.", 6),
    "other-relationship": Reason("They are called otherwise for the same student.", -24),
    "two-at-one-student": Reason("A student has both under one kind and two names.", -4),
    "came-as-other-went": Reason("One came on the night on which the other went.", 26),
    "other-sis-id": Reason("The source numbers them as two people.", -40),
}
"""By code. The points of a pair add up to its score."""

LEAST = 50
"""Pairs that score less are not shown."""
MOST = 99
"""No likeness is certain."""

ALIKE = pl.Schema(
    {
        "low_id": pl.String(),
        "high_id": pl.String(),
        "score": pl.Int16(),  # LEAST to MOST
        "reasons": pl.List(pl.String()),  # keys of REASONS
    }
)
"""One row is one pair of contacts who may be one person; ``low_id`` is the older id. Both are
published, or one came on the night on which the other went."""

TURNED = pl.Schema({"gone_id": pl.String(), "id": pl.String()})
"""One row is a contact who went and one who came in the same version to the same student."""
