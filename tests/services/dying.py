"""A sync in a process of its own that is killed with SIGKILL at a chosen moment.

Imported afresh by that process, so Django is set up here.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

import django

django.setup()

from kinsync.services.delivery import open_delivery  # noqa: E402
from kinsync.services.holds import approve  # noqa: E402
from kinsync.services.moving import import_ids  # noqa: E402
from kinsync.services.restore import restore  # noqa: E402
from kinsync.services.sync import Tools, sync_delivery  # noqa: E402
from kinsync.store import records  # noqa: E402
from kinsync.store.folders import Folder  # noqa: E402
from kinsync.store.publish import STEPS  # noqa: E402
from kinsync.store.storage import Storage  # noqa: E402

PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.services.dying"])

BEFORE_PUBLISH = ("begun", "reading", "comparing", "compared")
"""Behind the district's lock and before the sync's own record; while blocks are read; when what is
published is asked for; when the changes are known."""
MOMENTS = (*BEFORE_PUBLISH, *STEPS)


@dataclass(frozen=True)
class Tripwire(Storage):
    """Storage that dies when it is asked for what a moment needs."""

    moment: str

    def district(self, public_id: str) -> Folder:
        _die_if(self.moment == "comparing")
        return super().district(public_id)

    def sync(self, public_id: str, sync_id: int) -> Folder:
        _die_if(self.moment == "compared")
        return super().sync(public_id, sync_id)


def deadly_tools(moment: str, home: Path, day: datetime) -> Tools:
    """Tools of a sync that ends with SIGKILL at that moment."""

    def now() -> datetime:
        _die_if(moment == "begun")
        return day

    return Tools(
        storage=Tripwire(home, moment),
        now=now,
        progress=lambda _read, _size: _die_if(moment == "reading"),
        step=lambda name: _die_if(moment == name),
    )


def die_syncing(moment: str, district_id: int, file: Path, home: Path, day: datetime) -> None:
    """Sync a file in another process, which does not survive that moment."""
    _die_doing(_sync, (moment, district_id, file, home, day))


def die_approving(moment: str, district_id: int, home: Path, day: datetime) -> None:
    """Approve what is held in another process, which does not survive that moment."""
    _die_doing(_approve, (moment, district_id, home, day))


def die_restoring(moment: str, district_id: int, home: Path, day: datetime) -> None:
    """Restore version 1 in another process, which does not survive that moment."""
    _die_doing(_restore, (moment, district_id, home, day))


def die_importing(moment: str, district_id: int, file: Path, home: Path, day: datetime) -> None:
    """Import ids in another process, which does not survive that moment."""
    _die_doing(_import, (moment, district_id, file, home, day))


def _die_doing(work: Callable[..., None], arguments: tuple[object, ...]) -> None:
    process = PROCESSES.Process(target=work, args=arguments)
    process.start()
    process.join(60)

    assert process.exitcode == -signal.SIGKILL


def _sync(moment: str, district_id: int, file: Path, home: Path, day: datetime) -> None:
    tools = deadly_tools(moment, home, day)
    sync_delivery(records.district(district_id), open_delivery(file), tools)


def _import(moment: str, district_id: int, file: Path, home: Path, day: datetime) -> None:
    import_ids(records.district(district_id), [file], deadly_tools(moment, home, day))


def _approve(moment: str, district_id: int, home: Path, day: datetime) -> None:
    approve(records.district(district_id), deadly_tools(moment, home, day))


def _restore(moment: str, district_id: int, home: Path, day: datetime) -> None:
    restore(records.district(district_id), 1, deadly_tools(moment, home, day))


def _die_if(is_moment: bool) -> None:
    if is_moment:
        os.kill(os.getpid(), signal.SIGKILL)
