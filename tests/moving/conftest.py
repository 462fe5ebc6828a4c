"""A district, and the web door over it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.services.office import Office


@pytest.fixture
def office(database: None, tmp_path: Path) -> "Office":
    """A district that has published nothing yet."""
    from tests.services.office import Office  # needs Django, which is set up after this file

    return Office("Lakeside", tmp_path)


@pytest.fixture
def http(database: None) -> Iterator[httpx.Client]:
    """A client of the web door itself, without a network between."""
    from kinsync.web.wsgi import application

    transport = httpx.WSGITransport(app=application)
    with httpx.Client(transport=transport, base_url="http://kinsync.test") as client:
        yield client
