"""1,200 requests a minute and token, exactly, on all web processes together."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest

from kinsync.services.access import token_hash
from kinsync.store import tokens
from kinsync.store.database import connect
from kinsync.web.api.strangers import WRONG_A_SECOND, Strangers
from tests.web.lakeside import FIRST_NIGHT, HILLSIDE_TOKEN, LAKESIDE, TOKEN, Application
from tests.web.serving import Running, free_port

LOW = 40
"""A limit that a test reaches soon."""
ANSWERS = {
    "/v3.1/users": 200,
    "/v1.2/contacts?count=true": 200,
    "/oauth/tokeninfo": 200,
    "/v3.1/users?limit=x": 400,
    f"/v3.1/users/{'f' * 24}": 404,
}


def use(owner: psycopg.Connection, token: str, used: int, *, minutes_ago: int = 0) -> None:
    """Say that so many requests were made in this minute, and in the one that may begin soon."""
    now = int(time.time()) // 60 - minutes_ago
    for minute in (now, now + 1):
        owner.execute(
            "INSERT INTO token_minute (token, slot, minute, used) VALUES (%s, %s, %s, %s)",
            (token_hash(token), (minute + minutes_ago) % 60, minute, used),
        )


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_to_a_token_says_what_is_left(app: Application, path: str) -> None:
    before = int(time.time())
    first, second = app.get(path), app.get(path)

    assert first.status_code == ANSWERS[path]
    assert first.headers["x-ratelimit-bucket"] == "bearer"
    assert first.headers["x-ratelimit-limit"] == "1200"
    resets = int(first.headers["x-ratelimit-reset"])
    assert resets % 60 == 0
    assert before < resets <= time.time() + 60
    if second.headers["x-ratelimit-reset"] == first.headers["x-ratelimit-reset"]:
        assert first.headers["x-ratelimit-remaining"] == "1199"
        assert second.headers["x-ratelimit-remaining"] == "1198"


@pytest.mark.parametrize("path", ANSWERS)
def test_one_request_too_many_is_told_when_to_come_back(app: Application, path: str) -> None:
    with connect() as owner:
        use(owner, TOKEN, 1199)

    last, beyond = app.get(path), app.get(path)

    assert last.status_code == ANSWERS[path]
    assert last.headers["x-ratelimit-remaining"] == "0"
    assert beyond.status_code == 429
    assert beyond.headers["x-ratelimit-remaining"] == "0"
    assert 1 <= int(beyond.headers["retry-after"]) <= 60
    keys = {"/v1": ["error"], "/v3": ["message"], "/oa": ["message", "error"]}
    assert list(beyond.json()) == keys[path[:3]]


def test_every_token_has_a_limit_of_its_own(app: Application, hillside_app: Application) -> None:
    with connect() as owner:
        use(owner, TOKEN, 1200)

    assert app.get("/v3.1/users").status_code == 429
    assert hillside_app.get("/v3.1/users").status_code == 200


def test_a_minute_begins_anew_in_the_row_of_an_hour_ago(app: Application) -> None:
    with connect() as owner:
        use(owner, TOKEN, 1200, minutes_ago=60)

    assert app.get("/v3.1/users").headers["x-ratelimit-remaining"] == "1199"


def test_a_wrong_token_is_counted_nowhere(http: httpx.Client) -> None:
    assert Application(http, "0" * 40).get("/v3.1/users").status_code == 401

    with connect() as owner:
        assert owner.execute("SELECT count(*) FROM token_minute").fetchone() == (0,)


def test_in_a_flood_of_wrong_tokens_those_that_were_right_go_on() -> None:
    now = [1000.0]
    strangers = Strangers(clock=lambda: now[0])
    strangers.was_right("known")
    for number in range(WRONG_A_SECOND):
        assert not strangers.must_wait(f"wrong {number}")
        strangers.was_wrong(f"wrong {number}")

    assert strangers.must_wait("another")
    assert not strangers.must_wait("known")

    now[0] += 1
    assert not strangers.must_wait("another")


def test_a_token_that_was_revoked_is_known_no_longer() -> None:
    strangers = Strangers(clock=lambda: 1000.0)
    strangers.was_right("revoked")
    strangers.was_wrong("revoked")
    for number in range(WRONG_A_SECOND):
        strangers.was_wrong(f"wrong {number}")

    assert strangers.must_wait("revoked")


@pytest.fixture
def two(program: Path) -> Iterator[list[httpx.Client]]:
    """Two web processes on one database."""
    servers = [Running(program, free_port(), KINSYNC_RATE_LIMIT=str(LOW)) for _ in range(2)]
    assert [server.line() for server in servers] == ["ready", "ready"]
    clients = [httpx.Client(base_url=f"http://127.0.0.1:{server.port}") for server in servers]
    yield clients
    for client, server in zip(clients, servers, strict=True):
        client.close()
        server.stop()


def test_two_processes_let_no_more_through_than_one(two: list[httpx.Client]) -> None:
    def ask(number: int) -> httpx.Response:
        return Application(two[number % 2], TOKEN).get("/v3.1/users?role=teacher")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(3 * LOW)))

    through = [answer for answer in answers if answer.status_code == 200]
    windows = Counter(answer.headers["x-ratelimit-reset"] for answer in through)
    left = {(a.headers["x-ratelimit-reset"], a.headers["x-ratelimit-remaining"]) for a in through}
    full = {a.headers["x-ratelimit-reset"] for a in answers if a.status_code == 429}
    assert {answer.status_code for answer in answers} == {200, 429}
    assert len(left) == len(through)  # no number was given twice
    assert {windows[window] for window in full} == {LOW}
    assert max(windows.values()) == LOW


def test_a_token_that_is_revoked_is_closed_on_every_process(two: list[httpx.Client]) -> None:
    def statuses(token: str) -> list[int]:
        apps = [Application(http, token) for http in two]
        return [app.get("/v3.1/users?role=teacher").status_code for app in apps]

    assert statuses(TOKEN) == statuses(HILLSIDE_TOKEN) == [200, 200]
    tokens.revoke_tokens(LAKESIDE, at=FIRST_NIGHT)

    assert statuses(TOKEN) == [401, 401]
    assert statuses(HILLSIDE_TOKEN) == [200, 200]
