"""Of whom each row of a file spoke: what a sync keeps so that a record leads back to its rows.

Where lines are kept for the next night (``store.kept_lines``) they say it; of deliveries without
lines, and of those that wait for a person, it is kept by itself. Nothing here is a value: keys are
hashes. A cache: where it is missing or damaged, or another engine wrote it, nothing is known.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from kinsync.domain.errors import KinsyncError
from kinsync.domain.frames import ROW_KEYS, empty
from kinsync.store.folders import reading, subfolders
from kinsync.store.kept_lines import PREFIX, ROWS_PREFIX, start
from kinsync.store.records import Sync
from kinsync.store.storage import Storage, write_frames

_ROWS = "rows"
_START = "start"


def keep_rows(storage: Storage, public_id: str, sync_id: int, rows: pl.DataFrame) -> None:
    """Keep ``frames.ROW_KEYS`` of a sync.

    Raises:
        TryAgainLater: the disk is full.
    """
    folder = storage.district(public_id) / f"{ROWS_PREFIX}{sync_id}"
    write_frames(folder, {_ROWS: rows.select(ROW_KEYS.names()), _START: start(0)})


def kept_syncs(storage: Storage, public_id: str) -> frozenset[int]:
    """The syncs of which it is known.

    Raises:
        TryAgainLater: storage is away.
    """
    names = subfolders(storage.district(public_id))
    numbers = (name.removeprefix(PREFIX).removeprefix(ROWS_PREFIX) for name in names)
    return frozenset(int(number) for number in numbers if number.isdecimal())


@contextlib.contextmanager
def row_keys(storage: Storage, public_id: str, sync: Sync) -> Iterator[pl.LazyFrame]:
    """``frames.ROW_KEYS`` of a sync, not read yet; no rows where nothing is known.

    Raises:
        TryAgainLater: storage is away.
    """
    district = storage.district(public_id)
    names = subfolders(district)
    known = [f"{prefix}{sync.id}" for prefix in (ROWS_PREFIX, PREFIX)]
    name = next((one for one in known if one in names), None)
    if name is None:
        yield empty(ROW_KEYS).lazy()
        return
    with reading(district / name) as folder:
        found = empty(ROW_KEYS).lazy()
        with contextlib.suppress(OSError, pl.exceptions.PolarsError, KinsyncError):
            kept = pl.read_parquet(folder / f"{_START}.parquet")
            first_row = int(kept["row"][0])
            if kept.equals(start(first_row)):
                is_lines = name.startswith(PREFIX)
                found = _lines(folder, first_row, sync) if is_lines else _rows(folder)
                found.collect_schema()
        yield found


def rows_of(keys: pl.LazyFrame, students: pl.Series) -> pl.DataFrame:
    """The rows of these students (hashes), of keys that are not read yet.

    Of the whole file one column is looked at; of the others, what stands between the first and the
    last of these rows, which nearly always are neighbours.
    """
    is_theirs = pl.col("student").is_in(students.implode())
    places = keys.select(is_theirs.fill_null(value=False)).collect().to_series().arg_true()
    if places.is_empty():
        return keys.clear().collect()
    first, last = int(places[0]), int(places[-1])
    return keys.slice(first, last - first + 1).filter(is_theirs).collect()


def _rows(folder: Path) -> pl.LazyFrame:
    return pl.scan_parquet(folder / f"{_ROWS}.parquet", glob=False)


def _lines(folder: Path, first_row: int, sync: Sync) -> pl.LazyFrame:
    lines = pl.scan_parquet(folder / "lines.parquet", glob=False)
    keys = [name for name in ROW_KEYS if name not in ("file", "row")]
    return (
        lines.select(keys)
        .with_row_index("row", first_row)
        .select(pl.lit(sync.file_name).alias("file"), pl.col("row").cast(pl.UInt32), *keys)
    )
