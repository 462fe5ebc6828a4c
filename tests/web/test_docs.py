"""``/docs`` is true: its examples are answered so, and every answer fits the document."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from kinsync.store.database import connect
from kinsync.web.api.tables import TABLES
from kinsync.web.docs.document import document
from tests.conventions.pages import DOCS, ROOT, blocks
from tests.web import blankfield, lakeside
from tests.web.examples import examples, keep, kept, publish_sample
from tests.web.lakeside import TOKEN, Application
from tests.web.test_contract import IDS

EVERY_VERSION = pytest.mark.parametrize("version", TABLES)


@cache
def checks(path: str, status: str = "200") -> Draft202012Validator:
    """Checks an answer of a path against the document."""
    answer = document()["paths"][path]["get"]["responses"][status]
    schema = answer["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": document()["components"]})


def problems(path: str, answer: Any, status: str = "200") -> list[str]:
    return [f"{e.json_path}: {e.message}" for e in checks(path, status).iter_errors(answer)]


def test_every_example_is_what_the_sample_district_answers(
    database: None, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    from kinsync.web.wsgi import application

    transport = httpx.WSGITransport(app=application)
    with httpx.Client(transport=transport, base_url="http://kinsync.test") as http:
        found = examples(Application(http, publish_sample(tmp_path)).read)
    if pytestconfig.getoption("--renew-examples"):
        keep(found)

    assert kept() == found, "run: pytest tests/web/test_docs.py --renew-examples"


def test_every_address_that_holds_something_has_an_example() -> None:
    held = {
        f"/{v}/{one.path}"
        for v, table in TABLES.items()
        for one in table
        if one.is_held and one.kind != "Event"
    }

    assert set(kept()) == held


def test_what_the_pages_show_of_the_api_is_an_example() -> None:
    answers = {one["asked"]: one["answer"] for one in kept().values()}
    answers |= {path: one["answer"] for path, one in kept().items() if "{id}" in path}
    shown = [
        block
        for page in (ROOT / "README.md", DOCS / "api.md")
        for block in blocks(page.read_text("utf-8"))
        if block.language == "json" and block.title.startswith("/v")
    ]

    assert len(shown) == 3
    for block in shown:
        assert json.loads(block.text) == answers[block.title]


def test_every_example_fits_the_document() -> None:
    assert {path: problems(path, one["answer"]) for path, one in kept().items()} == {
        path: [] for path in kept()
    }


@EVERY_VERSION
@pytest.mark.parametrize("district", ["lakeside", "blankfield"])
def test_every_answer_fits_the_document(http: httpx.Client, version: str, district: str) -> None:
    with connect() as owner:
        blankfield.add_blankfield(owner)
    token = TOKEN if district == "lakeside" else blankfield.BLANKFIELD_TOKEN
    app, known = Application(http, token), IDS[district]

    for endpoint in TABLES[version]:
        collection = endpoint.path.split("/")[0]
        ids = known.get(f"{version}/{collection}", known.get(collection, []))
        for id_ in [*ids, "f" * 24]:
            path = f"/{version}/{endpoint.path}"
            answer = app.get(path.replace("{id}", id_))
            assert problems(path, answer.json(), str(answer.status_code)) == [], answer.url


@EVERY_VERSION
def test_counts_and_errors_fit_the_document(app: Application, version: str) -> None:
    for endpoint in TABLES[version]:
        if "count" in endpoint.parameters and "{" not in endpoint.path:
            path = f"/{version}/{endpoint.path}"
            assert problems(path, app.read(f"{path}?count=true")) == []
        if "limit" in endpoint.parameters and "{" not in endpoint.path:
            assert problems(path, app.get(f"{path}?limit=x").json(), "400") == []
            assert problems(path, app.get(f"{path}?limit=10001").json(), "413") == []


@pytest.mark.parametrize("path", ["/me", "/oauth/tokeninfo"])
def test_what_stands_beside_the_versions_fits_the_document(app: Application, path: str) -> None:
    assert problems(path, app.read(path)) == []
    assert problems(path, app.http.get(path).json(), "401") == []


def test_a_word_or_field_that_is_not_described_would_be_found() -> None:
    path = "/v2.1/contacts/{id}"
    answer = {**kept()[path]["answer"]}

    assert problems(path, {**answer, "data": {**answer["data"], "type": "Warden"}}) != []
    assert problems(path, {**answer, "data": {**answer["data"], "shoe_size": "9"}}) != []


def test_the_document_is_served_and_is_openapi(http: httpx.Client) -> None:
    answer = http.get("/docs/openapi.json")

    assert answer.json() == document()
    assert answer.json()["openapi"] == "3.1.0"
    assert answer.headers["content-type"].startswith("application/json")
    names = [one["get"]["operationId"] for one in document()["paths"].values() if "get" in one]
    assert len(names) == len(set(names))
    for reference in set(re.findall(r"#/components/schemas/([\w.]+)", answer.text)):
        assert reference in document()["components"]["schemas"]


@EVERY_VERSION
def test_a_page_shows_every_address_of_its_version_and_fetches_nothing_from_elsewhere(
    http: httpx.Client, version: str
) -> None:
    answer = http.get(f"/docs/{version}")

    shown = answer.text
    assert [one.path for one in TABLES[version] if f"/{version}/{one.path}<" not in shown] == []
    assert "<script" not in shown
    assert " style=" not in shown
    assert re.findall(r'(?:src|href)="(?:https?:)?//', shown) == []
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_newest_version_is_shown_first(http: httpx.Client) -> None:
    assert http.get("/docs").text == http.get("/docs/v3.1").text
    assert http.get("/docs/style.css").headers["content-type"].startswith("text/css")
    assert http.get("/docs/v9.9").status_code == 404


def test_every_link_within_a_page_leads_somewhere(http: httpx.Client) -> None:
    shown = http.get("/docs").text

    anchors = set(re.findall(r'id="([^"]+)"', shown))
    assert set(re.findall(r'href="#([^"]+)"', shown)) <= anchors
    for path in re.findall(r'href="(/[^"]+)"', shown):
        assert http.get(path).status_code == 200, path


def test_nothing_of_a_real_district_is_shown(http: httpx.Client) -> None:
    shown = http.get("/docs").text

    assert lakeside.RUKMINI not in shown
    assert "Salvatore" not in shown
