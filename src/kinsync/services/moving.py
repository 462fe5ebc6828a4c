"""Moving in: ids of another service become those of our records, or wait until the records appear.

Before the first sync every id waits; from then on each new record that is recognised gets the id
that waits for it instead of a new one. Ids of records that are published already change in a
version of its own, which ``restore`` can undo.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kinsync.domain.changes import Changes, Matched, Snapshot
from kinsync.domain.errors import ChangeInput
from kinsync.domain.frames import KINDS
from kinsync.domain.moving import JUDGED, MOVING, OUTCOMES, TO_ADOPT, Told
from kinsync.domain.vocabulary import Vocabulary, default_vocabulary
from kinsync.pipeline.adopt import adopt
from kinsync.pipeline.diff import diff
from kinsync.pipeline.recognise import recognise
from kinsync.pipeline.saved import put_together
from kinsync.services.adopted import given_by
from kinsync.services.report import harmless
from kinsync.services.saved import read_saved
from kinsync.services.sync import Tools
from kinsync.store import access, adopted, publish, records, snapshots
from kinsync.store.database import district_lock

ORIGIN = "import-ids"


@dataclass(frozen=True, slots=True)
class Moved:
    """How an import ended: ``state`` is previewed, unchanged, waiting or published."""

    state: str
    told: Told
    version: int
    changes: Changes | None = None
    readers: tuple[str, ...] = ()
    """Applications that may have read the ids which change."""

    def as_json(self) -> dict[str, object]:
        """Counts first; no values of records."""
        return {
            "ids": self.told.counts,
            "repeated": self.told.repeated,
            "ignored": self.told.ignored,
            "state": self.state,
            "version": self.version,
            "changes": self.changes.counts() if self.changes else {},
            "readers": list(self.readers),
        }


def import_ids(
    district: records.District,
    files: Sequence[Path],
    tools: Tools,
    *,
    is_preview: bool = False,
    is_confirmed: bool = False,
) -> Moved:
    """Adopt the ids that the files bring.

    Raises:
        ChangeInput: a file cannot be read; or ids would change that an application may have read,
            and ``is_confirmed`` does not say that it may be so.
        TryAgainLater: the database is away; the same command finishes.
    """
    saved = read_saved(files)
    with district_lock(district.id, on_wait=tools.on_wait):
        records.fail_abandoned(district.id, at=tools.now())
        district = records.district(district.id)
        published = snapshots.load(district.id, storage=tools.storage)
        students = _known_students(district.id, published)
        judged, repeated = put_together(saved.records, students, default_vocabulary())
        taken = adopted.taken(district.id, _ids_of(judged))
        judged = _judge(judged, taken, published, default_vocabulary())
        told = _told(judged, repeated, saved.ignored)
        matched = adopt(published, given_by(judged.filter("is_moving")))
        changes = diff(matched.snapshot, published, matched.merged)
        readers = () if changes.is_empty else tuple(access.readers(district.id))
        if is_preview:
            return Moved("previewed", told, district.published, changes, readers)
        if readers and not is_confirmed:
            raise _unconfirmed(district, changes, readers)
        _keep(district.id, judged, taken)
        if changes.is_empty:
            state = "waiting" if any(c["waiting"] for c in told.counts.values()) else "unchanged"
            return Moved(state, told, district.published)
        version = _publish(district, matched, changes, told, files, tools)
        adopted.settle(district.id, judged.filter("is_moving")["id"])
        return Moved("published", told, version, changes, readers)


def write_unmatched(path: Path, left: pl.DataFrame) -> None:
    """The records that were neither adopted nor wait, as CSV for a spreadsheet.

    Raises:
        ChangeInput: the file cannot be written.
    """
    texts = ("file", "kind", "id", "legacy_id", "sis_id")
    rows = left.select(
        "file", "place", "kind", "id", "legacy_id", "sis_id", "outcome", "reason"
    ).with_columns(harmless(name) for name in texts)
    try:
        path.write_text(rows.write_csv(line_terminator="\r\n"), "utf-8-sig", newline="")
    except OSError as error:
        raise ChangeInput(
            f"Cannot write the records to {path}: {error.strerror}. Name another file."
        ) from error


def _ids_of(judged: pl.DataFrame) -> pl.Series:
    sound = judged.filter(pl.col("outcome").is_null())
    return pl.concat([sound["id"], sound["legacy_id"].drop_nulls().alias("id")])


def _known_students(district_id: int, published: Snapshot) -> pl.DataFrame:
    """``id``, ``sis_id`` of students whose id in the other service came with an earlier import."""
    rows = adopted.waiting(district_id).filter(pl.col("kind") == "student")
    students = published.frames["student"]
    return pl.concat([rows.select("id", "sis_id"), students.select("id", "sis_id")])


def _judge(
    judged: pl.DataFrame, taken: pl.DataFrame, published: Snapshot, vocabulary: Vocabulary
) -> pl.DataFrame:
    """All records with their outcome: ``JUDGED``, ``ours`` (the record's id now), ``is_moving``."""
    sound = judged.filter(pl.col("outcome").is_null()).with_row_index("at")
    found = recognise(sound.drop("at"), published, vocabulary)
    rows = sound.join(found.pairs.select("at", "ours"), on="at", how="left", maintain_order="left")
    rows = _beside(rows, taken, published, "id", pl.col("kind"))
    rows = _beside(rows, taken, published, "legacy_id", pl.lit("legacy"))
    is_told = pl.col("ours").is_not_null() | pl.col("id_is_here")
    is_second = (pl.col("kind") == "legacy") & pl.col("ours").is_in(
        rows.filter(pl.col("kind") == "contact", pl.col("legacy_id").is_not_null())["ours"]
        .drop_nulls()
        .implode()
    )
    is_unsure = pl.col("at").is_in(found.ambiguous.implode()) | is_second.fill_null(value=False)
    verdicts = (
        (pl.col("id_is_held") | pl.col("legacy_id_is_held"), "refused", HELD_REASON),
        (is_unsure, "ambiguous", UNSURE_REASON),
        (is_told, "adopted", None),
        (pl.lit(value=True), "waiting", None),
    )
    told = rows.with_columns(
        outcome=pl.coalesce(pl.when(when).then(pl.lit(word)) for when, word, _ in verdicts),
    ).with_columns(
        reason=pl.coalesce(
            pl.when(pl.col("outcome") == word).then(pl.lit(why)) for _, word, why in verdicts
        ),
        is_moving=pl.col("ours").is_not_null()
        & (pl.col("outcome") == "adopted")
        & ~(pl.col("id_in_force") & pl.col("legacy_id_in_force")),
    )
    rest = judged.filter(pl.col("outcome").is_not_null()).with_columns(
        ours=pl.lit(None, pl.String), is_moving=pl.lit(value=False)
    )
    names = [*JUDGED.names(), "ours", "is_moving"]
    return pl.concat([told.select(names), rest.select(names)])


HELD_REASON = "the id is another record's, here or elsewhere on this server"
UNSURE_REASON = "it could be of several records, or several ids of one"


def _beside(
    rows: pl.DataFrame, taken: pl.DataFrame, published: Snapshot, column: str, kind: pl.Expr
) -> pl.DataFrame:
    """What is known of the ids of ``column`` as flags: ``…_is_held`` by another record,
    ``…_is_here`` at a record that reads differently by now, ``…_in_force`` at the row's own."""
    told = (
        rows.select("at", "ours", id=column, space=kind)
        .join(taken, on="id", how="left")
        .join(_live(published, taken["id"]), on=["id", "space"], how="left")
    )
    live, ours = pl.col("live"), pl.col("ours")
    is_adopted = (pl.col("held_kind") == pl.col("space")).fill_null(value=False)
    is_taken = pl.col("id").is_in(taken["id"].implode()).fill_null(value=False)
    is_own = (live == ours).fill_null(value=False)
    is_elsewhere = live.is_not_null() & ours.is_not_null()
    flags = told.select(
        "at",
        (is_taken & ~is_own & (~is_adopted | is_elsewhere)).alias(f"{column}_is_held"),
        (is_adopted & live.is_not_null() & ours.is_null()).alias(f"{column}_is_here"),
        (is_own | pl.col("id").is_null()).alias(f"{column}_in_force"),
    )
    return rows.join(flags, on="at", how="left", maintain_order="left")


def _live(published: Snapshot, ids: pl.Series) -> pl.DataFrame:
    """Published records that have one of these ids: ``space``, ``id``, ``live`` (the record's)."""
    frames = published.frames
    wanted = pl.col("id").is_in(ids.implode())
    found = [
        frames[kind].filter(wanted).select("id", space=pl.lit(kind), live="id") for kind in KINDS
    ]
    legacy = frames["contact"].select("id", "legacy_id")
    legacy = legacy.filter(pl.col("legacy_id").is_in(ids.implode()))
    found.append(legacy.select(id="legacy_id", space=pl.lit("legacy"), live="id"))
    return pl.concat(found)


def _told(judged: pl.DataFrame, repeated: int, ignored: int) -> Told:
    counted: dict[tuple[str, str], int] = {
        (kind, outcome): number
        for kind, outcome, number in judged.group_by("kind", "outcome").len().iter_rows()
    }
    counts = {
        kind: {outcome: counted.pop((kind, outcome), 0) for outcome in OUTCOMES} for kind in MOVING
    }
    other = sum(counted.values())
    if other:
        counts["other"] = {**dict.fromkeys(OUTCOMES, 0), "refused": other}
    left = judged.filter(~pl.col("outcome").is_in(("adopted", "waiting")))
    return Told(counts, repeated, ignored, left.select(JUDGED.names()).sort("file", "place"))


def _unconfirmed(
    district: records.District, changes: Changes, readers: Sequence[str]
) -> ChangeInput:
    counts = changes.counts()
    moved = ", ".join(f"{counts[kind]['created']:,} {kind}s" for kind in KINDS)
    return ChangeInput(
        f"The ids of published records of {district.name} would change ({moved}), and "
        f"{', '.join(readers)} may have read them: an application would see each deleted under the "
        "id that it knows and created under the other; the id that it knows goes on answering, as "
        "a pointer. Nothing was adopted. Say --yes if that is meant, --preview to look."
    )


def _keep(district_id: int, judged: pl.DataFrame, taken: pl.DataFrame) -> None:
    is_kept = (pl.col("outcome") == "waiting") | pl.col("is_moving")
    adopted.keep(district_id, judged.filter(is_kept).select(TO_ADOPT.names()), taken["id"])


def _publish(
    district: records.District,
    matched: Matched,
    changes: Changes,
    told: Told,
    files: Sequence[Path],
    tools: Tools,
) -> int:
    names = ", ".join(path.name for path in files)
    run = records.start_sync(district, at=tools.now(), origin=ORIGIN, file_name=names)
    publication = publish.Publication(
        district_id=district.id,
        sync_id=run.id,
        base=district.published,
        changes=changes,
        at=tools.now(),
        origin=ORIGIN,
        counts={"adopted": told.counts},
        snapshot=matched.snapshot,
    )
    return publish.publish(publication, storage=tools.storage, step=tools.step)
