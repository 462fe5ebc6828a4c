"""``make bench``: the table of work on a district's file, as ratios to a bare read of that file,
and uploads over SFTP.

python -m benchmarks [--rows 100000,300000,3000000] [--data FOLDER] [--sftp-clients 200] [--upkeep]

Behind the tables stands what ten times the rows cost, in time and in memory.
"""

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import api, browser, sftp, upkeep
from benchmarks.measure import Measured, bare_read, kinsync

MUST = {
    "kinsync check": (12.0, 1500),
    "first sync": (30.0, 2000),
    "the next night": (10.0, 1500),
    "the same bytes again": (None, None),
    "pairs that look alike": (None, None),
}
"""Ratio to the bare read, and peak in MB, that hold at 3,000,000 rows."""
AIM = {"kinsync check": 5.0, "first sync": 15.0, "the next night": 2.0}
ROWS_PER_STUDENT = 3
YARDSTICK_RUNS = 3
TENFOLD = 10
MUST_TENFOLD = (11.0, 3.0)
"""Times the seconds, and times the memory, that ten times the rows may cost."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--rows", default="100000,300000,3000000", help="sizes, with commas between"
    )
    parser.add_argument("--data", type=Path, help="keep generated files here, and reuse them")
    parser.add_argument("--sftp-clients", type=int, default=sftp.CLIENTS, help="0 leaves SFTP out")
    parser.add_argument("--sftp-large-mb", type=int, default=700, help="0 leaves it out")
    parser.add_argument("--no-api", action="store_true", help="leave the API's tables out")
    parser.add_argument("--no-browser", action="store_true", help="leave the Data Browser out")
    parser.add_argument("--upkeep", action="store_true", help="backup, restore and purge as well")
    asked = parser.parse_args()
    found: dict[int, dict[str, Measured]] = {}
    sizes = list(map(int, filter(None, asked.rows.split(","))))
    for rows in sizes:
        with_api = rows == max(sizes) and not asked.no_api
        with tempfile.TemporaryDirectory(prefix="kinsync-bench-") as folder:
            Path(folder).chmod(0o711)
            found[rows] = run(
                rows,
                Path(folder),
                asked.data or Path(folder),
                with_api=with_api,
                with_browser=rows == max(sizes) and not asked.no_browser,
                with_upkeep=asked.upkeep,
            )
    for rows in sorted(found):
        if rows * TENFOLD in found:
            show_growth(rows, found[rows], found[rows * TENFOLD])
    if asked.sftp_clients:
        with tempfile.TemporaryDirectory(prefix="kinsync-bench-sftp-") as folder:
            Path(folder).chmod(0o711)
            sftp.run(Path(folder), clients=asked.sftp_clients, large_mb=asked.sftp_large_mb)


def run(
    rows: int,
    folder: Path,
    data: Path,
    *,
    with_api: bool,
    with_browser: bool,
    with_upkeep: bool,
) -> dict[str, Measured]:
    """Measure one size, and the API, the Data Browser and upkeep over it; print their tables."""
    night1, night2 = generated(rows, data)
    yardstick = statistics.median(bare_read(night1).seconds for _ in range(YARDSTICK_RUNS))
    size = night1.stat().st_size
    print(f"\n{rows:,} rows, {size / 1e6:,.0f} MB; bare Polars read {yardstick:.2f} s\n")
    print(
        f"{'work':24}{'seconds':>9}{'CPU s':>8}{'ratio':>8}{'must':>7}{'aim':>6}"
        f"{'peak MB':>9}{'must':>7}"
    )
    home = folder / "home"
    kinsync("district", "add", "Bench", home=home)
    works: dict[str, Callable[[], Measured]] = {
        "kinsync check": lambda: kinsync("check", str(night1), "--json"),
        "first sync": lambda: sync(night1, home),
        "the same bytes again": lambda: sync(night1, home),
        "the next night": lambda: sync(night2, home),
        "pairs that look alike": lambda: kinsync(
            "same-person", "list", "Bench", "--json", home=home
        ),
    }
    measured = {}
    for name, work in works.items():
        measured[name] = work()
        show(name, measured[name], yardstick)
    if with_api:
        api.run(home, night1)
    if with_browser:
        browser.run(home, night1)
    if with_upkeep:
        print()
        upkeep.run(home, yardstick, ["backup", "restore", "purge"])
    shutil.rmtree(home, ignore_errors=True)
    return measured


def generated(rows: int, data: Path) -> tuple[Path, Path]:
    """Two nights of invented families with that many rows."""
    out = data / f"rows-{rows}"
    nights = (out / "night1" / "students.csv", out / "night2" / "students.csv")
    if not nights[1].exists():
        made = kinsync(
            "generate",
            "--students",
            str(rows // ROWS_PER_STUDENT),
            "--out",
            str(out),
            "--seed",
            "7",
        )
        print(f"generated {rows:,} rows in {made.seconds:.1f} s, peak {made.peak_mb:,.0f} MB")
    return nights


def sync(path: Path, home: Path) -> Measured:
    return kinsync("sync", "Bench", "--file", str(path), "--json", home=home)


def show(name: str, measured: Measured, yardstick: float) -> None:
    must, most_mb = MUST[name]
    print(
        f"{name:24}{measured.seconds:9.2f}{measured.cpu_seconds:8.1f}"
        f"{measured.seconds / yardstick:8.1f}{must or '':>7}{AIM.get(name, ''):>6}"
        f"{measured.peak_mb:9,.0f}{most_mb or '':>7}"
        + ("" if measured.exit_code < 2 else f"  EXIT {measured.exit_code}")
    )


def show_growth(rows: int, small: dict[str, Measured], large: dict[str, Measured]) -> None:
    """What ten times the rows cost, as multiples of what the fewer rows cost."""
    seconds, memory = MUST_TENFOLD
    print(f"\n{rows:,} to {rows * TENFOLD:,} rows{'':6}time x   CPU x  memory x")
    for name, one in small.items():
        ten = large[name]
        print(
            f"{name:28}{ten.seconds / one.seconds:6.1f}{ten.cpu_seconds / one.cpu_seconds:8.1f}"
            f"{ten.peak_mb / one.peak_mb:10.1f}"
        )
    print(f"{'must, at most':28}{seconds:6.1f}{'':8}{memory:10.1f}")


if __name__ == "__main__":
    main()
