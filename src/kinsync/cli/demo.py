"""``kinsync demo``: an invented district from its upload to an application, in one command."""

import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import click

from kinsync import bootstrap
from kinsync.cli.demo_sis import sis_option
from kinsync.cli.output import say
from kinsync.cli.roles import beside
from kinsync.domain.errors import Defect, KinsyncError
from kinsync.domain.settings import PREFIX, Settings
from kinsync.simulators.families.sample import write as write_sample

NIGHTS = (Path("students.csv"), Path("night2", "students.csv"))


@click.command()
@click.option("--once", is_flag=True, help="Check what is shown, and exit.")
@sis_option
def demo(once: bool, sis: str | None) -> None:
    """Upload an invented district's file over SFTP, two nights; serve it until Ctrl-C.

    Every part runs: SFTP, a worker, the API, the dashboard with a sign-in that is shown; with --sis
    a pretended system is read instead of files.
    Everything lies in a temporary folder that is removed at the end, and listens on this machine
    alone; where an address is taken, on another port.
    """
    with tempfile.TemporaryDirectory(prefix="kinsync-demo-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the database's own account passes through, and reads nothing
        write_sample(folder / "sample")
        settings = _settings(folder)
        try:
            bootstrap.connect_database(settings)
            with nullcontext() if sis else _roles_beside(folder):
                _serve(settings, folder, sis, once=once)
        finally:
            bootstrap.leave_database()  # while there is a folder in which to stop it
    say("The demo is over; its folder is removed.")


def _settings(folder: Path) -> Settings:
    """A home of the demo's own and free addresses, for this process and for the roles beside it."""
    settings = Settings(home=folder / "home", log_level="warning")
    http = _free_address(settings, "http")
    sftp = _free_address(settings, "sftp")
    settings = replace(settings, http=http, sftp=sftp)
    for setting in [one for one in os.environ if one.startswith(PREFIX)]:
        del os.environ[setting]
    given = {"home": str(settings.home), "http": http, "sftp": sftp, "log_level": "warning"}
    os.environ.update({PREFIX + name.upper(): value for name, value in given.items()})
    os.chdir(folder)  # a kinsync.toml where the command was typed is not the demo's
    return settings


def _free_address(settings: Settings, name: str) -> str:
    """The usual address, or one with a free port where something else listens there."""
    host, port = settings.address(name)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            with socket.socket() as free:
                free.bind((host, 0))
                return f"{host}:{free.getsockname()[1]}"
        return f"{host}:{port}"


@contextmanager
def _roles_beside(folder: Path) -> Iterator[None]:
    """The SFTP server and a worker; what they log is shown if the demo falls short."""
    log = folder / "roles.log"
    with log.open("w") as output:
        try:
            with beside({"sftp": [], "worker": []}, output=output):
                yield
        except KinsyncError:
            sys.stderr.write(log.read_text())
            raise


def _serve(settings: Settings, folder: Path, sis: str | None, *, once: bool) -> None:
    """Serve the web door in this thread; the story is told from another, once it answers."""
    from kinsync.cli.demo_story import Story
    from kinsync.web.server import serve

    host, port = settings.address("http")
    failures: list[Exception] = []
    is_told, is_over = threading.Event(), threading.Event()

    def ready() -> None:
        try:
            story = Story(settings, folder)
            if sis:
                story.tell_of_sis(sis)
            else:
                story.tell([folder / "sample" / night for night in NIGHTS])
            is_told.set()
        except Exception as error:  # shown below, in the main thread
            failures.append(error)
        if is_over.is_set():
            return  # somebody stopped it; the roles are going, and the folder with them
        if once or failures:
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            story.say_what_to_try()

    serve(host, port, environment=bootstrap.environment_of_web(settings), ready=ready)
    is_over.set()
    if once and not is_told.is_set() and not failures:
        raise Defect("The demo was stopped before its end.")
    if failures:
        error = failures[0]
        why = str(error) if isinstance(error, KinsyncError) else type(error).__name__
        raise Defect(f"The demo fell short: {why}") from error
