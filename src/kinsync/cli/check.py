"""``kinsync check``: what a file holds and what is wrong with it."""

from pathlib import Path

import click

from kinsync.cli.output import Reading, json_option, say, say_json, show_report
from kinsync.cli.source_settings import read_settings, setting_option
from kinsync.connectors import find_connector
from kinsync.connectors.extract import Extract
from kinsync.domain.errors import ChangeInput
from kinsync.services.check import checked
from kinsync.services.delivery import Delivery, open_delivery, read_mapping
from kinsync.services.extracts import mapping_over, open_extract
from kinsync.services.report import Report, report_on, write_findings

file_type = click.Path(path_type=Path)


@click.command()
@click.argument("file", type=file_type)
@click.option("--contacts", type=file_type, help="customcontacts/contacts.csv beside it.")
@click.option("--mapping", type=file_type, help="TOML that changes which column feeds which field.")
@click.option("--findings", type=file_type, metavar="OUT.csv", help="Write all findings there.")
@click.option("--connector", help="Whose file it is, where it is the extract of a SIS.")
@setting_option
@json_option
def check(
    file: Path,
    contacts: Path | None,
    mapping: Path | None,
    findings: Path | None,
    connector: str | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> int:
    """Read, clean, check and link FILE (a students.csv, or the extract of a SIS).

    Needs no database, changes nothing.
    """
    reading = Reading(is_quiet=as_json)
    if connector is None and settings:
        raise ChangeInput("--setting says how the file of a --connector is written. Name one.")
    delivery = (
        open_delivery(file, contacts=contacts, mapping=mapping)
        if connector is None
        else _extract(connector, file, contacts, mapping, settings)
    )
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


def _extract(
    connector: str,
    file: Path,
    contacts: Path | None,
    mapping: Path | None,
    settings: tuple[str, ...],
) -> Delivery:
    route = find_connector(connector)
    if not isinstance(route, Extract) or contacts is not None:
        raise ChangeInput(f"{route.title} has no files that can be checked so.")
    fed = mapping_over(route, read_mapping(mapping))
    return open_extract(file, route, fed, read_settings(settings))


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
