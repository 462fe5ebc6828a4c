"""Several sources of one district: their files as one delivery, each under its own name."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kinsync.domain.errors import ChangeInput
from kinsync.services.arrived import Arrivals, Together
from kinsync.services.counts import Standing
from kinsync.services.delivery import Delivery, delivery_of
from kinsync.services.sources import open_pulled
from kinsync.store.records import District
from kinsync.store.sources import Source, list_sources

OTHER_FILES = Standing(0, "students.csv", None, "file-beside-sources")


@contextmanager
def open_among(
    district: District,
    source: Source,
    path: Path,
    arrivals: Arrivals,
    *,
    has_arrived: bool,
) -> Iterator[Delivery]:
    """Look at a file of a source, and at what stands of all others, as long as the block lasts.

    ``has_arrived``: whether the file is what came of the source last.

    Raises:
        ChangeInput: a mapping or a layout is not valid, or nobody names students.
    """
    if len(list_sources(district.id)) == 1:
        with arrivals.beside(district, source) as beside:
            yield open_pulled(path, source, students=beside)
        return
    given = {} if has_arrived else {source.id: path}
    with arrivals.together(district, given=given) as together:
        if together is not None:
            yield open_together(together)


def open_together(arrived: Together) -> Delivery:
    """Look at what stands of each source. What does not name its students speaks of the others'.

    Raises:
        ChangeInput: a mapping or a layout is not valid, or nobody names students.
    """
    files = []
    for piece in arrived.pieces:
        if piece.path is not None:
            opened = open_pulled(piece.path, piece.source, has_company=True)
            files += [replace(one, number=piece.source.id) for one in opened.sources]
    if not any(one.has_students or one.file.is_refused for one in files):
        raise ChangeInput(
            "No source of the district names its students: "
            + ", ".join(piece.source.name for piece in arrived.pieces)
            + ". Nothing was published. Add one that does, or upload a file to one that does."
        )
    standing = [piece.standing for piece in arrived.pieces]
    if arrived.has_other_files:
        standing.append(OTHER_FILES)
    return delivery_of(
        files,
        priority=arrived.priority,
        standing=standing,
        deletes_later=arrived.is_of_changes,
    )
