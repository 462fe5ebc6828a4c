"""Publishing in tests: a district's next snapshot in one call."""

from kinsync.domain.changes import Changes, Snapshot
from kinsync.domain.share import EVERYTHING, Share
from kinsync.store import access, feeds, records, snapshots
from kinsync.store.publish import Publication, publish
from kinsync.store.storage import Storage
from tests.store.people import NOON, difference


def prepare(
    district_id: int, after: Snapshot, *, storage: Storage, changes: Changes | None = None
) -> Publication:
    """What would make ``after`` the next version of the district."""
    district = records.district(district_id)
    before = snapshots.load(district_id, storage=storage)
    sync = records.start_sync(district, at=NOON)
    return Publication(
        district_id=district_id,
        sync_id=sync.id,
        base=district.published,
        changes=changes or difference(before, after),
        at=NOON,
        snapshot=after,
    )


def publish_next(district_id: int, after: Snapshot, *, storage: Storage) -> int:
    return publish(prepare(district_id, after, storage=storage), storage=storage)


def connected(
    district_id: int, application_id: int, share: Share = EVERYTHING, *, storage: Storage
) -> access.Connection:
    """The connection of an application that from now on sees this share."""
    feeds.settle(district_id, application_id, share, at=NOON, storage=storage)
    return access.find_connection(district_id, application_id)
