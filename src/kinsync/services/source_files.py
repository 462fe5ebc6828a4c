"""Files of sources: what an account uploads into the folder that is called like a source."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from kinsync.connectors import find_connector
from kinsync.connectors.connector import Route
from kinsync.connectors.extract import Extract, NotWhole, Package
from kinsync.domain.errors import ChangeInput, Refused, TryAgainLater
from kinsync.domain.rules import RULES
from kinsync.services.extracts import is_file_of, settings_of
from kinsync.store import uploads
from kinsync.store.sources import Source, list_sources
from kinsync.store.uploads import Upload
from kinsync.transport.source_table import Written

STILL = timedelta(minutes=1)
"""A file in a folder that was changed since then is still being written."""


def has_files(source: Source) -> bool:
    """Whether a source is one of files."""
    return isinstance(find_connector(source.connector), Extract)


def source_of(district_id: int, path: str) -> Source | None:
    """The source whose file an upload of that path is; None: it is none's."""
    folder, _, name = path.partition("/")
    if not name:
        return None
    for source in list_sources(district_id):
        route = find_connector(source.connector)
        is_folder = source.name.casefold() == folder.casefold()
        if is_folder and isinstance(route, Extract) and is_file_of(route, source.settings, name):
            return source
    return None


def newest_file_of(source: Source) -> Upload | None:
    """The newest whole upload that is a file of this source."""
    route = find_connector(source.connector)
    if not isinstance(route, Extract):
        return None
    for upload in uploads.newest_in_folder(source.district_id, source.name):
        if is_file_of(route, source.settings, upload.path.partition("/")[2]):
            return upload
    return None


def folder_of(route: Route, source: Source) -> Path | None:
    """The folder of this machine from which a source is read; None: its files are uploaded."""
    told = settings_of(route, source.settings)["folder"]
    return Path(told) if told else None


def look_at_files(route: Extract, source: Source) -> Iterator[str]:
    """What there is of the files of a source, in plain words.

    Raises:
        ChangeInput: there is no file of it in its folder.
        TryAgainLater: the folder cannot be read.
    """
    folder = folder_of(route, source)
    if folder is not None:
        newest = _newest(route, source, folder)
        yield f"The newest file of {folder} is {newest.name}, {newest.stat().st_size:,} bytes."
        if isinstance(route, Package):
            yield from _look_into(route, newest)
        return
    yield f"Its files are uploaded: by SFTP, into the folder {source.name!r}."
    found = newest_file_of(source)
    if found is None:
        yield "None has come yet."
    else:
        yield f"The newest is {found.path}, {found.size:,} bytes."


def _look_into(route: Package, path: Path) -> Iterator[str]:
    try:
        yield from route.look(path)
    except NotWhole as fault:
        rule = RULES[fault.code]
        where = f" ({fault.column})" if fault.column else ""
        raise Refused(f"{path.name}: {rule.title}{where}. {rule.advice}") from fault


def collect(route: Extract, source: Source, path: Path, *, at: datetime) -> Written:
    """Copy the newest file in the folder of a source to ``path``.

    Raises:
        ChangeInput: the source has no folder, or there is no file of the source in it.
        TryAgainLater: the newest file is still being written, or cannot be copied.
    """
    folder = folder_of(route, source)
    if folder is None:
        raise ChangeInput(
            f"The files of source {source.name!r} are uploaded: by SFTP, into the folder "
            f"{source.name!r}. Leave --source out, and the newest one is synced."
        )
    newest = _newest(route, source, folder)
    with _reading(source):
        if at.timestamp() - newest.stat().st_mtime < STILL.total_seconds():
            raise TryAgainLater(
                f"{newest.name} was changed within the last minute, so it may not be whole. Nothing"
                " was published. The next pull reads it."
            )
        shutil.copyfile(newest, path)
        return Written(0 if isinstance(route, Package) else _lines(path), 0)


def _newest(route: Extract, source: Source, folder: Path) -> Path:
    with _reading(source):
        files = [one for one in folder.iterdir() if one.is_file()]
        mine = [one for one in files if is_file_of(route, source.settings, one.name)]
        if mine:
            return max(mine, key=lambda one: (one.stat().st_mtime, one.name))
    wanted = settings_of(route, source.settings)["file"]
    raise ChangeInput(
        f"No file of {folder} is called like {wanted!r}. Nothing was published. Check the folder "
        f"and the name that source {source.name!r} is told."
    )


@contextmanager
def _reading(source: Source) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TryAgainLater(
            f"The folder of source {source.name!r} cannot be read: {error.strerror}. Nothing was "
            "published. Check that it is there, and that Kinsync may read it."
        ) from error


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
