"""Activity: how much is done and waits, over all districts and machines. Counts alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kinsync.store import activity as counts

WINDOW = timedelta(hours=24)
BOUNDS_SECONDS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)


@dataclass(frozen=True, slots=True)
class Durations:
    """Syncs that ended in one state: ``buckets`` are (upper bound, how many took no longer)."""

    buckets: Sequence[tuple[str, float]]
    seconds: float


@dataclass(frozen=True, slots=True)
class Activity:
    """What goes on now, and the syncs of the last day by state."""

    jobs: Mapping[str, int]
    workers: int
    waiting_seconds: float
    syncs: Mapping[str, Durations]


def activity(at: datetime) -> Activity:
    """What goes on at that time.

    Raises:
        TryAgainLater: the database is away.
    """
    syncs = {
        state: Durations(
            [*zip(map(str, BOUNDS_SECONDS), numbers, strict=False), ("+Inf", numbers[-1])], seconds
        )
        for state, numbers, seconds in counts.sync_durations(at - WINDOW, BOUNDS_SECONDS)
    }
    return Activity(
        jobs=counts.count_jobs(),
        workers=counts.count_workers(),
        waiting_seconds=counts.longest_wait_seconds(at),
        syncs=syncs,
    )
