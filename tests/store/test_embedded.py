"""The private server of a home: started by the first, shared, stopped by the last, never lost."""

import contextlib
import logging
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from kinsync.domain.errors import ChangeInput, TryAgainLater
from kinsync.store import embedded
from kinsync.store.embedded import EmbeddedServer
from tests.store.dying import PROCESSES

NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

HOLDER = """
import sys
from pathlib import Path
from kinsync.domain.settings import Settings
from kinsync.bootstrap import connect_database
connect_database(Settings(home=Path(sys.argv[1])))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A place for a home that the server's account may pass through, where we are root."""
    folder = Path(tempfile.mkdtemp(prefix="kinsync-home-"))
    folder.chmod(0o711)
    yield folder / "home"
    stop(folder / "home")
    shutil.rmtree(folder)


def postmaster(home: Path) -> int | None:
    """Process number of the running server of a home."""
    with contextlib.suppress(FileNotFoundError):
        pid = int((home / "database" / "postmaster.pid").read_text().split()[0])
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 0)
            return pid
    return None


def stop(home: Path) -> None:
    if pid := postmaster(home):
        os.kill(pid, signal.SIGQUIT)


def identity(conninfo: str) -> str:
    with contextlib.closing(psycopg.connect(conninfo)) as connection:
        row = connection.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
    assert row is not None
    return str(row[0])


@contextlib.contextmanager
def another_process(home: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds the server of a home until its input ends."""
    command = [sys.executable, "-c", HOLDER, str(home)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        yield process
        if process.poll() is None:
            process.communicate("")


def wait_until_ready(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def test_processes_that_start_at_once_share_one_server_and_the_last_one_stops_it(
    home: Path,
) -> None:
    with another_process(home) as first:
        with another_process(home) as second:
            wait_until_ready(first)
            wait_until_ready(second)
            shared = postmaster(home)
            second.communicate("")

            assert second.returncode == 0
            assert shared is not None
            assert postmaster(home) == shared
        first.communicate("")

    assert first.returncode == 0
    assert postmaster(home) is None


def test_a_killed_process_takes_no_server_down_and_leaves_none_behind(home: Path) -> None:
    with another_process(home) as process:
        wait_until_ready(process)
        running = postmaster(home)
        process.kill()
        process.wait()

        hold = EmbeddedServer(home).hold()
        assert running is not None
        assert postmaster(home) == running
        assert identity(hold.conninfo)
        hold.release()

    assert postmaster(home) is None


def test_the_whole_group_of_a_command_can_be_killed_and_the_server_stays(home: Path) -> None:
    with another_process(home) as process:
        wait_until_ready(process)
        running = postmaster(home)
        assert running is not None

        assert os.getsid(running) != os.getsid(process.pid)
        assert os.getpgid(running) != os.getpgid(process.pid)


def test_two_homes_do_not_meet(home: Path) -> None:
    one, two = EmbeddedServer(home).hold(), EmbeddedServer(home.with_name("other")).hold()

    assert identity(one.conninfo) != identity(two.conninfo)
    one.release()
    assert identity(two.conninfo)
    two.release()


def test_a_server_that_crashed_is_started_again(home: Path) -> None:
    first = EmbeddedServer(home).hold()
    running = postmaster(home)
    assert running is not None
    before = identity(first.conninfo)
    os.kill(running, signal.SIGKILL)

    second = EmbeddedServer(home).hold()

    assert identity(second.conninfo) == before
    first.release()
    second.release()


def test_a_pid_file_whose_number_is_now_another_program_stops_nobody(home: Path) -> None:
    EmbeddedServer(home).hold().release()
    stale = home / "database" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{home / 'database'}\n0\n5432\n\n\n0 0\nready\n")

    hold = EmbeddedServer(home).hold()

    assert identity(hold.conninfo)
    hold.release()


def test_a_database_that_was_only_half_made_is_made_anew(home: Path) -> None:
    unfinished = home / "database.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    home.chmod(0o711)

    hold = EmbeddedServer(home).hold()

    assert identity(hold.conninfo)
    hold.release()


def test_a_home_with_a_long_path_has_its_socket_in_a_closed_folder(home: Path) -> None:
    deep = home.joinpath(*["a-rather-long-name-of-a-folder"] * 5)
    server = EmbeddedServer(deep)
    hold = server.hold()

    sockets = Path(str(psycopg.conninfo.conninfo_to_dict(hold.conninfo)["host"]))
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert identity(hold.conninfo)
    hold.release()
    shutil.rmtree(sockets)


def test_a_server_that_does_not_start_says_where_to_look(home: Path) -> None:
    EmbeddedServer(home).hold().release()
    with (home / "database" / "postgresql.conf").open("a") as configuration:
        configuration.write("no_such_setting = on\n")

    with pytest.raises(TryAgainLater, match="did not start"):
        EmbeddedServer(home).hold()


def test_errors_in_the_servers_log_hold_no_values(home: Path) -> None:
    hold = EmbeddedServer(home).hold()
    with contextlib.closing(psycopg.connect(hold.conninfo, autocommit=True)) as connection:
        connection.execute("CREATE TABLE person (name text PRIMARY KEY)")
        for _attempt in range(2):
            with contextlib.suppress(psycopg.Error):
                connection.execute("INSERT INTO person VALUES ('Marisol Quintanar')")
    hold.release()

    log = (home / "database" / "log").read_text()
    assert "duplicate key" in log
    assert "Marisol" not in log


@needs_root
def test_as_root_private_folders_are_opened_for_passing_alone_and_it_says_so(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home.parent.chmod(0o700)

    with caplog.at_level(logging.WARNING, embedded.log.name):
        EmbeddedServer(home).hold().release()

    assert stat.S_IMODE(home.parent.stat().st_mode) == 0o701
    assert str(home.parent) in caplog.text
    assert stat.S_IMODE((home / "database").stat().st_mode) == 0o700


@needs_root
def test_an_ordinary_user_needs_nothing_of_root(home: Path) -> None:
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    process = PROCESSES.Process(target=_hold_as_nobody, args=(home,))
    process.start()
    process.join(60)

    assert process.exitcode == 0
    assert (home / "database").stat().st_uid == NOBODY


def _hold_as_nobody(home: Path) -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    hold = EmbeddedServer(home).hold()
    assert identity(hold.conninfo)
    hold.release()


def test_a_home_that_cannot_be_written_is_said(home: Path) -> None:
    (home / "database.lock").mkdir(parents=True)

    with pytest.raises(ChangeInput, match="KINSYNC_HOME"):
        EmbeddedServer(home).hold()


def test_a_home_that_is_gone_at_the_end_is_nobody_s_trouble(home: Path) -> None:
    hold = EmbeddedServer(home).hold()
    server = (home / "database" / "postmaster.pid").read_text().splitlines()[0]
    while home.exists():  # the server, which notices, takes files away at the same time
        shutil.rmtree(home, ignore_errors=True)

    hold.release()

    with contextlib.suppress(ProcessLookupError):  # it may have stopped by itself
        os.kill(int(server), signal.SIGQUIT)
