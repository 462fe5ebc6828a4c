"""A mapping tried on real data before it is saved: who would be new, gone or changed, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from kinsync.domain.errors import Refused
from kinsync.domain.mapping import Mapping as SourceMapping
from kinsync.domain.rules import FILE_CODES, RULES
from kinsync.services.counts import Counts
from kinsync.services.mapping_outcome import CONTACT, Trial
from kinsync.services.mappings import Unmapped, read_own, text_in_use
from kinsync.store.sources import Source

WORD_CODES = {
    "contact-type-unknown": "type",
    "relationship-unknown": "relationship",
    "phone-type-unknown": "phone_type",
    "contact-flag-unknown": "flag",
    "contact-restricted-unknown": "flag",
}
"""Findings about a word that nothing maps, and the list of a mapping that would."""
EXAMPLES = 4
"""Contacts of each kind that are shown of a trial."""

_NOT_SHOWN = (*CONTACT, "sis_id")
_ORDER = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Example:
    """One contact of one student who would be new, gone or changed: field, before, after."""

    act: str
    student: str
    name: str
    changes: Sequence[tuple[str, str | None, str | None]]


@dataclass(frozen=True, slots=True)
class Tried:
    """What another mapping would make of the same file.

    ``contacts`` counts contacts of students that would be new, gone or changed, and ``examples``
    are some of them. ``gained`` and ``lost`` have for each rule the findings that would come or go,
    by place; ``words`` are those that nothing would map.
    """

    before: Counts
    after: Counts
    contacts: Mapping[str, int]
    gained: Mapping[str, int]
    lost: Mapping[str, int]
    words: Sequence[Unmapped] = ()
    examples: Sequence[Example] = field(default=(), repr=False)

    @property
    def is_without_effect(self) -> bool:
        """Whether everything would stay as it is."""
        return not (any(self.contacts.values()) or self.gained or self.lost)

    def as_json(self) -> dict[str, object]:
        """Counts alone."""
        return {
            "before": _counted(self.before),
            "after": _counted(self.after),
            "contacts": dict(self.contacts),
            "findings": {"gained": dict(self.gained), "lost": dict(self.lost)},
        }


def try_out(trial: Trial, mapping: SourceMapping) -> Tried:
    """What a mapping would make of a file, against the one that is in use.

    Raises:
        Refused: the file could not be read with it at all.
    """
    now = _in_use(trial.source)
    before = trial.known(now)
    is_in_use = replace(mapping, name=now.name) == now
    after = before if is_in_use else trial.outcome(mapping)
    if after.is_refused:
        why = _why(after.findings)
        raise Refused(f"With this mapping {trial.data.name} would be refused: {why}.")
    gained, lost = _apart(before.findings, after.findings)
    counts, examples = _compared(before.people, after.people)
    return Tried(
        before.counts,
        after.counts,
        counts,
        _by_code(gained),
        _by_code(lost),
        _words_of(after.findings),
        examples,
    )


def unmapped(trial: Trial, mapping: SourceMapping | None = None) -> list[Unmapped]:
    """The words of a file that nothing maps, the most frequent first."""
    outcome = trial.outcome(mapping) if mapping else trial.known(_in_use(trial.source))
    return _words_of(outcome.findings)


def _in_use(source: Source) -> SourceMapping:
    return read_own(source, text_in_use(source), name="the mapping in use")


def _why(findings: pl.DataFrame) -> str:
    """Rules that refuse a file, with the column where it is one that is missing."""
    found = findings.filter(pl.col("code").is_in(list(FILE_CODES)))
    told = []
    for code, column in dict.fromkeys(found.select("code", "column").iter_rows()):
        about = f"{code}: {column}" if code == "column-missing" and column else code
        told.append(f"{RULES[code].title} ({about})")
    return "; ".join(dict.fromkeys(told))


def _compared(
    before: pl.DataFrame, after: pl.DataFrame
) -> tuple[dict[str, int], Sequence[Example]]:
    if before.columns != after.columns:  # it was refused
        counts = {"new": after.height, "gone": before.height, "changed": 0}
        return counts, _examples("new", pl.DataFrame(), after)
    new, gone = _apart(before, after)
    changed = new.join(gone, on=CONTACT, how="semi")
    told = gone.join(new, on=CONTACT, how="semi")
    counts = {
        "new": new.height - changed.height,
        "gone": gone.height - told.height,
        "changed": changed.height,
    }
    return counts, (
        *_examples("changed", told, changed),
        *_examples("new", pl.DataFrame(), new.join(gone, on=CONTACT, how="anti")),
        *_examples("gone", gone.join(new, on=CONTACT, how="anti"), pl.DataFrame()),
    )


def _apart(before: pl.DataFrame, after: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of ``after`` that are not in ``before``, and rows of ``before`` that are gone."""
    names = before.columns
    return (
        after.join(before, on=names, how="anti", nulls_equal=True),
        before.join(after, on=names, how="anti", nulls_equal=True),
    )


def _examples(act: str, before: pl.DataFrame, after: pl.DataFrame) -> list[Example]:
    lead, other = (before, after) if act == "gone" else (after, before)
    known = {_contact_of(row): row for row in other.to_dicts()} if act == "changed" else {}
    found = []
    for row in lead.sort(CONTACT).head(EXAMPLES).to_dicts():
        then = known.get(_contact_of(row), {})
        was, now = (row, {}) if act == "gone" else (then, row)
        found.append(Example(act, *_contact_of(row), _differences(was, now)))
    return found


def _contact_of(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["student_sis_id"], row["name"] or ""


def _differences(
    was: Mapping[str, Any], now: Mapping[str, Any]
) -> list[tuple[str, str | None, str | None]]:
    names = [name for name in (now or was) if name not in _NOT_SHOWN]
    return [
        (name, was.get(name), now.get(name)) for name in names if was.get(name) != now.get(name)
    ]


def _by_code(findings: pl.DataFrame) -> dict[str, int]:
    counted = Counter(findings["code"])
    return dict(
        sorted(counted.items(), key=lambda one: (_ORDER[RULES[one[0]].severity], -one[1], one[0]))
    )


def _counted(counts: Counts) -> dict[str, int]:
    names = ("rows", "published", "held", "collapsed", "excluded", "students", "contacts")
    return {name: getattr(counts, name) for name in names}


def _words_of(findings: pl.DataFrame) -> list[Unmapped]:
    found = findings.filter(pl.col("code").is_in(list(WORD_CODES)))
    counted = found.group_by("code", "value").len().sort("len", "value", descending=[True, False])
    return [
        Unmapped(WORD_CODES[code], word or "", count) for code, word, count in counted.iter_rows()
    ]
