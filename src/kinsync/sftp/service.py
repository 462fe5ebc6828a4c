"""What all sessions of one process share: the use cases, threads to wait in, and who is there."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import asyncssh

from kinsync.domain.errors import (
    Conflict,
    Defect,
    KinsyncError,
    NotFound,
    Revoked,
    TookTooLong,
    TryAgainLater,
)
from kinsync.services.sftp_accounts import Account, is_open
from kinsync.services.sftp_names import Names
from kinsync.services.uploads import Uploads
from kinsync.sftp.limits import Limits

if TYPE_CHECKING:
    from kinsync.sftp.door import Door
    from kinsync.sftp.uploading import UploadHandle

T = TypeVar("T")
THREADS = 16
"""As many requests wait for the database or the disk at once; each thread has a connection."""
VERIFIERS = 2
"""As many passwords are verified at once: each takes 19 MiB and 25 ms of a processor."""


@dataclass(eq=False)
class Service:
    """One running SFTP server."""

    uploads: Uploads
    names: Names
    limits: Limits
    doors: set["Door"] = field(default_factory=set)
    sessions: set["asyncio.Task[None]"] = field(default_factory=set)
    uploading: set["UploadHandle"] = field(default_factory=set)
    is_stopping: bool = False

    def __post_init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "sftp")
        self._verifiers = ThreadPoolExecutor(VERIFIERS, "sftp-password")

    async def do(self, work: Callable[[], T]) -> T:
        """Do blocking work in a thread, once."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def ask(self, work: Callable[[], T]) -> T:
        """Ask something that can be asked again: a connection may have died unnoticed."""
        return await self.do(lambda: _twice(work))

    async def verify(self, work: Callable[[], T]) -> T:
        """Do work that verifies a password."""
        return await asyncio.get_running_loop().run_in_executor(
            self._verifiers, lambda: _twice(work)
        )

    async def ask_for(self, account: Account, work: Callable[[], T]) -> T:
        """Ask for an account, if it is still open.

        Raises:
            Revoked: it is not.
        """
        return await self.ask(lambda: _while_open(account, work))

    def close(self) -> None:
        """Wait for threads to end."""
        self._threads.shutdown()
        self._verifiers.shutdown()


def _twice(work: Callable[[], T]) -> T:
    try:
        return work()
    except TookTooLong:
        raise
    except TryAgainLater:
        return work()


def _while_open(account: Account, work: Callable[[], T]) -> T:
    if not is_open(account):
        raise Revoked("The account is revoked.")
    return work()


@contextlib.contextmanager
def told_to_client() -> Iterator[None]:
    """Our errors as the protocol has them. Texts name no path of the server and nobody's data."""
    try:
        yield
    except Revoked as error:
        raise asyncssh.SFTPPermissionDenied(str(error)) from error
    except NotFound as error:
        raise asyncssh.SFTPNoSuchFile(str(error)) from error
    except Conflict as error:
        raise asyncssh.SFTPFailure(str(error)) from error
    except Defect as error:
        raise asyncssh.SFTPFailure("The server has a defect; the file was not taken.") from error
    except KinsyncError as error:
        raise asyncssh.SFTPFailure(str(error)) from error
    except OSError as error:
        raise asyncssh.SFTPFailure(f"The disk: {error.strerror}.") from error
