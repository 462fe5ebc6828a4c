"""HTTP to a SIS: what is asked, of whom, and how it is told who we are."""

import socket
import ssl
import threading
from dataclasses import replace

import pytest
import trustme

from kinsync.domain.errors import ChangeInput, SourceRefusal
from kinsync.simulators.serving import Fault, Reply, Request, Serving
from kinsync.transport.addresses import is_never
from kinsync.transport.http import Http, Limits, read_base
from kinsync.transport.network import Network, ThreadClock
from kinsync.transport.signing import Basic, ClientCredentials, HeaderKey, OAuth1, Unsigned
from tests.transport.lists import CLIENT, SECRET, Lists

QUICK = Limits(tries=2, first_wait_seconds=0.001, silent_seconds=5, answer_seconds=5)


def asking(serving: Serving, auth: object = None, **limits: object) -> Http:
    chosen = replace(QUICK, **limits)  # type: ignore[arg-type]
    signer = Unsigned() if auth is None else auth
    return Http(serving.address, signer, who="Lists", limits=chosen)  # type: ignore[arg-type]


# -- who we are ----------------------------------------------------------------------------------


def test_a_key_stands_in_its_header() -> None:
    with Serving(Lists()) as serving, asking(serving, HeaderKey("X-Cert", "Abc")) as http:
        assert http.get("echo").data["headers"]["x-cert"] == "Abc"


def test_name_and_password_stand_in_every_request() -> None:
    with Serving(Lists()) as serving, asking(serving, Basic("ana", "pässword")) as http:
        told = http.get("echo").data["headers"]["authorization"]

    assert told == "Basic YW5hOnDDpHNzd29yZA=="


@pytest.mark.parametrize("method", OAuth1.METHODS)
def test_signatures_of_oauth_1_are_right_with_their_query(method: str) -> None:
    auth = OAuth1(CLIENT, SECRET, method=method)
    with Serving(Lists()) as serving, asking(serving, auth) as http:
        answer = http.get("signed", {"filter": "role='guardian' AND x", "limit": "10"})

    assert answer.data == {"method": method}


def test_a_wrong_signature_is_refused_by_the_same_server() -> None:
    with (
        Serving(Lists()) as serving,
        asking(serving, OAuth1(CLIENT, "another")) as http,
        pytest.raises(SourceRefusal, match="credentials"),
    ):
        http.get("signed", {"limit": "10"})


def credentials(serving: Serving, secret: str = SECRET) -> ClientCredentials:
    return ClientCredentials(f"{serving.address}/token", CLIENT, secret)


def test_one_token_serves_many_requests() -> None:
    lists = Lists()
    with Serving(lists) as serving, asking(serving, credentials(serving)) as http:
        list(http.each(range(6), lambda _: http.get("echo")))

    assert len(lists.tokens) == 1


@pytest.mark.parametrize("seconds", ["3600", 3600, None])
def test_how_long_a_token_lives_may_be_said_in_any_way(seconds: object) -> None:
    lists = Lists(token_seconds=seconds)
    with Serving(lists) as serving, asking(serving, credentials(serving)) as http:
        http.get("echo")
        http.get("echo")

    assert len(lists.tokens) == 1


def test_a_token_is_renewed_before_it_ends() -> None:
    lists = Lists(token_seconds=0)
    with Serving(lists) as serving, asking(serving, credentials(serving)) as http:
        http.get("echo")
        http.get("echo")

    assert len(lists.tokens) == 2


def test_a_token_that_ends_early_is_fetched_anew_and_the_request_repeated() -> None:
    lists = Lists()
    with Serving(lists) as serving, asking(serving, credentials(serving)) as http:
        http.get("echo")
        lists.tokens.append("the server forgot the other")

        assert http.get("echo").data


def test_a_wrong_secret_is_said_to_be_one_and_is_not_in_the_message() -> None:
    with (
        Serving(Lists()) as serving,
        asking(serving, credentials(serving, "wr0ng")) as http,
        pytest.raises(SourceRefusal, match="credentials at the request for a token") as told,
    ):
        http.get("echo")

    assert "wr0ng" not in str(told.value)


def test_a_token_server_that_is_away_is_asked_again() -> None:
    with Serving(Lists()) as serving, asking(serving, credentials(serving)) as http:
        serving.fail(Fault.STATUS, "token", status=503)

        assert http.get("echo").data


# -- whom we ask ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["http://sis.example.org/api", "ftp://sis.example.org", "sis.example.org", "https://", "",
     "https://ana:secret@sis.example.org", "https://sis.example.org/?key=1"],
)  # fmt: skip
def test_an_address_that_is_not_safe_is_refused(address: str) -> None:
    with pytest.raises(ChangeInput):
        read_base(address)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_plain_http_is_for_this_machine(host: str) -> None:
    assert read_base(f"http://{host}:81/x/") == f"http://{host}:81/x/"


@pytest.mark.parametrize("address", ["169.254.169.254", "168.63.129.16", "fe80::1", "0.0.0.0"])
def test_what_clouds_keep_for_themselves_is_never_asked(address: str) -> None:
    assert is_never(address)


@pytest.mark.parametrize(
    "address", ["10.20.0.5", "192.168.1.9", "172.16.4.4", "fd12::5", "8.8.8.8"]
)
def test_a_system_may_stand_on_the_districts_own_network(address: str) -> None:
    assert not is_never(address)


def test_a_connection_to_such_an_address_is_ended_before_anything_is_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        clock = ThreadClock()
        clock.start(5)
        with pytest.raises(SourceRefusal, match="no system of a district"):
            Network(clock, is_never=lambda _address: True).connect_tcp("127.0.0.1", port)


def test_a_certificate_that_nobody_vouches_for_is_refused_and_said_to_be() -> None:
    authority = trustme.CA()
    with (
        tls_server(authority) as port,
        Http(f"https://localhost:{port}/", Unsigned(), who="SIS", limits=QUICK) as http,
        pytest.raises(SourceRefusal, match="certificate by which SIS proves who it is"),
    ):
        http.get("echo")


def test_a_district_may_have_an_authority_of_its_own() -> None:
    authority = trustme.CA()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    with tls_server(authority) as port:
        base = f"https://localhost:{port}/"
        with Http(base, Unsigned(), who="SIS", limits=QUICK, trust=trust) as http:
            assert http.get("echo").data == {"ok": True}


class tls_server:  # noqa: N801 - used as a function
    """One answer over TLS."""

    def __init__(self, authority: trustme.CA) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(self._context)

    def __enter__(self) -> int:
        self._socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return int(self._socket.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            try:
                with self._context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(65536)
                    secure.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n"
                        b'{"ok":true}'
                    )
            except OSError:
                connection.close()


def test_a_redirect_within_the_host_is_followed() -> None:
    with Serving(Lists()) as serving, asking(serving) as http:
        serving.fail(Fault.REDIRECT, "old", value="/echo")

        assert "headers" in http.get("old").data


def test_a_redirect_in_a_circle_ends() -> None:
    with Serving(Lists()) as serving, asking(serving) as http:
        serving.fail(Fault.REDIRECT, "old", value="/old", times=100)
        with pytest.raises(SourceRefusal, match="circle"):
            http.get("old")


def test_parts_of_a_path_cannot_change_it() -> None:
    lists = Lists()
    with Serving(lists) as serving, asking(serving) as http, pytest.raises(SourceRefusal):
        http.get("schools/{school}/students", parts={"school": "../../token?x=1#"})

    assert lists.asked[-1].url.endswith("/schools/..%2F..%2Ftoken%3Fx%3D1%23/students")


# -- how much, and for how long ------------------------------------------------------------------


class Large(Lists):
    """An answer that is small on its way and large unpacked."""

    def answer(self, request: Request) -> Reply:
        return Reply("[" + "0," * 3_000_000 + "0]")


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    with (
        Serving(Large()) as serving,
        asking(serving, answer_bytes=1 << 20) as http,
        pytest.raises(SourceRefusal, match="more than 1 MiB"),
    ):
        http.get("all")


class Meeting(Lists):
    """Nobody is answered before somebody else has asked too."""

    def __init__(self) -> None:
        super().__init__()
        self._two = threading.Barrier(2, timeout=30)

    def answer(self, request: Request) -> Reply:
        self._two.wait()
        return super().answer(request)


def test_items_are_worked_on_side_by_side_and_come_in_their_order() -> None:
    with Serving(Meeting()) as serving, asking(serving, in_flight=3) as http:
        found = list(http.each(range(20), lambda number: (number, http.get("echo").place)))

    assert found == [(number, "echo") for number in range(20)]
    assert 1 < serving.most_in_flight <= 3


def test_a_failure_of_one_item_ends_all() -> None:
    with Serving(Lists()) as serving, asking(serving) as http, pytest.raises(SourceRefusal):
        list(http.each(range(20), lambda number: http.get("echo" if number < 3 else "gone")))

    assert len(serving.asked) < 20
