"""Files that a client has open: one that it uploads, or one of its own that it reads."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable

import asyncssh
import structlog

from kinsync.domain.errors import KinsyncError, Revoked, TryAgainLater
from kinsync.services.sftp_accounts import is_open
from kinsync.services.uploads import Receiving
from kinsync.sftp.service import Service, told_to_client

log = structlog.get_logger()

DISK_FULL = "the disk of the server is nearly full"


class UploadHandle:
    """A file that is being uploaded. Once something failed it stays failed: ``reason`` says why."""

    def __init__(
        self, service: Service, receiving: Receiving, *, on_revoked: Callable[[], None]
    ) -> None:
        self.reason = ""
        self.is_appending = False
        self._service = service
        self._receiving = receiving
        self._on_revoked = on_revoked
        self._started = self._checked = self._touched = time.monotonic()
        self._unsynced = 0
        self._catching_up: asyncio.Future[None] | None = None
        service.uploading.add(self)

    @property
    def size(self) -> int:
        """The highest byte so far, and one."""
        return self._receiving.staged.size

    @property
    def started_at(self) -> float:
        """Seconds since 1970."""
        return time.time() - (time.monotonic() - self._started)

    def read(self, offset: int, size: int) -> bytes:
        """Bytes that were written before."""
        return self._receiving.staged.read(offset, size)

    def write(self, offset: int, data: bytes) -> int | Awaitable[int]:
        """Take bytes; now and then this waits until they are on the disk."""
        if self.reason:
            raise asyncssh.SFTPFailure(f"The upload has failed: {self.reason}.")
        staged = self._receiving.staged
        if self.is_appending:
            offset = self._receiving.end
        if offset + len(data) > self._service.limits.file_bytes:
            self.reason = f"it is larger than {self._service.limits.file_bytes >> 20} MiB"
            raise asyncssh.SFTPQuotaExceeded(f"The upload has failed: {self.reason}.")
        try:
            staged.write(offset, data)
        except OSError as error:
            self.reason = f"it could not be written ({error.strerror})"
            raise asyncssh.SFTPNoSpaceOnFilesystem(self.reason) from error
        self._unsynced += len(data)
        limits = self._service.limits
        is_due = self._unsynced >= limits.checkpoint_bytes
        if is_due or time.monotonic() - self._checked >= limits.checkpoint_seconds:
            return self._checkpoint(len(data), is_due=is_due)
        return len(data)

    def truncate(self, size: int) -> None:
        """Cut the file, or announce how long it will be."""
        if size > self._service.limits.file_bytes:
            self.reason = f"it is larger than {self._service.limits.file_bytes >> 20} MiB"
            raise asyncssh.SFTPQuotaExceeded(f"The upload has failed: {self.reason}.")
        with told_to_client():
            self._receiving.truncate(size)

    async def _checkpoint(self, written: int, *, is_due: bool) -> int:
        """See that the account is open and the disk has room; hash and sync behind the writes."""
        self._checked = time.monotonic()
        try:
            await self._check()
        except TryAgainLater:
            pass  # the database is away: it is asked again soon, and at the end for certain
        except KinsyncError as error:
            self.reason = str(error)
            with told_to_client():
                raise
        if is_due:
            await self._caught_up()
            self._unsynced = 0
            loop = asyncio.get_running_loop()
            self._catching_up = loop.create_task(self._service.do(self._receiving.staged.catch_up))
        if self.reason:
            raise asyncssh.SFTPFailure(f"The upload has failed: {self.reason}.")
        return written

    async def _check(self) -> None:
        account, limits = self._receiving.account, self._service.limits
        if not await self._service.ask(lambda: is_open(account)):
            self._on_revoked()
            raise Revoked("The account is revoked.")
        if self._service.uploads.staging.free_bytes() < limits.free_bytes:
            self.reason = DISK_FULL
        if self._checked - self._touched >= limits.touch_seconds:
            self._touched = self._checked
            await self._service.ask(lambda: self._service.uploads.touch(self._receiving))

    async def _caught_up(self) -> None:
        """Wait for what is hashed and synced behind the writes."""
        if self._catching_up is None:
            return
        try:
            await self._catching_up
        except OSError as error:
            self.reason = f"it could not be written ({error.strerror})"
        self._catching_up = None

    async def sync(self) -> None:
        """See that everything so far is on the disk."""
        await self._caught_up()
        with told_to_client():
            await self._service.do(self._receiving.staged.catch_up)

    async def finish(self) -> None:
        """The client closed the file: it counts if it is whole.

        Raises:
            SFTPError: it is incomplete; the client is told why.
        """
        closed = time.monotonic()
        await self._caught_up()
        if self._receiving.is_untouched:
            await self.give_up("nothing was written", is_kept=False)
            return
        if not self.reason and not self._receiving.is_whole:
            self.reason = "bytes are missing: it was resumed on another file, or has a gap"
        if self.reason:
            await self.give_up(self.reason, is_kept=False)
            raise asyncssh.SFTPFailure(f"The upload is incomplete: {self.reason}.")
        try:
            with told_to_client():
                await self._service.do(lambda: self._service.uploads.finish(self._receiving))
        except asyncssh.SFTPError as error:
            await self.give_up(error.reason, is_kept=False)
            raise
        self._service.uploading.discard(self)
        self._log("upload_complete", closing=round(time.monotonic() - closed, 3))

    async def give_up(self, reason: str, *, is_kept: bool = True) -> None:
        """The upload is incomplete. Never raises: whoever cleans up has nobody to tell."""
        self._service.uploading.discard(self)
        is_kept = is_kept and not self.reason
        try:
            await self._caught_up()
            await self._service.do(
                lambda: self._service.uploads.give_up(self._receiving, reason, is_kept=is_kept)
            )
        except (KinsyncError, OSError) as error:
            log.warning("upload_not_ended", why=type(error).__name__, **self._who())
        self._log("upload_incomplete", reason=reason)

    def _log(self, event: str, **more: object) -> None:
        seconds = round(time.monotonic() - self._started, 3)
        log.info(event, bytes=self.size, seconds=seconds, **self._who(), **more)

    def _who(self) -> dict[str, int]:
        account = self._receiving.account
        return {
            "district": account.district_id,
            "account": account.id,
            "upload": self._receiving.upload_id,
        }


class ReadHandle:
    """A whole file of the account that it reads back."""

    def __init__(self, descriptor: int) -> None:
        self._file = descriptor
        found = os.fstat(descriptor)
        self.size = found.st_size
        self.started_at = found.st_mtime

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of it."""
        return os.pread(self._file, size, offset)

    def close(self) -> None:
        """Let it go."""
        os.close(self._file)
