"""From settings to working parts: the one place that knows every adapter."""

import os
import random
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import django
from psycopg.conninfo import make_conninfo

from kinsync.domain.errors import ChangeInput
from kinsync.domain.settings import SIGNING_KEYS, Settings
from kinsync.store import database
from kinsync.store.backup import unfinished
from kinsync.store.embedded import release_holds
from kinsync.store.storage import BucketStorage, Storage
from kinsync.transport.addresses import read_networks
from kinsync.transport.mail import Letter, SmtpPost, print_letter

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper

    from kinsync.services.arrived import Arrivals
    from kinsync.services.pulls import PullTools
    from kinsync.services.purge import Tools as PurgeTools
    from kinsync.services.returning import Keys
    from kinsync.services.sources import Reach
    from kinsync.services.uploads import Uploads
    from kinsync.services.webhooks import Tools as WebhookTools
    from kinsync.store.sealing import Sealer

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


def connect_database(
    settings: Settings, *, session: str = "kinsync", statement_seconds: int = 0
) -> None:
    """Open the database of these settings, set up Django on it, and bring its tables up to date.

    A machine that does not hold the installation's seal key goes no further.

    ``session`` is what the database calls all connections of this process; from then on each of
    their statements may take ``statement_seconds``, any time where it is 0.

    Raises:
        ChangeInput, TryAgainLater: as ``store.database.open_database`` says.
        ChangeInput: a backup has been restored here half, or another seal key is held here.
    """
    update_database(settings, session=session)
    check_seal_keys(settings)
    if statement_seconds:
        database.limit_statements(statement_seconds)


def update_database(settings: Settings, *, session: str = "kinsync") -> None:
    """The same for whoever mends the keys of this machine: they are not looked at."""
    unfinished.refuse(settings.home)
    reach_database(settings, session=session)
    from kinsync.store.migrate import migrate  # needs Django to be set up

    migrate()


def check_seal_keys(settings: Settings) -> None:
    """See that this machine holds the seal keys of its database. Needs a connected database.

    Raises:
        ChangeInput: it does not, or a key is malformed.
    """
    from kinsync.store import seal_keys

    seal_keys.check(_held_keys(settings), at=now(), keep_days=settings.keep.record)


def reach_database(settings: Settings, *, session: str = "kinsync") -> None:
    """The same with its tables as they are, for whoever looks at an installation or makes one."""
    address = database.open_database(settings)
    os.environ[database.ENVIRONMENT] = make_conninfo(address, application_name=session)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kinsync.web.settings")
    django.setup()


def forget_lost_keys(settings: Settings) -> list[str]:
    """Go on without the seal keys that are not held here, and answer their ids."""
    from kinsync.store import seal_keys

    return seal_keys.forget_lost(_held_keys(settings))


def _held_keys(settings: Settings) -> list[str]:
    from kinsync.store import sealing

    return sealing.key_ids(sealing.held_keys(settings.home, settings.seal_key))


def leave_database() -> None:
    """Stop the embedded server, if no other process uses it: for whoever removes its home next."""
    release_holds()


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


def post(settings: Settings) -> Callable[[Letter], None]:
    """What takes mail."""
    return SmtpPost(settings.smtp_url, settings.mail_from) if settings.smtp_url else print_letter


def webhook_tools(settings: Settings) -> "WebhookTools":
    """What sending webhooks needs; the first call makes the home's seal key.

    Raises:
        ChangeInput: a setting is malformed.
    """
    from kinsync.services.webhooks import Tools
    from kinsync.transport.post import Poster, resolve

    return Tools(
        now=now,
        resolve=resolve,
        send=Poster(),
        sealer=sealer(settings),
        chance=random.random,
        allowed=read_networks(settings.webhook_allow, setting="KINSYNC_WEBHOOK_ALLOW"),
        keep_days=settings.keep.messages,
    )


def sealer(settings: Settings) -> "Sealer":
    """What seals secrets. Needs a connected database; the first call makes the home's seal key.

    Raises:
        ChangeInput: a key is malformed, or this machine does not hold the installation's.
    """
    from kinsync.store.sealing import open_sealer

    made = open_sealer(settings.home, settings.seal_key)
    check_seal_keys(settings)  # it may be new
    return made


def identity_keys(settings: Settings) -> "Keys":
    """The keys of identities, read when they are asked for; the first call makes the seal key."""
    return cache(lambda: _derived_keys(settings, "identity"))


def _derived_keys(settings: Settings, purpose: str) -> list[bytes]:
    from kinsync.store.sealing import derived_keys

    keys = derived_keys(settings.home, settings.seal_key, purpose=purpose)
    check_seal_keys(settings)  # it may be new
    return keys


def purge_tools(settings: Settings, *, on_wait: Callable[[], None] = lambda: None) -> "PurgeTools":
    """What a purge needs. Needs a connected database. ``on_wait`` is called where a sync runs."""
    from kinsync.services.purge import Tools

    return Tools(
        storage=storage(settings),
        uploads=uploads(settings),
        now=now,
        keep=settings.keep,
        identity_keys=identity_keys(settings),
        rewrite_mb=settings.rewrite_mb,
        is_database_ours=not settings.database_url,
        on_wait=on_wait,
    )


def environment_of_web(settings: Settings) -> dict[str, str]:
    """What the process that serves the dashboard needs to know. Needs a connected database.

    Keys that sign sessions follow from the seal keys: machines that share these share sessions.

    Raises:
        ChangeInput: the seal key is malformed.
    """
    keys = _derived_keys(settings, "sessions")
    return {**settings.as_environment(), SIGNING_KEYS: " ".join(key.hex() for key in keys)}


def uploads(settings: Settings) -> "Uploads":
    """Where uploads are received, and where whole ones lie. Needs a connected database.

    A whole one queues the sync of its district, in the transaction that records it.
    """
    from kinsync.services.uploads import Uploads
    from kinsync.store import queue
    from kinsync.store.staging import Shelf, Staging

    def put_off(district_id: int, at: datetime) -> None:
        with queue.queueing(doing="noting an upload") as cursor:
            queue.note_activity(cursor, district_id, at)

    files = storage(settings)
    return Uploads(
        Staging(files),
        Shelf(files),
        now,
        on_complete=queue.sync_when_quiet,
        on_activity=put_off,
        retention=timedelta(days=settings.keep.of_uploads),
    )


def reach(settings: Settings) -> "Reach":
    """What it takes to ask sources; the first call makes the home's seal key.

    Raises:
        ChangeInput: a setting is malformed.
    """
    from kinsync.services.sources import Reach

    return Reach(sealer(settings), now)


def pull_tools(settings: Settings) -> "PullTools":
    """What pulls need. A whole one queues the sync of its district, as an upload does.

    Raises:
        ChangeInput: a setting is malformed.
    """
    from kinsync.services.pulls import PullTools
    from kinsync.store import queue
    from kinsync.store.staging import Shelf, Staging

    def sync_now(cursor: "CursorWrapper", district_id: int, _pull_id: int, at: datetime) -> None:
        queue.sync_at_once(cursor, district_id, at)

    files = storage(settings)
    return PullTools(
        reach(settings),
        Staging(files),
        Shelf(files),
        on_complete=sync_now,
        retention=timedelta(days=settings.keep_uploads_days),
    )


def arrivals(settings: Settings) -> "Arrivals":
    """What districts have uploaded last. Needs a connected database."""
    from kinsync.services.arrived import Arrivals
    from kinsync.store.staging import Shelf

    return Arrivals(Shelf(storage(settings)))


def now() -> datetime:
    """The clock of everything that is recorded."""
    return datetime.now(UTC)
