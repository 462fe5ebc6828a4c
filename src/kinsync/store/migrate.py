"""Bringing the tables up to date, when a process starts."""

import contextlib

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from kinsync.store.database import LOCK_SPACE, MIGRATION_LOCK, connect, outages


def migrate() -> None:
    """Apply the migrations that are missing; quick when there are none.

    Processes that start at once take turns: the second finds nothing left to do.
    """
    with outages(doing="bringing the tables up to date"):
        if not _is_behind():
            return
        with contextlib.closing(connect(autocommit=True)) as turn:
            turn.execute("SELECT pg_advisory_lock(%s, %s)", (LOCK_SPACE, MIGRATION_LOCK))
            if _is_behind():
                call_command("migrate", verbosity=0, interactive=False)


def _is_behind() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
