"""Events, in the names and shapes of every version: what changed, as the version shows records.

An update says what was there before, in just the fields that changed. Both states are rendered as
the version renders any record, so an event and a list never disagree.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone

from kinsync.domain.share import parsed
from kinsync.services import feed
from kinsync.services.feed import Event
from kinsync.services.read import Contact, Page, StudentContactRow, Window
from kinsync.web.api.answers import ApiError, Body, Call, not_found, record_id
from kinsync.web.api.envelope import Record, listed, single, window
from kinsync.web.api.fields import without
from kinsync.web.api.forms import timestamp
from kinsync.web.api.table import PAGE, Endpoint

BARE = ("id", "district")
"""What is left of a person who is withheld: who was meant, and nothing about them."""
OTHERS = {"created": "split_from", "updated": "merged_from", "deleted": "merged_into"}
"""What the ids of other contacts are called that an event speaks of, by its act."""
UNTOLD = "last_modified"
"""The attribute that changes with every update: it is not told as changed."""


@dataclass(frozen=True, slots=True)
class Told:
    """How one version tells of a kind of record: as part of a collection, in its form."""

    collection: str
    render: Callable[[Any, Call], Record]


Language = Mapping[str, Told]
"""How one version tells of each kind of record that it knows."""


def endpoints(language: Language, *others: str) -> tuple[Endpoint, ...]:
    """The addresses of events. ``others`` are collections of which nothing is ever told."""
    types = sorted({told.collection for told in language.values()} | {*others})

    def events(call: Call) -> Body:
        return _page(call, language, _kinds(call, language, types))

    def one(call: Call, id_: str) -> Body:
        found = feed.event(call.scope, record_id(id_), list(language), now=timezone.now())
        told = found and _told(found, call, language)
        if not told:
            raise not_found()
        return single(call, "events", told)

    parameters = (*PAGE, "record_type", "school") if others else PAGE
    says = "What changed for this application, the oldest first, for 30 days."
    return (
        Endpoint("events", events, says, "Event[]", parameters),
        Endpoint("events/{id}", one, "One event.", "Event"),
    )


def of_record(
    collection: str, kind: str, language: Language, exists: Callable[[Call, str], bool]
) -> Endpoint:
    """The events of one record of a collection."""

    def view(call: Call, id_: str) -> Body:
        if not exists(call, id_):
            raise not_found()
        return _page(call, language, [kind], record_id(id_))

    says = f"What changed about one of the {collection}, the oldest first, for 30 days."
    return Endpoint(f"{collection}/{{id}}/events", view, says, "Event[]", PAGE)


def _page(call: Call, language: Language, kinds: Sequence[str], of: str | None = None) -> Body:
    """A page of events; what says nothing in this version is passed over.

    A page is empty only where nothing is left in its direction.
    """
    wanted, told = window(call), list[Record]()
    school = call.parameters.get("school") or None
    start = rest = wanted
    while True:
        page = feed.event_page(
            call.scope, rest, kinds, now=timezone.now(), record_id=of, school_id=school
        )
        told = [record for event in page.records if (record := _told(event, call, language))]
        if told or not _goes_on(page, rest):
            break
        rest = _behind(page, rest)
    has_before = page.has_before if start.is_backward else start.after is not None
    whole = Page(told, has_before, page.has_after)
    return listed(call, "events", told, whole, lambda: feed.count(call.scope, tuple(kinds), of))


def _goes_on(page: Page[Event], read: Window) -> bool:
    return bool(page.records) and (page.has_before if read.is_backward else page.has_after)


def _behind(page: Page[Event], read: Window) -> Window:
    """The next page in the direction of reading."""
    if read.is_backward:
        return replace(read, before=page.records[0].id)
    return replace(read, after=page.records[-1].id)


def _kinds(call: Call, language: Language, types: Sequence[str]) -> list[str]:
    """The kinds of record that are asked for: all, if no type is named.

    Raises:
        ApiError: 400, a type is none of this version.
    """
    named = [name for text in call.parameters.getlist("record_type") for name in text.split(",")]
    if unknown := [name for name in named if name and name not in types]:
        known = ", ".join(types)
        raise ApiError(400, f"record_type {unknown[0][:40]!r} is none of: {known}.")
    return [kind for kind, told in language.items() if not named or told.collection in named]


def _told(event: Event, call: Call, language: Language) -> Record | None:
    """An event as this version tells it; None where nothing changed that it shows.

    It says what was shared then, of which only what is shared now is told. Of somebody who is
    withheld now, or restricted, all that is told is that the person is gone.
    """
    told = language[event.kind]
    kind = "contact" if event.kind == "relationship" else event.kind
    now = without(event.share, kind, told.render(event.record, call))
    record: Record = {"created": timestamp(event.at)}
    data: Record = {"object": without(call.scope.share, kind, now)}
    if event.previous is not None:
        before = without(event.previous_share, kind, told.render(event.previous, call))
        if before == now:
            return None
        shown = without(call.scope.share, kind, before)
        changed = previous_attributes(shown, data["object"])
        data["previous_attributes"] = record["previous_attributes"] = changed
    if _is_withheld(event, call):
        if event.act != "deleted":
            return None
        data = {"object": {name: now[name] for name in BARE if name in now}}
    if event.merged:
        data[OTHERS[event.act]] = [told.render(other, call)["id"] for other in event.merged]
    return {**record, "data": data, "id": event.id, "type": f"{told.collection}.{event.act}"}


def _is_withheld(event: Event, call: Call) -> bool:
    record = event.record
    if event.is_restricted:
        return True
    if isinstance(record, StudentContactRow):
        return record.contact_id in parsed(call.scope.share).withheld
    return isinstance(record, Contact) and record.id in parsed(call.scope.share).withheld


def previous_attributes(before: Record, now: Record) -> Record:
    """What stood in the fields that are not as they were, nested as the record is.

    A changed list is told whole, as it was; a field that was not there is told as blank.
    """
    told: Record = {}
    for name in {**before, **now}:
        old, new = before.get(name), now.get(name)
        if old == new or name == UNTOLD:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            if nested := previous_attributes(old, new):
                told[name] = nested
        else:
            told[name] = "" if old is None else old
    return told
