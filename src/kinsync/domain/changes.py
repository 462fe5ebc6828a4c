"""What differs between the published snapshot and the incoming one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from kinsync.domain.frames import KINDS, PUBLISHED, empty


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All records of a district at one version, or as a sync would leave them.

    ``frames`` maps each of ``frames.KINDS`` to a frame of the schema in ``frames.PUBLISHED``.
    """

    frames: Mapping[str, pl.DataFrame]

    @staticmethod
    def of_nothing() -> "Snapshot":
        """The snapshot of a district that has published nothing."""
        return Snapshot({kind: empty(PUBLISHED[kind]) for kind in KINDS})

    def records(self) -> int:
        """How many records it holds, of all kinds."""
        return sum(frame.height for frame in self.frames.values())


@dataclass(frozen=True, slots=True)
class KindChanges:
    """Changes to one kind of record. All frames have the schema ``frames.PUBLISHED[kind]``.

    ``updated`` and ``previous`` hold the same ids in the same order: the record as it will be,
    and as it is published now.
    """

    created: pl.DataFrame
    updated: pl.DataFrame
    previous: pl.DataFrame
    deleted: pl.DataFrame

    @property
    def is_empty(self) -> bool:
        return not (self.created.height or self.updated.height or self.deleted.height)

    def counts(self) -> dict[str, int]:
        return {
            "created": self.created.height,
            "updated": self.updated.height,
            "deleted": self.deleted.height,
        }


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that one publish would do, kind by kind.

    ``merged`` has one row for each published contact that turned out to be another one:
    ``from_id`` is deleted, ``into_id`` is who the person is now.
    """

    kinds: Mapping[str, KindChanges]
    merged: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"from_id": pl.String, "into_id": pl.String})
    )

    @property
    def is_empty(self) -> bool:
        return all(changes.is_empty for changes in self.kinds.values())

    def counts(self) -> dict[str, dict[str, int]]:
        """Created, updated and deleted records, by kind."""
        return {kind: self.kinds[kind].counts() for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Matched:
    """What a sync would publish, and which published contacts turned out to be other ones.

    ``merged`` is as in ``Changes``.
    """

    snapshot: Snapshot
    merged: pl.DataFrame
