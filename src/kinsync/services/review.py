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
from kinsync.domain.frames import KINDS
from kinsync.domain.rules import RULES, Rule
from kinsync.services import by_school
from kinsync.services.delivery import open_delivery
from kinsync.services.report import write_findings
from kinsync.services.sync import Tools, sync_delivery
from kinsync.store import browsing, records
from kinsync.store.gate import district_reader
from kinsync.store.storage import Storage, load_changes, load_findings

KEPT_FOR = timedelta(hours=24)
"""How long a file that was previewed waits to be synced."""
TREND = 12
"""Syncs of which a trend tells."""
WHOLE = ("published", "unchanged", "held", "discarded", "replaced")
"""How syncs end that have looked at a whole file."""
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


def trends(
    district: records.District, sync: records.Sync, rules: Iterable[Rule]
) -> Mapping[str, Sequence[tuple[int, int]]]:
    """How often each rule was met in this sync and in those before it that compared a whole file.

    By code, sync and count; the oldest first.
    """
    syncs = records.list_syncs(district.id, limit=3 * TREND, up_to=sync.id)
    whole = [one for one in syncs if one.id == sync.id or _is_whole(one)]
    earlier = [(one.id, one.counts.get("findings")) for one in reversed(whole[:TREND])]
    return {
        rule.code: [(id_, _met(findings, rule.code)) for id_, findings in earlier] for rule in rules
    }


def _is_whole(sync: records.Sync) -> bool:
    return not sync.is_preview and sync.origin == "file" and sync.state in WHOLE


def _met(findings: object, code: str) -> int:
    found = findings.get(code) if isinstance(findings, Mapping) else None
    return int(found["count"]) if isinstance(found, Mapping) else 0


def totals(sync: records.Sync) -> Mapping[str, Mapping[str, int]]:
    """Created, updated and deleted records by kind; nothing where it never came to comparing.

    In the order of ``KINDS`` and ``ACTS``: the database keeps none.
    """
    found = sync.counts.get("changes")
    if not isinstance(found, Mapping):
        return {}
    return {kind: {act: found[kind][act] for act in ACTS} for kind in KINDS if kind in found}


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


def findings_csv(
    district: records.District, sync: records.Sync, tools: Tools, *, code: str = ""
) -> io.BytesIO:
    """Every finding, or those of one rule, as CSV for a spreadsheet.

    Raises:
        ChangeInput: the findings are not kept any more.
    """
    frame = load_findings(tools.storage.sync(district.public_id, sync.id))
    if code:
        frame = frame.filter(pl.col("code") == code)
    with tempfile.TemporaryDirectory(prefix="kinsync-findings-") as folder:
        path = Path(folder) / "findings.csv"
        write_findings(path, iter([frame]))
        return io.BytesIO(path.read_bytes())


# -- what changes ---------------------------------------------------------------------------------


def changes(
    district: records.District, sync: records.Sync, kind: str, act: str, tools: Tools,
    *, after: str, limit: int, school: str | None = None,
) -> ChangesPage:  # fmt: skip
    """What a sync does to one kind of record, in the order of ids behind ``after``.

    ``school`` is a SIS id, "" for records without a school; None is any.

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
            rows = browsing.changed(
                cursor, kind, act, district.id, sync.version, after, limit + 1, school
            )
        names: dict[str, str] = {}
        version = sync.version
    else:
        kept = load_changes(tools.storage.sync(district.public_id, sync.id))
        ids = None if school is None else _of_school(district, sync, kept, kind, school)
        rows = _kept_rows(kept, kind, act, after, limit + 1, ids)
        names = _names(kept)
        version = sync.base
    if kind == "relationship":
        names = _known_names(district, rows, version) | names
    pairs = [_pair(kind, before, then, names) for before, then in rows[:limit]]
    return ChangesPage(pairs, pairs[-1].id if len(rows) > limit else "")


def _of_school(
    district: records.District, sync: records.Sync, kept: Changes, kind: str, school: str
) -> pl.Series:
    """Ids of the records of a kind that change at a school."""
    found = by_school.schools_of(district, sync, kept).get(kind)
    if found is None:
        return pl.Series(dtype=pl.String)
    return found.filter(pl.col("school").fill_null("") == school)["id"]


def _kept_rows(
    kept: Changes, kind: str, act: str, after: str, limit: int, ids: pl.Series | None
) -> list[tuple[Row | None, Row | None]]:
    of_kind = kept.kinds[kind]
    wanted = [] if ids is None else [pl.col("id").is_in(ids.implode())]
    frame = getattr(of_kind, act).filter(pl.col("id") > after, *wanted).sort("id").head(limit)
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


# -- a file that is previewed first ---------------------------------------------------------------


def preview(
    district: records.District, name: str, chunks: Iterable[bytes], tools: Tools
) -> records.Sync:
    """Take a file and find out what it would change. It is kept for a day.

    Raises as ``look_at``.
    """
    return look_at(district, receive(district, name, chunks, tools), tools)


def receive(district: records.District, name: str, chunks: Iterable[bytes], tools: Tools) -> Path:
    """Lay a file aside on this machine, alone in its folder."""
    forget_previews(district, tools.storage, tools.now())
    folder = previews_of(district, tools.storage) / f"coming-{secrets.token_hex(8)}"
    folder.mkdir(parents=True, mode=0o700)
    path = folder / (_UNSAFE.sub("-", Path(name).name)[-80:].lstrip(".-") or "students.csv")
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
    return path


def look_at(district: records.District, path: Path, tools: Tools) -> records.Sync:
    """Find out what a file that was received would change.

    Raises:
        ChangeInput: it cannot be read at all; it is not kept then.
        TryAgainLater: the database or the disk is away.
    """
    try:
        outcome = sync_delivery(district, open_delivery(path), tools, is_preview=True)
    except KinsyncError:
        path.unlink(missing_ok=True)
        path.parent.rmdir()
        raise
    path.parent.rename(_kept(district, outcome.sync.id, tools.storage))
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
