"""The API under load: one web process over a district of a size, asked by ``wrk`` over loopback.

Pages of every version, an events page, limited shares beside the open one, and the same while a
version is published. Requests a second and MB of JSON a second; ratios are to the open share's
page of the same kind in the same run.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.measure import kinsync

ADDRESS = "127.0.0.1:8733"
CONNECTIONS = 16
SECONDS = 6
DISTRICT = "Bench"
VERSIONS = {
    "v1.2": ("contacts", "students"),
    "v2.0": ("contacts", "students"),
    "v2.1": ("contacts", "students"),
    "v3.0": ("users?role=contact", "users?role=student"),
    "v3.1": ("users?role=contact", "users?role=student"),
}
MUST_REQUESTS, MUST_MB = 600, 40


@dataclass(frozen=True, slots=True)
class Load:
    """What one address did under load."""

    requests: float
    mb: float
    p99_ms: float
    failed: int


def run(home: Path, night: Path) -> None:
    """Measure the API of the district in ``home``; ``night`` is published while pages are read."""
    if shutil.which("wrk") is None:
        print("\nAPI: skipped, there is no 'wrk' here (Debian: apt-get install wrk)")
        return
    school = pl.read_csv(night, n_rows=1, infer_schema=False)["School_id"][0]
    shares_of = {
        "Open": (),
        "One type": ("--types", "Primary"),
        "One school": ("--schools", school),
    }
    tokens = {name: connected(name, options, home) for name, options in shares_of.items()}
    with serving(home):
        pages(tokens["Open"])
        shares(tokens)
        while_publishing(tokens["Open"], night, home)


def pages(token: str) -> None:
    """Pages of 100 and 1,000 in every version, and of events."""
    print(f"\n{'page':44}{'requests/s':>11}{'MB/s':>8}{'p99 ms':>9}   must")
    for version, lists in VERSIONS.items():
        for name in lists:
            for limit in (100, 1000):
                must = f"{MUST_REQUESTS}/s" if limit == 100 else f"{MUST_MB} MB/s"
                show(f"/{version}/{name}", limit, token, must)
    for version in ("v1.2", "v2.1", "v3.1"):
        show(f"/{version}/events", 100, token, "")


def shares(tokens: dict[str, str]) -> None:
    """Limited shares beside the open one."""
    print(f"\n{'share':44}{'requests/s':>11}{'MB/s':>8}{'p99 ms':>9}   open/limited (must 2)")
    for path in ("/v3.1/users?role=contact", "/v2.1/contacts", "/v1.2/contacts"):
        for limit in (100, 1000):
            whole = load(with_limit(path, limit), tokens["Open"])
            for name in ("One type", "One school"):
                part = load(with_limit(path, limit), tokens[name])
                ratio = (whole.mb / part.mb) if part.mb else float("nan")
                label = f"{name}: {path} {limit}"
                print(
                    f"{label:44}{part.requests:11,.0f}{part.mb:8.1f}{part.p99_ms:9.1f}{ratio:9.2f}"
                )


def while_publishing(token: str, night: Path, home: Path) -> None:
    """The p99 of a page while a night is published, beside that of the idle server."""
    path = with_limit("/v3.1/users?role=contact", 100)
    idle = load(path, token)
    sync = subprocess.Popen(
        [sys.executable, "-m", "kinsync", "sync", DISTRICT, "--file", str(night)],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "KINSYNC_HOME": str(home)},
    )
    worst, rounds = 0.0, 0
    while sync.poll() is None:
        worst, rounds = max(worst, load(path, token).p99_ms), rounds + 1
    print(
        f"\np99 of a page of 100 while a night is published: {worst:.1f} ms at worst of {rounds}"
        f" rounds, idle {idle.p99_ms:.1f} ms: {worst / idle.p99_ms:.1f} x (must 2)"
    )


def connected(name: str, options: tuple[str, ...], home: Path) -> str:
    """A token of an application with this share."""
    kinsync("app", "add", name, home=home)
    kinsync("connect", DISTRICT, name, *options, home=home)
    return subprocess.run(
        [sys.executable, "-m", "kinsync", "token", DISTRICT, name],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "KINSYNC_HOME": str(home)},
    ).stdout.strip()


@contextmanager
def serving(home: Path) -> Iterator[None]:
    """One web process, which counts no requests against a token's minute."""
    environment = {"KINSYNC_HOME": str(home), "KINSYNC_RATE_LIMIT": "0", "KINSYNC_HTTP": ADDRESS}
    server = subprocess.Popen(
        [sys.executable, "-m", "kinsync", "serve", "--only", "web"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    assert server.stdout is not None
    server.stdout.readline()
    try:
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=60)


def show(path: str, limit: int, token: str, must: str) -> None:
    """One line of the table: a page in the middle of its list."""
    middle = cursor(path, token)
    found = load(with_limit(path, limit) + middle, token)
    label = f"{path} {limit}"
    failed = f"  {found.failed} FAILED" if found.failed else ""
    print(f"{label:44}{found.requests:11,.0f}{found.mb:8.1f}{found.p99_ms:9.1f}   {must}{failed}")


def cursor(path: str, token: str) -> str:
    """A cursor some ten thousand records into the list; none where it is shorter."""
    answer = read(with_limit(path, 10_000), token)
    found = re.search(r"starting_after=([0-9a-f]{24})", answer)
    return f"&starting_after={found[1]}" if found else ""


def with_limit(path: str, limit: int) -> str:
    """The address with this length of page."""
    return f"{path}{'&' if '?' in path else '?'}limit={limit}"


def read(path: str, token: str) -> str:
    """The text of an answer."""
    request = urllib.request.Request(
        f"http://{ADDRESS}{path}", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        text: str = answer.read().decode()
    return text


def load(path: str, token: str) -> Load:
    """Ask for one address on several connections for a few seconds."""
    read(path, token)
    printed = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--timeout", "30s", "--latency",
         "-H", f"Authorization: Bearer {token}", f"http://{ADDRESS}{path}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    time.sleep(0.5)
    transfer = re.search(r"Transfer/sec:\s+([\d.]+)([KMG]?B)", printed)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", printed)
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", printed)
    if not (transfer and rate and p99):
        raise RuntimeError(f"wrk printed what is not understood:\n{printed}")
    megabytes = float(transfer[1]) * {"B": 1e-6, "KB": 1e-3, "MB": 1.0, "GB": 1e3}[transfer[2]]
    milliseconds = float(p99[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[p99[2]]
    return Load(float(rate[1]), megabytes, milliseconds, int(failed[1]) if failed else 0)
