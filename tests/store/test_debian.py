"""The same tests on the machine's own PostgreSQL, where the tables belong to an ordinary role."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import DebianOne

OTHERS = ("test_publish", "test_gate", "test_ids", "test_history", "test_records")


@pytest.mark.skipif(DebianOne.binaries() is None, reason="PostgreSQL of Debian is not installed")
def test_the_store_works_on_debians_postgresql(pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--server") == "debian":
        pytest.skip("this run is that already")
    here = Path(__file__).parent
    clean = {name: value for name, value in os.environ.items() if "XDIST" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist",
         "--server", "debian", *(str(here / f"{name}.py") for name in OTHERS)],
        env=clean,
        cwd=here.parents[1],
        capture_output=True,
        text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
