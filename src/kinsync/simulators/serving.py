"""A pretended system on a port: it answers as the real one does, and fails when it is told to.

    with Serving(AeriesSystem(...)) as serving:
        serving.fail(Fault.CUT, "contacts")   # the next answer to such a path ends half way
        ...ask serving.address...

``POST /_simulator/night`` lets a night pass, as ``system.night()`` does.
"""

import json
import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, Self
from urllib.parse import parse_qsl, urlsplit

from kinsync.simulators.roster import Roster

NIGHT = "/_simulator/night"
DRIP_SECONDS = 0.05
"""Between two bytes of an answer that drips."""
STALL_SECONDS = 60.0


class Fault(StrEnum):
    """What can go wrong with an answer on its way."""

    STATUS = "status"  # another status, with the system's own error body
    HTML = "html"  # a sign-in page, as if all were well
    CUT = "cut"  # the connection ends before the answer does
    HALF = "half"  # the answer is shorter than it should be, and says so
    STALL = "stall"  # half of it, and then nothing
    DRIP = "drip"  # byte by byte
    REPEAT = "repeat"  # what was answered to that path before, once more
    DROP = "drop"  # without one of its names
    EXTRA = "extra"  # with names that nobody knows
    EMPTY = "empty"  # no rows
    REDIRECT = "redirect"  # somewhere else


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked. Names of headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, str]
    url: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: something that becomes JSON, or text."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class System(Protocol):
    """One pretended system."""

    roster: Roster

    @property
    def path(self) -> str:
        """What stands behind the host in the address that a source is told."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What a source is told beside the address, secrets among it."""

    def answer(self, request: Request) -> Reply:
        """What the real one would answer."""

    def error(self, status: int) -> Reply:
        """What the real one says with a status that means trouble."""

    def night(self) -> None:
        """Let a night pass: people move, and change their phones."""


@dataclass(slots=True)
class _Planned:
    fault: Fault
    path: str
    times: int
    after: int
    status: int
    headers: Mapping[str, str]
    value: str


class Serving:
    """A system that is served until the context ends."""

    def __init__(
        self,
        system: System,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        fault_share: float = 0.0,
        seed: int = 1,
    ) -> None:
        """``fault_share`` of all answers fail in some way that is over the next time."""
        self.system = system
        self.asked: list[str] = []
        """The paths that were asked, in order."""
        self.most_in_flight = 0
        self._in_flight = 0
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()
        self._chance = random.Random(seed)  # noqa: S311 - a simulation
        self._share = fault_share
        self._last: dict[str, bytes] = {}
        self._has_ended = threading.Event()
        self._server = _Server((host, port), _handler(self))

    @property
    def address(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def settings(self) -> Mapping[str, str]:
        """What a source that reads this system is told."""
        return {"url": self.address + self.system.path, **self.system.settings}

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._has_ended.set()
        self._server.shutdown()
        self._server.server_close()

    def fail(
        self,
        fault: Fault,
        path: str = "",
        *,
        times: int = 1,
        after: int = 0,
        status: int = 500,
        headers: Mapping[str, str] | None = None,
        value: str = "",
    ) -> None:
        """Answer so many requests wrongly whose path holds ``path``, once ``after`` went well.

        ``value`` is the name that ``DROP`` leaves out, or where ``REDIRECT`` leads.
        """
        with self._lock:
            self._planned.append(_Planned(fault, path, times, after, status, headers or {}, value))

    # -- one request -------------------------------------------------------------------------

    @contextmanager
    def counted(self, path: str) -> Iterator[None]:
        """One request under way."""
        with self._lock:
            self.asked.append(path)
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1

    def fault_of(self, path: str) -> _Planned | None:
        """What is to go wrong with an answer to this path."""
        with self._lock:
            for planned in self._planned:
                if planned.path not in path or not planned.times:
                    continue
                if planned.fault is Fault.REPEAT and path not in self._last:
                    continue  # nothing was answered there yet
                if planned.after:
                    planned.after -= 1
                    continue
                planned.times -= 1
                return planned
            if self._share and self._chance.random() < self._share:
                fault = self._chance.choice((Fault.STATUS, Fault.CUT, Fault.HTML))
                status = self._chance.choice((429, 500, 503))
                return _Planned(fault, path, 1, 0, status, {"Retry-After": "0"}, "")
        return None

    def repeated(self, path: str, body: bytes) -> bytes:
        """The body that was answered to this path before."""
        with self._lock:
            return self._last.get(path, body)

    def remember(self, path: str, body: bytes) -> None:
        with self._lock:
            self._last[path] = body

    def stall(self) -> None:
        self._has_ended.wait(STALL_SECONDS)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


def _handler(serving: Serving) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        pass

    Handler.serving = serving
    return Handler


class _Handler(BaseHTTPRequestHandler):
    serving: Serving
    protocol_version = "HTTP/1.1"
    server_version = "Simulator"
    disable_nagle_algorithm = True  # else the body waits 40 ms for the header to be acknowledged

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        request = self._request()
        with self.serving.counted(request.path):
            if request.path == NIGHT:
                self.serving.system.night()
                self._send(Reply({"night": "passed"}))
                return
            planned = self.serving.fault_of(request.path)
            if planned is None:
                reply = self.serving.system.answer(request)
                self._send(reply, remember=request.path)
            else:
                with suppress(OSError):
                    self._fail(request, planned)

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size).decode("utf-8", "replace") if size else ""
        is_form = "json" not in self.headers.get("Content-Type", "")
        form = parse_qsl(body) if is_form else []
        host = self.headers.get("Host", "")
        return Request(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            dict(form),
            f"http://{host}{self.path}",
            body,
        )

    def _fail(self, request: Request, planned: _Planned) -> None:
        fault = planned.fault
        if fault is Fault.STATUS:
            found = self.serving.system.error(planned.status)
            self._send(Reply(found.body, planned.status, {**found.headers, **planned.headers}))
            return
        if fault is Fault.REDIRECT:
            self._send(Reply("", 302, {"Location": planned.value}))
            return
        reply = self.serving.system.answer(request)
        body = _encoded(_changed(reply.body, planned))
        if fault is Fault.HTML:
            page = "<!DOCTYPE html><title>Sign in</title>"
            self._send(Reply(page, 200, {"Content-Type": "text/html"}))
        elif fault is Fault.HALF:
            self._write(reply, body[: len(body) // 2])
        elif fault is Fault.REPEAT:
            self._write(reply, self.serving.repeated(request.path, body))
        elif fault in (Fault.CUT, Fault.STALL, Fault.DRIP):
            self._trickle(reply, body, fault)
        else:
            self._write(reply, body)

    def _send(self, reply: Reply, *, remember: str = "") -> None:
        body = _encoded(reply.body)
        if remember:
            self.serving.remember(remember, body)
        self._write(reply, body)

    def _write(self, reply: Reply, body: bytes) -> None:
        self._head(reply, len(body))
        self.wfile.write(body)

    def _head(self, reply: Reply, size: int) -> None:
        self.send_response(reply.status, HTTPStatus(reply.status).phrase)
        headers = {"Content-Type": "application/json; charset=utf-8", **reply.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def _trickle(self, reply: Reply, body: bytes, fault: Fault) -> None:
        """Half of an answer, and then the end, nothing, or a byte now and then."""
        self._head(reply, len(body))
        half = len(body) // 2
        self.wfile.write(body[:half])
        self.wfile.flush()
        if fault is Fault.STALL:
            self.serving.stall()
        elif fault is Fault.DRIP:
            for place in range(half, len(body)):
                self.wfile.write(body[place : place + 1])
                self.wfile.flush()
                time.sleep(DRIP_SECONDS)
        self.close_connection = True


def _encoded(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def _changed(body: Any, planned: _Planned) -> Any:
    """A body without a name, with one more in each object, or without rows."""
    if planned.fault is Fault.EMPTY:
        return _emptied(body)
    if planned.fault not in (Fault.DROP, Fault.EXTRA):
        return body
    if isinstance(body, list):
        return [_changed(one, planned) for one in body]
    if not isinstance(body, dict):
        return body
    kept = {
        name: _changed(value, planned)
        for name, value in body.items()
        if planned.fault is not Fault.DROP or name != planned.value
    }
    return {**kept, "AddedInThisRelease": 1} if planned.fault is Fault.EXTRA else kept


def _emptied(body: Any) -> Any:
    if isinstance(body, list):
        return []
    if isinstance(body, dict):
        return {name: _emptied(value) for name, value in body.items()}
    return body
