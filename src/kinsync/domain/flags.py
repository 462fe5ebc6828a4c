"""Flags: what a source says of a relationship beside type and relationship.

Published as one text, or null where nothing is said: JSON with the names that are told, in the
order of ``NAMES``, without spaces.

    {"order":1,"primary":"Y","emergency":"N","lives_with":"Y","from":"2026-08-01"}

``restricted`` stands apart: it keeps a person from applications, whatever else is shared.
"""

import json
from collections.abc import Mapping

FLAGS = ("primary", "emergency", "guardian", "lives_with", "pick_up", "receives_mail")
"""Each is Y or N."""

ORDER, RESTRICTED, DATES = "order", "restricted", ("from", "until")
NAMES = (ORDER, *FLAGS, *DATES)
"""``order`` is a number from 0 on, among the contacts of the student; dates are YYYY-MM-DD."""

FLAG_FIELDS = tuple(f"contact_{name}" for name in (ORDER, *FLAGS, RESTRICTED, *DATES))
"""The names that a mapping feeds."""

YES = "Y"


def told(name: str) -> str:
    """What stands in the text of whoever has that one of ``FLAGS``."""
    return f'"{name}":"{YES}"'


def read(text: str | None) -> Mapping[str, str | int]:
    """The flags of one relationship, by name."""
    found: dict[str, str | int] = json.loads(text) if text else {}
    return found
