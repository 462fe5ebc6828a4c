"""Where the keys of a TOML file stand: line and column, for messages about what they say."""

import re
from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]
Place = tuple[int, int]
"""Line and column, counted from 1."""

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"^\s*(\[\[?)\s*({_DOTTED})\s*\]")
_ASSIGNED = re.compile(rf"^(\s*)({_DOTTED})\s*=")
_INNER = re.compile(rf"""("(?:[^"\\]|\\.)*"|'[^']*')(?!\s*=)|({_KEY})\s*=(?!=)""")
_LONG = re.compile(r'"""|\'\'\'')


def places(text: str) -> Mapping[Path, Place]:
    """The place of each table and key of a valid file, by its path; tables of a list by number."""
    found: dict[Path, Place] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    for number, line in _lines_outside_texts(text):
        if header := _HEADER.match(line):
            table = _parts(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            found.setdefault(table, (number, header.start(1) + 1))
        elif key := _ASSIGNED.match(line):
            path = (*table, *_parts(key[2]))
            found.setdefault(path, (number, len(key[1]) + 1))
            for inner in _INNER.finditer(line, key.end()):
                if inner[2]:
                    found.setdefault((*path, *_parts(inner[2])), (number, inner.start(2) + 1))
    return found


def place_of(path: Path, known: Mapping[Path, Place]) -> Place:
    """The place of a key, or of the nearest table around it that has one."""
    while path and path not in known:
        path = path[:-1]
    return known.get(path, (1, 1))


def _lines_outside_texts(text: str) -> Iterator[tuple[int, str]]:
    """The lines that do not begin inside a text of several lines."""
    mark = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not mark:
            yield number, line
        for found in _LONG.findall(line):
            mark = "" if found == mark else mark or found


def _parts(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, dotted))
