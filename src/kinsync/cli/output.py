"""How results are shown: tables on a terminal, plain lines elsewhere, JSON on request."""

import json
import sys
import time
from collections.abc import Mapping, Sequence

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from kinsync.domain.rules import RULES
from kinsync.services.report import Place, Report, RuleReport

SECONDS_BETWEEN_LINES = 5.0
_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def console() -> Console:
    """Standard output as it is now; wide where it is no terminal, so that lines stay whole."""
    return Console(width=None if sys.stdout.isatty() else 120, highlight=False)


def say(text: str) -> None:
    """One plain line."""
    click.echo(text)


def say_json(value: Mapping[str, object]) -> None:
    """The one JSON object of a command."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def say_error(message: str, *, as_json: bool) -> None:
    """What went wrong, on standard error; as JSON on standard output where JSON was asked for."""
    if as_json:
        say_json({"error": message})
    else:
        click.echo(message, err=True)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A few records, one a line."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console().print(table)


def show_report(report: Report) -> None:
    """Counts that add up, what was linked, and findings by rule with the first places of each."""
    out = console()
    counts = report.counts
    out.print(
        f"{counts.rows:,} rows = {counts.published:,} published + {counts.held:,} held + "
        f"{counts.collapsed:,} collapsed + {counts.excluded:,} excluded"
    )
    out.print(
        f"{counts.students:,} students, {counts.contacts:,} contacts, "
        f"{counts.relationships:,} relationships"
    )
    for one in report.sources:
        said = f": {RULES[one.standing.note].title}" if one.standing.note else ""
        out.print(f"  {escape(one.standing.name)}: {one.counts.rows:,} rows{said}", style="dim")
    if report.linked:
        out.print(
            f"{report.linked['contacts_of_several_students']:,} contacts stand to several students;"
            f" {report.linked['rows_joined']:,} rows were joined to another row's contact"
        )
    for rule in report.rules:
        _show_rule(out, rule)


def _show_rule(out: Console, rule: RuleReport) -> None:
    """One rule in two lines: what and how often, then where first."""
    colour = _COLOURS[rule.severity]
    out.print()
    out.print(
        f"[{colour}]{rule.severity:7}[/] {rule.count:>7,}  [bold]{rule.code}[/]  {rule.title}"
    )
    places = ", ".join(_place(place) for place in rule.places)
    more = ", …" if rule.count > len(rule.places) else ""
    out.print(f"{'':17}{escape(places)}{more}", style="dim")


def _place(place: Place) -> str:
    where = place.file if place.row is None else f"row {place.row}"
    return where if place.column is None else f"{where} {place.column}"


class Reading:
    """Progress of a long read: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_quiet = is_quiet
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._said = time.monotonic()

    def __call__(self, read: int, size: int) -> None:
        if self._is_quiet:
            return
        if sys.stderr.isatty():
            self._move_bar(read, size)
        elif time.monotonic() - self._said > SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            click.echo(f"read {read / 1e6:,.0f} of {size / 1e6:,.0f} MB", err=True)

    def _move_bar(self, read: int, size: int) -> None:
        if self._bar is None:
            self._bar = Progress(
                TextColumn("reading"), BarColumn(), TimeRemainingColumn(),
                console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self._bar.start()
            self._task = self._bar.add_task("reading", total=size)
        if self._task is not None:
            self._bar.update(self._task, completed=read, total=size)

    def stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
