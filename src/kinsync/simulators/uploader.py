"""A district that uploads: with OpenSSH's ``sftp`` where there is one, with asyncssh otherwise."""

import asyncio
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncssh

LONGEST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file that a server has taken."""

    client: str
    """What carried it, in words."""
    remark: str = ""
    """Why it was not OpenSSH's client; '' where it was."""


@dataclass(frozen=True, slots=True)
class Uploader:
    """Somebody with a key of an account, who knows the server by its host keys.

    ``folder`` is private and keeps the key and what is known of the server.
    """

    folder: Path
    host: str
    port: int
    username: str

    @staticmethod
    def make_key(folder: Path) -> str:
        """A new key in the folder; the public half, as one line."""
        key = asyncssh.generate_private_key("ssh-ed25519")
        path = folder / "id"
        key.write_private_key(path)
        path.chmod(0o600)
        return key.export_public_key().decode().strip()

    def know(self, host_keys: Sequence[str]) -> None:
        """Trust a server that has one of these public keys, and no other."""
        lines = [f"[{self.host}]:{self.port} {key}\n" for key in host_keys]
        (self.folder / "known_hosts").write_text("".join(lines))

    def put(self, file: Path, name: str) -> Uploaded:
        """Upload a file under a name.

        Raises:
            OSError, asyncssh.Error: the server did not take it.
        """
        why = self._put_with_openssh(file, name)
        if not why:
            return Uploaded("OpenSSH's sftp")
        asyncio.run(asyncio.wait_for(self._put_with_asyncssh(file, name), LONGEST_SECONDS))
        return Uploaded("asyncssh's client", why)

    def _put_with_openssh(self, file: Path, name: str) -> str:
        """Why it could not be done; '' where it was."""
        if shutil.which("sftp") is None:
            return "there is no 'sftp' here"
        batch = self.folder / "batch"
        batch.write_text(f'put "{file}" "{name}"\n')
        try:
            done = subprocess.run(
                [
                    "sftp", "-q", "-F", "none", "-b", str(batch), "-P", str(self.port),
                    "-i", str(self.folder / "id"), "-o", "IdentitiesOnly=yes",
                    "-o", "IdentityAgent=none", "-o", "StrictHostKeyChecking=yes",
                    "-o", f"UserKnownHostsFile={self.folder / 'known_hosts'}",
                    f"{self.username}@{self.host}",
                ],
                stdin=subprocess.DEVNULL, capture_output=True, text=True,
                timeout=LONGEST_SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"'sftp' did not work here: {type(error).__name__}"
        last = done.stderr.strip().rpartition("\n")[2]
        return f"'sftp' did not work here: {last or done.returncode}" if done.returncode else ""

    async def _put_with_asyncssh(self, file: Path, name: str) -> None:
        connection = await asyncssh.connect(
            self.host, self.port, username=self.username, config=None, agent_path=None,
            client_keys=[str(self.folder / "id")], known_hosts=str(self.folder / "known_hosts"),
        )  # fmt: skip
        async with connection, connection.start_sftp_client() as client:
            await client.put(str(file), name)
