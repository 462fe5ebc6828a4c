"""Three machines, one database: whatever dies, every district is published once and in order."""

import json
import subprocess
import sys
from pathlib import Path

DISTRICTS = 16
REPOSITORY = Path(__file__).parents[2]


def test_districts_that_are_due_at_once_are_published_once_whatever_dies() -> None:
    trial = subprocess.run(
        [sys.executable, "-m", "benchmarks.machines", "--districts", str(DISTRICTS),
         "--students", "3"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    assert trial.returncode == 0, trial.stderr
    told = json.loads(trial.stdout)
    print("in network namespaces" if told["namespaces"] else "NOT in network namespaces")
    assert told["versions"] == told["published_syncs"] == 2 * DISTRICTS
    assert told["districts_in_order"] == DISTRICTS
    assert told["districts_with_the_change_of_the_second_night"] == DISTRICTS
    assert told["contacts"] == 3 * DISTRICTS
    assert told["running_syncs"] == told["failed_jobs"] == 0
