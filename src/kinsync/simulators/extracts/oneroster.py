"""OneRoster CSV: a zip with manifest.csv, users, organisations and, of 1.2, roles.

Source: 1EdTech, OneRoster 1.1 and 1.2, "CSV Binding"; notes of consumers.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from kinsync.simulators.extracts.extract import Extract, Extracted, Quirks
from kinsync.simulators.extracts.layout import Layout
from kinsync.simulators.oneroster import OneRosterSystem
from kinsync.simulators.oneroster_users import roles_of
from kinsync.simulators.roster import Roster

_USERS_11 = (
    *("sourcedId", "status", "dateLastModified", "enabledUser", "orgSourcedIds", "role"),
    *("username", "userIds", "givenName", "familyName", "middleName", "identifier", "email"),
    *("sms", "phone", "agentSourcedIds", "grades", "password"),
)
_USERS_12 = (
    *("sourcedId", "status", "dateLastModified", "enabledUser", "username", "userIds"),
    *("givenName", "familyName", "middleName", "identifier", "email", "sms", "phone"),
    *("agentSourcedIds", "grades", "password", "userMasterIdentifier", "preferredGivenName"),
    *("preferredMiddleName", "preferredFamilyName", "primaryOrgSourcedId", "pronouns"),
)
_ROLES = (
    *("sourcedId", "status", "dateLastModified", "userSourcedId", "roleType", "role"),
    *("beginDate", "endDate", "orgSourcedId", "userProfileSourcedId"),
)
_ORGS = ("sourcedId", "status", "dateLastModified", "name", "type", "identifier", "parentSourcedId")
_KEYS_11 = (
    *("academicSessions", "categories", "classes", "classResources", "courses"),
    *("courseResources", "demographics", "enrollments", "lineItems", "orgs", "resources"),
    *("results", "users"),
)
_KEYS_12 = (
    *_KEYS_11,
    *("lineItemLearningObjectiveIds", "lineItemScoreScales", "resultLearningObjectiveIds"),
    *("resultScoreScales", "roles", "scoreScales", "userProfiles", "userResources"),
)
_SERVED = ("dangling-agents", "students-alone", "contacts-alone", "two-schools", "district-role")
QUIRKS: Mapping[str, str] = {
    "active": "status is filled in, which a whole package must not have",
    "bom": "every file begins with a byte order mark",
    "contacts-alone": "contacts name students, and students nobody",
    "cp1252": "files are in Windows-1252",
    "cut": "the archive ends half way",
    "dangling-agents": "a few students name a contact whom there is not",
    "delta": "the package holds only what has changed",
    "district-role": "every student is listed at the district too",
    "macintosh": "the archive holds a second manifest, of the machine that made it",
    "metadata": "users have columns for what they are, an order and an emergency flag in metadata",
    "no-manifest": "there is no manifest",
    "no-users": "the manifest names users, and there are none",
    "property-value": "the manifest calls its second column propertyValue, and its version 1",
    "semicolons": "lists have a semicolon between their keys",
    "short-row": "a row of the users is cut",
    "students-alone": "students name contacts, and contacts nobody",
    "subfolder": "the files stand in a folder",
    "two-schools": "a few students are at a second school too",
    "version-1.1": "the package is of 1.1: roles stand with the users",
}
"""Each switched on by itself."""

_METADATA = ("metadata.relationship", "metadata.priority", "metadata.emergencyContact")

Rows = Iterable[Sequence[str]]


def _pack(path: Path, students: int, seed: int, night: int, quirks: Quirks) -> Extracted:
    roster = Roster(students=students, seed=seed)
    is_old = "version-1.1" in quirks
    served = [one for one in (*_SERVED, "metadata") if one in quirks]
    system = OneRosterSystem(roster, quirks=served, version="1.1" if is_old else "1.2")
    for _ in range(1, night):
        system.night()
    files = {"orgs": _orgs(system, quirks), "users": _users(system, quirks)}
    if not is_old:
        files["roles"] = _roles(system, quirks)
    _write(path, _manifest(quirks), files, quirks)
    return _told(path, system)


def _told(path: Path, system: OneRosterSystem) -> Extracted:
    """What a reader makes of it: a row for each contact of a student, or for a student alone."""
    contacts = system.roster.contacts.select("student", "person", "name")
    students = system.roster.students.select(student="Student_id")
    table = students.join(contacts, on="student", how="left").cast(pl.String)
    return Extracted(path, table, contacts, Layout.of(table, ()))


def _manifest(quirks: Quirks) -> Rows:
    is_old = "version-1.1" in quirks
    there = ("orgs", "users") if is_old else ("orgs", "users", "roles")
    state = "delta" if "delta" in quirks else "bulk"
    is_spoilt = "property-value" in quirks
    yield ("propertyName", "propertyValue" if is_spoilt else "value")
    yield ("manifest.version", "1" if is_spoilt else "1.0")
    yield ("oneroster.version", "1.1" if is_old else "1.2")
    for key in sorted(_KEYS_11 if is_old else _KEYS_12):
        yield (f"file.{key}", state if key in there else "absent")
    yield ("source.systemName", "Simulator")


def _start(key: str, quirks: Quirks) -> dict[str, str]:
    return {"sourcedId": key, "status": "active" if "active" in quirks else ""}


def _orgs(system: OneRosterSystem, quirks: Quirks) -> Rows:
    yield _ORGS
    for one in system.people.orgs():
        told = {name: one[name] for name in ("name", "type", "identifier")}
        yield _cells(_ORGS, _start(one["sourcedId"], quirks) | told)


def _users(system: OneRosterSystem, quirks: Quirks) -> Rows:
    columns = _USERS_11 if system.version == "1.1" else _USERS_12
    more = _METADATA if "metadata" in quirks else ()
    between = "; " if "semicolons" in quirks else ","
    yield (*columns, *more)
    for number, one in enumerate(system.people.users()):
        plain = {name: value for name, value in one.items() if isinstance(value, str)}
        told = plain | _start(one["sourcedId"], quirks)
        told["dateLastModified"] = one["dateLastModified"] if "active" in quirks else ""
        told["agentSourcedIds"] = between.join(_keys(one["agents"]))
        told["grades"] = ",".join(one["grades"])
        told["userIds"] = ",".join(
            f"{{{each['type']}:{each['identifier']}}}" for each in one.get("userIds", ())
        )
        told |= {f"metadata.{name}": str(value) for name, value in one["metadata"].items()}
        if system.version == "1.1":
            told["orgSourcedIds"] = between.join(_keys(one["orgs"]))
        cells = _cells((*columns, *more), told)
        yield cells[:5] if "short-row" in quirks and number == 1 else cells


def _roles(system: OneRosterSystem, quirks: Quirks) -> Rows:
    yield _ROLES
    number = 0
    for one in system.people.users():
        for role in one["roles"]:
            number += 1
            told = {
                "userSourcedId": one["sourcedId"],
                "roleType": role["roleType"],
                "role": roles_of(one)[0],
                "orgSourcedId": role["org"]["sourcedId"],
            }
            yield _cells(_ROLES, _start(f"r{number}", quirks) | told)


def _keys(references: Iterable[Mapping[str, Any]]) -> list[str]:
    return [one["sourcedId"] for one in references]


def _cells(columns: Sequence[str], told: Mapping[str, str]) -> Sequence[str]:
    return [told.get(name, "") for name in columns]


def _write(path: Path, manifest: Rows, files: Mapping[str, Rows], quirks: Quirks) -> None:
    folder = "export 2026-11/" if "subfolder" in quirks else ""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if "no-manifest" not in quirks:
            archive.writestr(f"{folder}manifest.csv", _text(manifest, quirks))
        if "macintosh" in quirks:
            archive.writestr(f"__MACOSX/{folder}x/manifest.csv", b"\0\5\26\7")
        for name, rows in files.items():
            if not (name == "users" and "no-users" in quirks):
                archive.writestr(f"{folder}{name}.csv", _text(rows, quirks))
    if "cut" in quirks:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _text(rows: Rows, quirks: Quirks) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    if "cp1252" in quirks:
        return written.getvalue().encode("cp1252", "replace")
    return written.getvalue().encode("utf-8-sig" if "bom" in quirks else "utf-8")


def _no_rows(rows: pl.DataFrame, quirks: Quirks) -> pl.DataFrame:
    raise NotImplementedError("an archive has no rows of its own")


ONEROSTER = Extract(
    name="oneroster-csv",
    file="oneroster.zip",
    rows=_no_rows,
    quirks=QUIRKS,
    renamed={},
    pack=_pack,
)
