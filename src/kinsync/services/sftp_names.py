"""The tree of names that one account sees: files that were uploaded, and folders.

Paths are as ``sftp.paths`` makes them: relative to the account's root, '' for the root itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from posixpath import basename, dirname

from django.db.backends.utils import CursorWrapper

from kinsync.domain.errors import ChangeInput, Conflict, NotFound
from kinsync.services.uploads import TEMPORARY, is_read
from kinsync.store import uploads as records
from kinsync.store.sftp_accounts import Account
from kinsync.store.uploads import Name, OnComplete

MOST_NAMES = 200
"""Files and folders that one account may have."""


@dataclass(frozen=True, slots=True)
class Names:
    """The use cases of whoever looks at an account's files, or moves them about."""

    now: Callable[[], datetime]
    on_complete: OnComplete

    def look(self, account: Account, path: str, *, wants_partial: bool = False) -> Name:
        """What is under a path: what is whole, and an incomplete upload only where nothing is.

        ``wants_partial`` turns that round, for a client that asks where to resume.

        Raises:
            NotFound: nothing is there.
        """
        if not path:
            return Name("", None, 0, account.created_at)
        asked = (account.district_id, account.id, path)
        whole = records.name_of(*asked)
        if whole is not None and (whole.is_folder or not wants_partial):
            return whole
        found = records.partial_of(*asked) or whole
        if found is None:
            raise NotFound("There is no such file.")
        return found

    def whole(self, account: Account, path: str) -> Name:
        """A whole file.

        Raises:
            NotFound: there is none, or it is incomplete.
            Conflict: it is a folder.
        """
        found = self.look(account, path)
        if found.is_folder:
            raise Conflict("That is a folder.")
        if not found.is_whole:
            raise NotFound("The file is incomplete.")
        return found

    def listing(self, account: Account, folder: str) -> list[Name]:
        """What is in a folder, in order of names.

        Raises:
            NotFound: there is no such folder.
        """
        if not self.look(account, folder).is_folder:
            raise NotFound("That is not a folder.")
        everything = records.names(account.district_id, account.id)
        return [everything[path] for path in sorted(everything) if dirname(path) == folder]

    def check_place(self, account: Account, path: str) -> None:
        """Whether a file may be written there.

        Raises:
            NotFound: its folder is missing.
            Conflict: it is a folder.
            ChangeInput: the account has as many files as it may.
        """
        everything = records.names(account.district_id, account.id)
        _check_folder(everything, path)
        if path in everything:
            if everything[path].is_folder:
                raise Conflict("That is a folder.")
        elif len(everything) >= MOST_NAMES:
            raise ChangeInput(f"An account may have {MOST_NAMES} files. Remove some.")

    def make_folder(self, account: Account, path: str) -> None:
        """A new folder.

        Raises:
            Conflict: the name is taken.
            NotFound: the folder above is missing.
            ChangeInput: the account has as many files as it may.
        """
        with records.turn(account.id) as cursor:
            everything = _everything(cursor, account)
            _check_folder(everything, path)
            if not path or path in everything:
                raise Conflict("There is something of that name already.")
            if len(everything) >= MOST_NAMES:
                raise ChangeInput(f"An account may have {MOST_NAMES} files. Remove some.")
            asked = (cursor, account.district_id, account.id)
            records.put_name(*asked, path, None, at=self.now())

    def remove_folder(self, account: Account, path: str) -> None:
        """Remove an empty folder.

        Raises:
            NotFound: there is no such folder.
            Conflict: something is in it.
        """
        with records.turn(account.id) as cursor:
            everything = _everything(cursor, account)
            if path not in everything or not everything[path].is_folder:
                raise NotFound("There is no such folder.")
            if any(dirname(other) == path for other in everything):
                raise Conflict("The folder is not empty.")
            records.drop_name(cursor, account.district_id, account.id, path)

    def remove(self, account: Account, path: str) -> None:
        """Remove a whole file from what the account sees. What was published of it stays.

        Raises:
            NotFound: there is none.
            Conflict: it is a folder.
        """
        with records.turn(account.id) as cursor:
            found = _everything(cursor, account).get(path)
            if found is None or not found.is_whole:
                raise NotFound("There is no such file.")
            if found.is_folder:
                raise Conflict("That is a folder.")
            records.drop_name(cursor, account.district_id, account.id, path)

    def rename(self, account: Account, old: str, new: str, *, may_replace: bool) -> None:
        """Give a whole file another name; that completes it under the new one.

        A file with a temporary name may replace what is there however it is renamed: clients that
        write ``students.csv.filepart`` know no other way.

        Raises:
            NotFound: there is no such whole file, or no such folder for it.
            Conflict: the new name is taken.
            ChangeInput: folders keep their names.
        """
        with records.turn(account.id) as cursor:
            everything = _everything(cursor, account)
            found = everything.get(old)
            if found is None or not found.is_whole:
                raise NotFound("There is no such whole file.")
            if found.upload_id is None:
                raise ChangeInput("Folders cannot be renamed.")
            _check_folder(everything, new)
            if old != new:
                self._check_free(everything.get(new), may_replace or old.endswith(TEMPORARY))
                self._move(cursor, account, old, new, found.upload_id)

    @staticmethod
    def _check_free(taken: Name | None, may_replace: bool) -> None:
        if taken is None or not taken.is_whole:
            return
        if taken.is_folder or not may_replace:
            raise Conflict("There is something of that name already.")

    def _move(
        self, cursor: CursorWrapper, account: Account, old: str, new: str, upload_id: int
    ) -> None:
        at = self.now()
        asked = (cursor, account.district_id, account.id)
        records.drop_name(*asked, old)
        records.put_name(*asked, new, upload_id, at=at)
        records.move(cursor, account.district_id, upload_id, new, at=at)
        if is_read(account.district_id, new):
            self.on_complete(cursor, account.district_id, upload_id, at)


def _everything(cursor: CursorWrapper, account: Account) -> dict[str, Name]:
    return records.names(account.district_id, account.id, cursor=cursor)


def _check_folder(everything: dict[str, Name], path: str) -> None:
    folder = dirname(path)
    if not basename(path):
        raise Conflict("That is the root.")
    if folder and (folder not in everything or not everything[folder].is_folder):
        raise NotFound("There is no such folder.")
