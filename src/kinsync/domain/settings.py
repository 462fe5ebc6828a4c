"""What an operator can set: environment ``KINSYNC_*`` first, then ``kinsync.toml``, then these."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from kinsync.domain.errors import ChangeInput
from kinsync.domain.retention import Periods

PREFIX = "KINSYNC_"
SIGNING_KEYS = f"{PREFIX}SIGNING_KEYS"
"""Keys that sessions are signed with, told by one process to its children. Not for operators."""
MAY_BE_ZERO = {"rate_limit", "rewrite_mb", "statement_seconds"}
"""Numbers where 0 has a meaning."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One value per setting; ``docs/settings.md`` is written from these comments' page."""

    home: Path = Path("kinsync-home")
    """Folder of the embedded database, uploads and keys."""
    database_url: str = ""
    """A PostgreSQL server (15 or later) instead of the embedded one."""
    storage: str = ""
    """Folder or ``s3://bucket/prefix`` of what all machines share; the home where blank."""
    http: str = "127.0.0.1:8000"
    """Where ``serve`` listens for HTTP, as HOST:PORT."""
    public_url: str = ""
    """Where people reach the dashboard, such as ``https://contacts.example.org``; where blank, on
    this machine alone. With https, cookies are sent over nothing else."""
    oidc_issuer: str = ""
    """Server that people of the districts sign in at (OpenID Connect), as ``https://…``."""
    oidc_name: str = "single sign-on"
    """What the button says: Sign in with …"""
    oidc_client_id: str = ""
    """How Kinsync is known at that server."""
    oidc_client_secret: str = field(default="", repr=False)
    """Its secret there."""
    sftp: str = "127.0.0.1:2022"
    """Where ``serve`` listens for SFTP, as HOST:PORT."""
    rate_limit: int = 1200
    """Requests a minute that a token may make, on all web processes together; 0 for any number."""
    statement_seconds: int = 30
    """How long a statement of the web or SFTP door may take in the database; 0 for any time."""
    seal_key: str = field(default="", repr=False)
    """Keys under which secrets are sealed, the newest first; else ``keys/seal.key`` of the home."""
    backup_passphrase: str = field(default="", repr=False)
    """What encrypted backups are sealed under and opened by; asked for where blank."""
    webhook_allow: str = ""
    """Private networks that webhooks may go to, such as ``10.20.0.0/16, fd12::/48``."""
    sftp_sessions: int = 250
    """How many SFTP clients may be connected to one process at once."""
    sftp_sessions_per_account: int = 10
    """How many of them may have logged in to one account."""
    sftp_file_mb: int = 4096
    """The largest file that an SFTP client may upload, in MiB."""
    keep_uploads_days: int = 30
    """How many days the bytes of an uploaded file are kept."""
    keep_findings_days: int = 30
    """The same of findings, saved previews, and holds that nobody decided."""
    keep_deleted_days: int = 60
    """The same of the values of records that were deleted or changed; 30 or more."""
    keep_record_days: int = 400
    """The same of events, disclosures, and the ids of who is gone."""
    keep_messages_days: int = 30
    """The same of webhook messages that have ended, and of jobs that were done."""
    rewrite_mb: int = 1024
    """Up to which size the purge rewrites tables, so that no freed byte stays in them; 0: never."""
    log_level: str = "info"
    """From which level on ``serve`` logs: debug, info, warning or error."""
    smtp_url: str = ""
    """Server that reports are mailed by, as smtp://user:password@host:port; printed where blank."""
    mail_from: str = "kinsync@localhost"
    """Whom reports come from."""
    worker_jobs: int = 2
    """Jobs that one worker runs at the same time."""
    heartbeat_seconds: int = 10
    """How often a worker says that it lives; after two beats missed, others take over its jobs."""
    stop_seconds: int = 25
    """How long jobs may go on once a worker is told to stop; then they are handed back."""

    @staticmethod
    def read(environ: Mapping[str, str], file: Mapping[str, object]) -> "Settings":
        """Settings from the environment and a parsed ``kinsync.toml``.

        Raises:
            ChangeInput: a name in the file is not a setting, or a value not of its kind.
        """
        names = {one.name for one in fields(Settings)}
        if unknown := sorted(set(file) - names):
            raise ChangeInput(
                f"kinsync.toml: {unknown[0]!r} is not a setting. Known: {', '.join(sorted(names))}."
            )
        given = {name: str(value) for name, value in file.items()}
        given |= {
            name: environ[PREFIX + name.upper()]
            for name in names
            if PREFIX + name.upper() in environ
        }
        home = Path(given.pop("home", "kinsync-home"))
        kinds = {one.name: one.type for one in fields(Settings)}
        values: dict[str, Any] = {
            name: _whole_number(name, value) if kinds[name] is int else value
            for name, value in given.items()
        }
        return Settings(home=home.expanduser().absolute(), **values)

    def as_environment(self) -> dict[str, str]:
        """The same settings as an environment says them, for a process that is started."""
        return {
            PREFIX + one.name.upper(): str(value)
            for one in fields(self)
            if (value := getattr(self, one.name)) != ""
        }

    @property
    def keep(self) -> Periods:
        """How long everything is kept, where a district says nothing else.

        Raises:
            ChangeInput: the periods contradict each other.
        """
        return Periods(
            uploads=self.keep_uploads_days,
            findings=self.keep_findings_days,
            deleted=self.keep_deleted_days,
            record=self.keep_record_days,
            messages=self.keep_messages_days,
        )

    def address(self, name: str) -> tuple[str, int]:
        """Host and port of the ``http`` or ``sftp`` setting.

        Raises:
            ChangeInput: the value is not HOST:PORT.
        """
        value: str = getattr(self, name)
        host, colon, port = value.rpartition(":")
        if not colon or not port.isdigit() or not 0 <= int(port) <= 65535:
            raise ChangeInput(
                f"{PREFIX}{name.upper()} is {value!r}; give HOST:PORT, such as 127.0.0.1:8000."
            )
        return host.strip("[]"), int(port)


def _whole_number(name: str, text: str) -> int:
    least = 0 if name in MAY_BE_ZERO else 1
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise ChangeInput(
            f"{PREFIX}{name.upper()} is {text!r}; give a whole number, {least} or more."
        )
    return int(text)
