"""``kinsync disclosures``: who received whose contacts, which fields, and when."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kinsync import bootstrap
from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected
from kinsync.domain.errors import ChangeInput

if TYPE_CHECKING:
    from kinsync.services.disclosures import Disclosure

COLUMNS = ("at", "application", "client_id", "address", "version", "contacts", "fields")


@click.command()
@click.argument("district")
@click.option("--student", metavar="ID", help="Kinsync's id of a student, or the SIS id.")
@click.option("--contact", metavar="ID", help="An id of a contact in any API version, or SIS id.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    metavar="DATE",
    help="Nothing before it: 2026-09-01, or 2026-09-01T06:00:00 (UTC).",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="OUT.csv", help="Write them there.")
@json_option
def disclosures(
    district: str,
    student: str | None,
    contact: str | None,
    since: datetime | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Which applications received the contacts of a student of DISTRICT, or one contact.

    Every answer that named one counts, as it was then: whatever is shared now, and whoever was
    merged since.
    """
    if (student is None) == (contact is None):
        raise click.UsageError("Give --student or --contact.")
    keys = bootstrap.identity_keys(connected())()
    from kinsync.services.disclosures import of_contact, of_student
    from kinsync.store import records

    home = records.find_district(district)
    start = since.replace(tzinfo=UTC) if since else None
    if student is not None:
        found = of_student(home, student, since=start, keys=keys)
    else:
        found = of_contact(home, contact or "", since=start, keys=keys)
    if out:
        _write(out, found)
    if as_json:
        say_json({"count": len(found), "disclosures": [_told(one) for one in found]})
    elif out:
        say(f"{len(found):,} disclosures are in {out}")
    else:
        _show(found)


def _told(one: "Disclosure") -> dict[str, object]:
    return {
        "at": one.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "application": one.application,
        "client_id": one.client_id,
        "address": f"/{one.api}/{one.endpoint}",
        "version": one.version,
        "contacts": list(one.contacts),
        "fields": list(one.fields),
    }


def _show(found: Sequence["Disclosure"]) -> None:
    """The applications with their numbers, then each answer."""
    if not found:
        say("No application received any of these contacts.")
        return
    show_table(
        ("at (UTC)", "application", "address", "version", "contacts"),
        [
            (
                f"{one.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
                one.application,
                f"/{one.api}/{one.endpoint}",
                one.version,
                len(one.contacts),
            )
            for one in found
        ],
    )
    for application in sorted({one.application for one in found}):
        mine = [one for one in found if one.application == application]
        fields = sorted({field for one in mine for field in one.fields})
        say(f"{application} received, in {len(mine):,} answers: {', '.join(fields)}")


def _write(path: Path, found: Sequence["Disclosure"]) -> None:
    """One row per answer; lists with spaces between; no text that a spreadsheet would calculate."""
    import polars as pl

    from kinsync.services.report import harmless

    rows = [
        {
            name: " ".join(map(str, value)) if isinstance(value, list) else str(value)
            for name, value in _told(one).items()
        }
        for one in found
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String))
    try:
        frame.with_columns(map(harmless, COLUMNS)).write_csv(
            path, include_bom=True, line_terminator="\r\n"
        )
    except OSError as error:
        raise ChangeInput(f"Cannot write to {path}: {error.strerror}. Name another file.") from None
