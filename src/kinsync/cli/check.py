"""``kinsync check``: what a file holds and what is wrong with it."""

from pathlib import Path

import click

from kinsync.cli.output import Reading, json_option, say, say_json, show_report
from kinsync.services.check import checked
from kinsync.services.delivery import open_delivery
from kinsync.services.report import Report, report_on, write_findings

file_type = click.Path(path_type=Path)


@click.command()
@click.argument("file", type=file_type)
@click.option("--contacts", type=file_type, help="customcontacts/contacts.csv beside it.")
@click.option("--mapping", type=file_type, help="TOML that changes which column feeds which field.")
@click.option("--findings", type=file_type, metavar="OUT.csv", help="Write all findings there.")
@json_option
def check(
    file: Path, contacts: Path | None, mapping: Path | None, findings: Path | None, as_json: bool
) -> int:
    """Read, clean, check and link FILE (a students.csv). Needs no database, changes nothing."""
    delivery = open_delivery(file, contacts=contacts, mapping=mapping)
    reading = Reading(is_quiet=as_json)
    with checked(delivery, progress=reading) as intake:
        reading.stop()
        report = report_on(intake)
        written = write_findings(findings, intake.findings()) if findings else None
    if as_json:
        say_json({**report.as_json(), "refused": report.is_refused})
    else:
        show_report(report)
        if findings:
            say(f"{written:,} findings are in {findings}")
        if report.is_refused:
            say_refusal(report)
    return exit_code(report)


def say_refusal(report: Report) -> None:
    """Why a file cannot be read as contacts, and what to do."""
    for rule in report.rules:
        if rule.severity == "error":
            for place in rule.places:
                what = f" {place.column}" if place.column else ""
                near = f" (the nearest header is {place.value})" if place.value else ""
                where = f" in row {place.row}" if place.row else ""
                say(f"{place.file} is refused: {rule.title}{what}{where}{near}. {rule.advice}")


def exit_code(report: Report) -> int:
    """2 for a refused file, 1 where rows are held, else 0."""
    if report.is_refused:
        return 2
    return 1 if report.counts.held else 0
