"""Many machines: districts that are all due at once; workers die and freeze, the database restarts.

    python -m benchmarks.machines --districts 200

Three workers, each in a network namespace of its own where we are root and ``ip`` is there (plain
processes otherwise, and the result says so), and one PostgreSQL. Every district delivers twice. Two
workers are killed and begun again, one is stopped for longer than it takes to be given up and then
continued, and the database is restarted in between. Prints one JSON object: what every district has
published at the end, and how long that took.
"""

import argparse
import contextlib
import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import make_conninfo

from kinsync.domain.settings import Settings
from kinsync.store.embedded import EmbeddedServer

if TYPE_CHECKING:
    from kinsync.store.sftp_accounts import Account

WORKERS = 3
HEARTBEAT_SECONDS = 2
HEADER = (
    "Student_id", "School_id", "Last_name", "First_name",
    "Contact_type", "Contact_name", "Contact_relationship", "Contact_phone",
)  # fmt: skip


class Machines:
    """Network namespaces, each with an address of its own and one of the database's side."""

    def __init__(self, count: int) -> None:
        self.has_namespaces = os.geteuid() == 0 and shutil.which("ip") is not None
        self._names = [f"ks{os.getpid()}-{number}" for number in range(count)]
        self._net = f"10.203.{os.getpid() % 254 + 1}"
        try:
            for number in range(count if self.has_namespaces else 0):
                self._connect(number)
        except subprocess.CalledProcessError:
            self.close()
            self.has_namespaces = False

    def _connect(self, number: int) -> None:
        name, here, there = self._names[number], f"k{os.getpid()}h{number}", "uplink"
        _ip("netns", "add", name)
        _ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
        _ip("address", "add", f"{self.server(number)}/30", "dev", here)
        _ip("link", "set", here, "up")
        own = f"{self._net}.{4 * number + 2}/30"
        _ip("-n", name, "address", "add", own, "dev", there)
        _ip("-n", name, "link", "set", there, "up")
        _ip("-n", name, "link", "set", "lo", "up")

    def server(self, number: int) -> str:
        """The address under which a machine reaches the database."""
        return f"{self._net}.{4 * number + 1}" if self.has_namespaces else "127.0.0.1"

    def command(self, number: int) -> list[str]:
        """What goes before a command that runs on a machine."""
        return ["ip", "netns", "exec", self._names[number]] if self.has_namespaces else []

    def close(self) -> None:
        if self.has_namespaces:
            for name in self._names:
                subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Database:
    """One PostgreSQL that all machines reach over the network."""

    def __init__(self, home: Path, addresses: set[str]) -> None:
        self._server = EmbeddedServer(home)
        self._hold = self._server.hold()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._addresses = ",".join(sorted({*addresses, "127.0.0.1"}))
        with (self._server.data / "pg_hba.conf").open("a") as rules:
            rules.write("\nhost all all 10.203.0.0/16 trust\n")
        self.restart("fast")

    def restart(self, mode: str = "immediate") -> None:
        """Stop it as a crash would, and start it again."""
        data = self._server.data
        options = f"-h '{self._addresses}' -p {self._port} -k '/tmp'"
        self._server._run(
            *("pg_ctl", "-w", "-t", "60", "-m", mode, "-D", str(data), "-l", str(data / "log")),
            *("-o", options, "restart"),
        )

    def url(self, address: str) -> str:
        return make_conninfo(host=address, port=self._port, user="postgres", dbname="postgres")

    def close(self) -> None:
        self._hold.release()


@dataclass
class Trial:
    """Districts, workers, and what happens to them."""

    folder: Path
    districts: int
    students: int
    machines: Machines
    database: Database
    workers: dict[int, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, number: int) -> None:
        """A worker on a machine."""
        environment = {name: value for name, value in os.environ.items() if "KINSYNC" not in name}
        environment |= {
            "KINSYNC_HOME": str(self.folder),
            "KINSYNC_DATABASE_URL": self.database.url(self.machines.server(number)),
            "KINSYNC_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS),
            "POLARS_MAX_THREADS": "1",
        }
        with (self.folder / f"machine-{number}.log").open("ab") as log:
            self.workers[number] = subprocess.Popen(
                [*self.machines.command(number), sys.executable, "-m", "kinsync", "serve",
                 "--only", "worker"],
                env=environment, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self, number: int) -> None:
        self.workers[number].kill()
        self.workers[number].wait()

    def said(self, number: int) -> str:
        return (self.folder / f"machine-{number}.log").read_text()

    def ask(self, query: str) -> Any:
        """One value from the database."""
        with psycopg.connect(self.database.url("127.0.0.1"), autocommit=True) as connection:
            row = connection.execute(query).fetchone()
        return row[0] if row else None

    def deliver(self, night: int) -> None:
        """Every district delivers a file, and all are due at the same moment."""
        from django.db import connections

        from kinsync import bootstrap
        from kinsync.services.uploads import STUDENTS, Uploads
        from kinsync.store import queue, records
        from kinsync.store.staging import Shelf, Staging
        from kinsync.store.storage import Storage

        connections.close_all()  # ours, too, are of before the restart
        files = Storage(self.folder)
        uploads = Uploads(Staging(files), Shelf(files), bootstrap.now)
        file = self.folder / "students.csv"
        found = records.list_districts()
        for number, district in enumerate(found):
            _write(file, number, self.students, night)
            receiving = uploads.begin(_account(district.id), STUDENTS)
            receiving.staged.write(0, file.read_bytes())
            uploads.finish(receiving)
        with queue.queueing() as cursor:
            for district in found:
                queue.sync_at_once(cursor, district.id, datetime.now(UTC))

    def published(self, version: int) -> int:
        """How many districts have published that version."""
        return int(self.ask(f"SELECT count(*) FROM district WHERE published >= {version}"))

    def is_done(self) -> bool:
        return not self.ask(
            "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
        )


def _account(district_id: int) -> "Account":
    """The district's own SFTP account."""
    from kinsync.store import sftp_accounts

    if not sftp_accounts.list_accounts(district_id):
        sftp_accounts.add_account(district_id, f"office-{district_id}", at=datetime.now(UTC))
    return sftp_accounts.list_accounts(district_id)[0]


def _write(path: Path, district: int, students: int, night: int) -> None:
    """One contact a student; on the second night one of them has a new phone."""
    with path.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(HEADER)
        for number in range(students):
            is_new = night == 2 and number == 0
            phone = f"{425 if is_new else 206}{555_0000 + number:07}"
            name = f"{_word(district)} {_word(number)}"
            rows.writerow(
                (f"S{number:05}", "101", name.split()[1], "Robin", "Primary", f"Ada {name}",
                 "Parent", phone)
            )  # fmt: skip


def _word(number: int) -> str:
    """A name of letters alone, one for each number."""
    letters = "abcdefghijklmnopqrst"
    return "".join(letters[number // 20**place % 20] for place in range(4)).capitalize()


def run(trial: Trial) -> dict[str, object]:
    """Let it all happen, and say what is published then."""
    from kinsync.store import records

    for number in range(trial.districts):
        records.add_district(f"District {number}", at=datetime.now(UTC))
    begin = time.monotonic()
    trial.deliver(1)
    for number in range(WORKERS):
        trial.start(number)
    _until(lambda: trial.published(1) > trial.districts // 8, "the first are published")
    trial.kill(0)
    trial.start(0)
    trial.workers[1].send_signal(signal.SIGSTOP)
    _until(lambda: trial.published(1) > trial.districts // 3, "a third is published")
    trial.kill(2)
    trial.start(2)
    _until(lambda: trial.published(1) > trial.districts // 2, "half is published")
    trial.database.restart()
    _until(lambda: "taken over" in trial.said(0) + trial.said(2), "a worker is given up")
    trial.workers[1].send_signal(signal.SIGCONT)
    _until(lambda: trial.published(1) == trial.districts and trial.is_done(), "night 1 is done")
    first = time.monotonic()
    trial.deliver(2)
    _until(lambda: trial.published(2) == trial.districts and trial.is_done(), "night 2 is done")
    end = time.monotonic()
    return {**_result(trial), "seconds": [round(first - begin, 1), round(end - first, 1)]}


def _result(trial: Trial) -> dict[str, object]:
    """Whether every district has exactly its two versions, each made by one sync, in order."""
    ordered = trial.ask(
        "SELECT count(*) FROM (SELECT district_id FROM version GROUP BY district_id HAVING"
        " array_agg(number ORDER BY published_at) = ARRAY[1, 2]"
        " AND array_agg(number ORDER BY sync_id) = ARRAY[1, 2]) AS whole"
    )
    changed = trial.ask(
        "SELECT count(*) FROM version WHERE number = 2"
        " AND counts->'changes'->'contact' = '{\"created\": 0, \"deleted\": 0, \"updated\": 1}'"
    )
    return {
        "namespaces": trial.machines.has_namespaces,
        "districts": trial.districts,
        "versions": trial.ask("SELECT count(*) FROM version"),
        "districts_in_order": ordered,
        "districts_with_the_change_of_the_second_night": changed,
        "contacts": trial.ask("SELECT count(*) FROM contact WHERE since = 1"),
        "published_syncs": trial.ask("SELECT count(*) FROM sync WHERE state = 'published'"),
        "abandoned_syncs": trial.ask("SELECT count(*) FROM sync WHERE state = 'failed'"),
        "running_syncs": trial.ask("SELECT count(*) FROM sync WHERE state = 'running'"),
        "failed_jobs": trial.ask("SELECT count(*) FROM procrastinate_jobs WHERE status='failed'"),
    }


def _until(is_so: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 600
    while True:
        with contextlib.suppress(psycopg.OperationalError):
            if is_so():
                return
        if time.monotonic() > deadline:
            raise SystemExit(f"After ten minutes still not: {what}.")
        time.sleep(0.1)


@contextlib.contextmanager
def trial_of(districts: int, students: int) -> Iterator[Trial]:
    """Machines, a database and a home, all gone afterwards."""
    from kinsync import bootstrap

    folder = Path(tempfile.mkdtemp(prefix="kinsync-machines-"))
    folder.chmod(0o711)
    machines = Machines(WORKERS)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(machines.close)
        addresses = {machines.server(number) for number in range(WORKERS)}
        database = Database(folder, addresses)
        stack.callback(database.close)
        url = database.url("127.0.0.1")
        bootstrap.connect_database(Settings(home=folder, database_url=url))
        trial = Trial(folder, districts, students, machines, database)
        stack.callback(_end, trial)
        yield trial


def _end(trial: Trial) -> None:
    for worker in trial.workers.values():
        with contextlib.suppress(ProcessLookupError):
            worker.send_signal(signal.SIGCONT)
            worker.kill()
        worker.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--districts", type=int, default=200)
    parser.add_argument("--students", type=int, default=20)
    given = parser.parse_args()
    with trial_of(given.districts, given.students) as trial:
        try:
            result = run(trial)
        except SystemExit:
            for number in range(WORKERS):
                sys.stderr.write(trial.said(number)[-3000:])
            raise
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
