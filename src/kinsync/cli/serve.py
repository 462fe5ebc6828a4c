"""``kinsync serve``: the running service."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from kinsync import bootstrap
from kinsync.cli.output import json_option, say, say_json
from kinsync.cli.session import connected
from kinsync.domain.errors import ChangeInput
from kinsync.domain.settings import Settings


@click.command()
@click.option("--only", type=click.Choice(["web", "sftp"]), help="Run one role alone.")
@click.option("--http", metavar="HOST:PORT", help="Where to listen; KINSYNC_HTTP otherwise.")
@click.option("--sftp", metavar="HOST:PORT", help="Where to listen; KINSYNC_SFTP otherwise.")
@json_option
def serve(only: str | None, http: str | None, sftp: str | None, as_json: bool) -> None:
    """Serve the API, or take uploads over SFTP (--only sftp), until Ctrl-C."""
    settings = connected()
    if only == "sftp":
        serve_sftp(replace(settings, sftp=sftp) if sftp else settings, as_json=as_json)
        return
    host, port = Settings(http=http).address("http") if http else settings.address("http")
    from kinsync.web.server import serve as serve_web

    def ready() -> None:
        if as_json:
            say_json({"http": f"http://{host}:{port}"})
        else:
            say(f"Kinsync answers at http://{host}:{port} (Ctrl-C stops it)")

    with alone(settings.home, "web"):
        serve_web(host, port, rate_limit=settings.rate_limit, ready=ready)


def serve_sftp(settings: Settings, *, as_json: bool) -> None:
    """Take uploads over SFTP until Ctrl-C."""
    host, port = settings.address("sftp")
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


@contextmanager
def alone(home: Path, role: str) -> Iterator[None]:
    """Be the only process that serves this role from this home on this machine.

    Raises:
        ChangeInput: another one does, or the home cannot be written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
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
