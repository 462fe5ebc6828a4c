"""The inbox: files that a district delivered whole, each delivery in a folder with its turn."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from kinsync.store.database import outages
from kinsync.store.folders import Folder, reading, replacing, subfolders
from kinsync.store.storage import Storage

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
            TryAgainLater: the database or storage is away.
        """
        with outages(doing="taking in a delivery"), connection.cursor() as cursor:
            cursor.execute("SELECT nextval('arrival_turn')")
            turn = int(cursor.fetchone()[0])
        with replacing(self._folder(public_id) / str(turn), last=STUDENTS) as folder:
            shutil.copyfile(students, folder / STUDENTS)
            if contacts is not None:
                shutil.copyfile(contacts, folder / CONTACTS)
        return turn

    @contextmanager
    def newest(self, public_id: str) -> Iterator[Arrived | None]:
        """What the district delivered last, to be read until the context ends; None: nothing."""
        folder = self._folder(public_id)
        turns = sorted((int(name) for name in subfolders(folder) if name.isdecimal()), reverse=True)
        for turn in turns:
            with reading(folder / str(turn)) as files:
                if (files / STUDENTS).exists():
                    contacts = files / CONTACTS
                    is_there = contacts.exists()
                    yield Arrived(turn, files / STUDENTS, contacts if is_there else None)
                    return
        yield None

    def _folder(self, public_id: str) -> Folder:
        return self.storage.district(public_id) / "inbox"
