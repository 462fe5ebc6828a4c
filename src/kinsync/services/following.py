"""Following: what pages show of a published version beside its records, made by a worker.

Keys of the search, who can be reached, how complete contacts are, pairs that look alike. A page
reads what is there and says of which version it is.
"""

from datetime import datetime

from kinsync.services import alike, browse
from kinsync.services.sync import Tools
from kinsync.store import page_jobs, quality, queue, reach, records

QUEUED_AT_ONCE = 50
"""Districts that one look queues; the next look queues the next."""


def queue_due(at: datetime) -> int:
    """Queue ``follow`` for districts whose published version nobody has followed; how many.

    Raises:
        TryAgainLater: the database is away.
    """
    with queue.queueing(doing="following what was published") as cursor:
        due = page_jobs.versions_to_follow(cursor, limit=QUEUED_AT_ONCE)
        for district_id, version in due:
            page_jobs.follow(cursor, district_id, version, at)
        return len(due)


def follow(district_id: int, tools: Tools) -> None:
    """Make what is missing for the version that is published now; a second call makes nothing.

    Raises:
        TryAgainLater: the database is away, or a sync of the district runs.
    """
    browse.follow(district_id)
    version = records.district(district_id).published
    if not version:
        return
    if version not in reach.of_versions(district_id, limit=1):
        reach.count(district_id, version)
    counted = quality.newest(district_id)
    if counted is None or counted.version != version:
        quality.count(district_id, version)
    alike.find(records.district(district_id), tools)
