"""A district's day with every part running: it uploads, and an application hears of it."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from kinsync.store.database import connect
from tests.receivers import Receiver, receiver

if TYPE_CHECKING:
    from tests.cli.commands import Home
    from tests.web.lakeside import Application

SFTP = "/usr/bin/sftp"
SAMPLES = Path(__file__).parents[2] / "samples"
QUIET_SECONDS = 3
PATIENCE_SECONDS = 120
"""After so long a test gives up; nothing is measured by it."""

pytestmark = pytest.mark.skipif(not Path(SFTP).exists(), reason="there is no OpenSSH client here")


@pytest.fixture
def home(database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[Home]":
    from tests.cli.commands import home_of_this_process  # needs Django, set up after this file

    with home_of_this_process(tmp_path) as home:
        home.settings["KINSYNC_WEBHOOK_ALLOW"] = "127.0.0.0/8"
        home.settings["KINSYNC_HEARTBEAT_SECONDS"] = "2"
        monkeypatch.setenv("KINSYNC_WEBHOOK_ALLOW", "127.0.0.0/8")
        yield home


@contextmanager
def served(home: "Home") -> Iterator[tuple[int, int]]:
    """``kinsync serve`` with every role, until the end of the block; its HTTP and SFTP ports."""
    from tests.cli.commands import KINSYNC

    http, sftp = free_port(), free_port()
    with (home.folder.parent / "serve.log").open("w") as log:
        process = subprocess.Popen(
            [*KINSYNC, "serve", "--http", f"127.0.0.1:{http}", "--sftp", f"127.0.0.1:{sftp}"],
            env=home.environment,
            stdout=log,
            stderr=log,
        )
    try:
        until(lambda: takes_calls(http) and takes_calls(sftp), "both doors are open")
        yield http, sftp
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def takes_calls(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def until(is_so: Callable[[], object], what: str) -> None:
    """Wait for what other processes do."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.1)


def upload(port: int, username: str, key: Path, commands: str) -> None:
    """What a district's nightly script does."""
    batch = key.with_name("batch")
    batch.write_text(commands)
    subprocess.run(
        [
            SFTP, "-q", "-b", batch, "-i", key, "-P", str(port), "-F", "none",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", f"{username}@127.0.0.1",
        ],
        check=True, capture_output=True,
    )  # fmt: skip


def syncs() -> list[tuple[str, int | None]]:
    """State and version of every sync, the oldest first."""
    with closing(connect()) as connection:
        found = connection.execute("SELECT state, version FROM sync ORDER BY id").fetchall()
    return [(state, version) for state, version in found]


@dataclass
class Reader:
    """An application that keeps whose records there are, by the events that webhooks tell of."""

    app: "Application"
    ids: set[str] = field(default_factory=set)

    def follow(self, address: str) -> set[str]:
        """Read the events from there, and answer what kinds they were."""
        kinds = set()
        for event in self._all(address):
            kinds.add(event["type"])
            act, id_ = event["type"].partition(".")[2], event["data"]["object"]["id"]
            self.ids = self.ids - {id_} if act == "deleted" else self.ids | {id_}
        return kinds

    def listed(self) -> set[str]:
        """Whose records the API lists now."""
        lists = ("/v3.1/users?limit=1000", "/v3.1/schools?limit=1000")
        return {record["id"] for one in lists for record in self._all(one)}

    def _all(self, address: str) -> Iterator[dict[str, Any]]:
        from tests.web.replay import every

        return every(self.app, address)


def test_an_upload_reaches_an_application_by_itself(home: "Home", tmp_path: Path) -> None:
    from tests.cli.commands import kinsync
    from tests.web.lakeside import Application

    key = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    kinsync("district", "add", "Lakeside")
    with closing(connect(autocommit=True)) as connection:
        quiet = json.dumps({"quiet_seconds": QUIET_SECONDS})
        connection.execute("UPDATE district SET settings = %s", (quiet,))
    office = kinsync("sftp-account", "add", "Lakeside", "--key", f"{key}.pub", "--json").json
    kinsync("app", "add", "Messenger")
    kinsync("connect", "Lakeside", "Messenger")
    token = kinsync("token", "Lakeside", "Messenger", "--json").json["access_token"]
    with ExitStack() as stack:
        hooks = stack.enter_context(receiver(is_tls=False))
        http, sftp = stack.enter_context(served(home))
        added = kinsync("webhook", "add", "Lakeside", "Messenger", address_of(hooks), "--json")
        assert added.code == 0, added.said
        username = office["username"]

        night = SAMPLES / "students.csv"
        contacts = SAMPLES / "customcontacts" / "contacts.csv"
        upload(
            sftp, username, key,
            f"put {night} students.csv.filepart\nrename students.csv.filepart students.csv\n"
            f"put {night} teachers.csv\n-mkdir customcontacts\n"
            f"put {contacts} customcontacts/contacts.csv\n",
        )  # fmt: skip
        until(lambda: hooks.arrived, "a webhook tells of the first version")

        assert syncs() == [("published", 1)], "several files of one upload are one sync"
        client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{http}", timeout=60))
        reader = Reader(Application(client, token))
        assert reader.follow(f"{told(hooks, 0)}&limit=1000") == {"users.created", "schools.created"}
        assert reader.ids == reader.listed()

        upload(sftp, username, key, f"put {SAMPLES / 'night2' / 'students.csv'} students.csv\n")
        until(lambda: len(hooks.arrived) > 1, "a webhook tells of the next night")

        assert syncs() == [("published", 1), ("published", 2)]
        assert "users.updated" in reader.follow(f"{told(hooks, 1)}&limit=1000")
        assert reader.ids == reader.listed()


def told(hooks: Receiver, number: int) -> str:
    """From where the events are to be read that a webhook tells of."""
    return str(json.loads(hooks.arrived[number].body)["data"]["url"])


def address_of(hooks: Receiver) -> str:
    return f"http://127.0.0.1:{hooks.port}/lakeside"
