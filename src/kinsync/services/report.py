"""What a check or sync has to say: counts first, then every finding with its place."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from kinsync.domain.errors import ChangeInput
from kinsync.domain.frames import FINDINGS, empty
from kinsync.domain.rules import RULES, Severity
from kinsync.services.counts import Counts
from kinsync.services.intake import Intake

PLACES_SHOWN = 3
"""Places of each rule that a report shows at once; all of them stand in the findings file."""

FINDINGS_HEADER = ("file", "row", "column", "code", "severity", "value", "advice")
REPORTED = (
    *("rows", "students", "contacts", "relationships"),
    *("published", "held", "collapsed", "excluded", "findings", "linked"),
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
class Report:
    """One check or sync. ``rows = published + held + collapsed + excluded``, always."""

    counts: Counts
    is_refused: bool
    rules: tuple[RuleReport, ...]
    linked: Mapping[str, int] = field(default_factory=dict)
    """What linking found: ``people_of_several_students``, ``rows_joined``."""

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
        }


def as_reported(counts: Mapping[str, object]) -> dict[str, object]:
    """What ``Report.as_json`` said, from a record that does not keep the order of names."""
    return {name: counts[name] for name in REPORTED if name in counts}


def report_on(intake: Intake) -> Report:
    """What an intake has to say."""
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
    return Report(intake.counts, intake.is_refused, tuple(rules), intake.linked)


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
