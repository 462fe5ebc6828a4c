"""Purge: what is older than its period goes, from the tables and from storage.

    uploads ─ findings, previews, holds ─ values of who is gone ─ events and reads on record ─ ids

Values go first; by whom they were stays as keyed hashes, so that whoever returns within the record
gets the old id. Whatever is interrupted is finished by the next purge.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from kinsync.domain.retention import Periods, periods_of
from kinsync.domain.vocabulary import default_vocabulary
from kinsync.pipeline.identity import hashed, traits
from kinsync.services import review
from kinsync.services.known import Known
from kinsync.services.returning import Keys
from kinsync.services.uploads import Uploads
from kinsync.store import (
    accounts,
    kept_lines,
    queue,
    records,
    removal,
    retention,
    search,
    snapshots,
    sources,
)
from kinsync.store.database import district_lock
from kinsync.store.folders import remove, subfolders
from kinsync.store.rewriting import Tidied, tidy
from kinsync.store.storage import Storage
from kinsync.transport.spool import sweep_left_folders

EVERY = timedelta(days=1)
"""How often a worker purges each district."""
QUEUED_AT_ONCE = 50
"""Districts whose purge is queued at one look."""
UNFINISHED = ".unfinished"
TABLES_ARE_KEPT = timedelta(days=2)
"""Over the tables of a pull changes are laid on the same day only, whatever the time zone."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a purge needs from outside. ``identity_keys`` are asked for where somebody goes."""

    storage: Storage
    uploads: Uploads
    now: Callable[[], datetime]
    keep: Periods
    identity_keys: Keys
    rewrite_mb: int = 1024
    is_database_ours: bool = False
    on_wait: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Purged:
    """What one purge of a district took away, or would: how much, by what it is."""

    district: records.District
    counts: dict[str, int]

    @property
    def has_freed(self) -> bool:
        """Whether the database has bytes to give back."""
        return any(self.counts.values())


def purge_district(district_id: int, tools: Tools, *, is_dry: bool = False) -> Purged:
    """Take away what a district keeps beyond its periods. With ``is_dry`` say what would go.

    Raises:
        NotFound: there is no such district.
        ChangeInput: its periods, or a key, are malformed.
        TryAgainLater: the database or storage is away; the next purge goes on.
    """
    with district_lock(district_id, on_wait=tools.on_wait):
        district = records.district(district_id)
        periods = periods_of(district.settings, tools.keep)
        at = tools.now()
        files = _Files(district, tools.storage, is_dry=is_dry)
        before = at - timedelta(days=periods.of_uploads)
        counts = {"files": tools.uploads.purge(before=before, of=district_id, is_dry=is_dry)}
        counts |= retention.purge(
            district_id,
            periods,
            lambda students, contacts: _hashed(
                district_id, students, contacts, tools.identity_keys
            ),
            at=at,
            is_dry=is_dry,
        )
        counts["reports"] = files.purge_syncs(at - timedelta(days=periods.of_findings))
        counts["copies"] = files.purge_copies(at - timedelta(days=periods.of_findings))
        counts["tables"] = files.purge_tables(at)
        counts["previews"] = review.forget_previews(district, tools.storage, at, is_dry=is_dry)
        if counts["caches"] and not is_dry:
            files.renew_cache()
    return Purged(district, counts)


def _hashed(
    district_id: int, students: pl.DataFrame, contacts: pl.DataFrame, keys: Keys
) -> pl.DataFrame:
    """``identities.KEPT`` of these, under the newest key."""
    found = traits(students, contacts, default_vocabulary())
    newest, *_older = keys()
    kept = found.with_columns(hashed(found, newest, district_id).alias("hash"))
    return kept.rename({"who": "id"}).select("hash", "id", "kind", "role", "is_household")


@dataclass(frozen=True, slots=True)
class _Files:
    """What lies in storage of one district, whose lock we hold."""

    district: records.District
    storage: Storage
    is_dry: bool

    def purge_syncs(self, before: datetime) -> int:
        """Findings and changes of syncs that began before then, or of which nothing is known."""
        folder = self.storage.district(self.district.public_id) / "syncs"
        started = records.sync_starts(self.district.id)
        old = [
            name
            for name in subfolders(folder)
            if name.isdigit() and (int(name) not in started or started[int(name)] <= before)
        ]
        if not self.is_dry:
            for name in old:
                remove(folder / name)
        return len(old)

    def purge_copies(self, before: datetime) -> int:
        """Lines that are kept too long, and what killed processes left."""
        folder = self.storage.district(self.district.public_id)
        last = records.last_published_sync(self.district.id)
        are_lines_old = last is None or last.started_at <= before
        old = [
            name
            for name in subfolders(folder)
            if name.endswith(UNFINISHED) or (are_lines_old and name.startswith(kept_lines.PREFIXES))
        ]
        if not self.is_dry:
            for name in old:
                remove(folder / name)
            self._forget_caches()
            if are_lines_old:
                search.forget_found(self.district.id)
        return len(old)

    def purge_tables(self, at: datetime) -> int:
        """Tables of pulls on which no pull can build any more, of sources that are gone too."""
        folder = self.storage.district(self.district.public_id) / "tables"
        known = {str(one.id): Known.of(one.state) for one in sources.list_sources(self.district.id)}
        old = [
            name
            for name in subfolders(folder)
            if (of := known.get(name)) is None or of.whole_at < at - TABLES_ARE_KEPT
        ]
        if not self.is_dry:
            for name in old:
                remove(folder / name)
        return len(old)

    def renew_cache(self) -> None:
        """Keep anew what is published: the last copy is of a version that is purged."""
        district = self.district
        published = snapshots.published(district.id, storage=self.storage)
        name = snapshots.cache_name(district.published, 0)
        snapshots.write_cache(self.storage, district.public_id, name, published.frames)
        retention.note_cache(district.id, district.published, name)
        self._forget_caches()

    def _forget_caches(self) -> None:
        district = self.district
        keep = retention.cache_of(district.id)
        snapshots.forget_caches(self.storage, district.public_id, district.published, keep=keep)


def give_back(tools: Tools, *, is_rewriting: bool = False) -> Tidied:
    """See that what was taken away is nowhere any more: on this machine, and in the database.

    With ``is_rewriting`` tables are rewritten however large they are.

    Raises:
        TryAgainLater: the database is away or busy.
    """
    sweep_left_folders()
    accounts.sweep(tools.now())
    most = MOST_MB if is_rewriting else tools.rewrite_mb
    return tidy(rewrite_mb=most, is_ours=tools.is_database_ours)


MOST_MB = 1 << 40
"""More than any table has."""


def queue_due(at: datetime) -> int:
    """Queue the purge of districts that had none for a day; how many."""
    with queue.queueing(doing="queueing purges") as cursor:
        due = queue.districts_to_purge(cursor, at, before=at - EVERY, limit=QUEUED_AT_ONCE)
        for district_id in due:
            queue.purge(cursor, district_id, at)
        return len(due)


def remove_district(district: records.District, tools: Tools) -> dict[str, int]:
    """Take away everything of a district, at once and for good: rows by table.

    Raises:
        TryAgainLater: the database or storage is away; the same call goes on.
    """
    folder = tools.storage.district(district.public_id)
    with district_lock(district.id, on_wait=tools.on_wait):
        remove(folder)  # first, so that a bucket that is away leaves a district to remove again
        review.forget_every_preview(district, tools.storage)
        accounts.remove_people_of(district.id)
        counts = removal.remove_district(district.id)
        tools.uploads.staging.forget_district(district.id)
        remove(folder)  # what was uploaded meanwhile
    give_back(tools)
    return counts
