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
WEBHOOKS: Mapping[str, Any] = {}
"""What is sent to applications, by name, as path items of OpenAPI's ``webhooks``."""
