"""Uploads: only a whole one counts.

    begin ─ write … ─▶ finish: hash, sync to disk, move into place, record with its job
                └────▶ give up: incomplete, visible, never synced; what was there before stays

Files with a temporary name (``students.csv.filepart``) are whole too, and count once they are
renamed.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.backends.utils import CursorWrapper

from kinsync.domain.errors import Conflict, TryAgainLater
from kinsync.services.source_files import source_of
from kinsync.store import uploads as records
from kinsync.store.sftp_accounts import Account
from kinsync.store.staging import Shelf, Staged, Staging
from kinsync.store.uploads import Name, OnComplete, Upload

STUDENTS, CONTACTS = "students.csv", "customcontacts/contacts.csv"
READ = {STUDENTS, CONTACTS}
"""What a sync reads."""
NOT_NEEDED = {
    f"{name}.csv"
    for name in ("schools", "teachers", "sections", "enrollments", "staff", "admins", "attendance")
}
"""What districts send beside it, and Kinsync has no use for."""
TEMPORARY = (".filepart", ".tmp", ".part", ".partial", ".writing", ".uploading")
"""How names end that clients use until a file is whole."""
KEEP_PARTIAL = timedelta(hours=12)
"""How long an incomplete upload waits for a client that resumes it."""
SILENT = timedelta(hours=1)
"""An upload without a sign of life for so long is not being received any more."""


def is_read(district_id: int, path: str) -> bool:
    """Whether a sync reads an upload of that path."""
    return path in READ or source_of(district_id, path) is not None


def purpose(district_id: int, path: str) -> str:
    """What becomes of a file of that name: read, not needed, temporary, or unknown."""
    if is_read(district_id, path):
        return "read"
    if path in NOT_NEEDED:
        return "not needed"
    return "temporary" if path.endswith(TEMPORARY) else "unknown"


def _nobody(_cursor: CursorWrapper, _district_id: int, _upload_id: int, _at: datetime) -> None:
    """Tells nobody: a sync is asked for by a person."""


def _nobody_waits(_district_id: int, _at: datetime) -> None:
    """Nothing waits for the district to be quiet."""


@dataclass(slots=True)
class Receiving:
    """One upload that is under way, and the file in which its bytes gather."""

    account: Account
    upload_id: int
    path: str
    staged: Staged
    stands_on: int = 0
    """Size of the whole file that the client writes onto, where it did not cut it first. None of
    its bytes are taken over: a file that would need them is incomplete."""

    @property
    def end(self) -> int:
        """Where the file ends for a client that appends."""
        return max(self.staged.size, self.stands_on)

    @property
    def is_whole(self) -> bool:
        """Whether every byte was written, by this client."""
        return self.staged.is_whole and self.staged.size >= self.stands_on

    @property
    def is_untouched(self) -> bool:
        """Whether the client opened a file that is there, and wrote nothing."""
        return self.stands_on > 0 and not self.staged.is_changed

    def truncate(self, size: int) -> None:
        """Cut the file, or announce how long it will be."""
        self.staged.truncate(size)
        self.stands_on = min(self.stands_on, size)


@dataclass(frozen=True, slots=True)
class Uploads:
    """The use cases of whoever receives uploads.

    ``on_complete`` is called in the transaction that records an upload which a sync reads, with
    that transaction's cursor, so that a job is there exactly when the upload is. ``on_activity`` is
    called when a district begins to send a file, and now and then while it does.
    """

    staging: Staging
    shelf: Shelf
    now: Callable[[], datetime]
    on_complete: OnComplete = field(default=_nobody)
    on_activity: Callable[[int, datetime], None] = field(default=_nobody_waits)
    retention: timedelta = timedelta(days=30)
    """How long bytes are kept after an upload has ended."""

    def begin(self, account: Account, path: str) -> Receiving:
        """Receive a file from its first byte on. Incomplete ones of that name are forgotten.

        Raises:
            TryAgainLater: the database or the disk is away.
        """
        self.on_activity(account.district_id, self.now())
        self._forget_partials(account, path)
        upload_id = records.begin(account.district_id, account.id, path, at=self.now())
        try:
            with _disk():
                staged = self.staging.begin(account.district_id, upload_id)
        except TryAgainLater as error:
            records.fail(account.district_id, upload_id, str(error), size=0, at=self.now())
            raise
        return Receiving(account, upload_id, path, staged)

    def resume(self, account: Account, path: str) -> Receiving:
        """Receive an incomplete upload further; a new one where nothing is kept.

        A client that goes on where a *whole* file ends, say yesterday's, leaves a gap: its upload
        is incomplete.
        """
        partial = records.partial_of(account.district_id, account.id, path)
        if partial is not None and partial.upload_id is not None:
            staged = self.staging.resume(account.district_id, partial.upload_id)
            if staged is not None:
                if records.resume(account.district_id, partial.upload_id, at=self.now()):
                    self.on_activity(account.district_id, self.now())
                    return Receiving(account, partial.upload_id, path, staged)
                staged.drop()
        whole = records.name_of(account.district_id, account.id, path)
        receiving = self.begin(account, path)
        receiving.stands_on = whole.size if whole else 0
        return receiving

    def touch(self, receiving: Receiving) -> None:
        """Record that bytes are coming.

        Raises:
            Conflict: the upload was given up meanwhile.
        """
        size = receiving.staged.size
        district_id = receiving.account.district_id
        if not records.touch(district_id, receiving.upload_id, size=size, at=self.now()):
            raise Conflict("The upload was given up meanwhile. Upload the file again.")
        self.on_activity(district_id, self.now())

    def finish(self, receiving: Receiving) -> None:
        """Make a whole upload what its account sees, and tell ``on_complete`` of it.

        Either all of that is done, or nothing, and the upload is incomplete.

        Raises:
            KinsyncError: it is not done; the message is the reason.
        """
        account, staged = receiving.account, receiving.staged
        with _disk():
            sha256 = staged.seal()
            self.shelf.keep(staged.path, account.district_public_id, receiving.upload_id)
        try:
            self._record_surely(receiving, sha256)
        except TryAgainLater:
            raise  # it may be recorded: its bytes stay, and go with the purge if it is not
        except Exception:
            self.shelf.remove(account.district_public_id, receiving.upload_id)
            raise
        staged.let_go()

    def _record_surely(self, receiving: Receiving, sha256: str) -> None:
        """Record, and once more where the database went away, unless that had been recorded."""
        try:
            self._record(receiving, sha256)
        except TryAgainLater:
            found = records.find(receiving.account.district_id, receiving.upload_id)
            if found.state != records.COMPLETE:
                self._record(receiving, sha256)

    def _record(self, receiving: Receiving, sha256: str) -> None:
        account, at = receiving.account, self.now()
        with records.turn(account.id) as cursor:
            records.complete(
                cursor,
                account.district_id,
                account.id,
                receiving.upload_id,
                path=receiving.path,
                size=receiving.staged.size,
                sha256=sha256,
                at=at,
            )
            if is_read(account.district_id, receiving.path):
                self.on_complete(cursor, account.district_id, receiving.upload_id, at)

    def give_up(self, receiving: Receiving, reason: str, *, is_kept: bool = True) -> None:
        """An upload is incomplete, for that reason. Its bytes wait for a resume if ``is_kept``."""
        staged = receiving.staged
        district_id = receiving.account.district_id
        is_kept = is_kept and staged.prefix > 0
        size = staged.keep() if is_kept else staged.size
        if not is_kept:
            staged.drop()
        at = self.now()
        upload_id = receiving.upload_id
        is_ours = _twice(lambda: records.fail(district_id, upload_id, reason, size=size, at=at))
        if is_ours and not is_kept:
            self.shelf.remove(receiving.account.district_public_id, upload_id)
            records.discard(district_id, [upload_id], at=at)

    def _forget_partials(self, account: Account, path: str) -> None:
        found = records.partials_of(account.district_id, account.id, path)
        for upload_id in found:
            self.staging.discard(account.district_id, upload_id)
        if found:
            records.discard(account.district_id, found, at=self.now())

    def forget(self, account: Account, path: str) -> bool:
        """Forget incomplete uploads of that name; whether there were any."""
        is_there = records.partial_of(account.district_id, account.id, path) is not None
        self._forget_partials(account, path)
        return is_there

    def sweep(self) -> int:
        """End uploads whose process has died; forget bytes that nobody came back for, or old ones.

        Answers how many uploads were ended. For each machine, now and then.
        """
        at = self.now()
        ended = 0
        for district_id, upload_id in self.staging.dead():
            ended += records.fail(district_id, upload_id, SERVER_DIED, size=0, at=at)
            records.discard(district_id, [upload_id], at=at)
        for district_id, upload_id in self.staging.old(
            older_than_seconds=KEEP_PARTIAL.total_seconds()
        ):
            records.discard(district_id, [upload_id], at=at)
        self.purge(before=at - self.retention)
        return ended + records.fail_forgotten(SERVER_DIED, before=at - SILENT)

    def purge(self, *, before: datetime, of: int | None = None, is_dry: bool = False) -> int:
        """Remove the bytes of uploads that ended before then, and their names; how many.

        Of one district where ``of`` names it. With ``is_dry`` nothing is removed.
        """
        count = 0
        while found := records.kept_before(before, of=of):
            count += len(found)
            if is_dry:
                break
            for district_id, public_id, upload_id in found:
                records.hide(district_id, upload_id)
                self.staging.discard(district_id, upload_id)
                self.shelf.remove(public_id, upload_id)
                records.discard(district_id, [upload_id], at=self.now())
        return count


SERVER_DIED = "the server stopped while it received the file"


def _twice(work: Callable[[], bool]) -> bool:
    """Once more where the database went away: the connection may have died long before."""
    try:
        return work()
    except TryAgainLater:
        return work()


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    """What it means when the disk will not."""
    try:
        yield
    except OSError as error:
        raise TryAgainLater(
            f"The storage folder cannot be written ({error.strerror}). The upload is incomplete. "
            "Make room on the disk and upload the file again."
        ) from error


def recent(district_id: int, *, limit: int = 50) -> list[Upload]:
    """The latest uploads of a district, whole or not, newest first."""
    return records.recent(district_id, limit=limit)


__all__ = ["Name", "Receiving", "Upload", "Uploads"]
