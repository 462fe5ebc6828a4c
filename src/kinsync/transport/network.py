"""What lies below the HTTP client: connections that end in time, and lead where they may.

The client's own transport has no deadline over a whole request, and connects to any address.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpcore2
import httpx2

from kinsync.domain.errors import SourceRefusal
from kinsync.transport.addresses import is_never
from kinsync.transport.connecting import Timed


class ThreadClock(threading.local):
    """The end of what this thread is asking for."""

    end = 0.0

    def start(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def left(self, error: type[Exception]) -> float:
        seconds = self.end - time.monotonic()
        if seconds <= 0:
            raise error
        return seconds


class Network(httpcore2.NetworkBackend):
    """Connects in time, and not to where no SIS is."""

    def __init__(self, clock: ThreadClock, *, is_never: Callable[[str], bool] = is_never) -> None:
        self._clock = clock
        self._is_never = is_never
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        left = self._clock.left(httpcore2.ConnectTimeout)
        least = left if timeout is None else min(timeout, left)
        stream = self._sockets.connect_tcp(host, port, least, local_address, socket_options)
        address: Any = stream.get_extra_info("server_addr")
        if self._is_never(str(address[0])):
            stream.close()
            raise SourceRefusal(
                "The address of the source leads to where no system of a district stands. Check it."
            )
        return Timed(stream, self._clock)


class TooLarge(Exception):
    """An answer has more bytes than are taken."""


class Transport(httpx2.BaseTransport):
    """The pool as the client wants it; what goes wrong is told in the pool's own exceptions."""

    def __init__(self, pool: httpcore2.ConnectionPool, *, most_bytes: int) -> None:
        """``most_bytes`` of an answer are taken, as they come, whoever reads it."""
        self._pool = pool
        self._most_bytes = most_bytes

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = httpcore2.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        answer = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=url,
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer, self._most_bytes),
            request=request,
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, answer: httpcore2.Response, most_bytes: int) -> None:
        self._answer = answer
        self._most_bytes = most_bytes

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._answer.iter_stream():
            size += len(chunk)
            if size > self._most_bytes:
                raise TooLarge
            yield chunk

    def close(self) -> None:
        self._answer.close()
