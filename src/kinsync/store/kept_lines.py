"""The lines of the file behind a published version, and how each of them ended.

A cache, in a folder of the sync that published: where it is missing or damaged, or was made under
other rules, the next night reads everything.
"""

import contextlib
import hashlib
from dataclasses import dataclass

import polars as pl

from kinsync.domain.errors import KinsyncError
from kinsync.domain.frames import ENDS, FINDINGS, FURTHER
from kinsync.pipeline.touched import TIES
from kinsync.store.folders import Folder, remove, subfolders
from kinsync.store.storage import Storage, read_frames, write_frames

LINES = pl.Schema({"line": pl.UInt64(), **{k: v for k, v in ENDS.items() if k != "row"}})
"""One row is one line behind the header, in the order of the file: its hash, and how it ended."""
ADDED = tuple(name for name, kind in LINES.items() if kind == pl.UInt8)
"""What each line adds to the counts; all other columns are keys."""

START = pl.Schema({"row": pl.UInt32(), "probe": pl.UInt64()})
"""Of which row the first line is; and the hash of a known word, which another engine may spell
otherwise."""
PREFIX = "lines-"
ROWS_PREFIX = "rows-"
PREFIXES = (PREFIX, ROWS_PREFIX)
_FURTHER = pl.Schema({"place": pl.UInt32(), **{k: v for k, v in FURTHER.items() if k != "row"}})
_SCHEMAS = {
    "lines": LINES,
    "further": _FURTHER,
    "findings": FINDINGS,
    "carried": pl.Schema(dict.fromkeys(TIES, pl.UInt64())),
    "stamp": pl.Schema({"stamp": pl.String()}),
    "start": START,
}


@dataclass(frozen=True, slots=True)
class KeptLines:
    """What is kept of the lines of one file.

    ``lines`` are ``LINES``; ``further`` has the ``place`` of a line (counted from 0) and more
    phones and mailboxes of it; ``findings`` are about rows; ``carried`` are keys of those
    about whom more is published than the file says.
    """

    lines: pl.DataFrame
    further: pl.DataFrame
    findings: pl.DataFrame
    carried: pl.DataFrame


def stamp(*parts: str) -> str:
    """What has to be the same for lines to end alike; hashes hold within an engine's version."""
    probe = pl.Series(["kinsync", ""]).hash().to_list()
    told = (*parts, pl.__version__, *map(str, probe))
    return hashlib.sha256("\0".join(told).encode()).hexdigest()


def keep_lines(
    storage: Storage, public_id: str, sync_id: int, kept: KeptLines, first_row: int, stamped: str
) -> None:
    """Keep them for a sync that is about to publish.

    Raises:
        TryAgainLater: the disk is full.
    """
    frames = {
        "lines": kept.lines,
        "further": kept.further,
        "findings": kept.findings,
        "carried": kept.carried,
        "stamp": pl.DataFrame({"stamp": [stamped]}),
        "start": start(first_row),
    }
    write_frames(_folder(storage, public_id, sync_id), frames)


def start(first_row: int) -> pl.DataFrame:
    """``START`` of what this engine writes."""
    probe = pl.Series(["kinsync"]).hash()[0]
    return pl.DataFrame([(first_row, probe)], schema=START, orient="row")


def load_lines(storage: Storage, public_id: str, sync_id: int, stamped: str) -> KeptLines | None:
    """What was kept for that sync, or None where it is of no use."""
    with contextlib.suppress(KinsyncError):
        frames = read_frames(_folder(storage, public_id, sync_id))
        if {name: frame.schema for name, frame in frames.items()} != _SCHEMAS:
            return None
        if frames["stamp"]["stamp"].to_list() != [stamped]:
            return None
        return KeptLines(frames["lines"], frames["further"], frames["findings"], frames["carried"])
    return None


def forget_lines(storage: Storage, public_id: str, *, keep: int) -> None:
    """Remove what was kept of rows for other syncs than the one that published last."""
    district = storage.district(public_id)
    with contextlib.suppress(KinsyncError):
        for name in subfolders(district):
            of_rows = next((prefix for prefix in PREFIXES if name.startswith(prefix)), None)
            if of_rows and name != f"{of_rows}{keep}":
                remove(district / name)


def _folder(storage: Storage, public_id: str, sync_id: int) -> Folder:
    return storage.district(public_id) / f"{PREFIX}{sync_id}"
