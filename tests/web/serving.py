"""The web door as a process of its own, for tests that need a real socket."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from kinsync.domain.errors import KinsyncError
from kinsync.web.server import serve

if __name__ == "__main__":
    try:
        serve("127.0.0.1", int(sys.argv[1]), ready=lambda: print("ready", flush=True))
    except KinsyncError as error:
        sys.exit(str(error))
    print("stopped", flush=True)
"""


class Running:
    """A server that was started for one test."""

    def __init__(self, program: Path, port: int, **environment: str) -> None:
        self.port = port
        self.process = subprocess.Popen(
            [sys.executable, program, str(port)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def stop(self, by: signal.Signals = signal.SIGTERM) -> None:
        """End it and what it started."""
        self.process.send_signal(by)
        self.process.communicate(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
