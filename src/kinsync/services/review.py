"""A sync as somebody reviews it: findings, what it changes, a file that is previewed first."""

import io
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from kinsync.domain.changes import Changes
from kinsync.domain.errors import ChangeInput, KinsyncError, NotFound
from kinsync.domain.rules import RULES, Rule
from kinsync.pipeline.diff import diff
from kinsync.services.delivery import open_delivery
from kinsync.services.report import write_findings
from kinsync.services.sync import Tools, sync_delivery
from kinsync.store import browsing, records, snapshots
from kinsync.store.gate import district_reader
from kinsync.store.storage import Storage, load_changes, load_findings

KEPT_FOR = timedelta(hours=24)
"""How long a file that was previewed waits to be synced."""
ACTS = ("created", "updated", "deleted")
Row = dict[str, Any]
_SEVERITIES = ("error", "warning", "info")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Pair:
    """One record before and after; None where it was not, or is no more."""

    id: str
    name: str
    before: Row | None
    after: Row | None
    changes: Sequence[tuple[str, Any, Any]]


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Some of a sync's changes, and the id behind which there are more."""

    pairs: Sequence[Pair]
    after: str


def findings_by_rule(sync: records.Sync) -> list[tuple[Rule, int]]:
    """The rules that were met and how often, the gravest first."""
    found = sync.counts.get("findings")
    counts = found if isinstance(found, dict) else {}
    known = [(RULES[code], int(one["count"])) for code, one in counts.items() if code in RULES]
    return sorted(known, key=lambda one: (_SEVERITIES.index(one[0].severity), -one[1], one[0].code))


def totals(sync: records.Sync) -> Mapping[str, Mapping[str, int]]:
    """Created, updated and deleted records by kind; nothing where it never came to comparing."""
    found = sync.counts.get("changes")
    return found if isinstance(found, dict) else {}


def places(
    district: records.District,
    sync: records.Sync,
    code: str,
    tools: Tools,
    *,
    start: int,
    limit: int,
) -> tuple[list[Row], int]:
    """Where a rule was met, so many from ``start`` on; and how often in all.

    Raises:
        ChangeInput: the findings are not kept any more.
    """
    frame = load_findings(tools.storage.sync(district.public_id, sync.id))
    found = frame.filter(pl.col("code") == code)
    return found.slice(start, limit).to_dicts(), found.height


def findings_csv(district: records.District, sync: records.Sync, tools: Tools) -> io.BytesIO:
    """Every finding as CSV for a spreadsheet.

    Raises:
        ChangeInput: the findings are not kept any more.
    """
    frame = load_findings(tools.storage.sync(district.public_id, sync.id))
    with tempfile.TemporaryDirectory(prefix="kinsync-findings-") as folder:
        path = Path(folder) / "findings.csv"
        write_findings(path, iter([frame]))
        return io.BytesIO(path.read_bytes())


# -- what changes ---------------------------------------------------------------------------------


def changes(
    district: records.District, sync: records.Sync, kind: str, act: str, tools: Tools,
    *, after: str, limit: int,
) -> ChangesPage:  # fmt: skip
    """What a sync does to one kind of record, in the order of ids behind ``after``.

    Raises:
        ChangeInput: what a sync changed, or would have, is not kept any more.
    """
    if sync.version is not None:
        if 1 < records.kept_since(district.id) >= sync.version:
            raise ChangeInput(
                f"What version {sync.version} changed is purged: what records were before is not "
                "kept so long."
            )
        with district_reader(district.id) as cursor:
            rows = browsing.changed(cursor, kind, act, district.id, sync.version, after, limit + 1)
        names: dict[str, str] = {}
        version = sync.version
    else:
        kept = load_changes(tools.storage.sync(district.public_id, sync.id))
        rows = _kept_rows(kept, kind, act, after, limit + 1)
        names = _names(kept)
        version = sync.base
    if kind == "relationship":
        names = _known_names(district, rows, version) | names
    pairs = [_pair(kind, before, then, names) for before, then in rows[:limit]]
    return ChangesPage(pairs, pairs[-1].id if len(rows) > limit else "")


def _kept_rows(
    kept: Changes, kind: str, act: str, after: str, limit: int
) -> list[tuple[Row | None, Row | None]]:
    of_kind = kept.kinds[kind]
    frame = getattr(of_kind, act).filter(pl.col("id") > after).sort("id").head(limit)
    rows = frame.to_dicts()
    if act == "updated":
        before = of_kind.previous.join(frame.select("id"), on="id", how="semi").sort("id")
        return list(zip(before.to_dicts(), rows, strict=True))
    return [(None, row) if act == "created" else (row, None) for row in rows]


def _names(kept: Changes) -> dict[str, str]:
    """Names of the contacts and students whom the changes themselves speak of."""
    names: dict[str, str] = {}
    for part in ("deleted", "previous", "created", "updated"):
        contacts = getattr(kept.kinds["contact"], part)
        names |= {id_: name or "No name" for id_, name in contacts.select("id", "name").rows()}
        students = getattr(kept.kinds["student"], part).select("id", "first_name", "last_name")
        names |= {
            id_: f"{first or ''} {last or ''}".strip() for id_, first, last in students.rows()
        }
    return names


def _known_names(
    district: records.District, rows: Sequence[tuple[Row | None, Row | None]], version: int
) -> dict[str, str]:
    ids = [
        row[side]
        for pair in rows
        for row in pair
        if row is not None
        for side in ("contact_id", "student_id")
    ]
    with district_reader(district.id) as cursor:
        return browsing.names_of(cursor, district.id, ids, version)


def _pair(kind: str, before: Row | None, after: Row | None, names: Mapping[str, str]) -> Pair:
    row = after or before or {}
    if kind == "relationship":
        name = f"{names.get(row['contact_id'], '?')} → {names.get(row['student_id'], '?')}"
    elif kind == "student":
        name = f"{row['first_name'] or ''} {row['last_name'] or ''}".strip()
    else:
        name = row["name"] or row["sis_id"]
    fields = [name for name in row if name not in _NOT_SHOWN]
    differ = [
        (field, (before or {}).get(field), (after or {}).get(field))
        for field in fields
        if (before or {}).get(field) != (after or {}).get(field)
    ]
    return Pair(row["id"], name or "No name", before, after, differ)


_NOT_SHOWN = {
    *("id", "legacy_id", "district_id", "since", "until", "created"),
    *("contact_id", "student_id", "sources"),
}


def restored(
    district: records.District, version: int, tools: Tools
) -> Mapping[str, Mapping[str, int]]:
    """What restoring a version would change, by kind and act; nothing is done.

    Raises:
        NotFound: the district has no such version.
    """
    earlier = snapshots.as_of(district.id, version)
    return diff(earlier, snapshots.load(district.id, storage=tools.storage)).counts()


# -- a file that is previewed first ---------------------------------------------------------------


def preview(
    district: records.District, name: str, chunks: Iterable[bytes], tools: Tools
) -> records.Sync:
    """Take a file and find out what it would change. It is kept for a day.

    Raises:
        ChangeInput: it cannot be read at all.
        TryAgainLater: the database or the disk is away.
    """
    forget_previews(district, tools.storage, tools.now())
    folder = previews_of(district, tools.storage) / f"coming-{secrets.token_hex(8)}"
    folder.mkdir(parents=True, mode=0o700)
    path = folder / (_UNSAFE.sub("-", Path(name).name)[-80:].lstrip(".-") or "students.csv")
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
    try:
        outcome = sync_delivery(district, open_delivery(path), tools, is_preview=True)
    except KinsyncError:
        path.unlink(missing_ok=True)
        folder.rmdir()
        raise
    folder.rename(_kept(district, outcome.sync.id, tools.storage))
    return outcome.sync


def forget_previews(
    district: records.District, storage: Storage, at: datetime, *, is_dry: bool = False
) -> int:
    """Remove files of this machine that were previewed and not synced within a day; how many."""
    known = previews_of(district, storage)
    starts = records.sync_starts(district.id)
    old = [
        folder
        for folder in (known.iterdir() if known.is_dir() else ())
        if _began(folder, starts) <= at - KEPT_FOR
    ]
    for folder in () if is_dry else old:
        shutil.rmtree(folder, ignore_errors=True)
    return len(old)


def _began(folder: Path, starts: Mapping[int, datetime]) -> datetime:
    """When the preview of a folder began; of one whose sync is gone, long ago."""
    if folder.name.isdigit():
        return starts.get(int(folder.name), datetime.min.replace(tzinfo=UTC))
    return datetime.fromtimestamp(folder.stat().st_mtime, UTC)


def forget_every_preview(district: records.District, storage: Storage) -> None:
    """Remove what this machine holds of a district that is removed."""
    shutil.rmtree(previews_of(district, storage), ignore_errors=True)


def is_kept(district: records.District, sync: records.Sync, tools: Tools) -> bool:
    """Whether the file of a preview is still here, to be published."""
    return sync.state == "previewed" and _kept(district, sync.id, tools.storage).is_dir()


def publish(district: records.District, sync: records.Sync, tools: Tools) -> records.Sync:
    """Sync the file of a preview; the guard may hold it like any other.

    Raises:
        NotFound: the file is not here any more, or it was another machine that took it.
        ChangeInput: the district is paused.
    """
    folder = _kept(district, sync.id, tools.storage)
    files = list(folder.iterdir()) if is_kept(district, sync, tools) else []
    if not files:
        raise NotFound("The file of that preview is not kept any more. Upload it again.")
    done = sync_delivery(district, open_delivery(files[0]), tools).sync
    files[0].unlink()
    folder.rmdir()
    return done


def previews_of(district: records.District, storage: Storage) -> Path:
    return storage.home / "previews" / district.public_id


def _kept(district: records.District, sync_id: int, storage: Storage) -> Path:
    return previews_of(district, storage) / str(sync_id)
