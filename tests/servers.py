"""The PostgreSQL servers that tests run on: started once, shared by all workers of a run."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from kinsync.store.embedded import EmbeddedServer

DEBIAN = Path("/usr/lib/postgresql")


class EmbeddedOne:
    """The server of Kinsync itself. Its owner of tables is a superuser."""

    def __init__(self, home: Path) -> None:
        self._server = EmbeddedServer(home)

    def conninfo(self, database: str) -> str:
        return make_conninfo(self._server.conninfo(), dbname=database)

    superuser = conninfo

    def start(self) -> None:
        self._hold = self._server.hold()
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # tests kill clients, not machines
            connection.execute("SELECT pg_reload_conf()")

    def stop(self) -> None:
        self._hold.release()


@dataclass
class DebianOne:
    """A cluster of the machine's own PostgreSQL, whose tables belong to an ordinary role."""

    home: Path
    owner = "district_office"

    @staticmethod
    def binaries() -> Path | None:
        found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
        return found[-1].parent if found else None

    def conninfo(self, database: str) -> str:
        return make_conninfo(host=str(self.home / "data"), user=self.owner, dbname=database)

    def superuser(self, database: str) -> str:
        return make_conninfo(self.conninfo(database), user="postgres")

    def start(self) -> None:
        data = self.home / "data"
        if not data.exists():
            data.mkdir(mode=0o700)
            if account := _account():
                os.chown(data, account.pw_uid, account.pw_gid)
            self._run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale",
                      "-D", str(data))  # fmt: skip
            self._run("pg_ctl", "-w", "-D", str(data), "-l", str(data / "log"),
                      "-o", f"-h '' -k '{data}' -F", "start")  # fmt: skip
            with psycopg.connect(self.superuser("postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE ROLE {self.owner} LOGIN CREATEDB CREATEROLE")

    def stop(self) -> None:
        if (self.home / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "-w", "-m", "fast", "-D", str(self.home / "data"), "stop")

    def _run(self, program: str, *arguments: str) -> None:
        account = _account()
        binaries = self.binaries()
        assert binaries is not None
        subprocess.run(
            [binaries / program, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )


def _account() -> pwd.struct_passwd | None:
    """Debian's own account for PostgreSQL, where we are root."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None
