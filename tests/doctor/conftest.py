"""An installation to look at."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import Home, home_of_this_process

if TYPE_CHECKING:
    from tests.backup.machines import Machine


@pytest.fixture
def home(database: None, tmp_path: Path) -> Iterator[Home]:
    """A home in which nothing is wrong but what the tests' own server is known for."""
    with home_of_this_process(tmp_path) as home:
        home.folder.mkdir(mode=0o700)
        yield home


@pytest.fixture
def machine(database: None, tmp_path: Path) -> "Iterator[Machine]":
    """A machine with a database of its own, whose tables are there."""
    from tests.backup.machines import new_machine

    with new_machine(tmp_path / "elsewhere") as machine:
        machine.home.folder.mkdir(mode=0o700)
        yield machine
