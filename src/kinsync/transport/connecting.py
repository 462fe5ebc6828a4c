"""Connections that end in time, and few words for what went wrong on one."""

import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

import httpcore2

BROKEN = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError)
"""What the other side, or the way to it, can do to a request."""


class Clock(Protocol):
    """Says how long a connection may still take."""

    def left(self, error: type[Exception]) -> float:
        """Seconds until the end; ``error`` where it is past."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """One moment, on the monotonic clock, by which everything has ended."""

    end: float

    def left(self, error: type[Exception]) -> float:
        """Seconds until the end; ``error`` where it is past."""
        seconds = self.end - time.monotonic()
        if seconds <= 0:
            raise error
        return seconds


class Timed(httpcore2.NetworkStream):
    """A connection on which every step ends by the same deadline: a drip is no way around it.

    Where the caller gives a step less time, the step has less.
    """

    def __init__(self, stream: httpcore2.NetworkStream, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._least(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._least(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = self._least(timeout, httpcore2.ConnectTimeout)
        return Timed(self._stream.start_tls(ssl_context, server_hostname, left), self._clock)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)

    def _least(self, timeout: float | None, error: type[Exception]) -> float:
        left = self._clock.left(error)
        return left if timeout is None else min(timeout, left)


def refused_certificate(error: Exception) -> str:
    """Why the other side's certificate was refused; blank where that is not what happened."""
    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message.rstrip(".")
    return ""


def _cause(error: Exception) -> BaseException | None:
    """What the system said. A pool of connections hides it, and keeps it as the context."""
    return error.__cause__ or error.__context__


def why(error: Exception, seconds: float) -> str:
    """Few words of ours for what went wrong on the way. Never the other side's own."""
    if isinstance(error, httpcore2.TimeoutException):
        return f"no answer within {seconds:.0f} seconds"
    if verdict := refused_certificate(error):
        return f"the certificate was refused: {verdict}"
    if isinstance(_cause(error), ssl.SSLError):
        return "no TLS connection came about"
    if isinstance(_cause(error), ConnectionRefusedError):
        return "the connection was refused"
    is_connecting = isinstance(error, httpcore2.ConnectError)
    return "no connection came about" if is_connecting else "the connection broke"


def retry_after(text: str | None) -> float | None:
    """Seconds that a system asks for, said as a number or a moment."""
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
