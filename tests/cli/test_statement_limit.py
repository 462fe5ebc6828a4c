"""Nobody waits long before a door for a database that is busy; work in the background does."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import asyncssh
import httpx
import pytest

from kinsync.store import records
from kinsync.store.database import connect
from tests.cli.busy import SCHOOL, make_busy
from tests.cli.commands import Home, ended, kinsync
from tests.services.pupils import write
from tests.sftp.visitors import Running, another_visitor
from tests.web.serving import free_port

LIMIT_SECONDS = 1


@pytest.fixture
def limited(home: Home) -> Home:
    """A home with something to read, whose doors have little patience."""
    make_busy()
    return Home(home.folder, home.settings | {"KINSYNC_STATEMENT_SECONDS": str(LIMIT_SECONDS)})


@contextmanager
def serving(home: Home, *arguments: object) -> "Iterator[subprocess.Popen[str]]":
    """A role that answers, until the end of the block."""
    role = home.start("serve", *arguments)
    try:
        assert role.stdout is not None
        assert "Ctrl-C stops it" in role.stdout.readline()
        yield role
    finally:
        role.terminate()
        ended(role)


@contextmanager
def kept_busy(table: str) -> Iterator[None]:
    """Everybody else waits for this table."""
    with connect() as owner:
        owner.execute(f"LOCK TABLE {table}".encode())
        yield


def wait_beyond_the_limit() -> None:
    """Until somebody waits for a lock, and then so long that a door would have given up."""
    deadline = time.monotonic() + 60
    with connect(autocommit=True) as looking:
        while looking.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone() is None:
            assert time.monotonic() < deadline, "nobody waits"
            time.sleep(0.05)
    time.sleep(2 * LIMIT_SECONDS)


@pytest.mark.parametrize(
    ("path", "word"),
    [("v1.2/contacts", "error"), ("v2.1/contacts", "message"), ("v3.1/users", "message")],
)
def test_a_page_that_takes_too_long_is_answered_with_503_and_the_next_one_with_200(
    limited: Home, path: str, word: str
) -> None:
    token = kinsync("token", "Lakeside", "Reader").out.strip()
    port = free_port()
    address, headers = f"http://127.0.0.1:{port}/{path}", {"authorization": f"Bearer {token}"}
    with serving(limited, "--only", "web", "--http", f"127.0.0.1:{port}"):
        with kept_busy("contact, relationship"):
            slow = httpx.get(address, headers=headers, timeout=30)
        fast = httpx.get(address, headers=headers, timeout=30)

    assert slow.status_code == 503
    assert slow.json() == {word: "The database took too long. Try again later."}
    assert slow.headers["retry-after"] == "30"
    assert fast.status_code == 200


def test_an_upload_that_cannot_be_recorded_is_refused_and_the_next_one_is_taken(
    limited: Home, tmp_path: Path
) -> None:
    visitor = another_visitor(records.list_districts()[0], tmp_path)
    port = free_port()
    server = cast(Running, SimpleNamespace(port=port))
    with serving(limited, "--only", "sftp", "--sftp", f"127.0.0.1:{port}"):
        with kept_busy("upload"), pytest.raises(asyncssh.SFTPFailure, match="took too long"):
            visitor.put(server, "students.csv", b"1")
        visitor.put(server, "students.csv", b"1")

    assert ("students.csv", "complete") in visitor.states()


def test_a_command_waits_as_long_as_it_takes(limited: Home) -> None:
    [district] = records.list_districts()
    before = records.district(district.id).published
    with kept_busy("contact"):
        syncing = limited.start("sync", "Lakeside", "--file", write(Path("n.csv"), SCHOOL))
        wait_beyond_the_limit()
    told = ended(syncing)

    assert told.code == 0, told.said
    assert records.district(district.id).published == before + 1
