"""Taking in the delivery of a sync: what is touched by a change, or all of it where it must be."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl

from kinsync.pipeline.touched import TIES
from kinsync.services.decided import Decided
from kinsync.services.delivery import Delivery
from kinsync.services.intake import Intake
from kinsync.services.narrow import Narrowed, lines_after, narrowed
from kinsync.services.side_by_side import Progress
from kinsync.store import kept_lines, records, row_keys, snapshots
from kinsync.store.storage import Storage
from kinsync.transport.lines import Lines, lines_of
from kinsync.transport.spool import Spool


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A delivery, taken in as a whole or, where ``narrow`` is told, in part.

    ``lines`` are those of its file, where the next night may look at it line by line; ``stamp``
    what has to be the same then. ``published`` is what is published now, where it is known.
    """

    intake: Intake
    lines: Lines | None
    stamp: str
    published: snapshots.Published | None = None
    narrow: Narrowed | None = None

    @property
    def part(self) -> snapshots.Published | None:
        """What is published about those of whom a part speaks."""
        return self.narrow.published if self.narrow else None

    def keep_lines(
        self,
        storage: Storage,
        district: records.District,
        sync: records.Sync,
        carried: pl.DataFrame | None = None,
    ) -> None:
        """Keep the lines for the next night. Only for a sync that publishes next.

        Raises:
            TryAgainLater: the disk is full.
        """
        if self.lines is None:
            self.keep_rows(storage, district, sync)
            return
        nobody = pl.DataFrame(schema=dict.fromkeys(TIES, pl.UInt64))
        kept = lines_after(
            self.intake, self.lines, nobody if carried is None else carried, self.narrow
        )
        first = self.lines.first_row
        kept_lines.keep_lines(storage, district.public_id, sync.id, kept, first, self.stamp)

    def keep_rows(self, storage: Storage, district: records.District, sync: records.Sync) -> None:
        """Keep of whom each row speaks, where that is no business of the next night.

        Raises:
            TryAgainLater: the disk is full.
        """
        rows = self.intake.row_keys()
        if self.lines is not None and self.narrow is not None:
            nobody = pl.DataFrame(schema=dict.fromkeys(TIES, pl.UInt64))
            kept = lines_after(self.intake, self.lines, nobody, self.narrow).lines
            rows = kept.with_row_index("row", self.lines.first_row).with_columns(
                pl.col("row").cast(pl.UInt32), file=pl.lit(self.lines.file.name)
            )
        row_keys.keep_rows(storage, district.public_id, sync.id, rows)


@contextmanager
def taken_in(
    district: records.District,
    delivery: Delivery,
    storage: Storage,
    progress: Progress,
    most_touched: float,
    decided: Decided,
) -> Iterator[TakenIn]:
    """What the delivery of a sync amounts to, as long as the block lasts: its rows wait on disk."""
    first, *others = delivery.sources
    has_lines = not others and first.mapping.is_row_for_row
    lines = lines_of(first.file) if has_lines else None
    stamp = _stamp(delivery, lines) if lines else ""
    known = _known(district, delivery, storage, stamp) if lines else None
    if lines and known:
        with Spool() as spool:
            published = snapshots.published(district.id, storage=storage)
            narrow = narrowed(
                delivery, lines, known, published, spool, progress, most_touched, decided
            )
            if narrow:
                _note(narrow.intake, delivery)
                yield TakenIn(narrow.intake, lines, stamp, published, narrow)
                return
    del known
    with Spool() as spool:
        intake = Intake(
            delivery.sources,
            spool,
            tells_ends=True,
            priority=delivery.priority,
        )
        _note(intake, delivery)
        intake.take_in(delivery.vocabulary, progress, decided.anchors)
        yield TakenIn(intake, lines, stamp)


def _note(intake: Intake, delivery: Delivery) -> None:
    """Say of which sources something else counts than what came last."""
    for one in delivery.standing:
        if one.note:
            intake.note_file_finding(one.note, one.name)


def _stamp(delivery: Delivery, lines: Lines) -> str:
    dialect = lines.file.dialect
    return kept_lines.stamp(
        delivery.rules, lines.header.hex(), str(dialect.delimiter), str(lines.first_row)
    )


def _known(
    district: records.District, delivery: Delivery, storage: Storage, stamp: str
) -> kept_lines.KeptLines | None:
    """What is kept of the file behind what is published now, if nothing came after it."""
    last = records.last_published_sync(district.id) if district.published else None
    if last is None or last.version != district.published or last.rules != delivery.rules:
        return None
    return kept_lines.load_lines(storage, district.public_id, last.id, stamp)
