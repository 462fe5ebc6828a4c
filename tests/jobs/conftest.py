"""A district with files, and workers, for every test that asks for them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.jobs.crew import Crew, Uploader


@pytest.fixture
def crew(database: None, tmp_path: Path) -> "Iterator[Crew]":
    """Nobody yet, on an empty home."""
    from tests.jobs.crew import Crew  # needs Django, which is set up after this file

    crew = Crew(tmp_path)
    yield crew
    crew.end()


@pytest.fixture
def lakeside(database: None, tmp_path: Path) -> "Uploader":
    """A district that has delivered nothing yet."""
    from tests.jobs.crew import Uploader

    return Uploader("Lakeside", tmp_path)
