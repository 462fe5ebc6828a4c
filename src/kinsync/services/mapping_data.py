"""On what a mapping is tried: what came last of its source, or a file that was chosen for it."""

import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from kinsync.connectors import find_connector
from kinsync.connectors.extract import Extract, dialect_of
from kinsync.domain.errors import ChangeInput
from kinsync.services.arrived import Arrivals
from kinsync.services.extracts import settings_of
from kinsync.services.review import previews_of
from kinsync.services.source_files import newest_file_of
from kinsync.store import pulls, records
from kinsync.store.sources import Source
from kinsync.store.storage import Storage
from kinsync.transport.delimited import open_delimited
from kinsync.transport.spool import Spool

LONGEST_NAME = 80
MOST_BYTES = 4_000_000
"""Some 25,000 rows. A trial of 180,000 (27 MB) took 10 s and 855 MB on two busy cores."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Data:
    """A file of a source. ``beside`` is the students.csv whose students it may speak of."""

    path: Path
    name: str
    at: datetime | None
    beside: Path | None = None
    is_trial: bool = False
    """Whether somebody chose it to try a mapping on; it is kept for a day."""
    is_part: bool = False
    """Whether these are the first rows of far more."""
    kept: Path | None = None
    """Where it is kept what the mapping in use makes of it (``mapping_outcome``)."""


@contextmanager
def data_of(
    district: records.District, source: Source, arrivals: Arrivals, storage: Storage
) -> Iterator[Data | None]:
    """What there is to try a mapping of that source on, as long as the context lasts.

    Of a large file it is the first rows, so that a page is answered in seconds whatever its size.

    Raises:
        TryAgainLater: the database or storage is away.
    """
    with _whole_data(district, source, arrivals, storage) as data, Spool() as spool:
        data = data and replace(data, kept=outcomes_of(district, source, storage))
        if data is None or data.path.stat().st_size <= MOST_BYTES:
            yield data
        else:
            part = spool.path(data.path.name)
            part.write_bytes(first_rows(data.path, MOST_BYTES))
            yield replace(data, path=part, is_part=True)


def first_rows(path: Path, most_bytes: int) -> bytes:
    """The beginning of a delimited file, up to the end of a row that is whole."""
    with path.open("rb") as file:
        content = file.read(most_bytes)
    encoding = _WIDE.get(content[:2], "latin-1")  # each byte as it is
    text = content.decode(encoding, "ignore")
    place = text.rfind("\n")
    marks = text.count('"', 0, max(place, 0))
    while place > 0 and marks % 2:  # in the middle of a cell
        before = text.rfind("\n", 0, place)
        marks -= text.count('"', max(before, 0), place)
        place = before
    return text[: place + 1].encode(encoding) if place > 0 else content


_WIDE = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
"""How a file is written, by how it begins."""


@contextmanager
def _whole_data(
    district: records.District, source: Source, arrivals: Arrivals, storage: Storage
) -> Iterator[Data | None]:
    trial = next(iter(_files(district, source, storage)), None)
    if trial is not None:
        at = datetime.fromtimestamp(trial.stat().st_mtime, UTC)
        with arrivals.beside(district, source) as beside:
            yield Data(trial, trial.name, at, beside, is_trial=True)
        return
    newest = _newest(district, source)
    if newest is None:
        yield None
        return
    number, name, came_at = newest
    with (
        arrivals.shelf.reading(district.public_id, number) as path,
        arrivals.beside(district, source) as beside,
    ):
        yield Data(path, name, came_at, beside)


def _newest(district: records.District, source: Source) -> tuple[int, str, datetime | None] | None:
    pull = pulls.newest(district.id, [source.id])
    if pull is not None:
        return pull.id, "what was read last", pull.finished_at
    found = newest_file_of(source)
    return None if found is None else (found.id, found.path, found.completed_at)


def outcomes_of(district: records.District, source: Source, storage: Storage) -> Path:
    """Where outcomes of a source are kept, and forgotten with previews."""
    return previews_of(district, storage) / f"outcome-{source.id}"


def columns_of_data(source: Source, data: Data) -> tuple[str, ...]:
    """The header of a file of the source.

    Raises:
        ChangeInput: it cannot be laid out as the source says.
    """
    route = find_connector(source.connector)
    if isinstance(route, Extract):
        dialect = dialect_of(settings_of(route, source.settings))
        return tuple(open_delimited(data.path, dialect=dialect).columns)
    return tuple(open_delimited(data.path).columns)


def keep_trial(
    district: records.District, source: Source, name: str, chunks: Iterable[bytes], storage: Storage
) -> None:
    """Take a file to try mappings of a source on. It is never synced.

    Raises:
        ChangeInput: the file is empty.
    """
    forget_trial(district, source, storage)
    folder = _folder(district, source, storage)
    folder.mkdir(parents=True, mode=0o700)
    path = folder / (_UNSAFE.sub("-", Path(name).name)[-LONGEST_NAME:].lstrip(".-") or "file.csv")
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
    if not path.stat().st_size:
        forget_trial(district, source, storage)
        raise ChangeInput("The file is empty. Choose one that the system wrote.")


def forget_trial(district: records.District, source: Source, storage: Storage) -> None:
    """Remove the file that was chosen, if there is one."""
    shutil.rmtree(_folder(district, source, storage), ignore_errors=True)


def _files(district: records.District, source: Source, storage: Storage) -> list[Path]:
    folder = _folder(district, source, storage)
    return [one for one in folder.iterdir() if one.is_file()] if folder.is_dir() else []


def _folder(district: records.District, source: Source, storage: Storage) -> Path:
    """Beside files that are previewed before they are synced, and forgotten with them."""
    return previews_of(district, storage) / f"trial-{source.id}"
