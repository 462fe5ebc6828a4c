"""Workers as processes of their own, and districts that have work for them."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from kinsync.store import queue, records
from kinsync.store.database import ENVIRONMENT, connect
from kinsync.store.storage import Storage
from tests.services.pupils import Line, as_csv
from tests.services.uploader import upload_whole

HEARTBEAT_SECONDS = 2
PATIENCE_SECONDS = 120
"""After so long a test gives up; nothing is measured by it."""


def until(is_so: Callable[[], object], what: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.05)


@dataclass
class Crew:
    """Workers on one home; those that live are ended with the test."""

    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    workers: list["subprocess.Popen[str]"] = field(default_factory=list)

    def start(self) -> "subprocess.Popen[str]":
        """A worker that is ready for jobs."""
        log = (self.home / f"worker-{len(self.workers)}.log").open("w")
        with log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "kinsync", "serve", "--only", "worker"],
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.workers.append(worker)
        assert worker.stdout is not None
        assert worker.stdout.readline(), Path(log.name).read_text()
        return worker

    @property
    def environment(self) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("KINSYNC_")
        }
        return {
            **inherited,
            "KINSYNC_HOME": str(self.home),
            "KINSYNC_DATABASE_URL": os.environ[ENVIRONMENT],
            "KINSYNC_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS),
            "KINSYNC_SFTP": "127.0.0.1:0",
            **self.settings,
        }

    def said(self, worker: "subprocess.Popen[str]") -> str:
        """What a worker has logged."""
        return (self.home / f"worker-{self.workers.index(worker)}.log").read_text()

    def end(self) -> None:
        for worker in self.workers:
            with contextlib.suppress(ProcessLookupError):
                worker.send_signal(signal.SIGCONT)
                worker.kill()
            worker.wait()
            if worker.stdout is not None:
                worker.stdout.close()


@dataclass
class Uploader:
    """One district that delivers files."""

    name: str
    home: Path

    def __post_init__(self) -> None:
        self.district = records.add_district(self.name, at=datetime.now(UTC))

    @property
    def id(self) -> int:
        return self.district.id

    @property
    def version(self) -> int:
        return records.district(self.id).published

    def put(self, lines: list[Line]) -> None:
        """Upload a file whole; nothing is queued."""
        upload_whole(Storage(self.home), self.district, as_csv(lines))

    def upload(self, lines: list[Line]) -> None:
        """Upload a file whole, and have it synced at once."""
        self.put(lines)
        with queue.queueing() as cursor:
            queue.sync_at_once(cursor, self.id, datetime.now(UTC))

    def syncs(self) -> list[tuple[str, int | None]]:
        """State and version of each sync, the oldest first."""
        return [(sync.state, sync.version) for sync in records.list_syncs(self.id)][::-1]

    def job_states(self) -> list[str]:
        """Of the syncs that were queued, the newest first."""
        return [
            job.state
            for job in queue.list_jobs()
            if job.task == queue.SYNC and job.arguments.get("district_id") == self.id
        ]

    @contextlib.contextmanager
    def publishing_blocked(self) -> Iterator[psycopg.Connection]:
        """A moment in which every publish of the district waits where it begins."""
        with contextlib.closing(connect()) as connection:
            connection.execute("SELECT 1 FROM district WHERE id = %s FOR NO KEY UPDATE", (self.id,))
            yield connection
            connection.rollback()

    def is_about_to_publish(self) -> bool:
        with contextlib.closing(connect(autocommit=True)) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND query LIKE 'SELECT public_id FROM district%'"
                " AND datname = current_database()"
            ).fetchone()
        return row == (1,)
