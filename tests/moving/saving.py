"""What an application saved of the service that a district leaves: here another home of Kinsync."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx

from kinsync.domain.changes import Snapshot
from kinsync.store import access, models, tokens
from kinsync.store.database import connect
from tests.services.office import MORNING, Office
from tests.store.publishing import connected


def move_out() -> None:
    """Leave the home: from here on it is another one, with a clock that goes on."""
    with connect(autocommit=True) as owner:
        names = owner.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename NOT LIKE 'django%' AND tablename <> 'id_clock'"
        ).fetchall()
        tables = ", ".join(name for (name,) in names)
        owner.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE".encode())


def token_of(office: Office, name: str = "Reader") -> str:
    """A token of a new application that is connected to the district."""
    application, _secret = access.add_application(name, at=MORNING)
    connection = connected(office.id, application.id)
    return tokens.issue_token(connection.id, at=MORNING)


def has_token(name: str) -> bool:
    return bool(models.Token.objects.filter(connection__application__name=name))


class Reader:
    """An application that follows ``next`` from page to page."""

    def __init__(self, http: httpx.Client, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> dict[str, Any]:
        answer = self._http.get(path, headers=self._headers)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return dict(answer.json())

    def pages(self, path: str) -> list[dict[str, Any]]:
        found = []
        while path:
            found.append(self.get(path))
            links = {link["rel"]: link["uri"] for link in found[-1]["links"]}
            path = links.get("next", "")
        return found

    def records(self, path: str) -> list[dict[str, Any]]:
        return [item["data"] for page in self.pages(path) for item in page["data"]]


def school_page(snapshot: Snapshot) -> dict[str, Any]:
    """Schools as every version lists them."""
    rows = snapshot.frames["school"].iter_rows(named=True)
    return page("v3.0/schools", ({"id": row["id"], "sis_id": row["sis_id"]} for row in rows))


def v2_page(snapshot: Snapshot) -> dict[str, Any]:
    """Contacts as v2.x lists them: one record for a person, under the v2 id."""
    ties: dict[str, list[dict[str, Any]]] = {}
    for tie in snapshot.frames["relationship"].iter_rows(named=True):
        ties.setdefault(tie["contact_id"], []).append(tie)
    return page(
        "v2.1/contacts",
        (
            {
                "id": row["legacy_id"],
                "name": row["name"],
                "phone": row["phone"] or "",
                "phone_type": row["phone_type"] or "",
                "email": row["email"] or "",
                "sis_id": row["sis_id"] or "",
                "students": [tie["student_id"] for tie in ties[row["id"]]],
                "type": ties[row["id"]][0]["type"] or "",
                "relationship": ties[row["id"]][0]["relationship"] or "",
            }
            for row in snapshot.frames["contact"].iter_rows(named=True)
        ),
    )


def page(path: str, records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "data": [{"data": record, "uri": f"/{path}/{record['id']}"} for record in records],
        "links": [{"rel": "self", "uri": f"/{path}"}],
    }


def save(path: Path, *documents: object) -> Path:
    """JSON as an application writes it down, one document a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(document) + "\n" for document in documents), "utf-8")
    return path
