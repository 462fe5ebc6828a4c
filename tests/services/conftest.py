"""A district for every test that asks for one."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.services.mailroom import Mailroom
    from tests.services.office import Office


@pytest.fixture
def office(database: None, tmp_path: Path) -> "Office":
    """A district that has published nothing yet."""
    from tests.services.office import Office  # needs Django, which is set up after this file

    return Office("Lakeside", tmp_path)


@pytest.fixture
def mailroom(database: None) -> "Mailroom":
    """A connection that has no webhook endpoint yet."""
    from tests.services.mailroom import Mailroom

    return Mailroom()
