"""Publishing in tests: a district's next snapshot in one call."""

from datetime import datetime

from kinsync.domain.changes import Changes, Snapshot
from kinsync.domain.share import EVERYTHING, Share
from kinsync.store import access, feeds, records, snapshots
from kinsync.store.publish import Publication, publish
from kinsync.store.storage import Storage
from tests.store.people import NOON, difference


def prepare(
    district_id: int,
    after: Snapshot,
    *,
    storage: Storage,
    changes: Changes | None = None,
    at: datetime = NOON,
) -> Publication:
    """What would make ``after`` the next version of the district."""
    district = records.district(district_id)
    before = snapshots.load(district_id, storage=storage)
    sync = records.start_sync(district, at=at)
    return Publication(
        district_id=district_id,
        sync_id=sync.id,
        base=district.published,
        changes=changes or difference(before, after),
        at=at,
        snapshot=after,
    )


def publish_next(
    district_id: int, after: Snapshot, *, storage: Storage, at: datetime = NOON
) -> int:
    return publish(prepare(district_id, after, storage=storage, at=at), storage=storage)


def connected(
    district_id: int,
    application_id: int,
    share: Share = EVERYTHING,
    *,
    storage: Storage,
    at: datetime = NOON,
) -> access.Connection:
    """The connection of an application that from now on sees this share."""
    feeds.settle(district_id, application_id, share, at=at, storage=storage)
    return access.find_connection(district_id, application_id)
