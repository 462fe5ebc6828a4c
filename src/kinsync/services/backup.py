"""Backup and restore of a whole installation: the database of one moment, its files, its keys."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import uuid4

from kinsync import __version__
from kinsync.domain.errors import ChangeInput
from kinsync.store import backups, migrate, sealing
from kinsync.store.backup import archive, tables, unfinished
from kinsync.store.backup.archive import END, FORMAT, KEYS, MANIFEST, Manifest, Member
from kinsync.store.backup.files import add_files, clear_files, has_files, put_files
from kinsync.store.backup.sealed import Damaged
from kinsync.store.storage import Storage

RECORDED = ("store", "0015_backups")
"""The migration since which a database knows what it was restored from."""


@dataclass(frozen=True, slots=True)
class Place:
    """An installation: its home, its storage, and the keys of its setting, if any."""

    home: Path
    storage: Storage
    seal_key: str


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made. ``gone`` are uploads that retention took while it was."""

    manifest: Manifest
    size: int
    is_sealed: bool
    rows: int
    files: int
    gone: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. ``missing_keys`` are ids of seal keys that this machine does not hold."""

    manifest: Manifest
    rows: int
    files: int
    missing_keys: list[str]
    left_out: list[str]
    """Tables that are none of Kinsync's."""
    was_there: bool
    """Whether an earlier try had restored all of it, and was stopped after that."""


def back_up(place: Place, out: Path, *, at: datetime, passphrase: str = "") -> Made:
    """Write a backup of everything as it is now to ``out``, whatever is published meanwhile.

    It is sealed where there is a passphrase, and then holds the seal key too: see decision 23.

    Raises:
        ChangeInput: ``out`` is there, or the account of the database cannot see everything.
        TryAgainLater: database, storage or disk is away. Nothing is left at ``out``.
    """
    keys = sealing.held_keys(place.home, place.seal_key)
    with tables.moment() as moment, archive.writing(out, passphrase, at) as writer:
        manifest = _manifest(moment, keys, at)
        writer.add_manifest(manifest)
        if passphrase and keys:
            writer.add_bytes(KEYS, keys.encode())
        added, gone = add_files(writer, place.storage, moment.files())
        rows = {table: _add_rows(writer, moment, table) for table in moment.tables}
        writer.add_note(END, {"rows": rows, "files": added})
    size = out.stat().st_size
    backups.record_backup(manifest.id, made_at=at, size=size, is_sealed=bool(passphrase))
    return Made(manifest, size, bool(passphrase), sum(rows.values()), added, gone)


def _manifest(moment: tables.Moment, keys: str, at: datetime) -> Manifest:
    return Manifest(
        id=uuid4().hex,
        made_at=at,
        release=__version__,
        migrations=[list(one) for one in migrate.applied()],
        tables={name: list(columns) for name, columns in moment.tables.items()},
        sequences=moment.sequences(),
        seal_keys=sealing.key_ids(keys),
    )


def _add_rows(writer: archive.Writer, moment: tables.Moment, table: str) -> int:
    rows = 0
    for number, part in enumerate(moment.rows(table)):
        writer.add_bytes(f"tables/{table}/{number}", part)
        rows += part.count(b"\n")
    return rows


def check_backup(path: Path, passphrase: str = "") -> Manifest:
    """Read a backup from its first byte to its last, and answer what it is.

    Raises:
        ChangeInput: it is no backup, damaged, changed, or not opened by the passphrase.
    """
    with archive.reading(path, passphrase) as members:
        manifest = _read_manifest(members)
        is_whole = _is_whole(members, manifest)
    if not is_whole:
        raise Damaged("The backup does not hold what its end tells of. Nothing was restored.")
    return manifest


def _is_whole(members: Iterator[Member], manifest: Manifest) -> bool:
    """Whether the rows and files that are there are those that the end tells of."""
    rows = dict.fromkeys(manifest.tables, 0)
    files = 0
    told: object = None
    for member in members:
        if member.name == END:
            told = member.note()
        elif member.name.startswith("tables/"):
            found = sum(chunk.count(b"\n") for chunk in member.chunks())
            rows[member.parts[1]] = rows.get(member.parts[1], 0) + found
        else:
            files += member.name.startswith("files/")
    return told == {"rows": rows, "files": files} and rows.keys() == manifest.tables.keys()


def _read_manifest(members: Iterator[Member]) -> Manifest:
    first = next(members, None)
    if first is None or first.name != MANIFEST:
        raise Damaged("The file is no backup of Kinsync. Nothing was restored.")
    told: dict[str, Any] = first.note()
    if told.get("format") != FORMAT:
        raise ChangeInput(
            f"The backup is of another form ({told.get('format')}) than this release reads "
            f"({FORMAT}). Install the release that made it: {told.get('release')}."
        )
    try:
        return Manifest(**{**told, "made_at": datetime.fromisoformat(told["made_at"])})
    except (KeyError, TypeError, ValueError):
        raise Damaged("The manifest of the backup cannot be read. Nothing was restored.") from None


def restore(place: Place, path: Path, *, at: datetime, passphrase: str = "") -> Restored:
    """Restore a backup to an empty installation. All of it is there in the end, or no row.

    The whole file is checked before anything is written.

    Raises:
        ChangeInput: the installation is not empty, or the file will not do.
        TryAgainLater: database, storage or disk is away; the same command begins anew.
    """
    manifest = check_backup(path, passphrase)
    if _is_done(place, manifest):
        return _finished(place, manifest, was_there=True)
    migrations = [(app, name) for app, name in manifest.migrations]
    migrate.check_known(migrations)
    _see_that_it_is_empty(place)
    if archive.is_sealed(path):
        _see_that_keys_fit(place, manifest)
    unfinished.set_mark(place.home, manifest.id)
    clear_files(place.storage)
    migrate.migrate_to(migrations)
    with archive.reading(path, passphrase) as members:
        _read_manifest(members)
        return _put(place, manifest, members, _Origin(path.stat().st_size, bool(passphrase), at))


@dataclass(frozen=True, slots=True)
class _Origin:
    """What is put on record of the backup that a database came from."""

    size: int
    is_sealed: bool
    at: datetime


def _is_done(place: Place, manifest: Manifest) -> bool:
    """Whether a restore was killed between its last row and its end."""
    if unfinished.mark(place.home) != manifest.id or RECORDED not in migrate.applied():
        return False
    return backups.is_restored_from(manifest.id)


def _see_that_it_is_empty(place: Place) -> None:
    if not tables.is_empty():
        raise ChangeInput(
            "The database is in use: a backup is restored to an empty one. Name another home with "
            "KINSYNC_HOME, or another database with KINSYNC_DATABASE_URL. Nothing was restored."
        )
    if has_files(place.storage) and not unfinished.mark(place.home):
        raise ChangeInput(
            "The storage holds files of districts: a backup is restored to an empty one. Name "
            "another home with KINSYNC_HOME, or storage with KINSYNC_STORAGE. Nothing was restored."
        )


def _see_that_keys_fit(place: Place, manifest: Manifest) -> None:
    """A key file that is there is not replaced: something else may be sealed under it."""
    own = sealing.key_ids(sealing.held_keys(place.home, ""))
    if own and set(manifest.seal_keys) - set(own):
        raise ChangeInput(
            f"The home has a seal key of its own, {place.home / sealing.KEY_FILE}, and the backup "
            "brings another. Move that file away. Nothing was restored."
        )


def _put(place: Place, manifest: Manifest, members: Iterator[Member], origin: _Origin) -> Restored:
    """Keys, then files, then all rows at once: whoever sees a row finds its file."""
    files, rows, left_out = 0, 0, list[str]()
    for kind, found in groupby(members, key=lambda member: member.parts[0]):
        if kind == "keys":
            sealing.make_key_file(place.home, next(found).content.read().decode())
        elif kind == "files":
            files = put_files(place.storage, found)
        elif kind == "tables":
            rows, left_out = _put_rows(manifest, found, origin)
    return _finished(place, manifest, rows=rows, files=files, left_out=left_out)


def _put_rows(
    manifest: Manifest, members: Iterator[Member], origin: _Origin
) -> tuple[int, list[str]]:
    rows = 0
    with tables.loading(manifest.tables) as loading:
        for table, parts in groupby(members, key=lambda member: member.parts[1]):
            rows += loading.load(table, (chunk for part in parts for chunk in part.chunks()))
        loading.set_sequences(manifest.sequences)
        if RECORDED in map(tuple, manifest.migrations):
            loading.record_origin(
                manifest.id, manifest.made_at, origin.size, origin.is_sealed, origin.at
            )
    return rows, loading.left_out


def _finished(
    place: Place,
    manifest: Manifest,
    *,
    rows: int = 0,
    files: int = 0,
    left_out: Sequence[str] = (),
    was_there: bool = False,
) -> Restored:
    """Bring the tables of an older release up to date, and let others in."""
    migrate.migrate()
    unfinished.remove_mark(place.home)
    held = sealing.key_ids(sealing.held_keys(place.home, place.seal_key))
    missing = [key for key in manifest.seal_keys if key not in held]
    return Restored(manifest, rows, files, missing, list(left_out), was_there)
