"""Bringing the tables up to date, when a process starts."""

import contextlib

import psycopg
from django.core.management import call_command
from django.db import ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor

from kinsync.domain.errors import ChangeInput, TryAgainLater
from kinsync.store.database import LOCK_SPACE, MIGRATION_LOCK, connect, outages


def migrate() -> None:
    """Apply the migrations that are missing; quick when there are none.

    Processes that start at once take turns: the second finds nothing left to do.

    Raises:
        ChangeInput: the account may not make what is missing.
        TryAgainLater: the database is away.
    """
    with outages(doing="bringing the tables up to date"):
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


def _is_behind() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
