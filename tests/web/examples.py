"""The examples of the description, asked anew of the sample district.

``pytest tests/web/test_docs.py --renew-examples`` writes what is answered now. Ids
are told as if they had been the first that were given, one morning: the same sample gives the same
examples.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from kinsync.services import share
from kinsync.services.delivery import open_delivery
from kinsync.services.sync import Tools, sync_delivery
from kinsync.store import access, records, tokens
from kinsync.store.storage import Storage
from kinsync.web.api.table import Endpoint
from kinsync.web.api.tables import TABLES

MORNING = datetime(2026, 1, 5, 8, tzinfo=UTC)
SECOND = f"{int(MORNING.timestamp()):08x}"
_ID = re.compile(r"\b[0-9a-f]{8}([0-9a-f]{16})\b")
FAMILY = "P900001"
"""The SIS id of the contact that the examples are about."""
SAMPLE = Path(__file__).parents[2] / "samples" / "students.csv"

Read = Callable[[str], Any]
"""The JSON of an address."""


def publish_sample(home: Path) -> str:
    """The sample district, published, and a token that reads it."""
    district = records.add_district("Lakeside Unified", at=MORNING)
    tools = Tools(storage=Storage(home), now=lambda: MORNING)
    sync_delivery(district, open_delivery(SAMPLE), tools)
    reader, _ = access.add_application("Family Messenger", at=MORNING)
    share.connect(district, reader, share.Limits(), tools)
    connection = access.find_connection(district.id, reader.id)
    return tokens.issue_token(connection.id, at=MORNING)


def examples(read: Read) -> dict[str, dict[str, Any]]:
    """One example for each address where something is held: what is asked, what is answered."""
    found = {}
    for version, table in TABLES.items():
        ids = _ids(read, version)
        for endpoint in table:
            if endpoint.is_held and endpoint.kind != "Event":  # what happened is not the same twice
                asked = _asked(version, endpoint, ids)
                found[f"/{version}/{endpoint.path}"] = {"asked": asked, "answer": read(asked)}
    told: dict[str, dict[str, Any]] = _as_of_morning(found, ids["districts"])
    return told


def _ids(read: Read, version: str) -> dict[str, str]:
    """The family's own ids, by collection."""
    [person] = [
        item["data"]
        for item in read("/v3.1/users?role=contact&limit=10000")["data"]
        if item["data"]["roles"]["contact"]["sis_id"] == FAMILY
    ]
    role = person["roles"]["contact"]
    student = role["student_relationships"][0]["student"]
    school = read(f"/v3.1/users/{student}/schools")["data"][0]["data"]["id"]
    ids = {"users": person["id"], "students": student, "schools": school, "v3 student": student}
    if version == "v1.2":
        theirs = read(f"/v1.2/students/{student}/contacts")["data"]
        [ids["contacts"]] = [one["id"] for one in theirs if one["sis_id"] == FAMILY]
    else:
        ids["contacts"] = role["legacy_id"]
    return {**ids, "districts": person["district"]}


def _asked(version: str, endpoint: Endpoint, ids: dict[str, str]) -> str:
    collection = endpoint.path.split("/")[0]
    is_of_student = endpoint.path in ("users/{id}/mycontacts", "users/{id}/schools")
    id_ = ids["v3 student" if is_of_student else collection]
    queries = ["role=contact"] if endpoint.path == "users" else []
    queries += ["limit=1"] if "limit" in endpoint.parameters else []
    path = f"/{version}/{endpoint.path.replace('{id}', id_)}"
    return path + ("?" + "&".join(queries) if queries else "")


def _as_of_morning(value: Any, first: str) -> Any:
    """The same with ids as if the first of all had been the district's, and given that morning."""
    before = int(first[8:], 16) - 1

    def told(found: re.Match[str]) -> str:
        return f"{SECOND}{int(found[1], 16) - before:016x}"

    return json.loads(_ID.sub(told, json.dumps(value)))


def kept() -> dict[str, dict[str, Any]]:
    """The examples as the description shows them."""
    text = resources.files("kinsync.web.docs").joinpath("examples.json").read_text("utf-8")
    read: dict[str, dict[str, Any]] = json.loads(text)
    return read


def keep(found: dict[str, dict[str, Any]]) -> None:
    """Write them into the description."""
    path = Path(str(resources.files("kinsync.web.docs").joinpath("examples.json")))
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
