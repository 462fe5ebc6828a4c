"""A command as a whole process: its wall time, CPU time and peak memory."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. Memory is the process's own peak; a database server beside it is not in it."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    exit_code: int


def measure(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Measured:
    """Run a command to its end, its output thrown away."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Measured(
        seconds=time.perf_counter() - start,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
        exit_code=process.returncode,
    )


def kinsync(*arguments: str, home: Path | None = None) -> Measured:
    """Measure a ``kinsync`` command."""
    return measured_with({}, *arguments, home=home)


def measured_with(
    settings: Mapping[str, str], *arguments: str, home: Path | None = None
) -> Measured:
    """The same with settings."""
    environment = {**settings, **({"KINSYNC_HOME": str(home)} if home else {})}
    return measure([sys.executable, "-m", "kinsync", *arguments], environment=environment)


def bare_read(path: Path) -> Measured:
    """The yardstick: Polars reads the whole file as text, and nothing else happens."""
    read = "pl.read_csv(sys.argv[1], infer_schema=False, truncate_ragged_lines=True)"
    return measure([sys.executable, "-c", f"import sys, polars as pl; {read}", str(path)])
