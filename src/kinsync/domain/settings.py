"""What an operator can set: environment ``KINSYNC_*`` first, then ``kinsync.toml``, then these."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from kinsync.domain.errors import ChangeInput

PREFIX = "KINSYNC_"


@dataclass(frozen=True, slots=True)
class Settings:
    """One value per setting; ``docs/settings.md`` is written from these comments' page."""

    home: Path = Path("kinsync-home")
    """Folder of the embedded database, uploads and keys."""
    database_url: str = ""
    """A PostgreSQL server (15 or later) instead of the embedded one."""
    http: str = "127.0.0.1:8000"
    """Where ``serve`` listens for HTTP, as HOST:PORT."""
    sftp: str = "127.0.0.1:2022"
    """Where ``serve`` listens for SFTP, as HOST:PORT."""
    sftp_sessions: str = "250"
    """How many SFTP clients may be connected to one process at once."""
    sftp_sessions_per_account: str = "10"
    """How many of them may have logged in to one account."""
    sftp_file_mb: str = "4096"
    """The largest file that an SFTP client may upload, in MiB."""
    upload_days: str = "30"
    """How many days the bytes of an uploaded file are kept."""

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
        return Settings(home=home.expanduser().absolute(), **given)

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

    def number(self, name: str) -> int:
        """A setting that counts something.

        Raises:
            ChangeInput: the value is not a whole number above 0.
        """
        value: str = getattr(self, name)
        if not value.isdecimal() or int(value) < 1:
            raise ChangeInput(f"{PREFIX}{name.upper()} is {value!r}; give a whole number above 0.")
        return int(value)
