"""From settings to working parts: the one place that knows every adapter."""

import os
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import django
from psycopg.conninfo import make_conninfo

from kinsync.domain.errors import ChangeInput
from kinsync.domain.settings import Settings
from kinsync.store import database
from kinsync.store.inbox import Inbox
from kinsync.store.storage import BucketStorage, Storage
from kinsync.transport.mail import Letter, SmtpPost, print_letter

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


def connect_database(settings: Settings, *, session: str = "kinsync") -> None:
    """Open the database of these settings, set up Django on it, and bring its tables up to date.

    ``session`` is what the database calls all connections of this process.

    Raises:
        ChangeInput, TryAgainLater: as ``store.database.open_database`` says.
    """
    address = database.open_database(settings)
    os.environ[database.ENVIRONMENT] = make_conninfo(address, application_name=session)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kinsync.web.settings")
    django.setup()
    from kinsync.store.migrate import migrate  # needs Django to be set up

    migrate()


def storage(settings: Settings) -> Storage:
    """Where files lie that belong to no table.

    Raises:
        ChangeInput: the setting is neither a folder nor ``s3://bucket/prefix``.
    """
    scheme, separator, place = settings.storage.partition("://")
    if not separator:
        return Storage(Path(settings.storage).expanduser().absolute() if scheme else settings.home)
    bucket, _, prefix = place.partition("/")
    if scheme != "s3" or not bucket:
        raise ChangeInput(
            f"KINSYNC_STORAGE is {settings.storage!r}; give a folder or s3://bucket/prefix."
        )
    from kinsync.store.buckets import open_bucket  # slow to import

    return BucketStorage(settings.home, open_bucket(bucket, prefix))


def arrivals(settings: Settings) -> Inbox:
    """Where what districts deliver by themselves is found."""
    return Inbox(storage(settings))


def post(settings: Settings) -> Callable[[Letter], None]:
    """What takes mail."""
    return SmtpPost(settings.smtp_url, settings.mail_from) if settings.smtp_url else print_letter


def now() -> datetime:
    """The clock of everything that is recorded."""
    return datetime.now(UTC)
