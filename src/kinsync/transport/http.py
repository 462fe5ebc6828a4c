"""HTTP to a SIS: whole answers or none, tried again, and no more at once than it can bear.

Connections may go to private addresses, for a SIS often stands on the district's own network, but
never to those where clouds keep their secrets. TLS is always verified; plain HTTP is for this
machine alone. Redirects are followed within the same host. Neither a value of a row nor an address
with one in it stands in a message: places are named by the pattern of their path.
"""

import ipaddress
import logging
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import httpcore2
import httpx2
import orjson
import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from kinsync.domain.errors import ChangeInput, IncompletePull, NothingThere, SourceRefusal
from kinsync.transport.connecting import BROKEN, refused_certificate, retry_after, why
from kinsync.transport.network import Network, ThreadClock, TooLarge, Transport
from kinsync.transport.signing import TokenRefused, quoted

log = logging.getLogger("kinsync.pull")

MOST_REDIRECTS = 3
_AGAIN = frozenset({408, 425, 429, *range(500, 600)} - {501})
"""Statuses that may be over the next time."""
_UNKNOWN = frozenset({400, 405, 410, 422, 501})
"""Statuses by which a system says that it cannot answer such a question, beside 404."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Limits:
    """What is asked of a SIS at most, and how long it is waited for."""

    in_flight: int = 2
    """Requests at the same time."""
    answer_bytes: int = 64 << 20
    """The largest answer, unpacked."""
    silent_seconds: float = 60
    """How long nothing may come."""
    answer_seconds: float = 300
    """How long a request and its answer may take, a token and redirects included."""
    tries: int = 5
    first_wait_seconds: float = 1
    """Before the second try; twice as long before each further one."""
    longest_wait_seconds: float = 120
    """The longest wait that a SIS may ask for with Retry-After."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer that is data. ``place`` is the pattern of its path."""

    place: str
    headers: Mapping[str, str]
    body: bytes
    data: Any

    def rows(self) -> list[dict[str, Any]]:
        """Its rows, where the answer is a list of objects.

        Raises:
            IncompletePull: it is not.
        """
        return self._rows(self.data)

    def listed(self, found: object) -> list[dict[str, Any]]:
        """Rows that were taken out of it.

        Raises:
            IncompletePull: they are none.
        """
        return self._rows(found)

    def under(self, name: str) -> list[dict[str, Any]]:
        """Its rows, where they stand in an envelope under a name.

        Raises:
            IncompletePull: it is not so.
        """
        return self._rows(self.data.get(name) if isinstance(self.data, dict) else None)

    def _rows(self, found: object) -> list[dict[str, Any]]:
        if isinstance(found, list) and all(isinstance(row, dict) for row in found):
            return found
        raise IncompletePull(
            f"{self.place} answered with something else than a list of rows. Nothing was published."
            " Where it stays so, the system's interface has changed."
        )


class Http:
    """Requests to one SIS. Close it, or use it as a context; safe to share between threads."""

    def __init__(
        self,
        base: str,
        auth: httpx2.Auth,
        *,
        who: str,
        limits: Limits | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """``base`` is where paths begin, ``who`` what messages call the system.

        Raises:
            ChangeInput: the address is none that may be asked.
        """
        self.limits = limits or Limits()
        self.who = who
        self._base = read_base(base)
        self._auth = auth
        self._clock = ThreadClock()
        self._turns = threading.BoundedSemaphore(self.limits.in_flight)
        context = trust or httpcore2.default_ssl_context()
        pool = httpcore2.ConnectionPool(
            ssl_context=context,
            max_connections=self.limits.in_flight,
            max_keepalive_connections=self.limits.in_flight,
            network_backend=Network(self._clock),
        )
        self._client = httpx2.Client(
            transport=Transport(pool, most_bytes=self.limits.answer_bytes),
            trust_env=False,
            timeout=self.limits.silent_seconds,
            headers={"Accept": "application/json", "User-Agent": "Kinsync"},
        )

    def __enter__(self) -> "Http":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        parts: Mapping[str, object] | None = None,
    ) -> Answer:
        """The answer of ``path``, whose ``{parts}`` are put in; JSON.

        A path that begins with a stroke begins at the root of the host.

        Raises:
            SourceRefusal: the system does not let us; NothingThere: it has no such address.
            IncompletePull: it did not answer as it should, however often it was asked.
        """
        filled = {name: quoted(part) for name, part in (parts or {}).items()}
        return self.follow(path, path.format_map(filled), params, headers)

    def post(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        parts: Mapping[str, object] | None = None,
    ) -> Answer:
        """The answer of a question that a system wants to be posted, without arguments of its own.

        Raises:
            SourceRefusal, IncompletePull: as ``get``.
        """
        filled = {name: quoted(part) for name, part in (parts or {}).items()}
        target = httpx2.URL(self._base).join(path.format_map(filled))
        return self._answer(path, target, params, headers, {})

    def follow(
        self,
        place: str,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """The answer of an address of this system, such as that of the next page; a body is posted.

        Raises:
            SourceRefusal, IncompletePull: as ``get``; also where the address leads elsewhere.
        """
        target = httpx2.URL(self._base).join(url)
        if _origin(target) != _origin(httpx2.URL(self._base)):
            raise SourceRefusal(
                f"{self.who} points to another host at {place}, and no host is asked that was not"
                " named. Check the address of the source."
            )
        return self._answer(place, target, params, headers, body)

    def _answer(
        self,
        place: str,
        target: httpx2.URL | str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
    ) -> Answer:
        request = self._client.build_request(
            "GET" if body is None else "POST", target, params=params, headers=headers, json=body
        )
        try:
            for attempt in stamina.retry_context(
                on=self._wait,
                attempts=self.limits.tries,
                timeout=None,
                wait_initial=self.limits.first_wait_seconds,
                wait_max=self.limits.longest_wait_seconds,
                wait_jitter=0,
            ):
                with attempt:
                    return self._once(place, request)
        except _Fault as fault:
            raise IncompletePull(
                f"{self.who} did not give {place}, asked {self.limits.tries} times: {fault}."
                " Nothing was published; the next pull tries again."
            ) from None
        raise AssertionError("unreachable")

    def each(self, items: Iterable[Item], work: Callable[[Item], Result]) -> Iterator[Result]:
        """``work`` of every item, side by side as far as requests may be, in the items' order."""
        with ThreadPoolExecutor(self.limits.in_flight) as workers:
            running: deque[Future[Result]] = deque()
            try:
                for item in items:
                    running.append(workers.submit(work, item))
                    if len(running) > self.limits.in_flight:
                        yield running.popleft().result()
                while running:
                    yield running.popleft().result()
            finally:
                for future in running:
                    future.cancel()

    # -- one attempt -------------------------------------------------------------------------

    def _wait(self, error: Exception) -> bool | float:
        """Whether to try again, and after how many seconds where the system has said so."""
        if not isinstance(error, _Fault):
            return False
        if error.wait_seconds is None:
            return True
        return error.wait_seconds <= self.limits.longest_wait_seconds and error.wait_seconds

    def _once(self, place: str, request: httpx2.Request) -> Answer:
        with self._turns:
            self._clock.start(self.limits.answer_seconds)
            began = time.monotonic()
            try:
                response = self._send(place, request)
                try:
                    return self._read(place, response)
                finally:
                    response.close()
            except TokenRefused as refused:
                raise self._status_error(place, refused.status, None, is_token=True) from None
            except TooLarge:
                raise SourceRefusal(
                    f"{self.who} answered {place} with more than "
                    f"{self.limits.answer_bytes >> 20} MiB. Nothing was published."
                ) from None
            except BROKEN as error:
                if verdict := refused_certificate(error):
                    raise SourceRefusal(
                        f"The certificate by which {self.who} proves who it is was refused: "
                        f"{verdict}. Nothing was asked. Have the system's certificate put right."
                    ) from None
                raise _Fault(why(error, time.monotonic() - began)) from None
            except httpx2.DecodingError:
                raise _Fault("the compressed answer is broken") from None

    def _send(self, place: str, request: httpx2.Request) -> httpx2.Response:
        for _ in range(MOST_REDIRECTS):
            response = self._client.send(request, auth=self._auth, stream=True)
            if not response.has_redirect_location or response.next_request is None:
                return response
            response.close()
            target = response.next_request.url
            if _origin(target) != _origin(request.url):
                raise SourceRefusal(
                    f"{self.who} sends {place} on to another host, and is not followed there. "
                    "Name the address that it leads to as the address of the source, if that is"
                    " the system."
                )
            request = response.next_request
        raise SourceRefusal(
            f"{self.who} sends {place} around in a circle. Check the address of the source."
        )

    def _read(self, place: str, response: httpx2.Response) -> Answer:
        if response.status_code != httpx2.codes.OK:
            raise self._status_error(
                place, response.status_code, retry_after(response.headers.get("retry-after"))
            )
        chunks, size = [], 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > self.limits.answer_bytes:
                raise TooLarge
            chunks.append(chunk)
        body = b"".join(chunks)
        is_page = body.lstrip()[:1] == b"<" or "html" in response.headers.get("content-type", "")
        if is_page:
            raise _Fault("it was a web page instead of data")
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise _Fault("the answer was cut, or is no JSON") from None
        return Answer(place, response.headers, body, data)

    def _status_error(
        self, place: str, status: int, wait: float | None, *, is_token: bool = False
    ) -> Exception:
        if status in _AGAIN:
            return _Fault(f"HTTP {status}", wait)
        asked = "the request for a token" if is_token else place
        if (status in (400, 401, 403, 200) and is_token) or status == 401:
            return SourceRefusal(
                f"{self.who} refused the credentials at {asked} (HTTP {status}). Nothing was "
                "published. Enter them anew: 'kinsync source credentials'."
            )
        if status == 403:
            return SourceRefusal(
                f"{self.who} does not allow these credentials to read {asked} (HTTP 403). Nothing "
                "was published. Have the right granted there."
            )
        if status == 404:
            return NothingThere(
                f"{self.who} has nothing at {asked} (HTTP 404). Nothing was published. Check the "
                "address of the source, and whether its interface is switched on."
            )
        kind = NothingThere if status in _UNKNOWN else SourceRefusal
        return kind(f"{self.who} refused {asked} (HTTP {status}). Nothing was published.")


def _say_again(details: RetryDetails) -> None:
    """A fault may be over the next time; the words for it are ours."""
    log.info("Asked again in %.1f s: %s.", details.wait_for, details.caused_by)


set_on_retry_hooks([_say_again])  # stamina's own print what they are called with


class _Fault(Exception):
    """What may be over the next time. ``wait_seconds`` is how long the system asks to be left."""

    def __init__(self, reason: str, wait_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


def read_base(address: str) -> str:
    """The address of a system, as paths are put behind it.

    Raises:
        ChangeInput: it is none, or not safe.
    """
    url = read_address(address)
    if url.query:
        raise ChangeInput("The address of a source has no '?'. Leave out what begins with it.")
    return str(url).rstrip("/") + "/"


def read_address(address: str, base: str = "") -> httpx2.URL:
    """An address to which credentials may be sent; it may be told by its path behind ``base``.

    Raises:
        ChangeInput: it is none, or not safe.
    """
    try:
        url = httpx2.URL(base).join(address.strip())
    except httpx2.InvalidURL:
        url = httpx2.URL("")
    if url.scheme not in ("https", "http") or not url.host or url.userinfo:
        raise ChangeInput("An address is written https://host/path, without a name or password.")
    if url.scheme == "http" and not _is_here(url.host):
        raise ChangeInput("The address has to begin with https://: credentials are sent there.")
    return url


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
