"""The guide "Move an application from Clever to Kinsync in ten minutes", walked as it stands."""

import shutil

import pytest

from tests.conventions.pages import DOCS
from tests.journeys.walking import walked
from tests.web.serving import free_port

GUIDE = DOCS / "move-from-clever.md"


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="the guide needs curl and jq"
)
def test_every_command_of_the_guide_prints_what_the_guide_says() -> None:
    page = GUIDE.read_text("utf-8")

    steps = walked(page, free_port())

    assert len(steps) > 15
    for shown, printed in steps:
        assert printed == shown.output, shown.command
