"""One connection: who it is, what may be opened over it, and when it has to go."""

import asyncio
import time

import asyncssh
import structlog

from kinsync import bootstrap
from kinsync.domain.errors import KinsyncError
from kinsync.services.sftp_accounts import Account, open_with_key, open_with_password
from kinsync.sftp import algorithms
from kinsync.sftp.service import Service
from kinsync.sftp.session import Session

log = structlog.get_logger()

SIGNATURES = {name.encode() for name in algorithms.SIGNATURES}
MOST_KEYS = 10
"""Public keys that a client may offer: agents offer all that they have."""


class Door(asyncssh.SSHServer):
    """One client. Forwarding of every kind is refused, as asyncssh does by itself."""

    def __init__(self, service: Service) -> None:
        self.address = ""
        self._service = service
        self._accounts: dict[str, Account] = {}
        self._since = asyncio.get_running_loop().time()
        self._failures = 0
        self._keys = 0
        self._sessions: list[Session] = []
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Somebody is there: too many, and it has to go at once."""
        self._connection = conn
        self.address = str((conn.get_extra_info("peername") or ("",))[0])
        if len(self._service.doors) >= self._service.limits.sessions or self._service.is_stopping:
            log.warning("sessions_full", sessions=len(self._service.doors))
            conn.abort()
            return
        self._service.doors.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._service.doors.discard(self)

    def end(self, reason: str) -> None:
        """Show the client out."""
        if self._connection is not None:
            self._connection.disconnect(asyncssh.DISC_BY_APPLICATION, reason)

    def abort(self) -> None:
        """Drop the connection without a word."""
        if self._connection is not None:
            self._connection.abort()

    @property
    def account(self) -> Account | None:
        """Whose session it is, once somebody has logged in."""
        if self._connection is None:
            return None
        return self._accounts.get(str(self._connection.get_extra_info("username")))

    def is_idle(self, now: float) -> bool:
        """Whether the client has asked for nothing for too long. ``now`` is the loop's time."""
        asked = [one.handler.asked_at for one in self._sessions if one.handler is not None]
        return now - max(asked, default=self._since) > self._service.limits.idle_seconds

    # -- logging in --------------------------------------------------------------------------------

    def begin_auth(self, username: str) -> bool:
        """Everybody has to prove who they are."""
        return True

    def password_auth_supported(self) -> bool:
        """Passwords are asked for."""
        return True

    def public_key_auth_supported(self) -> bool:
        """And keys are taken."""
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        """Whether the password opens the account. A failure takes the same time for everybody."""
        started = time.monotonic()
        account = await self._asked(username, password)
        if account is not None:
            self._let_in(username, account, "password")
            return True
        self._failures += 1
        log.info("login_refused", address=self.address, method="password")
        wait = self._service.limits.failure_seconds - (time.monotonic() - started)
        await asyncio.sleep(max(wait, 0))
        if self._failures >= self._service.limits.failures:
            self.end("Too many wrong passwords.")
        return False

    async def _asked(self, username: str, password: str) -> Account | None:
        if self._failures >= self._service.limits.failures:
            return None
        try:
            return await self._service.verify(
                lambda: open_with_password(
                    username, password, address=self.address, at=bootstrap.now()
                )
            )
        except KinsyncError as error:
            log.warning("login_not_checked", why=type(error).__name__)
            return None

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether the key opens the account; asyncssh has the client prove that it has the key."""
        self._keys += 1
        if self._keys > MOST_KEYS:
            return False
        try:
            account = await self._service.ask(lambda: open_with_key(username, key.public_data))
        except KinsyncError as error:
            log.warning("login_not_checked", why=type(error).__name__)
            return False
        if account is None:
            return False
        key.all_sig_algorithms = key.all_sig_algorithms & SIGNATURES  # asyncssh would take SHA-1
        self._let_in(username, account, "key")
        return True

    def _let_in(self, username: str, account: Account, method: str) -> None:
        self._accounts[username] = account
        log.info(
            "login", district=account.district_id, account=account.id, method=method,
            address=self.address,
        )  # fmt: skip

    # -- what may be opened ------------------------------------------------------------------------

    def session_requested(self) -> Session | bool:
        """One more session for a client that has logged in, unless it or its account has many."""
        account = self.account
        if account is None or self._service.is_stopping:
            return False
        same = [
            door
            for door in self._service.doors
            if door.account is not None and door.account.id == account.id
        ]
        limits = self._service.limits
        self._sessions = [one for one in self._sessions if not one.is_over]
        if len(same) > limits.sessions_per_account or len(self._sessions) >= limits.channels:
            log.warning("sessions_of_account_full", account=account.id)
            return False
        session = Session(self._service, account)
        self._sessions.append(session)
        return session
