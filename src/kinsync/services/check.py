"""Check a delivery: read, map, clean, check, link. Needs no database and changes nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kinsync.services.delivery import Delivery
from kinsync.services.intake import Intake
from kinsync.transport.spool import Spool


@contextmanager
def checked(
    delivery: Delivery, *, progress: Callable[[int, int], None] = lambda _read, _size: None
) -> Iterator[Intake]:
    """What a delivery amounts to, as long as the block lasts: its rows wait on disk."""
    with Spool() as spool:
        intake = Intake(delivery.sources, spool, priority=delivery.priority)
        yield intake.take_in(delivery.vocabulary, progress)
