"""What stands beside the versions: tokens and who they are of. Each path is described here once."""

from collections.abc import Mapping
from typing import Any

from kinsync.web.docs.schemas import Schema, identifier, listed, moment, record, text

LINKS = {"links": listed({"$ref": "#/components/schemas/Link"})}
CLIENT: list[dict[str, list[str]]] = [{"client": []}]
"""Asked with an application's client id and secret, not with a token."""
TOKEN = record(
    {
        "id": identifier("The token's own id."),
        "created": moment("When it was issued."),
        "owner": record({"type": {"const": "district"}, "id": identifier("The district.")}),
        "access_token": text("The token itself."),
        "scopes": listed(text(), "What it may read."),
    }
)
SELF = record({name: text() for name in ("id", "district", "type")})


def _get(says: str, schema: Schema, **more: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    refused = {"$ref": "#/components/schemas/EitherError"}
    answers = {
        "200": {"description": says, "content": content},
        "401": {
            "description": "Not known, or not valid.",
            "content": {"application/json": {"schema": refused}},
        },
    }
    return {"get": {"summary": says, "tags": ["tokens"], "responses": answers, **more}}


BESIDE: Mapping[str, Any] = {
    "/oauth/tokens": _get(
        "The application's token for each district that it is connected to.",
        record({"data": listed(TOKEN), **LINKS}),
        operationId="tokens",
        security=CLIENT,
        parameters=[
            {"name": "owner_type", "in": "query", "schema": {"const": "district"}},
            {"name": "district", "in": "query", "schema": identifier("One district's alone.")},
        ],
    ),
    "/oauth/tokeninfo": _get(
        "Whose token this is, and what it may read.",
        record({"client_id": identifier("The application."), "scopes": listed(text())}),
        operationId="tokeninfo",
    ),
    "/me": _get(
        "Who the token stands for: its district.",
        record({"type": {"const": "district"}, "data": SELF, **LINKS}),
        operationId="me",
    ),
}
"""By path, as path items of OpenAPI."""
ANNOUNCED = record(
    {
        "district": identifier("The district."),
        "application": identifier("The application, by its client id."),
        "connection": text("The tie between the two."),
        "first_event": identifier("The first of the new events."),
        "last_event": identifier("The last of them."),
        "count": {"type": "integer", "minimum": 1, "description": "How many there are."},
        "url": text("Where to read them, in this or in any other version."),
    }
)
SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")
WEBHOOKS: Mapping[str, Any] = {
    "events.available": {
        "post": {
            "summary": "There are new events: a hint, with nothing about a person in it.",
            "tags": ["webhooks"],
            "operationId": "eventsAvailable",
            "parameters": [
                {"name": name, "in": "header", "required": True, "schema": text()}
                for name in SIGNED
            ],
            "requestBody": {
                "content": {
                    "application/json": {
                        "schema": record(
                            {
                                "type": {"const": "events.available"},
                                "timestamp": moment("When the events were written."),
                                "data": ANNOUNCED,
                            }
                        )
                    }
                }
            },
            "responses": {"2XX": {"description": "Taken. Anything else is sent again later."}},
        }
    }
}
"""What is sent to applications, by name, as path items of OpenAPI's ``webhooks``."""
