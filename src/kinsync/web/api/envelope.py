"""What stands around the records: lists, single records, counts, links and cursors."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from kinsync.services.read import Page, Window
from kinsync.web.api.answers import OBJECT_ID, ApiError, Body, Call
from kinsync.web.api.fields import shown

DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000
CURSORS = ("starting_after", "ending_before")

Link = dict[str, str]
Record = dict[str, Any]
"""One record as it is served."""


def window(call: Call, *, has_cursors: bool = True) -> Window:
    """The part of a list that a request asks for.

    Raises:
        ApiError: 400 for a parameter that cannot be understood, 413 for too long a page.
    """
    after, before = (_cursor(call, name) if has_cursors else None for name in CURSORS)
    if after and before:
        raise ApiError(400, "Give starting_after or ending_before, not both.")
    return Window(_limit(call), after, before)


def wants_count(call: Call) -> bool:
    """Whether the number of records was asked for instead of the records."""
    return call.parameters.get("count") == "true"


def counted(call: Call, number: int) -> Body:
    """The number of records, in place of a list."""
    return {"count": number, "links": [self_link(call)]}


def listed(
    call: Call,
    collection: str,
    records: Iterable[Record],
    page: Page[Any],
    number: Callable[[], int] = int,
) -> Body:
    """A page whose records are wrapped one by one, each with its address.

    ``number`` is asked how many there are in all, for the versions that say so.
    """
    address = f"/{call.version}/{collection}/"
    served = (shown(call.scope.share, record) for record in records)
    data = [{"data": record, "uri": address + record["id"]} for record in served]
    ends = (data[0]["data"]["id"], data[-1]["data"]["id"]) if data else None
    return enclosed(call, data, _page_links(call, page, ends), number)


def listed_nothing(call: Call) -> Body:
    """A page without records."""
    return enclosed(call, [], [self_link(call)])


def single(call: Call, collection: str, record: Record, links: Iterable[Link] = ()) -> Body:
    """One record, with the addresses of what belongs to it.

    Where it was asked for by another address than its own, its own is told: ``canonical``.
    """
    record = shown(call.scope.share, record)
    own = f"/{call.version}/{collection}/{record['id']}"
    if call.path.rstrip("/").lower() == own:
        return {"data": record, "links": [self_link(call), *links]}
    call.headers["content-location"] = own
    return {"data": record, "links": [self_link(call), link("canonical", own), *links]}


def enclosed(call: Call, data: Any, links: list[Link], number: Callable[[], int] = int) -> Body:
    """Data and links; v1.x has ``paging`` between them."""
    between = {"paging": _paging(call, number())} if call.version.startswith("v1") else {}
    return {"data": data, **between, "links": links}


def _paging(call: Call, number: int) -> dict[str, int]:
    """Pages of this length that there are. Cursors do not number their page: it is called 1."""
    return {"current": 1, "total": max(1, -(-number // _limit(call))), "count": number}


def _page_links(call: Call, page: Page[Any], ends: tuple[str, str] | None) -> list[Link]:
    """``self``, ``prev``, ``next``: the same address, with the cursor moved."""
    links = [self_link(call)]
    if ends and page.has_before:
        links.append(link("prev", _moved(call, "ending_before", ends[0])))
    if ends and page.has_after:
        links.append(link("next", _moved(call, "starting_after", ends[1])))
    return links


def relations(call: Call, collection: str, id_: str, names: Iterable[str]) -> list[Link]:
    """Addresses of what belongs to a record, each under its own name."""
    return [link(name, f"/{call.version}/{collection}/{id_}/{name}") for name in names]


def self_link(call: Call) -> Link:
    """The address that was asked for."""
    return link("self", address(call.path, call.query))


def address(path: str, query: str) -> str:
    """A path, and its query where there is one."""
    return f"{path}?{query}" if query else path


def link(rel: str, uri: str) -> Link:
    """One address, without a host."""
    return {"rel": rel, "uri": uri}


def _moved(call: Call, cursor: str, id_: str) -> str:
    kept = [part for part in call.query.split("&") if part and part.split("=")[0] not in CURSORS]
    return f"{call.path}?{'&'.join([*kept, f'{cursor}={id_}'])}"


def _limit(call: Call) -> int:
    text = call.parameters.get("limit")
    if text is None:
        return DEFAULT_LIMIT
    if not re.fullmatch("[0-9]+", text) or not (digits := text.lstrip("0")):
        raise ApiError(400, "limit must be a whole number from 1 to 10000.")
    if len(digits) > len(str(MAX_LIMIT)) or int(digits) > MAX_LIMIT:
        raise ApiError(413, "limit is above 10000. Read the list in pages.")
    return int(digits)


def _cursor(call: Call, name: str) -> str | None:
    text = call.parameters.get(name, "").lower()
    if text and not OBJECT_ID.fullmatch(text):
        raise ApiError(400, f"{name} must be an id of 24 hexadecimal digits.")
    return text or None
