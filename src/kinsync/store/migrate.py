"""Bringing the tables up to date, when a process starts."""

import contextlib
import pkgutil
from collections.abc import Iterable, Iterator

import psycopg
from django.core.management import call_command
from django.db import ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.graph import Node
from django.db.migrations.recorder import MigrationRecorder

from kinsync.domain.errors import ChangeInput, TryAgainLater
from kinsync.store import migrations
from kinsync.store.database import LOCK_SPACE, MIGRATION_LOCK, connect, outages

NEWEST = max(found.name for found in pkgutil.iter_modules(migrations.__path__))
"""The last migration of this release, as it was when this process began: an upgrade in place
changes the files below a process that still runs. Names ascend."""

Migration = tuple[str, str]


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
        with _turn():
            if _is_behind():
                call_command("migrate", verbosity=0, interactive=False)


def applied() -> list[Migration]:
    """The migrations that the tables have had, by app and name; none where there are no tables."""
    with outages(doing="looking at the tables"):
        return sorted(MigrationRecorder(connection).applied_migrations())


def missing() -> list[Migration]:
    """The migrations of this release that the tables have not had, in their order."""
    with outages(doing="looking at the tables"):
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        return [(migration.app_label, migration.name) for migration, _ in plan]


def unknown() -> list[Migration]:
    """The migrations that the tables have had and this release does not know."""
    with outages(doing="looking at the tables"):
        loader = MigrationExecutor(connection).loader
        return sorted(set(loader.applied_migrations) - set(loader.disk_migrations))


def check_known(wanted: Iterable[Migration]) -> None:
    """See that the tables can be brought to where those migrations have been applied.

    Raises:
        ChangeInput: this release does not know one of them, or the tables have had others.
    """
    chosen = set(wanted)
    with outages(doing="looking at the tables"):
        loader = MigrationExecutor(connection).loader
    if unknown := sorted(chosen - set(loader.disk_migrations)):
        raise ChangeInput(
            f"The backup is of a newer release: this one does not know {'.'.join(unknown[0])}. "
            "Install the release that made it, or a newer one. Nothing was restored."
        )
    if others := sorted(set(loader.applied_migrations) - chosen):
        raise ChangeInput(
            f"The database has tables of a newer release than the backup ({'.'.join(others[0])}). "
            "Give an empty one: remove the folder 'database' of the home, or make a new one. "
            "Nothing was restored."
        )


def migrate_to(wanted: Iterable[Migration]) -> None:
    """Apply those migrations and no others: ``check_known`` found that it can be done."""
    chosen = set(wanted)
    with outages(doing="making the tables"), _turn():
        executor = MigrationExecutor(connection)
        nodes = executor.loader.graph.node_map
        executor.migrate([key for key in chosen if not _followers(nodes[key]) & chosen])


def _followers(node: Node) -> set[Migration]:
    """The migrations of the same app that follow on one at once."""
    return {child.key for child in node.children if child.key[0] == node.key[0]}


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    """One process at a time; and what it means when the account may not."""
    try:
        with contextlib.closing(connect(autocommit=True)) as turn:
            turn.execute("SELECT pg_advisory_lock(%s, %s)", (LOCK_SPACE, MIGRATION_LOCK))
            yield
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
    return bool(missing())
