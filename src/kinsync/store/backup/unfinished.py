"""A mark in the home while a backup is being restored there: what a killed restore leaves behind.

Nothing else uses the home while the mark is there, and ``restore-backup`` begins anew.
"""

import os
from pathlib import Path

from kinsync.domain.errors import ChangeInput
from kinsync.store.folders import disk_outages, make_private

MARK = "restore.unfinished"


def refuse(home: Path) -> None:
    """Do nothing in a home that is half restored.

    Raises:
        ChangeInput: it is.
    """
    if backup := mark(home):
        raise ChangeInput(
            f"Backup {backup} was being restored to {home}, and that has not ended. While it runs, "
            "wait. If it was stopped, run 'kinsync restore-backup' with the same file again."
        )


def mark(home: Path) -> str:
    """Id of the backup that is half restored there; blank where none is."""
    path = home / MARK
    return path.read_text("utf-8").strip() or "?" if path.exists() else ""


def set_mark(home: Path, backup: str) -> None:
    """Say that a backup is being restored, before anything of it is there.

    Raises:
        TryAgainLater: the home cannot be written.
    """
    make_private(home)
    with disk_outages(), (home / MARK).open("w") as file:
        file.write(f"{backup}\n")
        file.flush()
        os.fsync(file.fileno())


def remove_mark(home: Path) -> None:
    """Say that all of it is there, or nothing."""
    with disk_outages():
        (home / MARK).unlink(missing_ok=True)
