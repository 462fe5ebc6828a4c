"""An application lists its tokens for its client id and secret, and is told what they are."""

import base64
from typing import Any

import httpx
import pytest

from kinsync.domain.share import Share
from kinsync.store import access, tokens
from kinsync.store.database import connect
from kinsync.store.storage import Storage
from tests.store.publishing import connected
from tests.web.lakeside import FIRST_NIGHT, HILLSIDE, LAKESIDE, LAKESIDE_ID, Application

HILLSIDE_ID = "66b000000000000000000002"
SCOPES = ["read:schools", "read:student_contacts", "read:students", "read:user_id"]


class Client:
    """An application with its id and secret, before it has any token."""

    def __init__(self, http: httpx.Client, client_id: str, secret: str) -> None:
        self.http = http
        self.id = client_id
        self.secret = secret

    def ask(self, query: str = "owner_type=district") -> httpx.Response:
        basic = base64.b64encode(f"{self.id}:{self.secret}".encode()).decode()
        return self.http.get(f"/oauth/tokens?{query}", headers={"authorization": f"Basic {basic}"})

    def listed(self, query: str = "owner_type=district") -> list[dict[str, Any]]:
        answer = self.ask(query)
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        assert isinstance(data, list)
        return data

    def token(self) -> str:
        """Of Lakeside."""
        [one] = self.listed(f"district={LAKESIDE_ID}")
        return str(one["access_token"])

    def status(self, token: str) -> int:
        return Application(self.http, token).get("/v3.1/users").status_code


@pytest.fixture
def client(http: httpx.Client, storage: Storage) -> Client:
    """An application that is connected to both districts."""
    with connect() as owner:  # the districts' own were numbered by hand
        for table in ("application", "connection"):
            owner.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), 100)", (table,))
    application, secret = access.add_application("Reading Room", at=FIRST_NIGHT)
    for district in (LAKESIDE, HILLSIDE):
        connected(district, application.id, storage=storage)
    return Client(http, application.public_id, secret)


@pytest.fixture
def connection_id(client: Client) -> int:
    """Its connection to Lakeside."""
    return access.find_connection(LAKESIDE, access.find_application(client.id).id).id


def test_an_application_lists_its_token_of_each_district(client: Client) -> None:
    answer = client.ask().json()

    assert list(answer) == ["data", "links"]
    assert [one["owner"] for one in answer["data"]] == [
        {"type": "district", "id": LAKESIDE_ID},
        {"type": "district", "id": HILLSIDE_ID},
    ]
    assert answer["links"] == [{"rel": "self", "uri": "/oauth/tokens?owner_type=district"}]
    for one in answer["data"]:
        assert list(one) == ["id", "created", "owner", "access_token", "scopes"]
        assert len(one["id"]) == 24
        assert len(one["access_token"]) == 40
        assert one["created"].endswith("Z")
        assert one["scopes"] == SCOPES
        assert Application(client.http, one["access_token"]).read("/v3.1/users")["data"]


def test_a_token_stays_the_same_however_often_it_is_listed(client: Client) -> None:
    assert client.listed() == client.listed() != []


def test_a_listed_token_is_kept_as_a_hash_alone(client: Client) -> None:
    token = client.token()

    with connect() as owner:
        kept = str(owner.execute("SELECT * FROM token, application, connection").fetchall())
    assert token not in kept
    assert client.secret not in kept


@pytest.mark.parametrize(
    ("query", "owners"),
    [
        (f"district={LAKESIDE_ID}", [LAKESIDE_ID]),
        (f"district={HILLSIDE_ID.upper()}&owner_type=district", [HILLSIDE_ID]),
        ("", [LAKESIDE_ID, HILLSIDE_ID]),
        ("owner_type=user", []),
        (f"district={'f' * 24}", []),
    ],
)
def test_a_query_names_the_districts(client: Client, query: str, owners: list[str]) -> None:
    assert [one["owner"]["id"] for one in client.listed(query)] == owners


@pytest.mark.parametrize("secret", ["0" * 40, "", "x", "é" * 40])
def test_a_wrong_secret_lists_nothing(client: Client, secret: str) -> None:
    answer = Client(client.http, client.id, secret).ask()

    assert answer.status_code == 401
    assert answer.json() == {"message": "Unauthorized", "error": "Unauthorized"}
    assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize("header", ["", "Basic", "Basic !", "Basic YQ", "Bearer " + "a" * 40])
def test_what_is_no_client_id_and_secret_lists_nothing(http: httpx.Client, header: str) -> None:
    assert http.get("/oauth/tokens", headers={"authorization": header}).status_code == 401


def test_an_application_lists_its_own_tokens_alone(client: Client) -> None:
    other, secret = access.add_application("Other", at=FIRST_NIGHT)

    assert Client(client.http, other.public_id, secret).listed() == []
    assert Client(client.http, other.public_id, client.secret).ask().status_code == 401


def test_after_its_tokens_are_revoked_an_application_finds_another(
    client: Client, connection_id: int
) -> None:
    old, issued = client.token(), tokens.issue_token(connection_id, at=FIRST_NIGHT)
    assert tokens.revoke_tokens(connection_id, at=FIRST_NIGHT) == 2

    new = client.token()

    assert [client.status(token) for token in (old, issued, new)] == [401, 401, 200]
    assert new != old


def test_one_token_can_be_revoked_by_its_id(client: Client, connection_id: int) -> None:
    old, issued = client.token(), tokens.issue_token(connection_id, at=FIRST_NIGHT)
    [listed] = client.listed(f"district={LAKESIDE_ID}")

    tokens.revoke_token(connection_id, listed["id"], at=FIRST_NIGHT)

    new = client.token()
    assert [client.status(token) for token in (old, issued, new)] == [401, 200, 200]


def test_a_token_that_was_listed_while_it_was_revoked_opens_nothing(
    client: Client, connection_id: int
) -> None:
    """The process that lists has read the old generation, and keeps its token after the revoke."""
    token = client.token()
    tokens.revoke_tokens(connection_id, at=FIRST_NIGHT)
    with connect() as owner:
        owner.execute("UPDATE token SET revoked_at = NULL")

    assert client.status(token) == 401


def test_a_new_secret_closes_what_followed_from_the_old_one(
    client: Client, connection_id: int
) -> None:
    old, issued = client.token(), tokens.issue_token(connection_id, at=FIRST_NIGHT)
    secret = access.renew_secret(access.find_application(client.id).id, at=FIRST_NIGHT)

    new = Client(client.http, client.id, secret).token()

    assert client.ask().status_code == 401
    assert [client.status(token) for token in (old, issued, new)] == [401, 200, 200]


def test_a_connection_that_ended_is_closed_for_good(
    client: Client, connection_id: int, storage: Storage
) -> None:
    old, issued = client.token(), tokens.issue_token(connection_id, at=FIRST_NIGHT)
    access.end_connection(connection_id, at=FIRST_NIGHT)

    assert [one["owner"]["id"] for one in client.listed()] == [HILLSIDE_ID]
    assert [client.status(token) for token in (old, issued)] == [401, 401]

    application = access.find_application(client.id)
    again = connected(LAKESIDE, application.id, storage=storage)

    assert again.id != connection_id
    assert client.token() != old
    assert [client.status(token) for token in (old, issued)] == [401, 401]


@pytest.mark.parametrize(
    ("share", "scopes"),
    [
        ({"schools": ["SCH-1"], "types": ["Primary"]}, SCOPES),
        ({"types": []}, ["read:schools", "read:students", "read:user_id"]),
        ({"schools": []}, ["read:user_id"]),
    ],
)
def test_scopes_follow_what_is_shared(
    client: Client, storage: Storage, share: dict[str, list[str]], scopes: list[str]
) -> None:
    application = access.find_application(client.id)
    connected(LAKESIDE, application.id, Share.from_json(share), storage=storage)

    [one] = client.listed(f"district={LAKESIDE_ID}")
    info = Application(client.http, one["access_token"]).read("/oauth/tokeninfo")

    assert one["scopes"] == scopes
    assert info == {"client_id": client.id, "scopes": scopes}


@pytest.mark.parametrize("path", ["/oauth/tokeninfo", "/me", "/v1.2/me", "/v3.1/me"])
def test_who_has_no_token_is_nobody(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 401


@pytest.mark.parametrize("version", ["", "/v1.2", "/v2.0", "/v2.1", "/v3.0", "/v3.1"])
def test_a_token_stands_for_its_district(app: Application, version: str) -> None:
    answer = app.read(f"{version}/me")

    its_address = f"{version or '/v3.1'}/districts/{LAKESIDE_ID}"
    assert answer == {
        "type": "district",
        "data": {"id": LAKESIDE_ID, "district": LAKESIDE_ID, "type": "district"},
        "links": [
            {"rel": "self", "uri": f"{version}/me"},
            {"rel": "canonical", "uri": its_address},
            {"rel": "district", "uri": its_address},
        ],
    }


def test_no_code_is_ever_right(client: Client) -> None:
    code = {"code": "abc", "grant_type": "authorization_code", "redirect_uri": "https://x.test"}
    answer = client.http.post("/oauth/tokens", data=code, auth=(client.id, client.secret))
    unknown = client.http.post("/oauth/tokens", data=code)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid grant: invalid code"
    assert unknown.status_code == 401
