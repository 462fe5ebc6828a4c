"""Withholding at once: people who are newly restricted do not wait for a sync that is held."""

from typing import TYPE_CHECKING

from kinsync.domain.changes import Changes
from kinsync.store import publish, records

if TYPE_CHECKING:
    from kinsync.services.sync import Tools  # it withholds

ORIGIN = "restriction"


def publish_restricted(district: records.District, told: Changes, tools: "Tools") -> int:
    """Publish that some people are restricted, and nothing else; answers the new version.

    For whoever holds the district's lock.

    Raises:
        TryAgainLater: the database is away; nothing was published.
    """
    count = told.kinds["relationship"].updated.height
    run = records.start_sync(
        district, at=tools.now(), origin=ORIGIN, file_name=f"{count:,} restricted relationships"
    )
    publication = publish.Publication(
        district_id=district.id,
        sync_id=run.id,
        base=district.published,
        changes=told,
        at=tools.now(),
        origin=ORIGIN,
        counts={"restricted": count},
    )
    return publish.publish(publication, storage=tools.storage, step=tools.step)
