"""One SFTP session, and how a client's CLOSE is told from the end of the client.

asyncssh closes open files by the same call in both cases. The difference is made where it is known:
the clean-up is a method of the handler, and says so before it closes anything. That reaches into
asyncssh, so its version is pinned, and tests end a client in every way.
"""

import asyncio
from typing import Any

import asyncssh
import structlog
from asyncssh.packet import SSHPacket
from asyncssh.sftp import SFTPServerHandler
from asyncssh.stream import SSHReader, SSHServerStreamSession, SSHWriter

from kinsync.services.sftp_accounts import Account
from kinsync.sftp.root import Root
from kinsync.sftp.service import Service

log = structlog.get_logger()

VERSION = 3
"""Of the protocol; what everybody speaks."""
PACKET_HEAD_BYTES = 1024
"""What a write has beside its bytes, and more."""
LEFT_OUT = (
    b"hardlink@openssh.com",
    b"statvfs@openssh.com",
    b"fstatvfs@openssh.com",
    b"copy-data",
    b"ranges@asyncssh.com",
)
"""Extensions that are not offered and not answered."""


class Handler(SFTPServerHandler):
    """Requests of one session, one after the other."""

    _extensions = [  # noqa: RUF012 (as asyncssh has it)
        one for one in SFTPServerHandler._extensions if one[0] not in LEFT_OUT
    ]

    def __init__(
        self, root: Root, reader: SSHReader[bytes], writer: SSHWriter[bytes], service: Service
    ) -> None:
        super().__init__(root, reader, writer, VERSION)
        self.asked_at = asyncio.get_running_loop().time()
        self._root = root
        self._service = service
        self._most_bytes = service.limits.write_bytes + PACKET_HEAD_BYTES

    async def _cleanup(self, exc: Exception | None) -> None:
        self._root.is_lost = True
        await super()._cleanup(exc)

    async def end(self) -> None:
        """Close what is still open, if that has not been done."""
        if self._reader is not None:
            await self._cleanup(None)

    async def recv_packet(self) -> SSHPacket:
        """The next request, if it is no larger than clients are told: packets are memory."""
        reader = self._reader
        if reader is None:
            raise asyncssh.SFTPNoConnection("The session has ended.")
        size = int.from_bytes(await reader.readexactly(4), "big")
        if size > self._most_bytes:
            raise asyncssh.SFTPBadMessage("The packet is too large.")
        return SSHPacket(await reader.readexactly(size))

    async def _process_packet(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        self.asked_at = asyncio.get_running_loop().time()
        await super()._process_packet(pkttype, pktid, packet)

    async def _process_open(self, packet: SSHPacket) -> bytes:
        self._check_handles()
        return await super()._process_open(packet)

    async def _process_opendir(self, packet: SSHPacket) -> bytes:
        self._check_handles()
        return await super()._process_opendir(packet)

    def _check_handles(self) -> None:
        if len(self._file_handles) + len(self._dir_handles) >= self._service.limits.handles:
            raise asyncssh.SFTPFailure("Too many files are open. Close some.")

    async def _process_limits(self, packet: SSHPacket) -> asyncssh.SFTPLimits:
        packet.check_end()
        limits = self._service.limits
        return asyncssh.SFTPLimits(
            self._most_bytes, limits.write_bytes, limits.write_bytes, limits.handles
        )

    _packet_handlers: dict[int | bytes, Any] = {  # noqa: RUF012 (as asyncssh has it)
        **{
            kind: handler
            for kind, handler in SFTPServerHandler._packet_handlers.items()
            if kind not in LEFT_OUT
        },
        asyncssh.constants.FXP_OPEN: _process_open,
        asyncssh.constants.FXP_OPENDIR: _process_opendir,
        b"limits@openssh.com": _process_limits,
    }


class Session(SSHServerStreamSession[bytes]):
    """A channel on which SFTP may be asked for, and nothing else."""

    def __init__(self, service: Service, account: Account) -> None:
        super().__init__(None)
        self.handler: Handler | None = None
        self.is_over = False
        self._service = service
        self._account = account

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is closed."""
        self.is_over = True
        super().connection_lost(exc)

    def pty_requested(self, *_wanted: Any) -> bool:
        """No terminal."""
        return False

    def shell_requested(self) -> bool:
        """No shell."""
        return False

    def exec_requested(self, command: str) -> bool:
        """No command, so no SCP."""
        return False

    def subsystem_requested(self, subsystem: str) -> bool:
        """SFTP alone."""
        return subsystem == "sftp"

    def exception_received(self, exc: Exception) -> None:
        """Signals, breaks and the like mean nothing here."""

    def break_received(self, msec: int) -> bool:
        """A break means nothing here."""
        return False

    def session_started(self) -> None:
        """The client was let in: answer its requests in a task that outlives its connection."""
        channel = self._chan
        assert channel is not None
        root = Root(channel, self._service, self._account)  # type: ignore[arg-type]
        reader, writer = SSHReader[bytes](self, channel), SSHWriter[bytes](self, channel)
        self.handler = Handler(root, reader, writer, self._service)
        task = asyncio.get_running_loop().create_task(self._run(self.handler))
        self._service.sessions.add(task)
        task.add_done_callback(self._service.sessions.discard)

    @staticmethod
    async def _run(handler: Handler) -> None:
        try:
            await handler.run()
        except EOFError:
            pass  # gone before it had asked for anything
        except Exception as error:
            log.error("session_failed", why=type(error).__name__)
        finally:
            await handler.end()
