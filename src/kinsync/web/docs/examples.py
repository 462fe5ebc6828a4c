"""Answers of the sample district, for the description. ``tests/web/examples.py`` asks them anew."""

import json
from functools import cache
from importlib import resources
from typing import Any, NamedTuple


class Example(NamedTuple):
    """What was asked, and what was answered."""

    asked: str
    answer: Any


def of(version: str, path: str) -> Example | None:
    """The example of an address; None where nothing is held there."""
    found = _examples().get(f"/{version}/{path}")
    return Example(**found) if found else None


@cache
def _examples() -> dict[str, dict[str, Any]]:
    text = resources.files("kinsync.web.docs").joinpath("examples.json").read_text("utf-8")
    read: dict[str, dict[str, Any]] = json.loads(text)
    return read
