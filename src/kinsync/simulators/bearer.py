"""Tokens of a pretended system: given, accepted for a while, and ended when a test says so."""

import base64
import itertools
import time
from dataclasses import dataclass, field

from kinsync.simulators.serving import Request


@dataclass(slots=True)
class Tokens:
    """The tokens that were given, and how long each lives."""

    seconds: float
    _ends: dict[str, float] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def give(self) -> str:
        """A new token."""
        token = f"simulated-token-{next(self._numbers)}"
        self._ends[token] = time.monotonic() + self.seconds
        return token

    def has_one(self, request: Request) -> bool:
        """Whether a request comes with a token that has not ended."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return time.monotonic() < self._ends.get(token, 0.0)

    def end(self) -> None:
        """Let every token end now."""
        self._ends.clear()


def basic(request: Request) -> tuple[str, str]:
    """Name and password of a request; blank where it has none."""
    kind, _, told = request.headers.get("authorization", "").partition(" ")
    if kind != "Basic":
        return "", ""
    name, _, password = base64.b64decode(told).decode("utf-8", "replace").partition(":")
    return name, password
