"""One POST to an address that somebody else chose: to where it was checked to go, and no further.

The name is looked up once. The connection goes to the addresses that were found and checked, while
certificate and ``Host`` are still those of the name. No redirect is followed, no proxy is taken
from the environment, and the whole of it ends in time, however slowly the other side speaks.
"""

import contextlib
import re
import socket
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from urllib.parse import urlsplit

import httpcore2

from kinsync.domain.errors import ChangeInput
from kinsync.domain.webhooks import Answer
from kinsync.transport.addresses import Address
from kinsync.transport.connecting import BROKEN, Deadline, Timed, why

TOTAL_SECONDS = 20.0
"""From the look-up of the name to the end of the answer."""
MOST_BODY = 4096
"""Bytes of an answer that are read before we hang up. None of them is kept."""
LONGEST_URL = 2000
LONGEST_HEADER = 64
LOWEST_FREE_PORT = 1024
DEFAULT_PORTS = {"https": 443, "http": 80}
_NAME = re.compile(r"(?!-)[a-z0-9-_]{1,63}(?<!-)(\.(?!-)[a-z0-9-_]{1,63}(?<!-))*\.?")
_VISIBLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a POST goes. ``path`` has the query with it."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The ``Host`` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def read_target(url: str) -> Target:
    """The parts of an address.

    Raises:
        ChangeInput: it is none that may be called; the message says why.
    """
    if len(url) > LONGEST_URL or not _VISIBLE.fullmatch(url):
        raise ChangeInput(
            f"The address is to be plain ASCII of at most {LONGEST_URL} characters, without spaces."
            " Write a name with other letters in its xn-- form."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ChangeInput("The address is no URL. Write https://host/path.") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise ChangeInput("The address has to begin with https://.")
    if parts.username is not None or parts.password is not None:
        raise ChangeInput("The address may not carry a user or password. Leave them out.")
    if parts.fragment or url.endswith("#"):
        raise ChangeInput("The address may not have a part after '#'.")
    host = parts.hostname or ""
    if not (":" in host or _NAME.fullmatch(host)) or "%" in host:
        raise ChangeInput("The address has no valid host name.")
    target = Target(
        scheme=parts.scheme,
        host=host,
        port=DEFAULT_PORTS[parts.scheme] if port is None else port,
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )
    if target.port not in DEFAULT_PORTS.values() and target.port < LOWEST_FREE_PORT:
        raise ChangeInput(
            f"Port {target.port} is another service's. Use 443, or one from {LOWEST_FREE_PORT} on."
        )
    return target


def resolve(host: str) -> Sequence[str]:
    """The addresses of a name, in the order in which the system would try them.

    Raises:
        OSError: the name has none.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True)
class Poster:
    """Posts, and says in few words what came of it. ``trust`` replaces the system's authorities."""

    trust: ssl.SSLContext | None = None

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return self.trust or httpcore2.default_ssl_context()

    def __call__(
        self,
        target: Target,
        addresses: Sequence[Address],
        headers: Mapping[str, str],
        body: bytes,
        *,
        seconds: float,
    ) -> Answer:
        """Make one attempt, over within ``seconds``. Never raises for what the other side does."""
        deadline = Deadline(time.monotonic() + seconds)
        sent = {
            "Host": target.authority,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Accept": "*/*",
            "Connection": "close",
            **headers,
        }
        url = httpcore2.URL(
            scheme=target.scheme, host=target.host, port=target.port, target=target.path
        )
        backend = _Checked(addresses, deadline)
        try:
            with (
                httpcore2.HTTPConnection(
                    url.origin, ssl_context=self._context, network_backend=backend
                ) as connection,
                connection.stream(
                    "POST", url, headers=list(sent.items()), content=body
                ) as response,
            ):
                answer = _answer(response)
                _drain(response)
                return answer
        except (httpcore2.TimeoutException, httpcore2.NetworkError) as error:
            return Answer(None, why(error, seconds))
        except httpcore2.ProtocolError:
            return Answer(None, "the answer was not HTTP")


def _answer(response: httpcore2.Response) -> Answer:
    try:
        phrase = f" {HTTPStatus(response.status).phrase}"
    except ValueError:
        phrase = ""
    reason = f"HTTP {response.status}{phrase}"
    if 300 <= response.status < 400:
        reason += ", and redirects are not followed"
    wait = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
    return Answer(response.status, reason, wait[:LONGEST_HEADER].decode("ascii", "replace"))


def _drain(response: httpcore2.Response) -> None:
    """Let the other side finish a short answer. Its status is known; what follows cannot hurt."""
    read = 0
    with contextlib.suppress(*BROKEN):
        for chunk in response.iter_stream():
            read += len(chunk)
            if read >= MOST_BODY:
                return


class _Checked(httpcore2.NetworkBackend):
    """Connects to the addresses that were checked, whatever the name says by now."""

    def __init__(self, addresses: Sequence[Address], deadline: Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = httpcore2.ConnectError("no address")
        for tried, address in enumerate(self._addresses):
            left = self._deadline.left(httpcore2.ConnectTimeout)
            share = left / (len(self._addresses) - tried)
            try:
                stream = self._sockets.connect_tcp(
                    str(address), port, share, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return Timed(stream, self._deadline)
        raise failure
