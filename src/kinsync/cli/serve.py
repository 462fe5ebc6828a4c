"""``kinsync serve``: the running service."""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import click

from kinsync import bootstrap
from kinsync.cli.logs import set_up_logs
from kinsync.cli.output import json_option, say, say_json
from kinsync.cli.roles import beside, stop_with
from kinsync.cli.session import connected
from kinsync.domain.errors import ChangeInput
from kinsync.domain.settings import Settings


@click.command()
@click.option("--only", type=click.Choice(["web", "sftp", "worker"]), help="Run one role alone.")
@click.option("--http", metavar="HOST:PORT", help="Where to listen; KINSYNC_HTTP otherwise.")
@click.option("--sftp", metavar="HOST:PORT", help="Where to listen; KINSYNC_SFTP otherwise.")
@click.option("--parent", type=int, hidden=True, help="Stop when that process is gone.")
@json_option
def serve(
    only: str | None, http: str | None, sftp: str | None, parent: int | None, as_json: bool
) -> None:
    """Serve the API, take uploads over SFTP and work on what districts deliver, until Ctrl-C."""
    set_up_logs(bootstrap.read_settings().log_level)
    if parent is not None:
        stop_with(parent)
    if only == "worker":
        _work(as_json=as_json)
    elif only == "sftp":
        _serve_sftp(sftp, as_json=as_json)
    else:
        others = {} if only else {"sftp": ["--sftp", sftp] if sftp else [], "worker": []}
        _serve_web(http, others=others, as_json=as_json)


def _serve_web(http: str | None, *, others: Mapping[str, Sequence[str]], as_json: bool) -> None:
    """Serve the web door, and the other roles in processes beside it."""
    settings = connected(is_door=True)
    host, port = Settings(http=http).address("http") if http else settings.address("http")
    from kinsync.web.server import serve as serve_web

    def ready() -> None:
        if as_json:
            say_json({"http": f"http://{host}:{port}"})
        else:
            say(f"Kinsync answers at http://{host}:{port} (Ctrl-C stops it)")

    with alone(settings.home, "web"), beside(others):
        serve_web(host, port, environment=bootstrap.environment_of_web(settings), ready=ready)


def _serve_sftp(sftp: str | None, *, as_json: bool) -> None:
    """Take uploads over SFTP."""
    settings = connected(is_door=True)
    host, port = Settings(sftp=sftp).address("sftp") if sftp else settings.address("sftp")
    from kinsync.sftp.limits import Limits
    from kinsync.sftp.server import serve as serve_uploads

    def ready(port: int, fingerprints: Sequence[str]) -> None:
        if as_json:
            say_json({"sftp": f"sftp://{host}:{port}", "host_keys": list(fingerprints)})
            return
        say(f"Kinsync takes uploads at sftp://{host}:{port} (Ctrl-C stops it)")
        for fingerprint in fingerprints:
            say(f"host key {fingerprint}")

    limits = Limits(
        sessions=settings.sftp_sessions,
        sessions_per_account=settings.sftp_sessions_per_account,
        file_bytes=settings.sftp_file_mb << 20,
    )
    with alone(settings.home, "sftp"):
        serve_uploads(host, port, uploads=bootstrap.uploads(settings), limits=limits, ready=ready)


def _work(*, as_json: bool) -> None:
    session = f"kinsync worker {uuid4().hex}"
    settings = connected(session=session)
    from kinsync.jobs import worker

    def ready() -> None:
        if as_json:
            say_json({"worker": session})
        else:
            say("A worker is ready (Ctrl-C stops it)")

    worker.run(settings, session, ready=ready)


@contextmanager
def alone(home: Path, role: str) -> Iterator[None]:
    """Be the only process that serves this role from this home on this machine.

    Raises:
        ChangeInput: another one does, or the home cannot be written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = home / f"serve-{role}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ChangeInput(
            f"The home folder {home} cannot be used ({error.strerror}). "
            "Let this account write there, or name another one with KINSYNC_HOME."
        ) from error
    with os.fdopen(descriptor, "r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ChangeInput(
                f"Kinsync is already being served from {home} (process {lock.read().strip()}). "
                "Stop that one, or give this one another KINSYNC_HOME."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
