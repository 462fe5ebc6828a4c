"""An application's webhook endpoint in tests: a real HTTPS server on loopback."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import trustme

NAME = "hooks.example.org"
"""The name on the certificate. No resolver knows it: tests say where it leads."""


@dataclass(frozen=True)
class Arrived:
    """One request as it came in. ``sni`` is the name that the client asked a certificate for."""

    path: str
    headers: dict[str, str]
    body: bytes
    sni: str | None = None


@dataclass
class Receiver:
    """Answers with ``status`` and ``headers``, and remembers what arrived."""

    authority: trustme.CA
    port: int = 0
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    arrived: list[Arrived] = field(default_factory=list)
    hung_up: list[bool] = field(default_factory=list)
    """For each answer, whether the client was gone before its end."""

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}/kinsync?for=lakeside"

    @property
    def trust(self) -> ssl.SSLContext:
        """A client that believes this test's authority alone."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


@contextlib.contextmanager
def receiver(*names: str, is_tls: bool = True) -> Iterator[Receiver]:
    """A server that runs until the end of the block, with a certificate for these names."""
    told = Receiver(trustme.CA())
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(told))
    server.daemon_threads = False
    told.port = server.server_address[1]
    if is_tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        told.authority.issue_cert(*(names or (NAME,))).configure_cert(context)
        context.sni_callback = _remember_name
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()  # waits for answers under way


_asked = threading.local()


def _remember_name(_socket: Any, name: str | None, _context: ssl.SSLContext) -> None:
    _asked.sni = name


def _handler(told: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            told.arrived.append(Arrived(self.path, headers, body, getattr(_asked, "sni", None)))
            self.send_response(told.status)
            for name, value in {"Content-Length": str(len(told.body)), **told.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(told.body)
            except OSError:
                told.hung_up.append(True)
            else:
                told.hung_up.append(False)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

        def handle(self) -> None:
            with contextlib.suppress(OSError):  # a client that refuses the certificate
                super().handle()

    return Handler


@contextlib.contextmanager
def dripping(start: bytes = b"") -> Iterator[int]:
    """The port of a plain server that answers ``start`` and then a byte now and then, for ever."""
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(start)
            while not stop.wait(0.02):
                connection.sendall(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        thread.join()
        listener.close()
