"""Arrivals: what a district has delivered by itself is synced, the newest alone, when it may be."""

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from kinsync.domain.rules import FILE_CODES
from kinsync.services.arrived import Arrived, Together
from kinsync.services.delivery import Delivery, open_delivery
from kinsync.services.pause import pause_of
from kinsync.services.several import open_together
from kinsync.services.sources import open_pulled
from kinsync.services.sync import Outcome, Tools, sync_delivery
from kinsync.store import queue, records


class Arrivals(Protocol):
    """The port behind which uploads lie: ``services.arrived.Arrivals`` outside of tests."""

    def newest(
        self, district: records.District, /, *, broken: Collection[int] = ()
    ) -> AbstractContextManager[Arrived | Together | None]:
        """What the district delivered last, to be read until the context ends; None: nothing.

        Of several sources, what came last of each and is not ``broken``.
        """


def sync_arrived(district_id: int, arrivals: Arrivals, tools: Tools) -> Outcome | None:
    """Sync what a district delivered last; None where that was done, or publishing is paused.

    What arrived before and was never synced is passed over: the newest upload wins. A pause that
    ends by itself is waited for in the queue; ``services.pause.resume`` queues the sync otherwise.
    Meanwhile a preview shows what waits, and whoever is newly restricted is withheld.

    Where what came last of one of several sources is refused, that is on record as a sync of its
    own, and the others are synced with what stood of it before.

    Raises:
        ChangeInput: what is published of a source is not kept any more.
        TryAgainLater: the database or the disk is away, or another sync of the district runs.
    """
    district = records.district(district_id)
    broken: set[int] = set()
    outcome: Outcome | None = None
    while True:
        with arrivals.newest(district, broken=broken) as arrived:
            if arrived is None or not (broken or _is_new(district, arrived)):
                return outcome
            if pause := pause_of(district, tools.now()):
                _while_paused(district, arrived, pause.ends_at, tools)
                return outcome
            outcome = sync_delivery(district, open_arrived(arrived), tools, turn=arrived.turn)
            refused = _refused(arrived, outcome) - broken
        if not refused:
            return outcome
        broken |= refused


def _is_new(district: records.District, arrived: Arrived | Together) -> bool:
    """Whether something came since the last sync, or other sources, or others first, count now."""
    last = records.last_turned_sync(district.id)
    if last is None or arrived.turn > (last.turn or 0):
        return True
    told = arrived.priority.as_json() if isinstance(arrived, Together) else None
    return bool(last.counts.get("priority") != told)


def _while_paused(
    district: records.District,
    arrived: Arrived | Together,
    ends_at: datetime | None,
    tools: Tools,
) -> None:
    if ends_at is not None:
        with queue.queueing() as cursor:
            queue.sync_at_once(cursor, district.id, ends_at)
    if district.published:
        delivery = open_arrived(arrived)
        sync_delivery(district, delivery, tools, is_preview=True, is_withholding=True)


def _refused(arrived: Arrived | Together, outcome: Outcome) -> set[int]:
    """The arrivals of sources that refused a delivery of several."""
    if isinstance(arrived, Arrived) or outcome.sync.state != "refused" or not outcome.report:
        return set()
    files = {
        place.file
        for rule in outcome.report.rules
        if rule.code in FILE_CODES
        for place in rule.places
    }
    return {
        piece.standing.arrival
        for piece in arrived.pieces
        if piece.standing.arrival is not None and piece.standing.name in files
    }


def open_arrived(arrived: Arrived | Together) -> Delivery:
    """Look at what arrived: files of the district's own, the rows of a source, or of several."""
    if isinstance(arrived, Together):
        return open_together(arrived)
    if arrived.source is not None:
        pulled = open_pulled(arrived.students, arrived.source, students=arrived.beside)
        return replace(pulled, deletes_later=arrived.is_of_changes)
    return open_delivery(arrived.students, contacts=arrived.contacts)
