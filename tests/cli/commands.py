"""The ``kinsync`` command in tests: in this process where many are wanted, or as one of its own."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kinsync.store.database import ENVIRONMENT

KINSYNC = (sys.executable, "-m", "kinsync")
LONGEST_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object that stands on standard output, alone."""
        told = json.loads(self.out)
        assert isinstance(told, dict)
        return told

    @property
    def said(self) -> str:
        """Everything that a person saw."""
        return self.out + self.err


def kinsync(*arguments: object) -> Ended:
    """Run a command in this process, with its database as the environment names it."""
    from kinsync.cli import main

    out, err = io.StringIO(), io.StringIO()
    code: object = None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code
    assert isinstance(code, int)
    return Ended(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def home_of_this_process(folder: Path) -> "Iterator[Home]":
    """An empty home on the tests' own server, for commands in this process and in others."""
    settings = {"KINSYNC_DATABASE_URL": os.environ[ENVIRONMENT]}
    home = Home(folder / "home", settings)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"KINSYNC_HOME": str(home.folder), **settings}.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        yield home


@dataclass(frozen=True, slots=True)
class Home:
    """A home folder, and commands on it as processes of their own."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("KINSYNC_", "DJANGO_"))
        }
        return {**inherited, "KINSYNC_HOME": str(self.folder), **self.settings}

    def start(self, *arguments: object) -> "subprocess.Popen[str]":
        """A command that is left running."""
        return subprocess.Popen(
            [*KINSYNC, *map(str, arguments)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: object) -> Ended:
        """A command, until it ends."""
        return ended(self.start(*arguments))


def ended(process: "subprocess.Popen[str]") -> Ended:
    """The process, when it has ended."""
    try:
        out, err = process.communicate(timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Ended(process.returncode, out, err)
