"""A home for every test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import Home, home_of_this_process


@pytest.fixture
def home(database: None, tmp_path: Path) -> Iterator[Home]:
    """An empty home."""
    with home_of_this_process(tmp_path) as home:
        yield home
