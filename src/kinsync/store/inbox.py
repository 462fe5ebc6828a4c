"""The inbox: files that a district delivered whole, each delivery in a folder with its turn.

A delivery is copied beside its place and renamed, so it is there whole or not at all.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from kinsync.domain.errors import TryAgainLater
from kinsync.store.storage import Storage, make_private

STUDENTS = "students.csv"
CONTACTS = "contacts.csv"


@dataclass(frozen=True, slots=True)
class Arrived:
    """The files of a district as they were last delivered whole. ``turn`` ascends with each."""

    turn: int
    students: Path
    contacts: Path | None = None


@dataclass(frozen=True, slots=True)
class Inbox:
    """The inboxes of all districts, in storage."""

    storage: Storage

    def put(self, public_id: str, students: Path, contacts: Path | None = None) -> int:
        """Take in one delivery and answer its turn.

        Raises:
            TryAgainLater: the disk is full or read-only.
        """
        folder = make_private(self._folder(public_id))
        unfinished = folder / f"{uuid4().hex}.unfinished"
        try:
            unfinished.mkdir(mode=0o700)
            shutil.copyfile(students, unfinished / STUDENTS)
            if contacts is not None:
                shutil.copyfile(contacts, unfinished / CONTACTS)
            return self._place(unfinished)
        except OSError as error:
            raise TryAgainLater(
                f"The inbox cannot be written ({error.strerror}). Make room on the disk."
            ) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    @contextmanager
    def newest(self, public_id: str) -> Iterator[Arrived | None]:
        """What the district delivered last, to be read until the context ends; None: nothing."""
        turn = max(self._turns(self._folder(public_id)), default=0)
        folder = self._folder(public_id) / str(turn)
        contacts = folder / CONTACTS
        yield (
            Arrived(turn, folder / STUDENTS, contacts if contacts.exists() else None)
            if turn
            else None
        )

    def _place(self, unfinished: Path) -> int:
        """Move a delivery to the next number that nobody else has taken."""
        while True:
            turn = max(self._turns(unfinished.parent), default=0) + 1
            try:
                unfinished.rename(unfinished.parent / str(turn))
            except OSError:
                if not (unfinished.parent / str(turn)).exists():
                    raise
            else:
                return turn

    def _turns(self, folder: Path) -> list[int]:
        found = folder.iterdir() if folder.exists() else ()
        return [int(path.name) for path in found if path.name.isdecimal()]

    def _folder(self, public_id: str) -> Path:
        return self.storage.district(public_id) / "inbox"
