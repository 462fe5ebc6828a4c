"""OneRoster CSV: a zip with a manifest, of 1.1 or 1.2, read into the records of the REST service.

Source: 1EdTech, OneRoster 1.1 and 1.2, "CSV Binding"; notes of consumers.
"""

import csv
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import polars as pl

from kinsync.connectors.connector import Carries, Given, Setting
from kinsync.connectors.extract import NotWhole, Package, file_settings
from kinsync.connectors.oneroster import people
from kinsync.connectors.oneroster.rest import OneRoster
from kinsync.domain.frames import FINDINGS
from kinsync.transport.source_table import SourceTable
from kinsync.transport.spool import Spool

MOST_BYTES = 8 << 30
"""The largest file of a package, unpacked."""
AT_ONCE = 5_000
"""Users that are taken apart together."""
MANIFEST = "manifest.csv"
NEEDED: Mapping[str, Sequence[str]] = {
    "orgs": ("sourcedId", "name", "type"),
    "users": ("sourcedId", "givenName", "familyName", "agentSourcedIds"),
    "roles": ("userSourcedId", "role", "orgSourcedId"),
}
"""File → the columns without which nothing can be told. 1.1 has roles within the users."""
_OF_11 = ("role", "orgSourcedIds")
_RENAMED = {"preferredGivenName": "preferredFirstName", "preferredFamilyName": "preferredLastName"}
_TYPED = re.compile(r"\{([^:{}]*):([^{}]*)\}")
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)
"""What the archive module raises of a damaged or locked archive."""

Row = Mapping[str, str]


class OneRosterCsv(Package):
    """A district's OneRoster package, by SFTP or from a folder."""

    name: ClassVar = "oneroster-csv"
    title: ClassVar = "OneRoster CSV"
    mapping: ClassVar = "people"
    file: ClassVar = "*.zip"
    cadence: ClassVar = "every 6 hours from 01:30"
    settings: ClassVar[Sequence[Setting]] = (
        *file_settings("*.zip"),
        Setting("disabled", "no: leave out people whose login is disabled", "yes"),
    )
    carries: ClassVar[Carries] = OneRoster.carries

    def look(self, path: Path) -> Iterator[str]:
        with _opened(path) as archive:
            files = _Files(archive)
            version = "1.2" if files.has_roles else "1.1"
            yield f"It is a whole package of OneRoster {version}."
            users = sum(1 for _ in files.rows("users"))
            yield f"It has {users:,} users."

    def unpack(self, path: Path, given: Given, spool: Spool) -> tuple[Path, pl.DataFrame]:
        with _opened(path) as archive:
            return self._read(_Files(archive), given, spool)

    def _read(self, files: "_Files", given: Given, spool: Spool) -> tuple[Path, pl.DataFrame]:
        orgs = [dict(row) for _, row in files.rows("orgs")]
        tables = [table.widened(given.columns) for table in people.TABLES]
        found = people.People(orgs, tables, with_disabled=given.is_on("disabled"))
        written = SourceTable(tables, people.KEY, spool, who=self.title)
        written.add(found.schools())
        naming: dict[str, int] = {}
        for records in _in_lots(_records(files, naming)):
            for piece in found.pieces(records):
                written.add(piece)
        table = spool.path("source.csv")
        written.write(table, people.joined)
        unknown = [
            # Its row is one of users.csv, and must not be taken for one of the table.
            ("users.csv", None, f"agentSourcedIds of row {naming[one]}", "contact-unknown", one)
            for one in found.missing()
        ]
        return table, pl.DataFrame(unknown, schema=FINDINGS, orient="row")


def _in_lots(records: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    lot: list[dict[str, Any]] = []
    for record in records:
        lot.append(record)
        if len(lot) == AT_ONCE:
            yield lot
            lot = []
    yield lot


def _records(files: "_Files", naming: dict[str, int]) -> Iterator[dict[str, Any]]:
    """The users, as the REST service would tell of them; ``naming`` notes who is named where."""
    roles: dict[str, list[tuple[str, str, str]]] = {}
    if files.has_roles:
        for _, row in files.rows("roles"):
            if row.get("status", "").strip().lower() != "tobedeleted":
                told = (row.get("roleType", ""), row["role"], row["orgSourcedId"])
                roles.setdefault(row["userSourcedId"], []).append(told)
    for number, row in files.rows("users"):
        record = _record(row)
        if files.has_roles:
            record["roles"] = [
                {"roleType": kind, "role": role, "org": _reference(org)}
                for kind, role, org in roles.get(row["sourcedId"], ())
            ]
        for agent in record["agents"]:
            naming.setdefault(agent["sourcedId"], number)
        yield record


def _record(row: Row) -> dict[str, Any]:
    record: dict[str, Any] = {}
    metadata: dict[str, str] = {}
    for name, cell in row.items():
        kind, _, further = name.partition(".")
        if kind == "metadata" and further:
            metadata[further] = cell
        else:
            record[_RENAMED.get(name, name)] = cell
    return record | {
        "metadata": metadata,
        "agents": [_reference(one) for one in _listed(row["agentSourcedIds"])],
        "orgs": [_reference(one) for one in _listed(row.get("orgSourcedIds", ""))],
        "primaryOrg": _reference(row.get("primaryOrgSourcedId", "")),
        "grades": _listed(row.get("grades", "")),
        "userIds": [
            {"type": kind.strip(), "identifier": number.strip()}
            for kind, number in _TYPED.findall(row.get("userIds", ""))
        ],
    }


def _reference(key: str) -> dict[str, str]:
    return {"sourcedId": key.strip()}


def _listed(cell: str) -> list[str]:
    """The keys of a cell, whatever stands between them."""
    return [one.strip() for one in re.split(r"[,;]", cell) if one.strip()]


# -- the archive ---------------------------------------------------------------------------------


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGED as error:
        raise NotWhole("package-unreadable") from error
    with archive:
        yield archive


class _Files:
    """The files of a package that are read."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Look at the manifest.

        Raises:
            NotWhole: a file that is needed is not there, or holds only what has changed.
        """
        self._archive = archive
        self._members = _beside_manifest(archive)
        told = {row[0].strip(): row[1].strip().lower() for row in self._manifest()}
        self.has_roles = told.get("file.roles", "absent") != "absent"
        for name in ("users", "orgs", "roles"):
            if name == "roles" and not self.has_roles:
                continue
            state = told.get(f"file.{name}", "absent")
            if state == "delta":
                raise NotWhole("package-delta", f"file.{name}")
            if state != "bulk" or f"{name}.csv" not in self._members:
                raise NotWhole("package-incomplete", f"{name}.csv")

    def rows(self, name: str) -> Iterator[tuple[int, Row]]:
        """The rows of a file, each with its number; blank ones are left out.

        Raises:
            NotWhole: it lacks a column, or a row has not the header's shape.
        """
        file = f"{name}.csv"
        needed = (*NEEDED[name], *(() if name != "users" or self.has_roles else _OF_11))
        header: list[str] = []
        for number, cells in self._cells(file):
            if not header:
                header = [cell.strip() for cell in cells]
                missing = [one for one in needed if one not in header]
                if missing:
                    raise NotWhole("package-incomplete", f"{missing[0]} of {file}", number)
            elif any(cells):
                is_long = len(cells) > len(header) and any(cells[len(header) :])
                row = dict(zip(header, cells, strict=False))
                if len(cells) < len(header) or is_long or not row[needed[0]].strip():
                    raise NotWhole("package-incomplete", file, number)
                yield number, row
        if not header:
            raise NotWhole("package-incomplete", file)

    def _manifest(self) -> list[list[str]]:
        return [cells for _, cells in self._cells(MANIFEST) if len(cells) >= 2]

    def _cells(self, file: str) -> Iterator[tuple[int, list[str]]]:
        member = self._members[file]
        if member.file_size > MOST_BYTES:
            raise NotWhole("package-unreadable", file)
        encoding = self._encoding(member)
        with (
            self._archive.open(member) as raw,
            TextIOWrapper(raw, encoding=encoding, newline="") as text,
        ):
            try:
                yield from enumerate(csv.reader(text, strict=True), 1)
            except (csv.Error, *_DAMAGED) as error:
                raise NotWhole("package-incomplete", file) from error

    def _encoding(self, member: zipfile.ZipInfo) -> str:
        """UTF-8, as it has to be, or else what Windows writes.

        Raises:
            NotWhole: the file is damaged, or locked.
        """
        try:
            with (
                self._archive.open(member) as raw,
                TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text,
            ):
                while text.read(1 << 20):
                    pass
        except UnicodeDecodeError:
            return "cp1252"
        except _DAMAGED as error:
            raise NotWhole("package-unreadable", member.filename) from error
        return "utf-8-sig"


def _beside_manifest(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The files in the folder in which the manifest lies, by name; the uppermost one counts."""
    members = {PurePosixPath(one.filename): one for one in archive.infolist() if not one.is_dir()}
    manifests = [path for path in members if path.name.lower() == MANIFEST]
    if not manifests:
        raise NotWhole("package-incomplete", MANIFEST)
    folder = min(manifests, key=lambda path: (len(path.parts), str(path))).parent
    return {path.name.lower(): one for path, one in members.items() if path.parent == folder}
