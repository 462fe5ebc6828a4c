"""An application that keeps a store of its own by the feed of events, and nothing else."""

from collections.abc import Iterator
from typing import Any

from tests.web.lakeside import Application

COLLECTIONS = {
    "v1.2": {"contacts": "studentcontacts", "students": "students", "schools": "schools"},
    "v2.0": {"contacts": "contacts", "students": "students", "schools": "schools"},
    "v2.1": {"contacts": "contacts", "students": "students", "schools": "schools"},
    "v3.0": {"users": "users", "schools": "schools"},
    "v3.1": {"users": "users", "schools": "schools"},
}
"""By version, the lists, and by what name the feed tells of each."""

Store = dict[tuple[str, str], dict[str, Any]]


def every(app: Application, path: str) -> Iterator[dict[str, Any]]:
    """The records of all pages of a list, by its links."""
    while path:
        answer = app.read(path)
        yield from (item["data"] for item in answer["data"])
        path = next((link["uri"] for link in answer["links"] if link["rel"] == "next"), "")


def listed(app: Application, version: str) -> Store:
    """What the lists give now."""
    return {
        (name, record["id"]): record
        for path, name in COLLECTIONS[version].items()
        for record in every(app, f"/{version}/{path}?limit=3")
    }


def replayed(app: Application, version: str, store: Store | None = None, after: str = "") -> Store:
    """A store after every event since ``after``, each of which must fit what the store has."""
    kept = dict(store or {})
    cursor = f"&starting_after={after}" if after else ""
    for event in every(app, f"/{version}/events?limit=4{cursor}"):
        name, act = event["type"].split(".")
        record = event["data"]["object"]
        key = name, record["id"]
        if set(record) == {"id", "district"}:  # withheld since: nothing else is told of them
            kept.pop(key, None)
            continue
        assert (key in kept) == (act != "created"), event["type"]
        if act == "updated":
            back = put_back(record, event["data"]["previous_attributes"])
            assert back == served(kept[key], back), event
            assert event["previous_attributes"] == event["data"]["previous_attributes"]
        if act == "deleted":
            assert kept.pop(key) == record
        else:
            kept[key] = record
    return kept


def put_back(now: dict[str, Any], previous: dict[str, Any]) -> dict[str, Any]:
    """What a record was before an update, by what the event says of it."""
    back = {name: value for name, value in now.items() if name != "last_modified"}
    for name, value in previous.items():
        is_part = isinstance(value, dict) and isinstance(now.get(name), dict)
        back[name] = put_back(now[name], value) if is_part else value
    return back


def served(before: Any, like: Any) -> Any:
    """Of what was kept, the fields that are served still; one that was not served is blank."""
    if isinstance(like, dict):
        return {name: served((before or {}).get(name, ""), like[name]) for name in like}
    if isinstance(like, list) and len(before) == len(like):
        return [served(old, new) for old, new in zip(before, like, strict=True)]
    return before
