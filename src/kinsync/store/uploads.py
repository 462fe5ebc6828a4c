"""What was uploaded, and the names under which accounts see it.

Whatever changes the names of an account happens in its *turn*: one transaction that holds the
account's row. So what is seen changes in one order, whole, and a revoked account changes nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from kinsync.domain.errors import Conflict, NotFound, Revoked
from kinsync.store.database import LOCK_SPACE, outages
from kinsync.store.parts import in_use

OnComplete: TypeAlias = Callable[[CursorWrapper, int, int, datetime], None]
"""Told, in the transaction that records it, of an upload that counts: cursor, district, upload."""

TURN_SPACE = LOCK_SPACE + 2
"""First half of the advisory locks under which a district's uploads complete one at a time."""
RECEIVING, COMPLETE, INCOMPLETE = "receiving", "complete", "incomplete"


@dataclass(frozen=True, slots=True)
class Upload:
    """One file that a client wrote, whole or not. ``account`` is the username."""

    id: int
    district_id: int
    account_id: int
    account: str
    label: str
    path: str
    state: str
    size: int
    sha256: str
    reason: str
    started_at: datetime
    touched_at: datetime
    completed_at: datetime | None
    is_current: bool
    """Whether it is what its account sees under its name."""
    turn: int | None
    """Ascends with each upload that is whole, over all districts; None where it is not."""


@dataclass(frozen=True, slots=True)
class Name:
    """What an account sees under one path. ``upload_id`` is None for a folder."""

    path: str
    upload_id: int | None
    size: int
    changed_at: datetime
    is_whole: bool = True

    @property
    def is_folder(self) -> bool:
        return self.upload_id is None


# -- receiving -----------------------------------------------------------------------------------


def begin(district_id: int, account_id: int, path: str, *, at: datetime) -> int:
    """The number of a new upload that is being received from now on."""
    with outages(doing="recording an upload"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO upload (id, district_id, account_id, path, state, size, sha256, reason,"
            " started_at, touched_at) VALUES (nextval('upload_id'), %s, %s, %s, 'receiving', 0,"
            " '', '', %s, %s) RETURNING id",
            (district_id, account_id, path, at, at),
        )
        return int(cursor.fetchone()[0])


def resume(district_id: int, upload_id: int, *, at: datetime) -> bool:
    """Receive an incomplete upload further; false where it is not there to be resumed."""
    return _update(
        "state = 'receiving', reason = '', touched_at = %s",
        "state = 'incomplete' AND discarded_at IS NULL",
        (at, district_id, upload_id),
    )


def touch(district_id: int, upload_id: int, *, size: int, at: datetime) -> bool:
    """A sign of life; false where the upload is not being received any more."""
    return _update(
        "size = %s, touched_at = %s", "state = 'receiving'", (size, at, district_id, upload_id)
    )


def fail(district_id: int, upload_id: int, reason: str, *, size: int, at: datetime) -> bool:
    """Say why an upload is incomplete; false where it ended otherwise before."""
    return _update(
        "state = 'incomplete', reason = %s, size = %s, touched_at = %s",
        "state = 'receiving'",
        (reason, size, at, district_id, upload_id),
    )


def fail_forgotten(reason: str, *, before: datetime) -> int:
    """End uploads that nobody has received anything of since ``before``; their number."""
    with outages(doing="ending uploads"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE upload SET state = 'incomplete', reason = %s, size = 0"
            " WHERE state = 'receiving' AND touched_at < %s",
            (reason, before),
        )
        return int(cursor.rowcount)


def discard(district_id: int, upload_ids: Sequence[int], *, at: datetime) -> None:
    """Say that the bytes of uploads are no longer kept."""
    with outages(doing="discarding uploads"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE upload SET discarded_at = %s WHERE district_id = %s AND id = ANY(%s)",
            (at, district_id, list(upload_ids)),
        )


def _update(changes: str, where: str, values: Sequence[Any]) -> bool:
    with outages(doing="recording an upload"), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE upload SET {changes} WHERE district_id = %s AND id = %s AND {where}",  # noqa: S608
            values,
        )
        return bool(cursor.rowcount)


# -- an account's turn ---------------------------------------------------------------------------


@contextmanager
def turn(account_id: int) -> Iterator[CursorWrapper]:
    """One transaction in which no other changes what this account sees.

    Raises:
        Revoked: the account is closed.
        TryAgainLater: the database is away; nothing has changed.
    """
    with outages(doing="changing files"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT revoked_at IS NULL FROM sftp_account WHERE id = %s FOR UPDATE", (account_id,)
        )
        if cursor.fetchone() != (True,):
            raise Revoked("The account is revoked.")
        yield cursor


def complete(
    cursor: CursorWrapper,
    district_id: int,
    account_id: int,
    upload_id: int,
    *,
    path: str,
    size: int,
    sha256: str,
    at: datetime,
) -> None:
    """An upload is whole: it becomes what the account sees under ``path``.

    Raises:
        Conflict: it is not being received any more: it was given up meanwhile.
    """
    _one_completes_at_a_time(cursor, district_id)
    cursor.execute(
        "UPDATE upload SET state = 'complete', reason = '', path = %s, size = %s, sha256 = %s,"
        " turn = nextval('upload_turn'), touched_at = %s, completed_at = %s"
        " WHERE district_id = %s AND id = %s AND state = 'receiving'",
        (path, size, sha256, at, at, district_id, upload_id),
    )
    if not cursor.rowcount:
        raise Conflict("The upload was given up meanwhile. Upload the file again.")
    put_name(cursor, district_id, account_id, path, upload_id, at=at)


def _one_completes_at_a_time(cursor: CursorWrapper, district_id: int) -> None:
    """Until the end of the transaction no other account of the district completes an upload: the
    later turn is committed later, so that a sync which has seen it has seen the earlier one."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (TURN_SPACE, district_id))


def put_name(
    cursor: CursorWrapper,
    district_id: int,
    account_id: int,
    path: str,
    upload_id: int | None,
    *,
    at: datetime,
) -> None:
    """Show an upload, or a folder (None), under a path, instead of what was there."""
    cursor.execute(
        "INSERT INTO sftp_name (district_id, account_id, path, upload_id, changed_at)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (district_id, account_id, path)"
        " DO UPDATE SET upload_id = excluded.upload_id, changed_at = excluded.changed_at",
        (district_id, account_id, path, upload_id, at),
    )


def drop_name(cursor: CursorWrapper, district_id: int, account_id: int, path: str) -> None:
    """Show nothing under a path any more."""
    cursor.execute(
        "DELETE FROM sftp_name WHERE district_id = %s AND account_id = %s AND path = %s",
        (district_id, account_id, path),
    )


def move(
    cursor: CursorWrapper, district_id: int, upload_id: int, path: str, *, at: datetime
) -> None:
    """A whole upload has another name from now on, and counts as completed under it now."""
    _one_completes_at_a_time(cursor, district_id)
    cursor.execute(
        "UPDATE upload SET path = %s, turn = nextval('upload_turn'), touched_at = %s,"
        " completed_at = %s WHERE district_id = %s AND id = %s",
        (path, at, at, district_id, upload_id),
    )


# -- what an account sees ------------------------------------------------------------------------

NAMES = """
SELECT name.path, name.upload_id, coalesce(upload.size, 0), name.changed_at, true
FROM sftp_name AS name LEFT JOIN upload
    ON upload.district_id = name.district_id AND upload.id = name.upload_id
WHERE name.district_id = %s AND name.account_id = %s {where}
"""
PARTIALS = """
SELECT DISTINCT ON (path) path, id, size, touched_at, false FROM upload
WHERE district_id = %s AND account_id = %s AND state = 'incomplete' AND discarded_at IS NULL
    AND size > 0 {where}
ORDER BY path, id DESC
"""


def name_of(
    district_id: int, account_id: int, path: str, *, cursor: CursorWrapper | None = None
) -> Name | None:
    """What the account sees under a path; None where there is nothing whole."""
    found = _names(NAMES, "AND name.path = %s", (district_id, account_id, path), cursor)
    return found[0] if found else None


def partial_of(district_id: int, account_id: int, path: str) -> Name | None:
    """The newest incomplete upload bound for a path of which bytes are kept."""
    found = _names(PARTIALS, "AND path = %s", (district_id, account_id, path), None)
    return found[0] if found else None


def partials_of(district_id: int, account_id: int, path: str) -> list[int]:
    """Every incomplete upload bound for a path of which bytes may be kept."""
    with outages(doing="listing files"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM upload WHERE district_id = %s AND account_id = %s AND path = %s"
            " AND state = 'incomplete' AND discarded_at IS NULL",
            (district_id, account_id, path),
        )
        return [number for (number,) in cursor.fetchall()]


def names(
    district_id: int, account_id: int, *, cursor: CursorWrapper | None = None
) -> dict[str, Name]:
    """Everything that the account sees, by path; an incomplete upload only where nothing is."""
    asked = (district_id, account_id)
    partials = _names(PARTIALS, "", asked, cursor)
    return {name.path: name for name in (*partials, *_names(NAMES, "", asked, cursor))}


def _names(
    query: str, where: str, values: Sequence[Any], cursor: CursorWrapper | None
) -> list[Name]:
    statement = query.format(where=where)
    if cursor is not None:
        cursor.execute(statement, values)
        return [Name(*row) for row in cursor.fetchall()]
    with outages(doing="listing files"), connection.cursor() as own:
        own.execute(statement, values)
        return [Name(*row) for row in own.fetchall()]


# -- what a district has -------------------------------------------------------------------------

UPLOADS = """
SELECT upload.id, upload.district_id, upload.account_id, account.username, account.label,
    upload.path, upload.state, upload.size, upload.sha256, upload.reason, upload.started_at,
    upload.touched_at, upload.completed_at, name.upload_id IS NOT NULL, upload.turn
FROM upload JOIN sftp_account AS account ON account.id = upload.account_id
LEFT JOIN sftp_name AS name ON name.district_id = upload.district_id
    AND name.account_id = upload.account_id AND name.path = upload.path
    AND name.upload_id = upload.id
WHERE upload.district_id = %s {where}
"""


def recent(district_id: int, *, limit: int) -> list[Upload]:
    """The latest uploads, newest first."""
    return _uploads("ORDER BY upload.id DESC LIMIT %s", (district_id, limit))


def find(district_id: int, upload_id: int) -> Upload:
    """One upload of a district.

    Raises:
        NotFound: the district has no such upload.
    """
    found = _uploads("AND upload.id = %s", (district_id, upload_id))
    if not found:
        raise NotFound(f"The district has no upload {upload_id}.")
    return found[0]


def newest_of(district_id: int, path: str) -> Upload | None:
    """Of the files that any account of the district sees under a path, the newest."""
    found = _uploads(
        "AND upload.path = %s AND name.upload_id IS NOT NULL ORDER BY upload.turn DESC LIMIT 1",
        (district_id, path),
    )
    return found[0] if found else None


def newest_in_folder(district_id: int, folder: str) -> list[Upload]:
    """The files below that folder, whatever its case, that any account sees, the newest first."""
    return _uploads(
        "AND starts_with(lower(upload.path), lower(%s) || '/') AND name.upload_id IS NOT NULL"
        " ORDER BY upload.turn DESC",
        (district_id, folder),
    )


def kept_before(
    before: datetime, *, of: int | None = None, limit: int = 1000
) -> list[tuple[int, str, int]]:
    """Uploads that ended before then and whose bytes are kept: district, its public id, upload.

    Of one district where ``of`` names it. Not one that stands behind what is published of several
    sources.
    """
    with outages(doing="looking for old uploads"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT district_id, public_id, upload.id FROM upload JOIN district"
            " ON district.id = district_id WHERE discarded_at IS NULL AND state <> 'receiving'"
            " AND touched_at < %s AND coalesce(district_id = %s, true)"
            " AND NOT upload.id = ANY(%s) LIMIT %s",
            (before, of, in_use(), limit),
        )
        return [(row[0], row[1], row[2]) for row in cursor.fetchall()]


def hide(district_id: int, upload_id: int) -> None:
    """Show an upload to nobody any more: its bytes are about to go."""
    with outages(doing="purging uploads"), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM sftp_name WHERE district_id = %s AND upload_id = %s",
            (district_id, upload_id),
        )


def _uploads(where: str, values: Sequence[Any]) -> list[Upload]:
    with outages(doing="looking for uploads"), connection.cursor() as cursor:
        cursor.execute(UPLOADS.format(where=where), values)
        return [Upload(*row) for row in cursor.fetchall()]
