"""What an operator can set: environment ``KINSYNC_*`` first, then ``kinsync.toml``, then these."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from kinsync.domain.errors import ChangeInput

PREFIX = "KINSYNC_"


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
    sftp: str = "127.0.0.1:2022"
    """Where ``serve`` listens for SFTP, as HOST:PORT."""
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
            ChangeInput: a name in the file is not a setting.
        """
        names = {field.name for field in fields(Settings)}
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
        kinds = {field.name: field.type for field in fields(Settings)}
        values: dict[str, Any] = {
            name: _whole_number(name, value) if kinds[name] is int else value
            for name, value in given.items()
        }
        return Settings(home=home.expanduser().absolute(), **values)

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


def _whole_number(name: str, value: str) -> int:
    if not value.isdecimal() or int(value) == 0:
        raise ChangeInput(f"{PREFIX}{name.upper()} is {value!r}; give a whole number from 1 on.")
    return int(value)
