"""What a sync meets when another sync, or nothing, is there."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from kinsync.domain.errors import ChangeInput, TryAgainLater
from kinsync.domain.settings import Settings
from kinsync.store.database import (
    ENVIRONMENT,
    connect,
    district_lock,
    open_database,
    outages,
)
from tests.store.dying import PROCESSES


def _lock_and_wait(district_id: int, pipe: Connection) -> None:
    with district_lock(district_id):
        pipe.send("locked")
        pipe.recv()


def test_of_two_syncs_of_a_district_one_waits_until_the_other_ends_however_it_ends(
    database: None,
) -> None:
    ours, theirs = PROCESSES.Pipe()
    other = PROCESSES.Process(target=_lock_and_wait, args=(7, theirs))
    other.start()
    assert ours.recv() == "locked"
    has_waited = threading.Event()

    def end_the_other() -> None:
        has_waited.set()
        other.kill()

    with district_lock(7, on_wait=end_the_other):
        other.join(30)

        assert has_waited.is_set()


def test_syncs_of_different_districts_do_not_wait(database: None) -> None:
    with district_lock(1, on_wait=pytest.fail), district_lock(2, on_wait=pytest.fail):
        pass


def test_a_server_that_is_away_means_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, "host=/nonexistent dbname=kinsync")

    with pytest.raises(TryAgainLater, match="went away while publishing"), outages(
        doing="publishing"
    ):  # fmt: skip
        connect()


def test_an_address_that_is_none_is_said_without_its_password() -> None:
    with pytest.raises(ChangeInput, match="KINSYNC_DATABASE_URL") as refused:
        open_database(Settings(database_url="postgresql://u:hunter2@/db?nonsense=1"))
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_named_server_is_used_as_it_is(server: object) -> None:
    url = os.environ[ENVIRONMENT]

    assert open_database(Settings(database_url=url)) == url


RESTARTED = """
import subprocess, sys
from pathlib import Path
from kinsync.domain.settings import Settings
from kinsync.bootstrap import connect_database
home = Path(sys.argv[1])
connect_database(Settings(home=home))

from kinsync.domain.errors import TryAgainLater
from kinsync.store import records, snapshots
from kinsync.store.embedded import EmbeddedServer
from kinsync.store.publish import publish
from kinsync.store.storage import Storage
from tests.store.people import NOON, is_same, same_of_all, snapshot
from tests.store.publishing import prepare

storage, after = Storage(home), snapshot(same_of_all({0: 0, 1: 1}))
district = records.add_district("Lakeside", at=NOON).id
publication = prepare(district, after, storage=storage)

def restart(step):
    if step == "insert-contact":
        server = EmbeddedServer(home)
        server._run("pg_ctl", "-w", "-m", "immediate", "-D", str(server.data),
                    "-l", str(server.data / "log"), "restart")

try:
    publish(publication, storage=storage, step=restart)
except TryAgainLater as error:
    print(error)
assert records.district(district).published == 0
assert publish(publication, storage=storage) == 1
assert is_same(snapshots.as_of(district, 1), after)
print("finished")
"""


def test_a_database_that_restarts_in_the_middle_means_try_again_and_the_retry_finishes() -> None:
    home = Path(tempfile.mkdtemp(prefix="kinsync-home-"))
    home.chmod(0o711)
    with contextlib.ExitStack() as cleaning:
        cleaning.callback(shutil.rmtree, home, ignore_errors=True)
        done = subprocess.run(
            [sys.executable, "-c", RESTARTED, str(home / "home")],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            text=True,
        )

    assert "Nothing was published. Try again" in done.stdout, done.stderr
    assert done.stdout.endswith("finished\n"), done.stderr
