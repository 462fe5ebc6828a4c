"""The SFTP door as a server: it listens until it is told to stop, and hands back what it has."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial

import asyncssh
import structlog
import uvloop

from kinsync import bootstrap
from kinsync.domain.errors import ChangeInput, KinsyncError
from kinsync.services.sftp_accounts import forget_old_failures, host_keys
from kinsync.services.sftp_names import Names
from kinsync.services.uploads import Uploads
from kinsync.sftp import algorithms
from kinsync.sftp.door import Door
from kinsync.sftp.limits import Limits
from kinsync.sftp.service import Service

log = structlog.get_logger()

SWEEP_SECONDS = 600
IDLE_CHECK_SECONDS = 15
BACKLOG = 512
BANNER = "Kinsync"
"""All that the server says of itself before anybody has logged in."""


def serve(
    host: str,
    port: int,
    *,
    uploads: Uploads,
    limits: Limits,
    ready: Callable[[int, Sequence[str]], None] = lambda _port, _fingerprints: None,
) -> None:
    """Serve SFTP until SIGTERM or SIGINT; uploads under way are then finished or given up.

    ``ready`` is called with the port and the fingerprints of the host keys once the address
    answers. Call from the main thread, after ``bootstrap.connect_database``.

    Raises:
        ChangeInput: the address is taken, or not one of this machine.
        TryAgainLater: the database is away.
    """
    logging.getLogger("asyncssh").setLevel(logging.ERROR)  # it would log names and paths
    if not structlog.is_configured():
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(),
            ],
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        )
    names = Names(uploads.now, uploads.on_complete)
    service = Service(uploads, names, limits)
    keys = host_keys(at=bootstrap.now())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(host, port, service, keys, ready))


async def _serve(
    host: str,
    port: int,
    service: Service,
    keys: Sequence[asyncssh.SSHKey],
    ready: Callable[[int, Sequence[str]], None],
) -> None:
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    await _sweep(service)
    acceptor = await _listen(host, port, service, keys)
    chores = asyncio.get_running_loop().create_task(_do_chores(service))
    ready(acceptor.get_port(), [f"{key.get_algorithm()} {key.get_fingerprint()}" for key in keys])
    await stop.wait()
    acceptor.close()
    chores.cancel()
    await _stop(service)


async def _listen(
    host: str, port: int, service: Service, keys: Sequence[asyncssh.SSHKey]
) -> asyncssh.SSHAcceptor:
    limits = service.limits
    try:
        return await asyncssh.listen(
            host,
            port,
            server_factory=partial(Door, service),
            server_host_keys=_host_key_pairs(keys),
            backlog=BACKLOG,
            kex_algs=algorithms.KEY_EXCHANGES,
            encryption_algs=algorithms.CIPHERS,
            mac_algs=algorithms.MACS,
            signature_algs=algorithms.SIGNATURES,
            compression_algs=algorithms.COMPRESSIONS,
            server_version=BANNER,
            login_timeout=limits.login_seconds,
            keepalive_interval=limits.keepalive_seconds,
            keepalive_count_max=3,
            encoding=None,
            window=limits.window_bytes,
            allow_pty=False,
            allow_scp=False,
            agent_forwarding=False,
            x11_forwarding=False,
            gss_host=None,
            host_based_auth=False,
        )
    except OSError as error:
        raise ChangeInput(
            f"Cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}. "
            "Is another server running there? Choose an address with KINSYNC_SFTP."
        ) from error


def _host_key_pairs(keys: Sequence[asyncssh.SSHKey]) -> list[asyncssh.SSHKeyPair]:
    """Host keys that sign as ``algorithms`` has it: asyncssh would let RSA sign with SHA-1."""
    allowed = {name.encode() for name in algorithms.SIGNATURES}
    pairs = list(asyncssh.load_keypairs(list(keys)))
    for pair in pairs:
        pair.host_key_algorithms = [name for name in pair.host_key_algorithms if name in allowed]
    return pairs


async def _do_chores(service: Service) -> None:
    """Show out who is idle, and now and then tidy up."""
    loop = asyncio.get_running_loop()
    swept = loop.time()
    while True:
        await asyncio.sleep(IDLE_CHECK_SECONDS)
        for door in [door for door in service.doors if door.is_idle(loop.time())]:
            door.end("Nothing was asked for a long time.")
        if loop.time() - swept > SWEEP_SECONDS:
            swept = loop.time()
            await _sweep(service)


async def _sweep(service: Service) -> None:
    """End uploads of processes that died, and forget old failures. Never stops the server."""
    try:
        if ended := await service.ask(service.uploads.sweep):
            log.info("uploads_ended", count=ended)
        await service.ask(lambda: forget_old_failures(bootstrap.now()))
    except (KinsyncError, OSError) as error:
        log.warning("not_swept", why=type(error).__name__)


async def _stop(service: Service) -> None:
    """Let uploads under way finish for a moment, then hand back what is left."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + service.limits.grace_seconds
    service.is_stopping = True
    while service.uploading and loop.time() < deadline:
        await asyncio.sleep(0.05)
    for door in list(service.doors):
        door.end("The server is being stopped.")
    for door in list(service.doors):
        door.abort()
    if service.sessions:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait(set(service.sessions), timeout=service.limits.stop_seconds)
    log.info("sftp_stopped")
    service.close()
