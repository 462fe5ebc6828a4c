"""Uploads over SFTP: ``python -m benchmarks --rows ""``.

Three questions: do 200 clients at once with 2 MB each all get through, and in what memory; how
fast is one large upload beside OpenSSH's own server, with the same client, cipher and file; and how
long does a client wait from its CLOSE until the upload is recorded.

OpenSSH's server is used where it is found (Debian: openssh-server), and left out, saying so, where
it is not. The client of the large upload is OpenSSH's ``sftp``.
"""

import asyncio
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import psutil

CLIENTS, CLIENT_BYTES = 200, 2_000_000
MUST_MEMORY_MB, MUST_CLOSE_SECONDS, MUST_RATIO = 400, 1.0, 0.9
RUNS = 3
ROUNDS = 3
"""Of all clients at once: the first meets a server that has just begun."""
SSHD = ("/usr/sbin/sshd", "/usr/local/sbin/sshd")
SFTP_SERVER = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server")
CIPHER = "aes256-gcm@openssh.com"


ACCOUNTS = CLIENTS
"""Each of a district of its own, as in the night: every upload makes a job."""
MAKE_ACCOUNTS = """
import sys
from pathlib import Path
from kinsync import bootstrap
bootstrap.connect_database(bootstrap.read_settings())
from kinsync.services.sftp_accounts import add_account
from kinsync.store.records import add_district
key = Path(sys.argv[2]).read_text()
for number in range(int(sys.argv[1])):
    district = add_district(f"Bench {number}", at=bootstrap.now())
    print(add_account(district, at=bootstrap.now(), keys=[key])[0].username)
"""


@dataclass(frozen=True)
class Serving:
    """A running ``kinsync serve --only sftp`` and an account in it."""

    port: int
    usernames: list[str]
    key: Path
    process: psutil.Process
    log: Path

    def closings(self) -> list[float]:
        """Of every upload, the seconds from its CLOSE until it was recorded."""
        records = map(json.loads, self.log.read_text().splitlines())
        return [record["closing"] for record in records if record["event"] == "upload_complete"]

    def peak_mb(self) -> float:
        """The most memory that the process has had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024


def run(folder: Path, *, clients: int = CLIENTS, large_mb: int = 700) -> None:
    """Measure, and print a table."""
    print(f"\nSFTP: {clients} clients with {CLIENT_BYTES / 1e6:.0f} MB each, and {large_mb} MB\n")
    with serving(folder) as server:
        show("MB of the server, idle", server.peak_mb(), "")
        for _ in range(ROUNDS):
            failed, seconds, waits = asyncio.run(crowd(server, clients))
            closings = server.closings()[-len(waits) :]
            show("clients that failed", failed, 0)
            show("seconds for all", seconds, "")
            show("peak MB of the server", server.peak_mb(), MUST_MEMORY_MB)
            show_close("CLOSE to recorded with its job, all at once", closings, MUST_CLOSE_SECONDS)
            show_close("CLOSE to answer, as clients see it", waits, "")
        waits = asyncio.run(steady(server, clients))
        show_close("the same, one after another", waits, MUST_CLOSE_SECONDS)
        if not large_mb:
            return
        large = folder / "large.csv"
        with large.open("wb") as file:
            for _ in range(large_mb):
                file.write(os.urandom(1_000_000))
        compare(server, large, folder)


def compare(server: Serving, large: Path, folder: Path) -> None:
    """One large upload to us and to OpenSSH's server, in turns."""
    size = large.stat().st_size / 1e6
    sshd, sftp_server = (
        first_of(SSHD, "KINSYNC_BENCH_SSHD"),
        first_of(SFTP_SERVER, "KINSYNC_BENCH_SFTP_SERVER"),
    )
    if not shutil.which("sftp"):
        print("one large upload: left out, there is no OpenSSH client here")
        return
    ours, theirs = [], []
    with openssh(folder, server.key, sshd, sftp_server) as port:
        for _ in range(RUNS):
            ours.append(
                size / put(server.port, server.usernames[0], server.key, large, "large.csv")
            )
            if port:
                path = str(folder / "theirs.csv")
                theirs.append(size / put(port, "root", server.key, large, path))
    show("large upload, MB/s", statistics.median(ours), "")
    if not theirs:
        print("OpenSSH's server is not here: install openssh-server to compare")
        return
    show("OpenSSH's server, MB/s", statistics.median(theirs), "")
    show("ratio", statistics.median(ours) / statistics.median(theirs), MUST_RATIO)


def first_of(places: tuple[str, ...], setting: str) -> str:
    """The first of these that is there, or what the environment names instead."""
    named = os.environ.get(setting, "")
    return named or next((place for place in places if Path(place).exists()), "")


def show(what: str, value: float, must: float | str) -> None:
    print(f"{what:44}{value:10.2f}{must:>8}")


def show_close(what: str, seconds: list[float], must: float | str) -> None:
    centiles = statistics.quantiles(seconds, n=100)
    show(f"{what}, p50 s", centiles[49], "")
    show(f"{what}, p99 s", centiles[98], must)


# -- clients ---------------------------------------------------------------------------------------


async def connect(server: Serving, number: int = 0) -> asyncssh.SSHClientConnection:
    return await asyncssh.connect(
        "127.0.0.1", server.port, username=server.usernames[number % ACCOUNTS],
        client_keys=[str(server.key)], known_hosts=None, config=None, agent_path=None,
        connect_timeout=120, login_timeout=120,
    )  # fmt: skip


async def upload(client: asyncssh.SFTPClient, path: str, content: bytes) -> float:
    """Upload a file, and answer how long its CLOSE took."""
    file = await client.open(path, "wb")
    await file.write(content)
    await client.stat(".")  # everything has been taken
    started = time.perf_counter()
    await file.close()
    return time.perf_counter() - started


async def crowd(server: Serving, clients: int) -> tuple[int, float, list[float]]:
    """All clients at once: all connected before the first of them writes."""
    content = os.urandom(CLIENT_BYTES)
    started = time.perf_counter()
    connections = await asyncio.gather(
        *(connect(server, number) for number in range(clients)), return_exceptions=True
    )
    there = [one for one in connections if isinstance(one, asyncssh.SSHClientConnection)]

    async def one(connection: asyncssh.SSHClientConnection) -> float:
        async with connection.start_sftp_client() as client:
            return await upload(client, "students.csv", content)

    ended = await asyncio.gather(*map(one, there), return_exceptions=True)
    seconds = time.perf_counter() - started
    for connection in there:
        connection.close()
    closes = [end for end in ended if isinstance(end, float)]
    return clients - len(closes), seconds, closes


async def steady(server: Serving, count: int) -> list[float]:
    """One client that uploads again and again."""
    content = os.urandom(CLIENT_BYTES)
    connection = await connect(server)
    client = await connection.start_sftp_client()
    closes = [await upload(client, "students.csv", content) for _ in range(count)]
    connection.close()
    return closes


def put(port: int, username: str, key: Path, large: Path, path: str) -> float:
    """Seconds that OpenSSH's client takes for a file."""
    batch = large.with_suffix(".batch")
    batch.write_text(f"put {large} {path}\n")
    started = time.perf_counter()
    subprocess.run(
        ["sftp", "-q", "-b", str(batch), "-P", str(port), "-i", str(key), "-F", "none",
         "-c", CIPHER, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
         "-o", "IdentitiesOnly=yes", f"{username}@127.0.0.1"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return time.perf_counter() - started


# -- servers ---------------------------------------------------------------------------------------


@contextmanager
def serving(folder: Path) -> Iterator[Serving]:
    """Our server on a home of its own, with accounts of several districts that one key opens."""
    home, key = folder / "sftp-home", folder / "id"
    pair = asyncssh.generate_private_key("ssh-ed25519")
    pair.write_private_key(str(key))
    key.chmod(0o600)
    Path(f"{key}.pub").write_bytes(pair.export_public_key())
    log = folder / "sftp.log"
    environment = {**os.environ, "KINSYNC_HOME": str(home)}
    kinsync = [sys.executable, "-m", "kinsync", "serve", "--only", "sftp", "--json"]
    with log.open("w") as out:
        process = subprocess.Popen(
            [*kinsync, "--sftp", "127.0.0.1:0"],
            env={**environment, "KINSYNC_SFTP_SESSIONS_PER_ACCOUNT": "50"},
            stdout=subprocess.PIPE,
            stderr=out,
            text=True,
        )
        assert process.stdout is not None
        told = ""
        while not told.endswith("}\n"):
            told += process.stdout.readline()
        made = subprocess.run(
            [sys.executable, "-c", MAKE_ACCOUNTS, str(ACCOUNTS), f"{key}.pub"],
            env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
        port = int(json.loads(told)["sftp"].rpartition(":")[2])
        yield Serving(port, made.stdout.split(), key, psutil.Process(process.pid), log)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


@contextmanager
def openssh(folder: Path, key: Path, sshd: str, sftp_server: str) -> Iterator[int]:
    """OpenSSH's server on a port of its own, for whoever runs this; 0 where there is none."""
    if not (sshd and sftp_server) or os.geteuid() != 0:
        yield 0
        return
    host_key, port = folder / "host", 2923
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(host_key))
    host_key.chmod(0o600)
    (folder / "authorized").write_bytes(Path(f"{key}.pub").read_bytes())
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {host_key}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nPermitRootLogin yes\n"
        f"Subsystem sftp {sftp_server}\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    process = subprocess.Popen([sshd, "-D", "-q", "-f", str(config)])
    time.sleep(1)
    yield port
    process.terminate()
    process.wait()
