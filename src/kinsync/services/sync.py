"""Sync: a delivery becomes the next published version of a district, whole or not at all.

    read → map → clean → check → link → match → diff → guard → publish

A preview is the same, stopping before publish.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import polars as pl

from kinsync.domain.changes import Changes, FirstChanges, Matched, Snapshot
from kinsync.domain.errors import ChangeInput, KinsyncError
from kinsync.domain.frames import KINDS
from kinsync.domain.guarding import GuardThresholds, HoldReason
from kinsync.domain.retention import Periods, periods_of
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.census import census, census_after
from kinsync.pipeline.first import first_records
from kinsync.pipeline.guard import guard
from kinsync.pipeline.match import Frames
from kinsync.pipeline.restrict import newly_restricted, restricting
from kinsync.services.adopted import (
    first_with_waiting_ids,
    settle_waiting_ids,
    with_waiting_ids,
)
from kinsync.services.decided import Decided, decided
from kinsync.services.delivery import Delivery
from kinsync.services.intake import Intake
from kinsync.services.narrow import MOST_TOUCHED
from kinsync.services.night import Night, compare
from kinsync.services.pause import pause_of
from kinsync.services.report import Report, all_findings, as_reported, report_on
from kinsync.services.returning import Keys, absent
from kinsync.services.taking import TakenIn, taken_in
from kinsync.services.withholding import publish_restricted
from kinsync.store import ids, publish, records, snapshots, storage
from kinsync.store.database import district_lock
from kinsync.store.first_load import Records
from kinsync.store.folders import Folder
from kinsync.store.kept_lines import forget_lines
from kinsync.store.storage import Storage

DELETED_LATER = "deletions-at-next-whole-pull"


@dataclass(frozen=True, slots=True)
class Tools:
    """What a sync needs from outside: where files lie, what time it is, whom to tell."""

    storage: Storage
    now: Callable[[], datetime]
    progress: Callable[[int, int], None] = lambda _read, _size: None
    on_wait: Callable[[], None] = lambda: None
    step: Callable[[str], None] = lambda _name: None
    most_touched: float = MOST_TOUCHED
    keep: Periods = field(default=Periods())
    """How long what is kept, where a district says nothing else."""
    identity_keys: Keys = lambda: ()
    """Under which identities are hashed of whoever is gone longer than values are kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a sync ended. ``changes`` is None where it never came to comparing."""

    sync: records.Sync
    report: Report | None = None
    changes: Changes | None = None
    reasons: tuple[HoldReason, ...] = field(default=())

    def as_json(self) -> dict[str, object]:
        """Counts first; no values of rows."""
        told = self.report.as_json() if self.report else as_reported(self.sync.counts)
        counts = self.changes.counts() if self.changes else {}
        return {
            **told,
            "sync": self.sync.id,
            "state": self.sync.state,
            "version": self.sync.version,
            **{
                act: {kind: counts.get(kind, {}).get(act, 0) for kind in KINDS}
                for act in ("created", "updated", "deleted")
            },
            "reasons": [reason.sentence for reason in self.reasons],
        }


def sync_delivery(
    district: records.District,
    delivery: Delivery,
    tools: Tools,
    *,
    is_preview: bool = False,
    is_withholding: bool = False,
    turn: int | None = None,
) -> Outcome:
    """Run one sync of a district; a second one of the same district waits.

    ``turn`` is that of the upload which the delivery is, where it is one. People who are newly
    restricted are withheld even where it is held, and by a preview that ``is_withholding``.

    Raises:
        ChangeInput: the district is paused, and this is no preview.
        Conflict: this process was given up for dead meanwhile, and another has taken over.
        TryAgainLater: the database or the disk is away; nothing was published.
    """
    with district_lock(district.id, on_wait=tools.on_wait):
        records.fail_abandoned(district.id, at=tools.now())
        district = records.district(district.id)
        if not is_preview and pause_of(district, tools.now()):
            raise ChangeInput(
                f"{district.name} is paused: nothing is published. 'kinsync pause --resume' or "
                "'kinsync blackout --remove' ends that; --preview works meanwhile."
            )
        said = decided(
            district.id,
            district.published,
            delivery.vocabulary,
            since=_since(district, tools),
        )
        delivery = replace(delivery, rules=said.rules(delivery.rules))
        run = _start(district, delivery, tools, is_preview=is_preview, turn=turn)
        if not is_preview and (before := _published_already(district, delivery)):
            return Outcome(_end_unread(run, before, tools))
        try:
            with taken_in(
                district, delivery, tools.storage, tools.progress, tools.most_touched, said
            ) as taken:
                withholds = is_withholding or not is_preview
                under_way = _Run(district, run, delivery, tools, said, withholds)
                return under_way.finish(taken)
        except KinsyncError as error:
            _note_failure(run, error, tools)
            raise


def _since(district: records.District, tools: Tools) -> int:
    """The first version whose deletions count: who has gone since then gets the old id back."""
    days = periods_of(district.settings, tools.keep).record
    now = tools.now()
    return records.first_version_after(district.id, now - timedelta(days=days), at=now)


def _start(
    district: records.District,
    delivery: Delivery,
    tools: Tools,
    *,
    is_preview: bool,
    turn: int | None,
) -> records.Sync:
    return records.start_sync(
        district,
        at=tools.now(),
        file_name=delivery.name,
        sha256=delivery.sha256,
        rules=delivery.rules,
        is_preview=is_preview,
        turn=turn,
    )


def _published_already(district: records.District, delivery: Delivery) -> records.Sync | None:
    """The sync that published these very bytes under these very rules, if nothing came after.

    None where there is something to say of a source, or somebody to delete who stayed until now.
    """
    if any(one.note for one in delivery.standing):
        return None
    last = records.last_published_sync(district.id)
    if last is None or last.version != district.published:
        return None
    told = last.counts.get("findings")
    if isinstance(told, Mapping) and DELETED_LATER in told and not delivery.deletes_later:
        return None
    is_same = (last.sha256, last.rules) == (delivery.sha256, delivery.rules)
    return last if is_same else None


def _end_unread(run: records.Sync, before: records.Sync, tools: Tools) -> records.Sync:
    """A sync of what is published already: its counts are known, and older holds are answered."""
    counts = as_reported(before.counts)
    return records.finish_sync(run, "unchanged", at=tools.now(), counts=counts, replaces_held=True)


def _note_failure(run: records.Sync, error: KinsyncError, tools: Tools) -> None:
    """Say in the sync's record why it ended, if the database can be told."""
    try:
        records.finish_sync(run, "failed", at=tools.now(), error=str(error))
    except KinsyncError:
        return  # the next sync of the district finds it abandoned


@dataclass(frozen=True, slots=True)
class _Run:
    """One sync under way."""

    district: records.District
    sync: records.Sync
    delivery: Delivery
    tools: Tools
    decided: Decided
    is_withholding: bool
    """Whether people who are newly restricted are withheld whatever becomes of the sync."""

    @property
    def vocabulary(self) -> Vocabulary:
        return self.delivery.vocabulary

    def finish(self, taken: TakenIn) -> Outcome:
        """From what was read to the end of the sync."""
        intake = taken.intake
        report = report_on(intake, self.delivery)
        if intake.is_refused:
            self._keep_findings(intake)
            return Outcome(self._end("refused", report), report)
        if not self.district.published:
            return self._first(taken, report)
        before = taken.published or self._published()
        night = compare(
            intake,
            taken.part or before,
            self._absent,
            ids.allocate,
            self.vocabulary,
            partial(self._with_waiting_ids, before),
            self.decided,
            deletes_later=self.delivery.deletes_later,
        )
        if night.is_deferred:
            is_held = intake.has_unreadable_student
            intake.note_file_finding("deletions-deferred" if is_held else DELETED_LATER)
        report = report_on(intake, self.delivery)
        changes, carried = night.changes, night.carried
        self._keep_findings(intake)
        reasons = self._guard(changes, before, intake)
        if self.sync.is_preview or reasons:
            if self.is_withholding:
                changes = self._withhold(night, changes, before)
            storage.save_changes(self._folder(), changes)
            state = "previewed" if self.sync.is_preview else "held"
            if state == "held":
                taken.keep_rows(self.tools.storage, self.district, self.sync)
            return Outcome(self._end(state, report, changes, reasons), report, changes, reasons)
        if changes.is_empty:
            return Outcome(self._end("unchanged", report, changes), report, changes)
        del night
        taken.keep_lines(self.tools.storage, self.district, self.sync, carried)
        self._publish(changes, report, None if before.is_kept else before.after(changes))
        return Outcome(self._end("published", report, changes), report, changes)

    def _withhold(self, night: Night, changes: Changes, published: snapshots.Published) -> Changes:
        """Withhold at once whom this sync knows to be restricted; what is left to be decided."""
        newly = newly_restricted(changes)
        if newly.is_empty():
            return changes
        told = restricting(published.frames, newly)
        version = publish_restricted(self.district, told, self.tools)
        records.rebase_sync(self.sync, version)
        return night.changes_behind(told)

    def _published(self) -> snapshots.Published:
        return snapshots.published(self.district.id, storage=self.tools.storage)

    def _first(self, taken: TakenIn, report: Report) -> Outcome:
        """The first version of a district: nobody to match, nothing to hold."""
        intake = taken.intake
        cache = snapshots.cache_name(1, self.sync.id)
        public_id = self.district.public_id
        pieces = first_with_waiting_ids(self.district.id, _records(intake), self.vocabulary)
        self._keep_findings(intake)
        if self.sync.is_preview:
            changes = self._first_previewed(public_id, cache, pieces)
            return Outcome(self._end("previewed", report, changes), report, changes)
        changes = self._publish_first(self._keeping_lines(taken, pieces), report, cache)
        return Outcome(self._end("published", report, changes), report, changes)

    def _keeping_lines(self, taken: TakenIn, pieces: Records) -> Records:
        """The same pieces, while the file's lines are kept beside them."""
        with ThreadPoolExecutor(1, thread_name_prefix="lines") as beside:
            kept = beside.submit(taken.keep_lines, self.tools.storage, self.district, self.sync)
            yield from pieces
            kept.result()

    def _first_previewed(self, public_id: str, cache: str, pieces: Records) -> Changes:
        """What a first version would bring, kept in the sync's folder alone."""
        with snapshots.keeping(self.tools.storage, public_id, cache, pieces) as kept:
            deque(kept, maxlen=0)
        found = FirstChanges.of(snapshots.kept_pieces(self.tools.storage, public_id, cache))
        storage.save_changes(self._folder(), found)
        snapshots.forget_cache(self.tools.storage, public_id, cache)
        return found

    def _with_waiting_ids(
        self, published: snapshots.Published, matched: Matched, before: Sequence[Snapshot]
    ) -> Matched:
        return with_waiting_ids(
            self.district.id, matched, before, published.frames, self.vocabulary
        )

    def _absent(self, incoming: Frames) -> Snapshot:
        since = _since(self.district, self.tools)
        keys = self.tools.identity_keys
        return absent(self.district.id, incoming, self.vocabulary, keys, since=since)

    def _guard(
        self, changes: Changes, published: snapshots.Published, intake: Intake
    ) -> tuple[HoldReason, ...]:
        given = self.district.settings.get("guard", {})
        thresholds = GuardThresholds.from_mapping(given if isinstance(given, dict) else {})
        before = census(published.frames)
        return tuple(
            guard(
                changes,
                before,
                census_after(before, changes),
                thresholds,
                has_contact_columns=intake.has_contact_columns,
            )
        )

    def _publish(
        self, changes: Changes, report: Report, snapshot: snapshots.Published | None
    ) -> None:
        publication = replace(self._publication(report), changes=changes, snapshot=snapshot)
        publish.publish(publication, storage=self.tools.storage, step=self.tools.step)
        self._settle(changes)

    def _publish_first(self, pieces: Records, report: Report, cache: str) -> Changes:
        publication = replace(self._publication(report), cache=cache)
        changes = publish.publish_first(
            publication, pieces, storage=self.tools.storage, step=self.tools.step
        )
        self._settle(changes)
        return changes

    def _publication(self, report: Report) -> publish.Publication:
        return publish.Publication(
            district_id=self.district.id,
            sync_id=self.sync.id,
            base=self.district.published,
            changes=Changes.of_nothing(),
            at=self.tools.now(),
            counts=report.as_json(),
        )

    def _settle(self, changes: Changes) -> None:
        settle_waiting_ids(self.district.id, changes)
        forget_lines(self.tools.storage, self.district.public_id, keep=self.sync.id)

    def _keep_findings(self, intake: Intake) -> None:
        storage.save_findings(self._folder(), all_findings(intake))

    def _folder(self) -> Folder:
        return self.tools.storage.sync(self.district.public_id, self.sync.id)

    def _end(
        self,
        state: str,
        report: Report,
        changes: Changes | None = None,
        reasons: tuple[HoldReason, ...] = (),
    ) -> records.Sync:
        counts = report.as_json()
        if changes is not None:
            counts["changes"] = changes.counts()
        return records.finish_sync(
            self.sync,
            state,
            at=self.tools.now(),
            counts=counts,
            reasons=[reason.sentence for reason in reasons],
            replaces_held=not self.sync.is_preview and state != "refused",
        )


def _records(intake: Intake) -> Iterator[tuple[str, pl.DataFrame]]:
    """The records of a district that has published nothing, a kind and a frame at a time."""
    return first_records(
        intake.schools(),
        intake.student_pieces(),
        intake.contact_pieces(),
        intake.relationship_pieces(),
        intake.counts.contacts,
        ids.allocate,
    )
