"""Servers of the tests, and clients that visit them."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import asyncssh
from django.db import connections

from kinsync.services import sftp_accounts
from kinsync.services.uploads import Upload, recent
from kinsync.store import records
from kinsync.store.records import District
from kinsync.store.sftp_accounts import Account
from tests.conventions.pages import ROOT
from tests.store.people import NOON

T = TypeVar("T")
OPENSSH = "/usr/bin/sftp"
QUICK: Mapping[str, float] = {"failure_seconds": 0.05, "free_bytes": 0, "grace_seconds": 0.2}
LONGEST_SECONDS = 60


class Running:
    """A server that was started for tests."""

    def __init__(self, home: Path, *, port: int = 0, largest_file: int = 0, **limits: float):
        self.home = home
        asked: dict[str, Any] = {"home": str(home), "limits": {**QUICK, **limits}, "port": port}
        if largest_file:
            asked["largest_file"] = largest_file
        self.log = (home.parent / f"{home.name}.log").open("a+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.sftp.program", json.dumps(asked)],
            cwd=ROOT,
            env=dict(os.environ),
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        told = self.line()
        assert told.isdecimal(), (home.parent / f"{home.name}.log").read_text()
        self.port = int(told)

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self, by: signal.Signals = signal.SIGTERM) -> str:
        """End it, and answer what it said at last."""
        self.process.send_signal(by)
        out, _ = self.process.communicate(timeout=LONGEST_SECONDS)
        self.log.close()
        return str(out).strip()

    def close(self) -> None:
        if self.process.poll() is None:
            self.end()
        self.log.close()


@dataclass(frozen=True)
class Visitor:
    """Somebody with an account, and the ways to visit a server with it."""

    district: District
    account: Account
    password: str
    key: asyncssh.SSHKey
    folder: Path
    more: dict[str, Any] = field(default_factory=dict)

    async def connect(self, running: Running, **options: Any) -> asyncssh.SSHClientConnection:
        """A connection that has logged in, by key if nothing else is said."""
        given = {"client_keys": [self.key], "password": None, **options}
        return await asyncssh.connect(
            "127.0.0.1",
            running.port,
            username=self.account.username,
            known_hosts=None,
            config=None,
            agent_path=None,
            **given,
        )

    def visit(
        self, running: Running, work: Callable[[asyncssh.SFTPClient], Awaitable[T]], **options: Any
    ) -> T:
        """Do something over SFTP, and leave as clients do."""

        async def visited() -> T:
            async with AsyncExitStack() as stack:
                connection = await stack.enter_async_context(await self.connect(running, **options))
                client = await stack.enter_async_context(connection.start_sftp_client())
                return await work(client)

        return asyncio.run(visited())

    def put(self, running: Running, path: str, content: bytes) -> None:
        """Upload a file whole."""

        async def putting(client: asyncssh.SFTPClient) -> None:
            async with client.open(path, "wb") as file:
                await file.write(content)

        self.visit(running, putting)

    def get(self, running: Running, path: str) -> bytes:
        """Read a file back."""

        async def getting(client: asyncssh.SFTPClient) -> bytes:
            async with client.open(path, "rb") as file:
                return await file.read()

        return self.visit(running, getting)

    def listed(self, running: Running, folder: str = ".") -> dict[str, int | None]:
        """Names in a folder, with their sizes."""

        async def listing(client: asyncssh.SFTPClient) -> dict[str, int | None]:
            names = await client.readdir(folder)
            return {
                str(name.filename): name.attrs.size
                for name in names
                if name.filename not in (".", "..")
            }

        return self.visit(running, listing)

    def uploads(self) -> list[Upload]:
        """What the district's people see of it, newest first."""
        return recent(self.district.id)

    def states(self) -> list[tuple[str, str]]:
        """Path and state of every upload, oldest first."""
        return [(upload.path, upload.state) for upload in reversed(self.uploads())]

    def openssh(self, running: Running, *options: str, batch: str) -> list[str]:
        """The command line of the real client with this account's key."""
        key, commands = self.folder / "id", self.folder / "batch"
        self.key.write_private_key(key)
        key.chmod(0o600)
        commands.write_text(batch)
        return [
            OPENSSH, "-q", "-b", str(commands), "-i", str(key), "-P", str(running.port),
            "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", *options,
            f"{self.account.username}@127.0.0.1",
        ]  # fmt: skip


def new_visitor(folder: Path, name: str = "Lakeside") -> Visitor:
    """An account of a new district, with a password and a key."""
    return another_visitor(records.add_district(name, at=NOON), folder)


def another_visitor(district: District, folder: Path, label: str = "") -> Visitor:
    """One more account of a district."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    account, password = sftp_accounts.add_account(
        district,
        at=NOON,
        has_password=True,
        keys=[key.export_public_key().decode()],
        label=label,
    )
    return Visitor(district, account, password, key, folder)


async def drop(connection: asyncssh.SSHClientConnection) -> None:
    """Leave without a word, and wait until the system has closed the socket."""
    connection.abort()
    with contextlib.suppress(asyncssh.Error, OSError):
        await connection.wait_closed()


async def meanwhile(work: Callable[[], T]) -> T:
    """Do something in a thread of its own, and leave no connection to the database behind."""

    def done() -> T:
        try:
            return work()
        finally:
            connections.close_all()

    return await asyncio.to_thread(done)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)
