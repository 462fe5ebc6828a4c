"""Constants of the capacity model, measured here and printed: ``python -m benchmarks.capacity``.

One invented district is loaded and lives through a usual night, one small district through
several, each read by one application; then every role is started and looked at. ``--page`` computes
the table of ``docs/operations/scale.md`` from the constants that stand there.
"""

import argparse
import csv
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.capacity_model import PAGE, renewed
from benchmarks.measure import kinsync
from kinsync import bootstrap
from kinsync.domain.settings import Settings

STUDENTS = 20_000
SMALL_STUDENTS, SMALL_NIGHTS = 20, 12
TABLES = ("student", "contact", "relationship", "event")
ROLES = {"web": "http", "sftp": "sftp", "worker": ""}
AT_ONCE = 32
OF_A_JOB = 3
"""Connections of a sync: its own, the district's lock, and the one that moves frames."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a sync took: wall time, our processor time, and the database's, in seconds."""

    seconds: float
    cpu: float
    database_cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--page", action="store_true", help="compute the page's table anew")
    if parser.parse_args().page:
        PAGE.write_text(renewed(PAGE.read_text("utf-8")), "utf-8")
        return
    with tempfile.TemporaryDirectory(prefix="kinsync-capacity-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        print(json.dumps(measured(folder), indent=2))


def measured(folder: Path) -> dict[str, float]:
    """Every constant; nothing is left running."""
    home = folder / "home"
    os.environ["KINSYNC_HOME"] = str(home)
    os.environ["KINSYNC_RATE_LIMIT"] = "0"
    settings = Settings(home=home)
    nights = generated(folder, "large", STUDENTS)
    bootstrap.connect_database(settings)
    large, token = district("Large", settings)
    small, _ = district("Small", settings)
    first = synced(large, nights[0], settings)
    found = sizes(nights[0], home)
    night = synced(large, nights[1], settings)
    fixed = [synced(small, path, settings) for path in small_nights(folder)]
    rows = lines(nights[0])
    per_sync = statistics.median(one.cpu for one in fixed[1:])
    database_per_sync = statistics.median(one.database_cpu for one in fixed[1:])
    return {
        **found,
        "sync_seconds": statistics.median(one.seconds for one in fixed[1:]),
        "sync_cpu_seconds": per_sync,
        "sync_database_cpu_seconds": database_per_sync,
        "first_cpu_seconds_per_1000_rows": 1000 * max(first.cpu - per_sync, 0) / rows,
        "first_database_cpu_seconds_per_1000_rows": 1000 * first.database_cpu / rows,
        "night_cpu_seconds_per_1000_rows": 1000 * max(night.cpu - per_sync, 0) / rows,
        "night_database_cpu_seconds_per_1000_rows": 1000 * night.database_cpu / rows,
        **roles(settings, token),
    }


def generated(folder: Path, name: str, students: int) -> list[Path]:
    """Two nights of an invented district."""
    out = folder / name
    kinsync("generate", "--students", str(students), "--out", str(out), "--seed", "7")
    return [out / night / "students.csv" for night in ("night1", "night2")]


def small_nights(folder: Path) -> list[Path]:
    """The small district's files: one phone differs from each to the next."""
    with generated(folder, "small", SMALL_STUDENTS)[0].open(newline="") as file:
        header, *rows = csv.reader(file)
    place = header.index("Contact_phone")
    chosen = next(row for row in rows if row[place])
    paths = []
    for number in range(SMALL_NIGHTS):
        chosen[place] = f"30355501{number:02d}"
        paths.append(folder / f"small-{number}.csv")
        with paths[-1].open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    return paths


def district(name: str, settings: Settings) -> tuple[Any, str]:
    """A district that one application reads, with its token."""
    from kinsync.cli.session import tools
    from kinsync.services import share
    from kinsync.store import access, records, tokens

    added = records.add_district(name, at=bootstrap.now())
    application, _ = access.add_application(f"Reader of {name}", at=bootstrap.now())
    share.connect(added, application, share.Limits(), tools(settings))
    connection = access.find_connection(added.id, application.id)
    return added, tokens.issue_token(connection.id, at=bootstrap.now())


def synced(district: Any, path: Path, settings: Settings) -> Cost:
    """One sync, and what it took."""
    from kinsync.cli.session import tools
    from kinsync.services.delivery import open_delivery
    from kinsync.services.sync import sync_delivery

    before, started, ours = database_cpu(settings), time.perf_counter(), time.process_time()
    outcome = sync_delivery(district, open_delivery(path), tools(settings))
    if outcome.sync.state != "published":
        raise RuntimeError(f"The sync of {path.name} is {outcome.sync.state}")
    seconds, cpu = time.perf_counter() - started, time.process_time() - ours
    time.sleep(0.3)  # sessions that have ended are counted by then
    return Cost(seconds, cpu, database_cpu(settings) - before)


def database_cpu(settings: Settings) -> float:
    """Processor time of the embedded server so far, with sessions that are over."""
    number = int((settings.home / "database" / "postmaster.pid").read_text().split()[0])
    postmaster = psutil.Process(number)
    ended, running = postmaster.cpu_times(), 0.0
    for child in postmaster.children():
        running += sum(child.cpu_times()[:2])
    return sum(ended[:4]) + running


def sizes(night: Path, home: Path) -> dict[str, float]:
    """Bytes with indexes for each record of a first load, and of a file and what is kept of it."""
    from kinsync.store.database import connect

    rows = lines(night)
    told: dict[str, float] = {}
    with closing(connect(autocommit=True)) as connection:
        for table in TABLES:
            found = connection.execute(
                f"SELECT pg_total_relation_size('{table}'), (SELECT count(*) FROM {table})"
            ).fetchone()
            assert found is not None
            told[f"{table}_bytes"] = found[0] / found[1]
            told[f"{table}s_per_row"] = found[1] / rows
    kept = sum(one.stat().st_size for one in (home / "storage").rglob("*") if one.is_file())
    told["upload_bytes_per_row"] = night.stat().st_size / rows
    return {**told, "kept_bytes_per_row": kept / rows}


def lines(path: Path) -> int:
    """Rows below the header."""
    return path.read_bytes().count(b"\n") - 1


def roles(settings: Settings, token: str) -> dict[str, float]:
    """Memory and connections of each role; the web door is asked by many at once."""
    told: dict[str, float] = {}
    for role, address in ROLES.items():
        before = sessions()
        option = [f"--{address}", f"127.0.0.1:{0 if role == 'sftp' else 8734}"] if address else []
        process = subprocess.Popen(
            [sys.executable, "-m", "kinsync", "serve", "--only", role, "--json", *option],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        while not process.stdout.readline().startswith("}"):
            pass
        if role == "web":
            told["web_requests_per_second"] = asked(token)
        time.sleep(2)
        told[f"{role}_memory_mb"] = memory_mb(process.pid)
        told[f"{role}_connections"] = max(sessions() - before, most_connections(role, settings))
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    return told


def most_connections(role: str, settings: Settings) -> int:
    """As many as a role opens when it is busy, where it is idle here: from its threads."""
    from kinsync.jobs.worker import THREADS_BESIDE_JOBS
    from kinsync.sftp.service import THREADS, VERIFIERS

    most = {
        "sftp": THREADS + VERIFIERS,
        "worker": THREADS_BESIDE_JOBS + OF_A_JOB * settings.worker_jobs + 1,  # and its steward's
    }
    return most.get(role, 0)


def asked(token: str) -> float:
    """Requests a second for a page of 100 contacts, from one web process, by a Python client."""
    import http.client

    def ask(_number: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", 8734, timeout=30)
        for _ in range(20):
            headers = {"Authorization": f"Bearer {token}"}
            connection.request("GET", "/v3.1/users?role=contact&limit=100", headers=headers)
            answer = connection.getresponse()
            answer.read()
        return answer.status

    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(ask, range(AT_ONCE)))
    if set(answers) != {200}:
        raise RuntimeError(f"The API answered {set(answers)}")
    return AT_ONCE * 20 / (time.perf_counter() - started)


def sessions() -> int:
    """Connections of clients to the database."""
    from kinsync.store.database import connect

    with closing(connect(autocommit=True)) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        ).fetchone()
    assert found is not None
    return int(found[0])


def memory_mb(number: int) -> float:
    """What a process and its children have for themselves alone."""
    first = psutil.Process(number)
    processes = (first, *first.children(recursive=True))
    return float(sum(one.memory_full_info().uss for one in processes)) / 1e6


if __name__ == "__main__":
    main()
