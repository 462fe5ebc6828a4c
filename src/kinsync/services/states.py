"""The state of a district in one word, as its dashboard shows it."""

from datetime import datetime

from kinsync.services.pause import pause_of
from kinsync.store import queue, records
from kinsync.store.sync_states import RUNNING

SUCCESSFUL = "Successful"
IN_PROGRESS = "In progress"
PENDING = "Pending"
ON_HOLD = "On hold"
ERROR = "Error"
PAUSED = "Paused"
PROCESSING = "Processing"
STATES = (SUCCESSFUL, IN_PROGRESS, PENDING, ON_HOLD, ERROR, PAUSED, PROCESSING)

_ENDINGS = {"held": ON_HOLD, "refused": ERROR, "failed": ERROR}


def state_of(district: records.District, at: datetime) -> str:
    """What goes on now, before what was last.

    *Processing*: a worker has taken the district up and no sync has begun yet. *Pending*: files
    wait for their quiet period or a worker, or nothing was ever delivered.
    """
    last = next((sync for sync in records.list_syncs(district.id) if not sync.is_preview), None)
    if last is not None and last.state == RUNNING:
        return IN_PROGRESS
    job = queue.waiting_sync(district.id)
    if job is not None and job.state == "doing":
        return PROCESSING
    if pause_of(district, at):
        return PAUSED
    if records.held_sync(district.id):
        return ON_HOLD
    if job is not None or last is None:
        return PENDING
    return _ENDINGS.get(last.state, SUCCESSFUL)
