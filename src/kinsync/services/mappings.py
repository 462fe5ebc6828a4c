"""Mappings of sources: a district's own over the default, every version kept.

What a district writes is laid over the connector's default, so that it says only what differs.
Version 0 is the default itself. ``services.mapping_trials`` tries one before it is saved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kinsync.connectors import find_connector
from kinsync.connectors.connector import default_mapping
from kinsync.domain.errors import NotFound
from kinsync.domain.mapping import Mapping as SourceMapping
from kinsync.services.extracts import mapping_over
from kinsync.store import sources
from kinsync.store.sources import MappingVersion, Source


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A word of the source that nothing maps. It is the district's data, not a person's."""

    list: str
    word: str
    count: int


@dataclass(frozen=True, slots=True)
class Shown:
    """The mapping of a source: the default of its connector, and the district's own over it."""

    default: str
    own: MappingVersion | None


def shown(source: Source) -> Shown:
    """The mapping that is in use."""
    return Shown(default_mapping(find_connector(source.connector)), sources.current_mapping(source))


def text_in_use(source: Source) -> str:
    """What a district wrote; "" where the default is in use."""
    own = sources.current_mapping(source)
    return own.toml if own else ""


def text_of(source: Source, version: int) -> str:
    """What a version says; 0 is the default, over which nothing is said.

    Raises:
        NotFound: there is no such version.
    """
    known = {one.version: one.toml for one in history(source)} | {0: ""}
    if version not in known:
        raise NotFound(
            f"The mapping of {source.name!r} has no version {version}. 'kinsync source mapping "
            "history' lists them."
        )
    return known[version]


def default_of(source: Source) -> SourceMapping:
    """The mapping of its connector."""
    return mapping_over(find_connector(source.connector), None)


def read_own(source: Source, toml: str, *, name: str) -> SourceMapping:
    """What a district wrote, over the default.

    Raises:
        ChangeInput: it is not valid; every fault is named.
    """
    own = SourceMapping.from_toml(toml, name=name) if toml.strip() else None
    return mapping_over(find_connector(source.connector), own)


def save(source: Source, toml: str, *, name: str, at: datetime, by: str) -> MappingVersion:
    """Use this mapping from the next sync on.

    Raises:
        ChangeInput: it is not valid; nothing is changed.
    """
    read_own(source, toml, name=name)
    return sources.save_mapping(source, toml, at=at, by=by)


def history(source: Source) -> list[MappingVersion]:
    """Every version, newest first."""
    return sources.mapping_versions(source)


def revert(source: Source, version: int, *, at: datetime, by: str) -> MappingVersion:
    """Use an earlier version again, as a new one; 0 is the connector's default.

    Raises:
        NotFound: there is no such version.
    """
    return save(source, text_of(source, version), name=f"version {version}", at=at, by=by)


def as_toml(words: Sequence[Unmapped]) -> str:
    """Those words as the lines of a mapping, for a person to fill in."""
    lines: list[str] = []
    for name in dict.fromkeys(one.list for one in words):
        lines.append(f"[words.{name}]")
        ours = "Y" if name == "flag" else "Other"
        listed = dict.fromkeys(one.word for one in words if one.list == name)
        lines += [f'{_quoted(word)} = "{ours}"' for word in listed]
    return "\n".join(lines)


def _quoted(word: str) -> str:
    text = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
