"""What a check is told, and what it says."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kinsync.domain.settings import Settings
from kinsync.store.storage import Storage


class State(StrEnum):
    """How a thing is: a note can stay as it is, a problem cannot."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Said:
    """What a check has found, and what to do. Names districts; never a person, key or password."""

    state: State
    text: str
    advice: str = ""


def ok(text: str) -> Said:
    return Said(State.OK, text)


def note(text: str, advice: str = "") -> Said:
    return Said(State.NOTE, text, advice)


def problem(text: str, advice: str) -> Said:
    return Said(State.PROBLEM, text, advice)


@dataclass(frozen=True, slots=True)
class Look:
    """The installation that is looked at, from one machine at one moment."""

    settings: Settings
    storage: Storage
    at: datetime
    reach: Callable[[], None]
    """Connects to the database; its tables are left as they are."""


Check = Callable[[Look], Said]
