"""A pull in a process of its own that is killed with SIGKILL at a chosen moment.

Imported afresh by that process, so Django is set up here.
"""

import os
import signal
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

import django

django.setup()

from kinsync.services.pulls import PullTools, pull  # noqa: E402
from kinsync.services.sources import Reach  # noqa: E402
from kinsync.store import records, sources  # noqa: E402
from kinsync.store.sealing import Sealer  # noqa: E402
from kinsync.store.staging import Shelf, Staged, Staging  # noqa: E402
from kinsync.store.storage import Storage  # noqa: E402
from tests.connectors.reading import impatient  # noqa: E402

PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.services.pulling_and_dying"])

MOMENTS = ("reading", "tables kept", "bytes kept", "recorded")
"""While rows come; when the new tables lie there; when the new bytes do too; in the transaction
that says so, when all of it is written."""


@dataclass(frozen=True, slots=True)
class DeadlyStaging(Staging):
    """Staging that dies when the tables have been kept."""

    def begin(self, district_id: int, upload_id: int) -> Staged:
        _die()
        raise AssertionError("still alive")


@dataclass(frozen=True, slots=True)
class DeadlyShelf(Shelf):
    """A shelf that dies when it has the bytes."""

    def keep(self, staged: Path, public_id: str, upload_id: int) -> None:
        Shelf.keep(self, staged, public_id, upload_id)
        _die()


def die_pulling(moment: str, district_id: int, source_id: int, home: Path, day: datetime) -> None:
    """Pull in another process, which does not survive that moment."""
    process = PROCESSES.Process(target=_pull, args=(moment, district_id, source_id, home, day))
    process.start()
    process.join(60)

    assert process.exitcode == -signal.SIGKILL


def _pull(moment: str, district_id: int, source_id: int, home: Path, day: datetime) -> None:
    storage = Storage(home)
    reach = Reach(Sealer([bytes(32)]), lambda: day, limits=impatient)
    tools = PullTools(reach, Staging(storage), Shelf(storage))
    deadly = {
        "reading": {"progress": lambda *_: _die()},
        "tables kept": {"staging": DeadlyStaging(storage)},
        "bytes kept": {"shelf": DeadlyShelf(storage)},
        "recorded": {"on_complete": lambda *_: _die()},
    }
    source = sources.source(district_id, source_id)
    pull(records.district(district_id), source, replace(tools, **deadly[moment]))  # type: ignore[arg-type]


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
