"""One SFTP server for most tests of a worker, and others for those that harm theirs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kinsync.store.database import connect
from tests.servers import DebianOne, EmbeddedOne

if TYPE_CHECKING:
    from tests.sftp.visitors import Running, Visitor


@pytest.fixture(scope="session")
def lasting(
    server: EmbeddedOne | DebianOne, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Running]":
    """A server that lasts for all tests."""
    from tests.sftp.visitors import Running  # needs Django, which is set up after this file

    running = Running(tmp_path_factory.mktemp("sftp") / "home")
    with closing(connect(autocommit=True)) as connection:
        connection.execute("TRUNCATE sftp_host_key")  # it has read its keys
    yield running
    running.close()


@pytest.fixture
def running(database: None, lasting: "Running") -> "Running":
    """The server that lasts, with an empty database."""
    return lasting


@pytest.fixture
def start(database: None, tmp_path: Path) -> "Iterator[Callable[..., Running]]":
    """Starts servers for one test alone; all of them on one home."""
    from tests.sftp.visitors import Running

    with ExitStack() as stack:

        def started(**asked: int) -> Running:
            running = Running(tmp_path / "home", **asked)
            stack.callback(running.close)
            return running

        yield started


@pytest.fixture
def visitor(database: None, tmp_path: Path) -> "Visitor":
    """The district's own account."""
    from tests.sftp.visitors import new_visitor

    return new_visitor(tmp_path)
