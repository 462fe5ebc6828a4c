"""Where the database is, connections to it, and what it means when it is away."""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from django.conf import settings as django_settings
from django.db import Error as DjangoError
from django.db import connections
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from kinsync.domain.errors import ChangeInput, Defect, TookTooLong, TryAgainLater
from kinsync.domain.settings import Settings
from kinsync.store.embedded import EmbeddedServer

ENVIRONMENT = "KINSYNC_DATABASE_AT"
"""Tells Django's settings where the database is, within one process. Not for operators."""
OLDEST_SERVER = 150_000
LOCK_SPACE = 0x4B53
"""First half of every advisory lock of ours: other programs may share the server."""
MIGRATION_LOCK = 0
"""Second half, for migrations; a district's own number for its syncs (they start at 1)."""


def open_database(settings: Settings) -> str:
    """Make sure that a database is there and answer how to reach it.

    An embedded server runs until this process and every other one of the same home have ended.

    Raises:
        ChangeInput: the address, home or version of the server will not do.
        TryAgainLater: the server does not answer.
    """
    if not settings.database_url:
        return EmbeddedServer(settings.home).hold().conninfo
    with outages():
        try:
            connection = psycopg.connect(settings.database_url, connect_timeout=10)
        except psycopg.ProgrammingError:
            raise ChangeInput(
                "KINSYNC_DATABASE_URL is not an address of PostgreSQL; "
                "write postgresql://user:password@host/database."
            ) from None
        except psycopg.OperationalError:
            raise TryAgainLater(
                "The database of KINSYNC_DATABASE_URL does not answer, or does not let this "
                "account in. Nothing was published. Try again; where it stays so, check the host, "
                "the account, its password and the name of the database."
            ) from None
        with contextlib.closing(connection):
            if connection.info.server_version < OLDEST_SERVER:
                raise ChangeInput("KINSYNC_DATABASE_URL names a server older than PostgreSQL 15.")
    return settings.database_url


def django_database(conninfo: str) -> dict[str, Any]:
    """One entry of Django's ``DATABASES``. Connections stay open from one request to the next."""
    options = {
        name: value for name, value in conninfo_to_dict(conninfo).items() if value is not None
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": options.pop("dbname", ""),
        "USER": options.pop("user", ""),
        "PASSWORD": options.pop("password", ""),
        "HOST": options.pop("host", ""),
        "PORT": str(options.pop("port", "")),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def connect(*, autocommit: bool = False) -> psycopg.Connection:
    """A connection of its own as the owner of the tables, for work that moves whole frames."""
    return psycopg.connect(os.environ[ENVIRONMENT], autocommit=autocommit, connect_timeout=10)


def limit_statements(seconds: int) -> None:
    """Let no statement of this process and of those that it starts take longer; 0 for any time.

    The limit is an option of each connection, so it costs no round trip. Call where Django is set
    up, before threads connect.
    """
    options = conninfo_to_dict(os.environ[ENVIRONMENT]).get("options") or ""
    limited = f"{options} -c statement_timeout={seconds * 1000}".strip()
    os.environ[ENVIRONMENT] = make_conninfo(os.environ[ENVIRONMENT], options=limited)
    for connection in connections.all():
        connection.settings_dict["OPTIONS"]["options"] = limited
        connection.close()


@contextlib.contextmanager
def outages(*, doing: str = "") -> Iterator[None]:
    """Say what a database error means, without the values that PostgreSQL puts in its texts.

    Raises:
        TookTooLong: a statement reached this process's limit, or somebody had it cancelled.
        TryAgainLater: the server is away, stopped, out of space, or gave another one precedence.
        Defect: it refused what we asked for.
    """
    during = f" while {doing}" if doing else ""
    try:
        yield
    except (psycopg.Error, DjangoError) as error:
        cause = error.__cause__ if isinstance(error, DjangoError) else error
        state = getattr(cause, "sqlstate", None)
        if isinstance(cause, psycopg.errors.QueryCanceled):
            raise TookTooLong(
                f"The database took too long{during} ({state}). Nothing was published. Try again "
                "later; where it stays so, look for what keeps the database busy."
            ) from None
        if isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError)):
            _forget_connections()
            raise TryAgainLater(
                f"The database went away{during} ({state or type(cause).__name__}). "
                "Nothing was published. Try again; the same command finishes."
            ) from None
        raise Defect(
            f"The database refused a statement{during} ({state or type(cause).__name__}). "
            "Nothing was published. Please report it."
        ) from None


def _forget_connections() -> None:
    """Let Django connect anew the next time: a process must outlive a restart of the database."""
    if not django_settings.configured:
        return  # Django is not there yet, and has none
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


@contextlib.contextmanager
def district_lock(
    district_id: int, *, on_wait: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Keep syncs of one district apart: one at a time, on however many machines.

    The lock belongs to a connection of its own and ends with the process, however that ends.
    ``on_wait`` is called once where another sync has it.
    """
    with outages(doing="waiting for the district"):
        connection = connect(autocommit=True)
    with contextlib.closing(connection):
        with outages(doing="waiting for the district"):
            key = (LOCK_SPACE, district_id)
            found = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", key).fetchone()
            if found != (True,):
                on_wait()
                connection.execute("SELECT pg_advisory_lock(%s, %s)", key)
        yield
