"""Arrivals: what a district has delivered by itself is synced, the newest alone, when it may be."""

from contextlib import AbstractContextManager
from typing import Protocol

from kinsync.services.arrived import Arrived
from kinsync.services.delivery import Delivery, open_delivery
from kinsync.services.pause import pause_of
from kinsync.services.sources import open_pulled
from kinsync.services.sync import Outcome, Tools, sync_delivery
from kinsync.store import queue, records


class Arrivals(Protocol):
    """The port behind which uploads lie: ``services.arrived.Arrivals`` outside of tests."""

    def newest(self, district: records.District, /) -> AbstractContextManager[Arrived | None]:
        """What the district delivered last, to be read until the context ends; None: nothing."""


def sync_arrived(district_id: int, arrivals: Arrivals, tools: Tools) -> Outcome | None:
    """Sync what a district delivered last; None where that was done, or publishing is paused.

    What arrived before and was never synced is passed over: the newest upload wins. A pause that
    ends by itself is waited for in the queue; ``services.pause.resume`` queues the sync otherwise.

    Raises:
        TryAgainLater: the database or the disk is away, or another sync of the district runs.
    """
    district = records.district(district_id)
    with arrivals.newest(district) as arrived:
        if arrived is None or arrived.turn <= records.last_turn(district.id):
            return None
        if pause := pause_of(district, tools.now()):
            if pause.ends_at is not None:
                with queue.queueing() as cursor:
                    queue.sync_at_once(cursor, district.id, pause.ends_at)
            return None
        return sync_delivery(district, open_arrived(arrived), tools, turn=arrived.turn)


def open_arrived(arrived: Arrived) -> Delivery:
    """Look at what arrived: files of the district's own, or the rows of a source."""
    if arrived.source is not None:
        return open_pulled(arrived.students, arrived.source, students=arrived.beside)
    return open_delivery(arrived.students, contacts=arrived.contacts)
