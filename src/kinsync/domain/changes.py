"""What differs between the published snapshot and the incoming one."""

from collections.abc import Iterator, Mapping, Sequence
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
    ``from_id`` is deleted, ``into_id`` is who the person is now. ``parts`` (``deciding.PARTS``) are
    all who then stand behind a face; None where they are as they were.
    """

    kinds: Mapping[str, KindChanges]
    merged: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"from_id": pl.String, "into_id": pl.String})
    )
    parts: pl.DataFrame | None = None

    @staticmethod
    def of_nothing() -> "Changes":
        """Changes that change nothing."""
        nothing = {kind: KindChanges(*[empty(PUBLISHED[kind])] * 4) for kind in KINDS}
        return Changes(nothing)

    @property
    def is_empty(self) -> bool:
        is_same = all(changes.is_empty for changes in self.kinds.values())
        return is_same and self.parts is None

    def counts(self) -> dict[str, dict[str, int]]:
        """Created, updated and deleted records, by kind."""
        return {kind: self.kinds[kind].counts() for kind in KINDS}

    def created(self, kind: str) -> Iterator[pl.DataFrame]:
        """The created records of a kind, in pieces."""
        yield self.kinds[kind].created


@dataclass(frozen=True, slots=True)
class FirstChanges(Changes):
    """The first version of a district: everything is created, and read from disk when asked for.

    ``pieces`` are, by kind, frames of ``frames.PUBLISHED``; ``heights`` how many rows all of them
    have.
    """

    pieces: Mapping[str, Sequence[pl.LazyFrame]] = field(default_factory=dict)
    heights: Mapping[str, int] = field(default_factory=dict)

    @staticmethod
    def of(pieces: Mapping[str, Sequence[pl.LazyFrame]]) -> "FirstChanges":
        """The changes that make these records out of nothing."""
        heights = {
            kind: sum(piece.select(pl.len()).collect().item() for piece in pieces[kind])
            for kind in KINDS
        }
        return FirstChanges(_CreatedKinds(pieces), pieces=pieces, heights=heights)

    @property
    def is_empty(self) -> bool:
        return not any(self.heights.values())

    def counts(self) -> dict[str, dict[str, int]]:
        return {kind: {"created": self.heights[kind], "updated": 0, "deleted": 0} for kind in KINDS}

    def created(self, kind: str) -> Iterator[pl.DataFrame]:
        for piece in self.pieces[kind]:
            yield piece.collect()


class _CreatedKinds(Mapping[str, KindChanges]):
    """Changes by kind, put together when they are asked for."""

    def __init__(self, pieces: Mapping[str, Sequence[pl.LazyFrame]]) -> None:
        self._pieces = pieces

    def __getitem__(self, kind: str) -> KindChanges:
        nothing = empty(PUBLISHED[kind])
        created = pl.concat([nothing, *(piece.collect() for piece in self._pieces[kind])])
        return KindChanges(created, nothing, nothing, nothing)

    def __iter__(self) -> Iterator[str]:
        return iter(self._pieces)

    def __len__(self) -> int:
        return len(self._pieces)


@dataclass(frozen=True, slots=True)
class Matched:
    """What a sync would publish, and which published contacts turned out to be other ones.

    ``merged`` is as in ``Changes``.
    """

    snapshot: Snapshot
    merged: pl.DataFrame
