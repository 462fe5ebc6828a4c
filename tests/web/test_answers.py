"""What every endpoint has in common: tokens, errors, headers, pages."""

import httpx
import pytest

from kinsync.store.database import connect
from tests.web.lakeside import (
    LEDA,
    REVOKED_TOKEN,
    RUKMINI,
    RUKMINI_LEDA,
    TOKEN,
    Application,
    add_district,
)

ENDPOINTS = (
    "/v1.2/contacts",
    f"/v1.2/contacts/{RUKMINI_LEDA}",
    "/v1.2/students",
    f"/v1.2/students/{LEDA}",
    f"/v1.2/students/{LEDA}/contacts",
    "/v3.0/users?role=contact",
    "/v3.1/users",
    f"/v3.1/users/{RUKMINI}",
    f"/v3.1/users/{LEDA}/mycontacts",
    f"/v3.1/users/{RUKMINI}/mystudents",
)


@pytest.mark.parametrize("path", ENDPOINTS)
def test_every_answer_has_the_headers_that_clients_see(app: Application, path: str) -> None:
    answer = app.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "GET,PATCH,POST,DELETE"
    assert answer.headers["x-request-id"] != app.get(path).headers["x-request-id"]


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("header", [None, "Bearer", f"Bearer {REVOKED_TOKEN}", f"Basic {TOKEN}"])
def test_without_a_valid_token_nothing_is_served(
    http: httpx.Client, path: str, header: str | None
) -> None:
    answer = http.get(path, headers={"authorization": header} if header else {})

    assert answer.status_code == 401
    assert list(answer.json()) == (["error"] if path.startswith("/v1") else ["message"])


def test_the_scheme_of_a_token_is_read_in_any_case(http: httpx.Client) -> None:
    answer = http.get("/v3.1/users", headers={"authorization": f"bearer {TOKEN}"})

    assert answer.status_code == 200


@pytest.mark.parametrize("path", ENDPOINTS)
def test_paths_are_matched_in_any_case_and_with_a_slash_behind(app: Application, path: str) -> None:
    bare, _, query = path.partition("?")
    written = bare.upper() + "/" + ("?" + query if query else "")

    assert app.read(written)["data"] == app.read(path)["data"]


@pytest.mark.parametrize("path", [path for path in ENDPOINTS if path.count("/") > 2])
@pytest.mark.parametrize("id_", ["f" * 24, "not-an-id", "66b0", "%00", "66b0000000000000000003c0"])
def test_what_is_not_there_is_404_in_the_versions_words(
    app: Application, path: str, id_: str
) -> None:
    parts = path.split("/")
    answer = app.get("/".join([*parts[:3], id_, *parts[4:]]))

    assert answer.status_code == 404
    assert answer.json() == (
        {"error": "Resource not found", "code": 91, "data": {}}
        if path.startswith("/v1")
        else {"message": "Resource not found"}
    )


@pytest.mark.parametrize("path", ["/v3.1/contacts", "/v1.2/users", "/v2.7/contacts", "/x", "/a<b>"])
def test_a_path_that_is_no_part_of_the_api_is_html(app: Application, path: str) -> None:
    answer = app.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert (
        answer.text.strip()
        == f"<pre>Cannot GET {path.replace('<', '&lt;').replace('>', '&gt;')}</pre>"
    )


@pytest.mark.parametrize("limit", ["0", "-1", "x", "", "1.5", "٣", "1e3", "00"])
def test_a_limit_that_is_no_whole_number_is_refused(app: Application, limit: str) -> None:
    for path in ("/v3.1/users", "/v1.2/contacts", f"/v1.2/students/{LEDA}/contacts"):
        assert app.get(f"{path}?limit={limit}").status_code == 400


def test_a_limit_above_ten_thousand_is_too_large(app: Application) -> None:
    assert app.get("/v3.1/users?limit=10000").status_code == 200
    assert app.get("/v3.1/users?limit=10001").status_code == 413
    assert app.get(f"/v3.1/users?limit={'9' * 6000}").status_code == 413
    assert app.get("/v3.1/users?role=teacher&limit=10001").status_code == 413


@pytest.mark.parametrize("query", ["starting_after=x", "ending_before=1", "starting_after=%00"])
def test_a_cursor_that_is_no_id_is_refused(app: Application, query: str) -> None:
    assert app.get(f"/v3.1/users?{query}").status_code == 400


def test_two_cursors_at_once_are_refused(app: Application) -> None:
    query = f"starting_after={LEDA}&ending_before={RUKMINI}"

    assert app.get(f"/v3.1/users?{query}").status_code == 400


def test_links_keep_the_query_and_move_the_cursor(app: Application) -> None:
    answer = app.read(f"/v1.2/contacts?x=%20a&limit=1&starting_after={RUKMINI_LEDA}&y=")

    assert [link["rel"] for link in answer["links"]] == ["self", "prev", "next"]
    found = answer["data"][0]["data"]["id"]
    assert answer["links"][1]["uri"] == f"/v1.2/contacts?x=%20a&limit=1&y=&ending_before={found}"
    assert answer["links"][2]["uri"] == f"/v1.2/contacts?x=%20a&limit=1&y=&starting_after={found}"


def test_behind_either_end_there_is_an_empty_page(app: Application) -> None:
    assert app.read(f"/v3.1/users?starting_after={'f' * 24}")["data"] == []
    assert app.read(f"/v3.1/users?ending_before={'0' * 24}")["data"] == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_only_reading_is_supported(http: httpx.Client, method: str) -> None:
    answer = http.request(method, "/v3.1/users")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.json() == {"message": "Only GET is supported"}


def test_a_browser_may_ask_first(http: httpx.Client) -> None:
    answer = http.options("/v3.1/users")

    assert answer.status_code == 204
    assert "Authorization" in answer.headers["access-control-allow-headers"]


def test_a_district_before_its_first_version_is_empty(http: httpx.Client) -> None:
    with connect() as owner:
        add_district(owner, 3, "Newfield", "d" * 40, versions=0)
    app = Application(http, "d" * 40)

    assert app.read("/v3.1/users")["data"] == []
    assert app.read("/v1.2/contacts")["paging"] == {"current": 1, "total": 1, "count": 0}


@pytest.mark.parametrize("path", ["/v3.1/users?limit=1", "/v1.2/contacts?limit=1", "/docs"])
def test_headers_that_a_proxy_or_somebody_else_adds_change_nothing(
    app: Application, path: str
) -> None:
    forged = {
        "host": "elsewhere.example.com",
        "forwarded": "for=10.0.0.1;host=elsewhere.example.com;proto=https",
        "x-forwarded-for": "10.0.0.1",
        "x-forwarded-host": "elsewhere.example.com",
        "x-forwarded-proto": "https",
    }

    answer = app.http.get(path, headers={**app.headers, **forged})

    assert answer.status_code == 200
    assert answer.content == app.get(path).content
    assert b"elsewhere" not in answer.content
