"""One POST to an address that somebody else chose, against real servers on loopback."""

import ipaddress
import socket
import ssl
from collections.abc import Iterator

import pytest

from kinsync.domain.errors import ChangeInput
from kinsync.domain.webhooks import Answer
from kinsync.transport.post import Poster, read_target, resolve
from tests.receivers import NAME, Receiver, dripping, receiver

HERE = (ipaddress.ip_address("127.0.0.1"),)
LONG = 30.0
LONG_BODY = 64_000_000
"""More than any buffer between the two holds."""


@pytest.fixture
def application() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def post(told: Receiver, *, seconds: float = LONG) -> Answer:
    return Poster(told.trust)(read_target(told.url), HERE, {}, b"{}", seconds=seconds)


def test_the_connection_goes_to_the_checked_address_under_the_name_of_the_url(
    application: Receiver,
) -> None:
    answer = post(application)

    assert answer == Answer(204, "HTTP 204 No Content")
    (arrived,) = application.arrived
    assert arrived.path == "/kinsync?for=lakeside"
    assert arrived.headers["host"] == f"{NAME}:{application.port}"
    assert arrived.sni == NAME
    assert arrived.body == b"{}"


def test_a_certificate_of_another_name_is_refused() -> None:
    with receiver("elsewhere.example.org") as told:
        answer = post(told)

        assert answer.status is None
        assert answer.reason.startswith("the certificate was refused: Hostname mismatch")
        assert told.arrived == []


def test_a_certificate_of_an_unknown_authority_is_refused(application: Receiver) -> None:
    target = read_target(application.url)

    answer = Poster(ssl.create_default_context())(target, HERE, {}, b"{}", seconds=LONG)

    assert answer.status is None
    assert answer.reason.startswith("the certificate was refused")
    assert application.arrived == []


def test_the_certificate_of_an_address_is_checked_against_the_address() -> None:
    with receiver("127.0.0.1") as told:
        target = read_target(f"https://127.0.0.1:{told.port}/")

        assert Poster(told.trust)(target, HERE, {}, b"{}", seconds=LONG).status == 204


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(application: Receiver, status: int) -> None:
    application.status = status
    application.headers = {"Location": application.url}

    answer = post(application)

    assert answer.status == status
    assert answer.reason.endswith("and redirects are not followed")
    assert len(application.arrived) == 1


def test_no_proxy_is_taken_from_the_environment(
    application: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert post(application).status == 204


def test_the_wish_to_be_left_alone_comes_back_with_the_answer(application: Receiver) -> None:
    application.status = 429
    application.headers = {"Retry-After": "120"}

    assert post(application) == Answer(429, "HTTP 429 Too Many Requests", "120")


def test_a_long_answer_is_not_read_to_its_end() -> None:
    with receiver() as told:
        told.status, told.body = 200, b"x" * LONG_BODY
        answer = post(told)

    assert answer == Answer(200, "HTTP 200 OK")
    assert told.hung_up == [True]


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: "],
)
def test_a_server_that_drips_its_answer_runs_into_the_total_time(start: bytes) -> None:
    with dripping(start) as port:
        target = read_target(f"http://{NAME}:{port}/")
        answer = Poster()(target, HERE, {}, b"{}", seconds=0.5)

    assert answer.status is None
    assert answer.reason in ("no answer within 0 seconds", "the answer was not HTTP")


def test_a_server_that_drips_what_follows_its_status_has_answered() -> None:
    with dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n") as port:
        target = read_target(f"http://{NAME}:{port}/")
        answer = Poster()(target, HERE, {}, b"{}", seconds=0.5)

    assert answer == Answer(200, "HTTP 200 OK")


def test_a_server_that_never_greets_runs_into_the_total_time() -> None:
    with dripping() as port:
        target = read_target(f"https://{NAME}:{port}/")
        answer = Poster(ssl.create_default_context())(target, HERE, {}, b"{}", seconds=0.5)

    assert answer.status is None


def test_an_address_where_nobody_listens_gives_way_to_the_next_one(application: Receiver) -> None:
    elsewhere = ipaddress.ip_address("127.0.0.99")

    answer = Poster(application.trust)(
        read_target(application.url), (elsewhere, *HERE), {}, b"{}", seconds=LONG
    )

    assert answer.status == 204


def test_where_nobody_listens_the_reason_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    answer = Poster()(read_target(f"https://{NAME}:{port}/"), HERE, {}, b"{}", seconds=LONG)

    assert answer == Answer(None, "the connection was refused")


def test_time_that_is_over_is_no_attempt(application: Receiver) -> None:
    answer = post(application, seconds=-1)

    assert answer.status is None
    assert application.arrived == []


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://hooks.example.org/", "https://"),
        ("//hooks.example.org/", "https://"),
        ("hooks.example.org", "https://"),
        ("https://user@hooks.example.org/", "user or password"),
        ("https://user:secret@hooks.example.org/", "user or password"),
        ("https://:@hooks.example.org/", "user or password"),
        ("https://hooks.example.org/#part", "after '#'"),
        ("https://hooks.example.org/#", "after '#'"),
        ("https:///path", "host name"),
        ("https://hooks..example.org/", "host name"),
        ("https://-hooks.example.org/", "host name"),
        ("https://hooks.example.org\\@127.0.0.1/", "user or password"),
        ("https://[fe80::1%25eth0]/", "host name"),
        ("https://hooks.example.org:22/", "Port 22"),
        ("https://hooks.example.org:0/", "Port 0"),
        ("https://hooks.example.org:99999/", "no URL"),
        ("https://[hooks/", "no URL"),
        ("https://hööks.example.org/", "ASCII"),
        ("https://hooks.example.org/a b", "ASCII"),
        ("https://hooks.example.org/\r\nHost: x", "ASCII"),
        ("https://hooks.example.org/" + "x" * 2000, "2000"),
    ],
)
def test_an_address_that_may_not_be_called_is_refused_with_the_reason(url: str, why: str) -> None:
    with pytest.raises(ChangeInput, match=why):
        read_target(url)


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("https://Hooks.Example.org", "hooks.example.org", "/"),
        ("https://hooks.example.org:443/a?b=c", "hooks.example.org", "/a?b=c"),
        ("https://hooks.example.org:8443/a", "hooks.example.org:8443", "/a"),
        ("https://xn--hks-sna.example.org/", "xn--hks-sna.example.org", "/"),
        ("https://[2606:4700::1111]:8443/", "[2606:4700::1111]:8443", "/"),
    ],
)
def test_an_address_is_read_into_its_parts(url: str, authority: str, path: str) -> None:
    target = read_target(url)

    assert (target.authority, target.path) == (authority, path)


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1"])
def test_however_an_address_is_written_it_resolves_to_what_is_then_checked(host: str) -> None:
    assert resolve(host) == ("127.0.0.1",)


def test_a_name_that_leads_nowhere_is_an_error_of_the_system() -> None:
    with pytest.raises(OSError):
        resolve("nowhere.invalid")
