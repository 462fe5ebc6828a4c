"""``kinsync uploads``: what came over SFTP, whole or not."""

from typing import TYPE_CHECKING

import click

from kinsync.cli.output import json_option, say_json, show_table
from kinsync.cli.session import connected

if TYPE_CHECKING:
    from kinsync.services.uploads import Upload


@click.command()
@click.argument("district")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@json_option
def uploads(district: str, limit: int, as_json: bool) -> None:
    """The latest uploads of DISTRICT, newest first; incomplete ones are never synced."""
    connected()
    from kinsync.services.uploads import recent
    from kinsync.store import records

    rows = recent(records.find_district(district).id, limit=limit)
    if as_json:
        say_json({"uploads": [_as_json(row) for row in rows]})
        return
    show_table(
        ("upload", "started", "account", "file", "bytes", "state", ""),
        [
            (
                row.id,
                f"{row.started_at:%Y-%m-%d %H:%M} UTC",
                row.account,
                row.path,
                f"{row.size:,}",
                row.state,
                _remark(row),
            )
            for row in rows
        ],
    )


def _remark(upload: "Upload") -> str:
    from kinsync.services.uploads import purpose

    if upload.reason:
        return upload.reason
    if upload.state == "complete" and not upload.is_current:
        return "replaced or removed"
    found = purpose(upload.district_id, upload.path)
    return "" if found == "read" else found


def _as_json(upload: "Upload") -> dict[str, object]:
    from kinsync.services.uploads import purpose

    return {
        "upload": upload.id,
        "account": upload.account,
        "label": upload.label,
        "path": upload.path,
        "purpose": purpose(upload.district_id, upload.path),
        "state": upload.state,
        "reason": upload.reason,
        "bytes": upload.size,
        "sha256": upload.sha256,
        "is_current": upload.is_current,
        "started_at": upload.started_at.isoformat(),
        "completed_at": upload.completed_at and upload.completed_at.isoformat(),
    }
