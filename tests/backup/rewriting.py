"""Plain backups as another release would have made them."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Note = dict[str, Any]


def rewrite(
    out: Path,
    manifest: Callable[[Note], object],
    end: Callable[[Note], object] = lambda _note: None,
) -> None:
    """Change what a plain backup says at its beginning and at its end.

    Rows of tables that it names no more go, and values of columns that a table has no more.
    """
    members: dict[str, bytes] = {}
    with tarfile.open(out) as tar:
        for member in tar:
            content = tar.extractfile(member)
            assert content is not None
            members[member.name] = content.read()
    before = json.loads(members["manifest.json"])["tables"]
    for name, change in (("manifest.json", manifest), ("end.json", end)):
        note = json.loads(members[name])
        change(note)
        members[name] = json.dumps(note).encode()
    tables = json.loads(members["manifest.json"])["tables"]
    for name in [one for one in members if one.startswith("tables/")]:
        table = name.split("/")[1]
        if table not in tables:
            del members[name]
        elif tables[table] != before[table]:
            kept = [before[table].index(column) for column in tables[table]]
            members[name] = _columns(members[name], kept)
    with gzip.open(out, "wb") as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        for name, written in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(written)
            tar.addfile(member, io.BytesIO(written))


def _columns(rows: bytes, kept: list[int]) -> bytes:
    """Some columns of what COPY has written."""
    fields = (row.split(b"\t") for row in rows.splitlines(keepends=False))
    return b"".join(b"\t".join(row[number] for number in kept) + b"\n" for row in fields)
