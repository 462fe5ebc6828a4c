"""Backup, restore and purge of one large district, as ratios to a bare read of its file.

python -m benchmarks --upkeep                              behind the table of each size
python -m benchmarks.upkeep --home HOME --file NIGHT1.csv  of a home that is there: two nights in it

The purge finds what two months have left: everything in the database is dated back, and the records
that the second night changed lose their values.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg

from benchmarks.measure import Measured, bare_read, kinsync, measured_with
from kinsync.store.embedded import EmbeddedServer

YARDSTICK_RUNS = 3
PASSPHRASE = {"KINSYNC_BACKUP_PASSPHRASE": "seven invented herons"}
DAYS = 61
DATED = {"version": "published_at", "sync": "started_at", "upload": "touched_at"}
"""Times by which a purge knows what is old."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.upkeep", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a home with a district")
    parser.add_argument("--file", type=Path, required=True, help="its file: the yardstick")
    parser.add_argument("--works", default="backup,restore,purge", help="with commas between")
    asked = parser.parse_args()
    yardstick = statistics.median(bare_read(asked.file).seconds for _ in range(YARDSTICK_RUNS))
    print(f"bare Polars read {yardstick:.2f} s\n")
    run(asked.home, yardstick, asked.works.split(","))


def run(home: Path, yardstick: float, works: list[str]) -> None:
    """Measure each work in turn and print its line."""
    print(f"{'work':32}{'seconds':>9}{'CPU s':>8}{'ratio':>8}{'peak MB':>9}{'file MB':>9}")
    parts: dict[str, Callable[[Path, float], None]] = {
        "backup": _backups,
        "restore": _restore,
        "purge": _purges,
    }
    for name in works:
        parts[name](home, yardstick)


def _backups(home: Path, yardstick: float) -> None:
    for kind, options in (("plain", ()), ("encrypted", ("--encrypt",))):
        out = _backup(home, kind)
        out.unlink(missing_ok=True)
        done = measured_with(PASSPHRASE, "backup", "--out", str(out), *options, home=home)
        _show(f"backup, {kind}", done, yardstick, out)


def _restore(home: Path, yardstick: float) -> None:
    """Onto an empty home, from the encrypted backup that was made last."""
    out = _backup(home, "encrypted")
    with tempfile.TemporaryDirectory(prefix="kinsync-restored-", dir=home.parent) as name:
        folder = Path(name)
        folder.chmod(0o711)
        done = measured_with(PASSPHRASE, "restore-backup", str(out), home=folder / "home")
    _show("restore-backup", done, yardstick, out)


def _purges(home: Path, yardstick: float) -> None:
    _age(home)
    _show("purge, of one night", kinsync("purge", home=home), yardstick)
    _show("purge that finds nothing", kinsync("purge", home=home), yardstick)
    _show("purge --rewrite", kinsync("purge", "--rewrite", home=home), yardstick)


def _age(home: Path) -> None:
    """Let two months pass."""
    hold = EmbeddedServer(home).hold()
    try:
        with closing(psycopg.connect(hold.conninfo, autocommit=True)) as connection:
            for table, column in DATED.items():
                connection.execute(
                    f"UPDATE {table} SET {column} = {column} - interval '{DAYS} days'".encode()
                )
    finally:
        hold.release()


def _backup(home: Path, kind: str) -> Path:
    return home.parent / f"{kind}.backup"


def _show(name: str, done: Measured, yardstick: float, file: Path | None = None) -> None:
    size = f"{file.stat().st_size / 1e6:9,.0f}" if file else ""
    print(
        f"{name:32}{done.seconds:9.2f}{done.cpu_seconds:8.1f}{done.seconds / yardstick:8.1f}"
        f"{done.peak_mb:9,.0f}{size}" + ("" if done.exit_code < 2 else f"  EXIT {done.exit_code}"),
        flush=True,
    )


if __name__ == "__main__":
    main()
