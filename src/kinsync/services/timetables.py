"""Timetables as people say them: on which days, how often, and from when."""

import re
from dataclasses import dataclass
from datetime import time

from kinsync.domain.errors import ChangeInput

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EVERY_DAY = tuple(range(7))
STEPS = (1, 2, 3, 4, 6, 8, 12, 24)
"""Hours between two times of a day: they divide it."""

_SAID = re.compile(r"(\d{1,2}) (\d{1,2}(?:,\d{1,2})*) \* \* (\*|[0-7](?:[-,][0-7])*)")
_OF_CRON = {day: (day - 1) % 7 for day in range(8)}
"""Cron counts days from Sunday, which is 0 and 7."""


@dataclass(frozen=True, slots=True)
class Times:
    """Every so many hours, ``first`` being the earliest of a day. ``days`` count from Monday, 0."""

    first: time
    every_hours: int = 24
    days: tuple[int, ...] = EVERY_DAY

    def __post_init__(self) -> None:
        if self.every_hours not in STEPS:
            raise ChangeInput(
                f"The hours between two times are one of {', '.join(map(str, STEPS))}."
            )
        if not self.days or not set(self.days) <= set(EVERY_DAY):
            raise ChangeInput("Choose at least one day of the week.")

    @property
    def cron(self) -> str:
        """The same as five fields of cron."""
        start = self.first.hour % self.every_hours
        hours = range(start, 24, self.every_hours)
        days = sorted((day + 1) % 7 for day in self.days)
        told = "*" if len(days) == len(EVERY_DAY) else ",".join(map(str, days))
        return f"{self.first.minute} {','.join(map(str, hours))} * * {told}"

    def __str__(self) -> str:
        often = {1: "every hour", 24: "once a day"}.get(
            self.every_hours, f"every {self.every_hours} hours"
        )
        start = f"{self.first.hour % self.every_hours:02}:{self.first.minute:02}"
        return f"{often}, {'at' if self.every_hours == 24 else 'from'} {start}, {_days(self.days)}"


def times_of(cron: str) -> Times | None:
    """What a timetable says; None where it says what these words cannot."""
    found = _SAID.fullmatch(cron.strip())
    if found is None:
        return None
    hours = sorted({int(hour) for hour in found[2].split(",")})
    step = 24 // len(hours)
    days = _days_of(found[3])
    if (
        step not in STEPS
        or hours != list(range(hours[0], 24, step))
        or hours[0] >= step
        or not days
    ):
        return None
    return Times(time(hours[0], int(found[1])), step, days)


def in_words(cron: str) -> str:
    """A timetable as people read it."""
    times = times_of(cron)
    return str(times) if times else f"at times of its own ({cron})"


def _days_of(text: str) -> tuple[int, ...]:
    if text == "*":
        return EVERY_DAY
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found |= {_OF_CRON[day] for day in range(int(first), int(last or first) + 1)}
    return tuple(sorted(found))


def _days(days: tuple[int, ...]) -> str:
    known = sorted(set(days))
    if len(known) == len(EVERY_DAY):
        return "every day"
    if len(known) > 2 and known == list(range(known[0], known[-1] + 1)):
        return f"{DAYS[known[0]]} to {DAYS[known[-1]]}"
    return ", ".join(DAYS[day] for day in known)
