"""The one door through which a district's people are read.

Every query names its district itself (the first wall). Behind the gate PostgreSQL enforces it again
(the second): the transaction runs as ``kinsync_web``, a role that owns nothing, and row-level
security shows it the rows of one district alone, and of these what one connection's share shows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import connection
from django.db.backends.signals import connection_created
from django.db.backends.utils import CursorWrapper
from psycopg.pq import TransactionStatus

from kinsync.store.database import outages

WEB_ROLE = "kinsync_web"


class Sight(NamedTuple):
    """What is seen behind the gate: everything, or what one edition of a connection shows."""

    connection_id: int = 0
    edition: int = 0
    is_open: bool = True


EVERYTHING = Sight()
"""For the district's own people: no connection, no limits."""


@contextmanager
def district_reader(district_id: int, sight: Sight = EVERYTHING) -> Iterator[CursorWrapper]:
    """A cursor that reads one district, in one transaction and as of one moment.

    Gates do not nest: the inner one would change what the outer one sees.

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="reading"), connection.cursor() as cursor:
        if cursor.connection.info.transaction_status != TransactionStatus.IDLE:
            raise RuntimeError("A gate opens outside of any transaction, and in no other gate.")
        try:
            cursor.execute(
                "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;"  # all in one round trip
                "SELECT set_config('role', %s, true), set_config('kinsync.district', %s, true),"
                + SEE,
                (WEB_ROLE, str(district_id), *_settings(sight)),
            )
            yield cursor
        finally:
            _leave(cursor)


def _leave(cursor: CursorWrapper) -> None:
    """End the transaction, whatever happened in it; a connection that is lost has none."""
    if not cursor.connection.closed:
        cursor.execute("ROLLBACK")


def look_at(cursor: CursorWrapper, sight: Sight) -> None:
    """See another edition from here on, in the same transaction."""
    cursor.execute("SELECT " + SEE, _settings(sight))


SEE = (
    "set_config('kinsync.sees', %s, true), set_config('kinsync.connection', %s, true),"
    " set_config('kinsync.edition', %s, true)"
)


def _settings(sight: Sight) -> tuple[str, str, str]:
    sees = "everything" if sight.is_open else "share"
    return sees, str(sight.connection_id), str(sight.edition)


def stay_behind_gate() -> None:
    """Make every connection of this process act as the web role from its first statement on.

    For a process that only serves: it never has the owner's rights to lose.
    """
    connection_created.connect(_become_web_role, dispatch_uid=WEB_ROLE)
    connection.close()


def _become_web_role(connection: Any, **_signal: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {WEB_ROLE}")
