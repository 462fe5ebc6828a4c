"""Restore: the content of an earlier version becomes the next one. Nothing is forgotten."""

from dataclasses import replace

import polars as pl

from kinsync.domain.changes import Changes
from kinsync.domain.errors import ChangeInput
from kinsync.pipeline.diff import diff
from kinsync.pipeline.restrict import still_restricted
from kinsync.services.sync import Tools
from kinsync.store import excerpts, publish, records, same_person, snapshots
from kinsync.store.database import district_lock
from kinsync.store.storage import save_changes

ORIGIN = "restore"


def restore(district: records.District, version: int, tools: Tools) -> tuple[records.Sync, Changes]:
    """Publish what ``version`` was, with the ids it had. An id that records had meanwhile points to
    the one they have again. Whoever is restricted now stays so.

    Raises:
        NotFound: the district has no such version.
        ChangeInput: that version is published now.
        TryAgainLater: the database is away; nothing was published.
    """
    with district_lock(district.id, on_wait=tools.on_wait):
        records.fail_abandoned(district.id, at=tools.now())
        district = records.district(district.id)
        if version == district.published:
            raise ChangeInput(f"Version {version} is what {district.name} publishes now.")
        now = snapshots.load(district.id, storage=tools.storage)
        earlier = still_restricted(snapshots.as_of(district.id, version), now)
        changes = diff(earlier, now)
        changes = replace(
            changes,
            merged=snapshots.turned(district.id, changes),
            parts=_parts(district, version),
        )
        run = records.start_sync(
            district, at=tools.now(), origin=ORIGIN, file_name=f"version {version}"
        )
        publication = publish.Publication(
            district_id=district.id,
            sync_id=run.id,
            base=district.published,
            changes=changes,
            at=tools.now(),
            origin=ORIGIN,
            counts={"restored": version},
            snapshot=earlier,
        )
        publish.publish(publication, storage=tools.storage, step=tools.step)
        return records.find_sync(district.id, run.id), changes


def preview(district: records.District, version: int, tools: Tools) -> records.Sync:
    """What restoring a version would change, kept as a preview is; nothing is published.

    It costs what differs, and not what is there.

    Raises as ``restore``.
    """
    if version == district.published:
        raise ChangeInput(f"Version {version} is what {district.name} publishes now.")
    then, now = excerpts.between(district.id, version)
    changes = diff(still_restricted(then, now), now)
    run = records.start_sync(
        district, at=tools.now(), origin=ORIGIN, file_name=f"version {version}", is_preview=True
    )
    save_changes(tools.storage.sync(district.public_id, run.id), changes)
    counts = {"restored": version, "changes": changes.counts()}
    return records.finish_sync(run, "previewed", at=tools.now(), counts=counts)


def _parts(district: records.District, version: int) -> pl.DataFrame | None:
    """Who stood behind each face then; None where the same do now."""
    then, now = (same_person.parts(district.id, one) for one in (version, district.published))
    return None if then.equals(now) else then
