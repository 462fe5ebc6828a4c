"""Standing: of several sources of a district, the arrival of each that counts now.

That is the newest whole one. Where it cannot be read, or is gone, the last one that was published
stands, so that nothing is deleted by a file that is missing or broken; and what stands says so.
"""

from collections.abc import Collection
from dataclasses import dataclass

from kinsync.connectors import find_connector
from kinsync.domain.errors import ChangeInput
from kinsync.services.counts import Standing
from kinsync.services.source_files import newest_file_of
from kinsync.store import parts, pulls
from kinsync.store.records import District
from kinsync.store.sources import Source, list_sources

NAMED = 0
"""In the place of an arrival: a file that was named by hand, and is kept nowhere."""


@dataclass(frozen=True, slots=True)
class Stands:
    """What stands of one source, and the turn of what came of it last."""

    source: Source
    standing: Standing
    turn: int


def stands(
    district: District,
    *,
    broken: Collection[int] = (),
    given: Collection[int] = (),
    without: int | None = None,
) -> list[Stands]:
    """What stands of each source of a district, in the order of their priority.

    Args:
        district: whose sources.
        broken: arrivals that were found to be none that can be read.
        given: sources whose file is at hand, whatever has arrived of them.
        without: the number of a source that is left out.

    Raises:
        ChangeInput: what is published of a source is not kept any more, and nothing newer is there.
        TryAgainLater: the database is away.
    """
    used = parts.used(district.id, district.published)
    return [
        Stands(source, Standing(source.id, name_of(source), NAMED), 0)
        if source.id in given
        else _stands(source, used.get(source.id), broken)
        for source in list_sources(district.id)
        if source.id != without
    ]


def _stands(source: Source, used: int | None, broken: Collection[int]) -> Stands:
    """``used``: what was read of it for what is published now; None: it had no part in that."""
    turn, newest = newest_of(source)
    if newest is not None and newest not in broken and not source.paused_at:
        return Stands(source, Standing(source.id, name_of(source), newest), turn)
    if used is not None and used not in broken and parts.is_kept(source.district_id, used):
        note = "source-paused" if source.paused_at else "source-older-used"
        return Stands(source, Standing(source.id, name_of(source), used, note), turn)
    if used is not None or (newest is None and parts.has_come(source)):
        raise ChangeInput(
            f"What came last of source {source.name!r} is not kept any more, or cannot be read. "
            "Nothing was published, so that nobody is deleted for want of it. Have it read again "
            "('kinsync sync --source'), upload its file again, or remove the source."
        )
    note = "source-paused" if source.paused_at else "source-not-arrived"
    return Stands(source, Standing(source.id, name_of(source), None, note), turn)


def name_of(source: Source) -> str:
    """What findings call the file of a source."""
    return f"{find_connector(source.connector).title} ({source.name})"


def newest_of(source: Source) -> tuple[int, int | None]:
    """The turn and number of the newest whole arrival of a source; 0 and None: there is none."""
    pull, file = pulls.newest(source.district_id, [source.id]), newest_file_of(source)
    found = [(one.turn or 0, one.id) for one in (pull, file) if one]
    return max(found, default=(0, None))
