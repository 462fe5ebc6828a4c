"""Bringing the tables up to date, when a process starts."""

import contextlib
import pkgutil

import psycopg
from django.core.management import call_command
from django.db import ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor

from kinsync.domain.errors import ChangeInput, TryAgainLater
from kinsync.store import migrations
from kinsync.store.database import LOCK_SPACE, MIGRATION_LOCK, connect, outages

NEWEST = max(found.name for found in pkgutil.iter_modules(migrations.__path__))
"""The last migration of this release, as it was when this process began: an upgrade in place
changes the files below a process that still runs. Names ascend."""


def migrate() -> None:
    """Apply the migrations that are missing; quick when there are none.

    Processes that start at once take turns: the second finds nothing left to do.

    Raises:
        ChangeInput: the account may not make what is missing, or a newer release has been here.
        TryAgainLater: the database is away.
    """
    with outages(doing="bringing the tables up to date"):
        if newer := newest_unknown():
            raise ChangeInput(
                f"The tables are of a newer release of Kinsync ({newer}). Nothing was changed. "
                "Install that release here, or restore the backup from before the upgrade."
            )
        if not _is_behind():
            return
        with contextlib.closing(connect(autocommit=True)) as turn:
            turn.execute("SELECT pg_advisory_lock(%s, %s)", (LOCK_SPACE, MIGRATION_LOCK))
            if _is_behind():
                _apply()


def _apply() -> None:
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except ProgrammingError as error:
        if not isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
            raise
        raise ChangeInput(
            "The account of the database may not make the tables, or the role that readers act as. "
            "Make it the owner of the database, with CREATEROLE. Nothing was published."
        ) from None


def check() -> None:
    """See that the database is there and its tables are up to date.

    Raises:
        TryAgainLater: it is away, or a newer release has not brought its tables up to date yet.
    """
    with outages(doing="looking at the tables"):
        if _is_behind():
            raise TryAgainLater("The tables are not up to date. Run 'kinsync migrate'.")


def newest_unknown() -> str:
    """The newest migration in the database, if it came after all of this release; '' otherwise.

    Raises:
        TryAgainLater: the database is away.
    """
    with outages(doing="looking at the tables"), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
        if cursor.fetchone() != (True,):
            return ""
        cursor.execute("SELECT name FROM django_migrations WHERE app = 'store'")
        return max((name for (name,) in cursor.fetchall() if name > NEWEST), default="")


def _is_behind() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
