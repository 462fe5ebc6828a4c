"""From settings to working parts: the one place that knows every adapter."""

import os
import random
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import django

from kinsync.domain.errors import ChangeInput
from kinsync.domain.settings import Settings
from kinsync.store import database
from kinsync.store.storage import Storage
from kinsync.transport.addresses import read_networks

if TYPE_CHECKING:
    from kinsync.services.uploads import Uploads
    from kinsync.services.webhooks import Tools as WebhookTools

SETTINGS_FILE = "kinsync.toml"


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the environment and from ``kinsync.toml`` in the folder of the command.

    Raises:
        ChangeInput: the file is not TOML, or names something that is no setting.
    """
    path = Path(SETTINGS_FILE)
    try:
        file = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ChangeInput(f"{path.absolute()} is not valid TOML: {error}.") from error
    return Settings.read(environ, file)


def connect_database(settings: Settings) -> None:
    """Open the database of these settings, set up Django on it, and bring its tables up to date.

    Raises:
        ChangeInput, TryAgainLater: as ``store.database.open_database`` says.
    """
    os.environ[database.ENVIRONMENT] = database.open_database(settings)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kinsync.web.settings")
    django.setup()
    from kinsync.store.migrate import migrate  # needs Django to be set up

    migrate()


def storage(settings: Settings) -> Storage:
    """Where files lie that belong to no table."""
    return Storage(settings.home)


def webhook_tools(settings: Settings) -> "WebhookTools":
    """What sending webhooks needs; the first call makes the home's seal key.

    Raises:
        ChangeInput: a setting is malformed.
    """
    from kinsync.services.webhooks import Tools
    from kinsync.store.sealing import open_sealer
    from kinsync.transport.post import Poster, resolve

    return Tools(
        now=now,
        resolve=resolve,
        send=Poster(),
        sealer=open_sealer(settings.home, settings.seal_key),
        chance=random.random,
        allowed=read_networks(settings.webhook_allow, setting="KINSYNC_WEBHOOK_ALLOW"),
    )


def uploads(settings: Settings) -> "Uploads":
    """Where uploads are received, and where whole ones lie. Needs a connected database."""
    from kinsync.services.uploads import Uploads
    from kinsync.store.staging import Shelf, Staging

    files = storage(settings)
    return Uploads(
        Staging(files), Shelf(files), now, retention=timedelta(days=settings.upload_days)
    )


def now() -> datetime:
    """The clock of everything that is recorded."""
    return datetime.now(UTC)
