"""What a check or sync has to say: counts first, then every finding with its place."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from kinsync.domain.errors import ChangeInput
from kinsync.domain.frames import FINDINGS, empty
from kinsync.domain.priority import ONE_SOURCE, Priority
from kinsync.domain.rules import RULES, Severity
from kinsync.services.counts import Counts, Standing
from kinsync.services.delivery import Delivery
from kinsync.services.intake import Intake

PLACES_SHOWN = 3
"""Places of each rule that a report shows at once; all of them stand in the findings file."""

FINDINGS_HEADER = ("file", "row", "column", "code", "severity", "value", "advice")
REPORTED = (
    *("rows", "students", "contacts", "relationships"),
    *("published", "held", "collapsed", "excluded", "findings", "linked", "sources", "priority"),
)
"""What a report tells as JSON, in that order."""

_FORMULA = r"^[=+\-@\t\r]"
_ORDER = {severity: number for number, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding is: ``row`` as a spreadsheet counts it, None for the whole file."""

    file: str
    row: int | None
    column: str | None
    value: str | None


@dataclass(frozen=True, slots=True)
class RuleReport:
    """One rule that was met, how often, and where first."""

    code: str
    severity: str
    title: str
    advice: str
    count: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class OfSource:
    """One source of several, and where its own rows went."""

    standing: Standing
    counts: Counts

    def as_json(self) -> dict[str, object]:
        names = ("rows", "published", "held", "collapsed", "excluded")
        return {
            "source": self.standing.source,
            "name": self.standing.name,
            "arrival": self.standing.arrival,
            "note": self.standing.note,
            **{name: getattr(self.counts, name) for name in names},
        }


@dataclass(frozen=True, slots=True)
class Report:
    """One check or sync. ``rows = published + held + collapsed + excluded``, always."""

    counts: Counts
    is_refused: bool
    rules: tuple[RuleReport, ...]
    linked: Mapping[str, int] = field(default_factory=dict)
    """What linking found: ``people_of_several_students``, ``rows_joined``."""
    sources: tuple["OfSource", ...] = ()
    """What each source of the district has a part in, where it has several."""
    priority: Priority = ONE_SOURCE

    def as_json(self) -> dict[str, object]:
        """Counts first, findings by code; no values of rows."""
        counts = self.counts
        return {
            "rows": counts.rows,
            "students": counts.students,
            "contacts": counts.contacts,
            "relationships": counts.relationships,
            "published": counts.published,
            "held": counts.held,
            "collapsed": counts.collapsed,
            "excluded": counts.excluded,
            "findings": {
                rule.code: {"severity": rule.severity, "count": rule.count} for rule in self.rules
            },
            "linked": dict(self.linked),
            **self._of_sources(),
        }

    def _of_sources(self) -> dict[str, object]:
        if not self.sources:
            return {}
        return {
            "sources": [one.as_json() for one in self.sources],
            "priority": self.priority.as_json(),
        }


def as_reported(counts: Mapping[str, object]) -> dict[str, object]:
    """What ``Report.as_json`` said, from a record that does not keep the order of names."""
    return {name: counts[name] for name in REPORTED if name in counts}


def report_on(intake: Intake, delivery: Delivery | None = None) -> Report:
    """What an intake has to say; ``delivery``: what it is of, where that may be several sources."""
    places = _first_places(intake.findings())
    counts = intake.findings_by_code
    rules = [
        RuleReport(
            code, RULES[code].severity, RULES[code].title, RULES[code].advice, count,
            places.get(code, ()),
        )
        for code, count in counts.items()
    ]  # fmt: skip
    rules.sort(key=lambda rule: (_ORDER[Severity(rule.severity)], -rule.count, rule.code))
    told = Report(intake.counts, intake.is_refused, tuple(rules), intake.linked)
    if delivery is None or not delivery.standing:
        return told
    return replace(told, sources=_of_sources(intake, delivery), priority=delivery.priority)


def _of_sources(intake: Intake, delivery: Delivery) -> tuple[OfSource, ...]:
    files = zip(intake.sources, intake.counts_by_file, strict=False)
    counts = {source.number: counts for source, counts in files}
    return tuple(
        OfSource(one, counts.get(one.source, Counts()) if one.arrival is not None else Counts())
        for one in delivery.standing
    )


def _first_places(findings: Iterator[pl.DataFrame]) -> dict[str, tuple[Place, ...]]:
    """The first places of each rule, in the order of the files."""
    heads = [
        piece.with_columns(number=pl.int_range(pl.len()).over("code"))
        .filter(pl.col("number") < PLACES_SHOWN)
        .drop("number")
        for piece in findings
    ]
    if not heads:
        return {}
    head = pl.concat(heads).sort("row", nulls_last=False, maintain_order=True)
    by_code = head.group_by("code", maintain_order=True).head(PLACES_SHOWN)
    return {
        str(code): tuple(
            Place(*place) for place in group.select("file", "row", "column", "value").iter_rows()
        )
        for (code,), group in by_code.group_by("code")
    }


def write_findings(path: Path, findings: Iterator[pl.DataFrame]) -> int:
    """All findings as CSV for a spreadsheet; answers how many.

    A value that a spreadsheet would take for a formula gets an apostrophe before it.

    Raises:
        ChangeInput: the file cannot be written.
    """
    catalogue = pl.DataFrame(
        [(rule.code, rule.severity, rule.advice) for rule in RULES.values()],
        schema={"code": pl.String, "severity": pl.String, "advice": pl.String},
        orient="row",
    )
    count = 0
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as out:
            csv.writer(out).writerow(FINDINGS_HEADER)
            for piece in findings:
                rows = piece.join(catalogue, on="code", how="left", maintain_order="left")
                safe = [harmless(name) for name in ("file", "column", "value")]
                out.write(
                    rows.with_columns(safe)
                    .select(FINDINGS_HEADER)
                    .write_csv(include_header=False, line_terminator="\r\n")
                )
                count += piece.height
    except OSError as error:
        raise ChangeInput(
            f"Cannot write the findings to {path}: {error.strerror}. Name another file."
        ) from error
    return count


def all_findings(intake: Intake) -> pl.DataFrame:
    """The findings of an intake as one frame (``frames.FINDINGS``)."""
    return pl.concat([empty(FINDINGS), *intake.findings()])


def harmless(column: str) -> pl.Expr:
    """A text column as a spreadsheet may open it: what it would take for a formula is quoted."""
    text = pl.col(column)
    return (
        pl.when(text.str.contains(_FORMULA)).then(pl.lit("'") + text).otherwise(text).alias(column)
    )
