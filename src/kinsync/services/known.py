"""What is known of a source from its last whole pull or change: whether the next can build on it.

The tables lie in storage, in a folder named by the pull that left them; which folder counts is
said by the source's state, which is written in the transaction that makes the pull whole. So a
process that dies in between leaves the tables of before, and a folder that nobody looks at.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from kinsync import __version__
from kinsync.connectors.connector import Connector, Given, State
from kinsync.services.reading import Reading
from kinsync.store import pulls
from kinsync.store.folders import Folder, remove, subfolders
from kinsync.store.sources import Source
from kinsync.store.storage import write_frames

NOTHING_KEPT = "nothing was kept of a pull before"
ASKED_FOR = "somebody asked for it"
OTHERWISE = "settings, credentials, mapping or Kinsync's version changed"
FAULT = "the pull before was not whole"
FIRST_OF_DAY = "it was the first pull of the day"
DAMAGED = "the tables of the pull before are gone or damaged"
UNTOLD = "the system could not say what changed"


@dataclass(frozen=True, slots=True)
class Known:
    """Where the last pull that counts left off.

    ``pull`` is its number and the name of its tables' folder, ``whole_at`` when everything was read
    last, ``moment`` where the system stood, ``made_with`` a checksum of all by which it was read.
    """

    pull: int
    whole_at: datetime
    moment: State
    made_with: str

    @staticmethod
    def of(state: Mapping[str, Any]) -> "Known | None":
        """What a source's state says; None: nothing, or nothing that is understood."""
        try:
            return Known(
                int(state["pull"]),
                datetime.fromisoformat(state["whole_at"]),
                dict(state["moment"]),
                str(state["made_with"]),
            )
        except (KeyError, TypeError, ValueError):
            return None

    def state(self) -> State:
        """The same for the source."""
        return {
            "pull": self.pull,
            "whole_at": self.whole_at.isoformat(),
            "moment": dict(self.moment),
            "made_with": self.made_with,
        }


def made_with(route: Connector, source: Source, told: Given, sealed: str) -> str:
    """A checksum of all by which a source is read; ``sealed`` are its credentials as they lie."""
    tables = [(one.name, one.key, one.columns) for one in route.tables_of(told)]
    parts = (__version__, source.connector, dict(source.settings), sealed, tables)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def why_whole(
    known: Known | None, source: Source, pull_id: int, mark: str, *, at: datetime, zone: ZoneInfo
) -> str:
    """Why changes alone do not do; "" where they do."""
    if known is None:
        return NOTHING_KEPT
    if known.made_with != mark:
        return OTHERWISE
    latest = pulls.recent(source.district_id, source.id, limit=2)
    if known.pull not in [one.id for one in latest if one.id != pull_id]:
        return FAULT
    if known.whole_at.astimezone(zone).date() != at.astimezone(zone).date():
        return FIRST_OF_DAY
    return ""


def known_next(
    before: Known | None, reading: Reading, pull_id: int, mark: str, *, at: datetime
) -> Known | None:
    """What is known once a reading counts; None: the next one has to read everything."""
    if reading.moment is None:
        return None
    whole_at = before.whole_at if before and reading.kind == pulls.CHANGES else at
    return Known(pull_id, whole_at, reading.moment, mark)


def in_words(pull: pulls.Pull) -> str:
    """How a pull read; "" where it did not come to an end."""
    if not pull.kind:
        return ""
    rows = f"{pull.read:,} {'row' if pull.read == 1 else 'rows'} read"
    if pull.kind == pulls.CHANGES:
        return f"changes alone, {rows}"
    return f"everything, {rows}, because {pull.why}" if pull.why else f"everything, {rows}"


# -- the tables ----------------------------------------------------------------------------------


def keep_tables(folder: Folder, reading: Reading, pull_id: int) -> None:
    """Lay the tables of a pull into a source's folder (``Storage.tables``), beside earlier ones.

    Raises:
        TryAgainLater: storage is full or away.
    """
    write_frames(folder / str(pull_id), reading.tables)


def forget_tables(folder: Folder, *, before: int) -> None:
    """Remove the tables that earlier pulls left in a source's folder."""
    for name in subfolders(folder):
        number = name.partition(".")[0]  # what a killed process left ends in .unfinished
        if number.isdigit() and int(number) < before:
            remove(folder / name)
