"""Whose values stand in a district with several sources, and what becomes of it without one."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from kinsync.domain.errors import ChangeInput
from kinsync.domain.priority import ORDERED, Priority
from kinsync.services.arrived import Arrivals
from kinsync.services.several import open_together
from kinsync.services.sync import Outcome, Tools, sync_delivery
from kinsync.store import priorities, sources
from kinsync.store.records import District
from kinsync.store.sources import Source

Told = Mapping[str, Sequence[str]]
"""Field → names of sources, the one that wins first; none: as in general."""


def change(
    district: District,
    order: Sequence[str] | None,
    fields: Told,
    *,
    at: datetime,
    by: str,
) -> Priority:
    """Say whose values stand from the next sync on. What is not named stays as it is.

    Args:
        district: whose sources.
        order: names of sources, the one that wins first; others follow as they did.
        fields: the same for some fields (``domain.priority.ORDERED``).
        at: when it is said.
        by: who says it.

    Raises:
        ChangeInput: there is no such field, or a source is named twice; nothing is changed.
        NotFound: there is no such source.
    """
    now = priorities.priority(district.id)
    if unknown := [name for name in fields if name not in ORDERED]:
        raise ChangeInput(f"No field is called {', '.join(unknown)}. Fields: {', '.join(ORDERED)}.")
    first = _numbers(district, order or ())
    by_field = {**now.by_field, **{name: _numbers(district, fields[name]) for name in fields}}
    told = Priority(
        (*first, *(one for one in now.order if one not in first)),
        {name: numbers for name, numbers in by_field.items() if numbers},
    )
    if told != now:
        priorities.save(district.id, told, at=at, by=by)
    return told


def _numbers(district: District, names: Sequence[str]) -> tuple[int, ...]:
    found = tuple(sources.find_source(district.id, name).id for name in names)
    if len(set(found)) < len(found):
        raise ChangeInput("Each source is named once in an order.")
    return found


def named(district: District, priority: Priority) -> tuple[list[str], dict[str, list[str]]]:
    """The names of the sources in order, and by field all of them in the order of that field."""
    known = {source.id: source.name for source in sources.list_sources(district.id)}
    return (
        [known[one] for one in priority.order],
        {name: [known[one] for one in priority.of(name)] for name in priority.by_field},
    )


def without(district: District, source: Source, arrivals: Arrivals, tools: Tools) -> Outcome | None:
    """A preview of what becomes of a district without one of its sources; None: nothing would.

    Raises:
        ChangeInput: without it nobody names the students.
        TryAgainLater: the database or the disk is away.
    """
    others = [one for one in sources.list_sources(district.id) if one.id != source.id]
    if not others or not district.published:
        return None
    with arrivals.together(district, without=source.id) as left:
        if left is None:
            return None
        return sync_delivery(district, open_together(left), tools, is_preview=True)


def pause(district: District, source: Source, *, at: datetime) -> None:
    """Let nothing count that arrives of a source: what was published of it last stands.

    Raises:
        ChangeInput: it is the only one.
    """
    if len(sources.list_sources(district.id)) < 2:
        raise ChangeInput(
            f"{source.name} is the only source of {district.name}: 'kinsync pause' pauses the "
            "district. Nothing was changed."
        )
    sources.pause(source, at)


def resume(source: Source) -> None:
    """Let what arrives of a source count again."""
    sources.pause(source, None)
