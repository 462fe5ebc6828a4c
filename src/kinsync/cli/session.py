"""What commands share that need the database: settings, the database itself, the clock."""

from typing import TYPE_CHECKING

from kinsync import bootstrap
from kinsync.cli.output import Reading, say
from kinsync.domain.settings import Settings

if TYPE_CHECKING:
    from kinsync.services.sync import Tools


def connected(*, session: str = "kinsync", is_door: bool = False) -> Settings:
    """The settings of this command, with their database open; ``session`` names its connections.

    Somebody waits before a door: there no statement takes longer than is set.
    """
    settings = bootstrap.read_settings()
    seconds = settings.statement_seconds if is_door else 0
    bootstrap.connect_database(settings, session=session, statement_seconds=seconds)
    return settings


def tools(settings: Settings, *, reading: Reading | None = None, is_quiet: bool = False) -> "Tools":
    """What a sync needs from outside."""
    from kinsync.services.sync import Tools

    def on_wait() -> None:
        if not is_quiet:
            say("Another sync of this district is running; this one waits for it.")

    return Tools(
        storage=bootstrap.storage(settings),
        now=bootstrap.now,
        progress=reading or Reading(is_quiet=True),
        on_wait=on_wait,
        keep=settings.keep,
        identity_keys=bootstrap.identity_keys(settings),
    )
