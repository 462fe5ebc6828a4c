"""A machine that is in use, and empty ones."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import Home, home_of_this_process

if TYPE_CHECKING:
    from tests.backup.machines import Machine


@pytest.fixture
def used(database: None, tmp_path: Path) -> "Iterator[Machine]":
    """The machine of this process, with nothing on it yet."""
    from tests.backup.machines import Machine  # needs Django, which is set up after this file

    with home_of_this_process(tmp_path) as home:
        yield Machine(Home(home.folder, dict(home.settings)))


@pytest.fixture
def empty(database: None, tmp_path: Path) -> "Iterator[Machine]":
    """A machine of its own that nobody has used."""
    from tests.backup.machines import new_machine

    with new_machine(tmp_path / "elsewhere", has_tables=False) as machine:
        yield machine


@pytest.fixture
def migrated(database: None, tmp_path: Path) -> "Iterator[Machine]":
    """The same after ``kinsync migrate``."""
    from tests.backup.machines import new_machine

    with new_machine(tmp_path / "elsewhere") as machine:
        yield machine
