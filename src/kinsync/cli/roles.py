"""Roles that run beside the first one: each a process of its own, begun again when it dies."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

import click

from kinsync import bootstrap
from kinsync.domain.errors import ChangeInput

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BEYOND_STOP = 5
"""What a role may take beyond ``stop_seconds`` before it is killed."""


@contextmanager
def beside(named: Mapping[str, Sequence[str]], *, output: IO[str] | None = None) -> Iterator[None]:
    """Run ``kinsync serve --only`` for each of these roles, with its options, until the context
    ends. What they say goes to ``output``, to standard error where none is given.

    A role that refuses to begin, because its address is taken or a setting is wrong, has said why;
    everything ends with it, by the same exit code.
    """
    roles = [_Role(name, options, output or sys.stderr) for name, options in named.items()]
    for role in roles:
        role.start()
    try:
        yield
    finally:
        for role in roles:
            role.tell_to_end()
        for role in roles:
            role.end()
    if any(role.has_refused for role in roles):
        raise click.exceptions.Exit(ChangeInput.exit_code)


def stop_with(parent: int) -> None:
    """End this process, as if told to, once its parent is gone, however it went."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="parent").start()


class _Role(threading.Thread):
    """One child process, begun again when it ends by itself."""

    def __init__(self, name: str, options: Sequence[str], output: IO[str]) -> None:
        super().__init__(daemon=True, name=name)
        self._command = [
            *(sys.executable, "-m", "kinsync", "serve", "--only", name),
            *("--parent", str(os.getpid())),
            *options,
        ]
        self._output = output.fileno()
        self._is_ending = threading.Event()
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self.has_refused = False
        """Whether it would not begin at all; one that did and stops is begun again."""

    def run(self) -> None:
        is_first = True
        while not self._is_ending.is_set():
            with self._turn:
                if self._is_ending.is_set():
                    return
                self._process = process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=self._output,
                    stderr=self._output,
                )
            self.has_refused = process.wait() == ChangeInput.exit_code and is_first
            if self.has_refused:
                os.kill(os.getpid(), signal.SIGTERM)
                return
            is_first = False
            self._is_ending.wait(SECONDS_BETWEEN_LOOKS)

    def tell_to_end(self) -> None:
        """Ask the child to stop."""
        self._is_ending.set()
        with self._turn:
            if self._process is not None:
                self._process.terminate()

    def end(self) -> None:
        """See the child stop, once it was asked to."""
        process = self._process
        if process is None:
            return
        try:
            process.wait(bootstrap.read_settings().stop_seconds + SECONDS_BEYOND_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
