"""A mail server on loopback that keeps what it is given."""

import socketserver
import threading
from collections.abc import Iterator

import pytest


class _Session(socketserver.StreamRequestHandler):
    """As much of SMTP as one mail needs."""

    def handle(self) -> None:
        self.wfile.write(b"220 post\r\n")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"RCPT" and b"nobody@" in line:
                self.wfile.write(b"550 no such mailbox\r\n")
            elif verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                text = b"".join(iter(self.rfile.readline, b".\r\n")).decode()
                self.server.mails.append(text)  # type: ignore[attr-defined]
                self.wfile.write(b"250 taken\r\n")
            elif verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 well\r\n")


@pytest.fixture
def mail_server() -> Iterator[socketserver.ThreadingTCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session) as server:
        server.mails = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
