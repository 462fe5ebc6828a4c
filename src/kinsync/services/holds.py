"""A held sync: look at it, publish exactly that, or forget it."""

from dataclasses import dataclass

from kinsync.domain.changes import Changes
from kinsync.domain.errors import Conflict, NotFound
from kinsync.services.adopted import settle_waiting_ids
from kinsync.services.sync import Tools
from kinsync.store import publish, records, storage
from kinsync.store.database import district_lock
from kinsync.store.kept_lines import forget_lines


@dataclass(frozen=True, slots=True)
class Held:
    """A sync that waits for a person, and what it would change."""

    sync: records.Sync
    changes: Changes


def held_sync(district: records.District, tools: Tools, *, sync_id: int | None = None) -> Held:
    """The held sync of a district; ``sync_id`` says which one is meant.

    Raises:
        NotFound: nothing is held.
        Conflict: another sync is held than the one that is meant: a newer upload replaced it.
        ChangeInput: what it would change is not kept any more.
    """
    sync = _waiting(district, sync_id)
    folder = tools.storage.sync(district.public_id, sync.id)
    return Held(sync, storage.load_changes(folder))


def _waiting(district: records.District, sync_id: int | None) -> records.Sync:
    """The record of the held sync alone."""
    sync = records.held_sync(district.id)
    if sync is None:
        raise NotFound(f"No sync of {district.name} is held.")
    if sync_id is not None and sync.id != sync_id:
        raise Conflict(
            f"Sync {sync_id} is not held any more; sync {sync.id} is. Nothing was done. "
            f"Look at it with 'kinsync hold show' first."
        )
    return sync


def approve(
    district: records.District, tools: Tools, *, sync_id: int | None = None
) -> records.Sync:
    """Publish exactly the changes that were held; answers the sync with its new version.

    Raises:
        NotFound, Conflict: as ``held_sync``; or the district has published since.
        TryAgainLater: the database is away.
    """
    with district_lock(district.id, on_wait=tools.on_wait):
        held = held_sync(district, tools, sync_id=sync_id)
        publication = publish.Publication(
            district_id=district.id,
            sync_id=held.sync.id,
            base=held.sync.base,
            changes=held.changes,
            at=tools.now(),
            counts=held.sync.counts,
        )
        publish.publish(publication, storage=tools.storage, step=tools.step)
        settle_waiting_ids(district.id, held.changes)
        forget_lines(tools.storage, district.public_id, keep=held.sync.id)
        return records.find_sync(district.id, held.sync.id)


def discard(
    district: records.District, tools: Tools, *, sync_id: int | None = None
) -> records.Sync:
    """Forget the held sync; what is published stays.

    Raises:
        NotFound, Conflict: as ``held_sync``.
    """
    with district_lock(district.id, on_wait=tools.on_wait):
        sync = _waiting(district, sync_id)
        return records.finish_sync(sync, "discarded", at=tools.now(), reasons=sync.reasons)
