"""Searches as PowerSchool reads them: ``name.last_name==Ada*;enroll_status==(0,-1)``."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

_ONE = re.compile(r"(?P<field>[\w.]+)(?P<how>==|!=|=lt=|=le=|=gt=|=ge=)(?P<value>.*)")


class Unreadable(Exception):
    """A search, or an argument, that means nothing; its text is what is wrong."""


def fits(row: Mapping[str, Any], search: str) -> bool:
    """Whether a row is what a search looks for; an empty one looks for all.

    Raises:
        Unreadable: it is none.
    """
    if not search:
        return True
    either = (_apart(every, ",") for every in _apart(search, ";"))
    return all(any(_is(row, one) for one in ones) for ones in either)


def _apart(search: str, sign: str) -> list[str]:
    """The parts between a sign that stands outside brackets."""
    return re.split(rf"{sign}(?![^()]*\))", search)


def _is(row: Mapping[str, Any], condition: str) -> bool:
    found = _ONE.fullmatch(condition.strip())
    if found is None:
        raise Unreadable(condition)
    value: Any = row
    for name in found["field"].lower().split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    told, wanted = "" if value is None else str(value), found["value"]
    if found["how"] in ("==", "!="):
        listed = wanted[1:-1].split(",") if wanted.startswith("(") else [wanted]
        is_one = any(fnmatchcase(told, one.strip()) for one in listed)
        return is_one == (found["how"] == "==")
    left, right = _ordered(told), _ordered(wanted)
    return {"=lt=": left < right, "=le=": left <= right, "=gt=": left > right}.get(
        found["how"], left >= right
    )


def _ordered(text: str) -> tuple[float, str]:
    """Numbers by their size, everything else by its letters."""
    try:
        return float(text), ""
    except ValueError:
        return float("inf"), text
