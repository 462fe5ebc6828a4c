"""Mappings of sources: a district's own over the default, tried on real data, every version kept.

What a district writes is laid over the connector's default, so that it says only what differs.
Version 0 is the default itself.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from kinsync.connectors import find_connector
from kinsync.connectors.connector import default_mapping
from kinsync.domain.errors import NotFound, Refused
from kinsync.domain.mapping import Mapping as SourceMapping
from kinsync.domain.rules import RULES
from kinsync.services.check import checked
from kinsync.services.counts import Counts
from kinsync.services.extracts import mapping_over
from kinsync.services.intake import Intake
from kinsync.services.report import all_findings
from kinsync.services.sources import open_pulled
from kinsync.store import sources
from kinsync.store.sources import MappingVersion, Source

WORD_CODES = {
    "contact-type-unknown": "type",
    "relationship-unknown": "relationship",
    "phone-type-unknown": "phone_type",
    "contact-flag-unknown": "flag",
    "contact-restricted-unknown": "flag",
}
"""Findings about a word that nothing maps, and the list of a mapping that would."""

_CONTACT = ("student_sis_id", "name")
_ORDER = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Shown:
    """The mapping of a source: the default of its connector, and the district's own over it."""

    default: str
    own: MappingVersion | None


def shown(source: Source) -> Shown:
    """The mapping that is in use."""
    return Shown(default_mapping(find_connector(source.connector)), sources.current_mapping(source))


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
    known = {one.version: one.toml for one in history(source)} | {0: ""}
    if version not in known:
        raise NotFound(
            f"The mapping of {source.name!r} has no version {version}. 'kinsync source mapping "
            "history' lists them."
        )
    return save(source, known[version], name=f"version {version}", at=at, by=by)


# -- trying --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tried:
    """What another mapping would make of the same file.

    ``contacts`` counts contacts of students that would be new, gone or changed. ``gained`` and
    ``lost`` have for each rule the findings that would come or go, by place.
    """

    before: Counts
    after: Counts
    contacts: Mapping[str, int]
    gained: Mapping[str, int]
    lost: Mapping[str, int]

    def as_json(self) -> dict[str, object]:
        """Counts alone."""
        return {
            "before": _counted(self.before),
            "after": _counted(self.after),
            "contacts": dict(self.contacts),
            "findings": {"gained": dict(self.gained), "lost": dict(self.lost)},
        }


def try_out(
    source: Source, mapping: SourceMapping, data: Path, beside: Path | None = None
) -> Tried:
    """What a mapping would make of a file, against the one that is in use.

    ``beside`` is the students.csv whose students it speaks of, where it names none itself.

    Raises:
        Refused: the file could not be read with it at all.
    """
    now = read_own(source, (shown(source).own or _NONE).toml, name="the mapping in use")
    with (
        _taken(source, now, data, beside) as before,
        _taken(source, mapping, data, beside) as after,
    ):
        if after.is_refused:
            codes = [code for code in after.findings_by_code if RULES[code].severity == "error"]
            told = "; ".join(f"{RULES[code].title} ({code})" for code in codes)
            raise Refused(f"With this mapping {data.name} would be refused: {told}.")
        gained, lost = _apart(all_findings(before), all_findings(after))
        return Tried(
            before.counts,
            after.counts,
            _compared(_people(before), _people(after)),
            _by_code(gained),
            _by_code(lost),
        )


_NONE = MappingVersion(0, "", datetime.min, "")  # noqa: DTZ901 (nobody is shown it)


@contextmanager
def _taken(
    source: Source, mapping: SourceMapping, data: Path, beside: Path | None
) -> Iterator[Intake]:
    with checked(open_pulled(data, source, mapping=mapping, students=beside)) as intake:
        yield intake


def _people(intake: Intake) -> pl.DataFrame:
    """One row is one contact of one student, with all that would be published of it."""
    if intake.is_refused:
        return pl.DataFrame(schema=dict.fromkeys(_CONTACT, pl.String))
    ties = intake.relationships().join(intake.contacts(), on="contact", how="left")
    return ties.drop("contact")


def _compared(before: pl.DataFrame, after: pl.DataFrame) -> dict[str, int]:
    if before.columns != after.columns:
        return {"new": after.height, "gone": before.height, "changed": 0}
    new, gone = _apart(after, before)[1], _apart(before, after)[1]
    changed = new.join(gone, on=_CONTACT, how="semi").height
    told = gone.join(new, on=_CONTACT, how="semi").height
    return {"new": new.height - changed, "gone": gone.height - told, "changed": changed}


def _apart(before: pl.DataFrame, after: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of ``after`` that are not in ``before``, and rows of ``before`` that are gone."""
    names = before.columns
    return (
        after.join(before, on=names, how="anti", nulls_equal=True),
        before.join(after, on=names, how="anti", nulls_equal=True),
    )


def _by_code(findings: pl.DataFrame) -> dict[str, int]:
    counted = Counter(findings["code"])
    return dict(
        sorted(counted.items(), key=lambda one: (_ORDER[RULES[one[0]].severity], -one[1], one[0]))
    )


def _counted(counts: Counts) -> dict[str, int]:
    names = ("rows", "published", "held", "collapsed", "excluded", "students", "contacts")
    return {name: getattr(counts, name) for name in names}


# -- words ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A word of the source that nothing maps. It is the district's data, not a person's."""

    list: str
    word: str
    count: int


def unmapped(
    source: Source, data: Path, mapping: SourceMapping | None = None, beside: Path | None = None
) -> list[Unmapped]:
    """The words of a file that nothing maps, the most frequent first."""
    used = mapping or read_own(source, (shown(source).own or _NONE).toml, name="the mapping in use")
    with _taken(source, used, data, beside) as intake:
        found = all_findings(intake).filter(pl.col("code").is_in(list(WORD_CODES)))
    counted = found.group_by("code", "value").len().sort("len", "value", descending=[True, False])
    return [
        Unmapped(WORD_CODES[code], word or "", count) for code, word, count in counted.iter_rows()
    ]


def as_toml(words: list[Unmapped]) -> str:
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
