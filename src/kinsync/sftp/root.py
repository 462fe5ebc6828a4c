"""The virtual root of one account: what a client may ask for, and what it is told."""

import asyncio
import os
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from posixpath import basename, join
from typing import Any, TypeVar

import asyncssh
from asyncssh.constants import (
    FXF_APPEND,
    FXF_CREAT,
    FXF_EXCL,
    FXF_TRUNC,
    FXF_WRITE,
)

from kinsync.domain.errors import NotFound, Revoked
from kinsync.services.sftp_accounts import Account
from kinsync.services.uploads import Name, Receiving
from kinsync.sftp.paths import name_below_root
from kinsync.sftp.service import Service, told_to_client
from kinsync.sftp.uploading import DISK_FULL, ReadHandle, UploadHandle

T = TypeVar("T")
FOLDER_MODE = stat.S_IFDIR | 0o755
FILE_MODE = stat.S_IFREG | 0o644
NO_LINKS = "There are no links here."
LOST = "the connection was lost, or ended before the file was closed"
STOPPED = "the server was stopped"


class Root(asyncssh.SFTPServer):
    """One SFTP session of one account."""

    def __init__(
        self, chan: "asyncssh.SSHServerChannel[bytes]", service: Service, account: Account
    ):
        super().__init__(chan)
        self.is_lost = False
        """Whether files are closed because the session ends, and not because the client says so."""
        self._service = service
        self._account = account
        self._checked = 0.0

    # -- files -----------------------------------------------------------------------------------

    async def open(
        self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs
    ) -> UploadHandle | ReadHandle:
        """Open a file to upload it, or one of its own to read it."""
        name = name_below_root(path)
        if not pflags & FXF_WRITE:
            return await self._open_to_read(name)
        if self._service.is_stopping:
            raise asyncssh.SFTPFailure("The server is being stopped. Try again in a minute.")
        receiving = await self._ask(lambda: self._receive(name, pflags))
        handle = UploadHandle(self._service, receiving, on_revoked=self._show_out)
        handle.is_appending = bool(pflags & FXF_APPEND)
        return handle

    def _receive(self, name: str, pflags: int) -> Receiving:
        uploads, names = self._service.uploads, self._service.names
        names.check_place(self._account, name)
        if not pflags & FXF_CREAT or pflags & FXF_EXCL:
            self._check_existing(name, pflags)
        if uploads.staging.free_bytes() < self._service.limits.free_bytes:
            raise asyncssh.SFTPNoSpaceOnFilesystem(f"Not taken: {DISK_FULL}.")
        if pflags & FXF_TRUNC or pflags & FXF_EXCL:
            return uploads.begin(self._account, name)
        return uploads.resume(self._account, name)

    def _check_existing(self, name: str, pflags: int) -> None:
        try:
            self._service.names.look(self._account, name)
        except NotFound:
            if not pflags & FXF_CREAT:
                raise
        else:
            if pflags & FXF_EXCL:
                raise asyncssh.SFTPFileAlreadyExists("There is a file of that name already.")

    async def _open_to_read(self, name: str) -> ReadHandle:
        return await self._ask(lambda: self._read(name))

    def _read(self, name: str) -> ReadHandle:
        found = self._service.names.whole(self._account, name)
        public_id = self._account.district_public_id
        with self._service.uploads.shelf.reading(public_id, found.upload_id or 0) as path:
            return ReadHandle(os.open(path, os.O_RDONLY | os.O_CLOEXEC))

    async def close(self, file_obj: object) -> None:
        """A client's CLOSE, or the end of its session: only the first makes an upload count."""
        handle = _handle(file_obj)
        if isinstance(handle, ReadHandle):
            handle.close()
        elif self.is_lost:
            await handle.give_up(STOPPED if self._service.is_stopping else LOST)
        else:
            await handle.finish()

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Bytes of an open file."""
        if time.monotonic() - self._checked >= self._service.limits.checkpoint_seconds:
            await self._ask(lambda: None)
        with told_to_client():
            return _handle(file_obj).read(offset, min(size, self._service.limits.write_bytes))

    def write(self, file_obj: object, offset: int, data: bytes) -> int | Awaitable[int]:
        """Bytes for an open file."""
        return _to_write(file_obj).write(offset, data)

    async def fsync(self, file_obj: object) -> None:
        """See that what was written is on the disk."""
        await _to_write(file_obj).sync()

    def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        """Size and time of an open file."""
        handle = _handle(file_obj)
        return _attrs(FILE_MODE, handle.size, handle.started_at)

    def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        """Size is set; times, owners and permissions are accepted and mean nothing here."""
        if attrs.size is not None:
            _to_write(file_obj).truncate(attrs.size)

    # -- names -----------------------------------------------------------------------------------

    async def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """What ``ls`` shows: the whole file where there is one."""
        name = name_below_root(path)
        return _attrs_of(await self._ask(lambda: self._service.names.look(self._account, name)))

    async def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """What a client resumes by: the size of an incomplete upload where there is one."""
        name = name_below_root(path)
        names = self._service.names
        return _attrs_of(
            await self._ask(lambda: names.look(self._account, name, wants_partial=True))
        )

    async def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Times, owners and permissions are accepted and mean nothing here."""
        if attrs.size is not None:
            raise asyncssh.SFTPPermissionDenied("Files are replaced here, not cut.")
        await self.lstat(path)

    async def lsetstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """As ``setstat``: there are no links."""
        await self.setstat(path, attrs)

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """What is in a folder."""
        name = name_below_root(path)
        found = await self._ask(lambda: self._service.names.listing(self._account, name))
        here = _attrs(FOLDER_MODE, 0, self._account.created_at.timestamp())
        for dots in (b".", b".."):
            yield asyncssh.SFTPName(dots, attrs=here)
        for one in found:
            yield asyncssh.SFTPName(basename(one.path).encode(), attrs=_attrs_of(one))

    async def realpath(self, path: bytes) -> bytes:
        """The path from the root. Asks nobody: it says nothing of what is there."""
        return join("/", name_below_root(path)).encode()

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Give a file a free name."""
        await self._rename(oldpath, newpath, may_replace=False)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Give a file a name, whatever had it."""
        await self._rename(oldpath, newpath, may_replace=True)

    async def _rename(self, oldpath: bytes, newpath: bytes, *, may_replace: bool) -> None:
        old, new = name_below_root(oldpath), name_below_root(newpath)
        names = self._service.names
        await self._do(lambda: names.rename(self._account, old, new, may_replace=may_replace))

    async def remove(self, path: bytes) -> None:
        """Remove a whole file, or what is left of an incomplete one."""
        name = name_below_root(path)
        await self._do(lambda: self._remove(name))

    def _remove(self, name: str) -> None:
        try:
            self._service.names.remove(self._account, name)
        except NotFound:
            if not self._service.uploads.forget(self._account, name):
                raise
        else:
            self._service.uploads.forget(self._account, name)

    async def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Make a folder."""
        name = name_below_root(path)
        await self._do(lambda: self._service.names.make_folder(self._account, name))

    async def rmdir(self, path: bytes) -> None:
        """Remove an empty folder."""
        name = name_below_root(path)
        await self._do(lambda: self._service.names.remove_folder(self._account, name))

    # -- what there is not -----------------------------------------------------------------------

    def readlink(self, path: bytes) -> bytes:
        """Refused."""
        raise asyncssh.SFTPOpUnsupported(NO_LINKS)

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        """Refused."""
        raise asyncssh.SFTPPermissionDenied(NO_LINKS)

    def link(self, oldpath: bytes, newpath: bytes) -> None:
        """Refused."""
        raise asyncssh.SFTPPermissionDenied(NO_LINKS)

    def statvfs(self, path: bytes) -> Any:
        """Refused: how full the disk is, is not the client's."""
        raise asyncssh.SFTPOpUnsupported("Not told.")

    def fstatvfs(self, file_obj: object) -> Any:
        """Refused, as ``statvfs``."""
        raise asyncssh.SFTPOpUnsupported("Not told.")

    def format_user(self, uid: int | None) -> str:
        """Who owns a file, in a long listing."""
        return "district"

    def format_group(self, gid: int | None) -> str:
        """As ``format_user``."""
        return "district"

    # -- asking ----------------------------------------------------------------------------------

    async def _ask(self, work: Callable[[], T]) -> T:
        """Ask for this account if it is open; a revoked one is shown out."""
        self._checked = time.monotonic()
        return await self._answered(self._service.ask_for(self._account, work))

    async def _do(self, work: Callable[[], T]) -> T:
        """Do something that looks itself whether the account is open."""
        return await self._answered(self._service.ask(work))

    async def _answered(self, answer: Awaitable[T]) -> T:
        with told_to_client():
            try:
                return await answer
            except Revoked:
                self._show_out()
                raise

    def _show_out(self) -> None:
        """End the connection of a revoked account, once it has been told."""
        goodbye = (asyncssh.DISC_BY_APPLICATION, "The account is revoked.")
        asyncio.get_running_loop().call_later(0.2, self.connection.disconnect, *goodbye)


def _handle(file_obj: object) -> UploadHandle | ReadHandle:
    """What ``open`` answered, as asyncssh hands it back."""
    if isinstance(file_obj, UploadHandle | ReadHandle):
        return file_obj
    raise asyncssh.SFTPInvalidHandle("There is no such open file.")


def _to_write(file_obj: object) -> UploadHandle:
    handle = _handle(file_obj)
    if isinstance(handle, ReadHandle):
        raise asyncssh.SFTPPermissionDenied("The file is open to be read.")
    return handle


def _attrs_of(name: Name) -> asyncssh.SFTPAttrs:
    mode = FOLDER_MODE if name.is_folder else FILE_MODE
    return _attrs(mode, name.size, name.changed_at.timestamp())


def _attrs(mode: int, size: int, seconds: float) -> asyncssh.SFTPAttrs:
    moment = int(seconds)
    return asyncssh.SFTPAttrs(
        size=size, uid=0, gid=0, permissions=mode, atime=moment, mtime=moment, nlink=1
    )
