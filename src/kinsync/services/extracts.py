"""Extracts: a file that a system wrote, opened as the delivery that it is."""

from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import polars as pl

from kinsync.connectors.connector import Given, Route, default_mapping
from kinsync.connectors.extract import Extract, NotWhole, Package, dialect_of
from kinsync.connectors.students_file import students_mapping
from kinsync.domain.errors import ChangeInput
from kinsync.domain.mapping import Mapping as SourceMapping
from kinsync.pipeline.map import Columns
from kinsync.services.delivery import Delivery, delivery_of, existing
from kinsync.services.intake import Source
from kinsync.transport.delimited import DelimitedFile, open_delimited, refused
from kinsync.transport.spool import Spool

_NAMES = ("last_name", "first_name")


def settings_of(route: Route, values: Mapping[str, str]) -> Given:
    """The settings of a route, defaults filled in.

    Raises:
        ChangeInput: one is not known.
    """
    known = {one.name for one in route.settings}
    if unknown := sorted(values.keys() - known):
        listed = ", ".join(sorted(known))
        raise ChangeInput(f"{route.title} has no setting {', '.join(unknown)}. Known: {listed}.")
    defaults = {one.name: one.default or "" for one in route.settings}
    return Given({**defaults, **values})


def mapping_over(route: Route, own: SourceMapping | None) -> SourceMapping:
    """A district's own mapping over the default of a route."""
    base = SourceMapping.from_toml(default_mapping(route), name=f"{route.name}.toml")
    return base if own is None else own.over(base)


def open_extract(
    path: Path,
    route: Route,
    mapping: SourceMapping,
    values: Mapping[str, str],
    *,
    name: str | None = None,
    students: Path | None = None,
    has_company: bool = False,
) -> Delivery:
    """Look at the file of a system.

    Args:
        path: the file.
        route: how such files come.
        mapping: what its columns are.
        values: the settings of the source.
        name: what findings call the file.
        students: a students.csv, for a file that does not name students itself: its contacts are
            theirs.
        has_company: whether such a file may speak of students that other sources name.

    Raises:
        ChangeInput: there is no such file, it cannot be laid out so, or nobody names its students.
    """
    if isinstance(route, Package):
        return delivery_of([Source(_unpacked(path, route, mapping, values, name), mapping)])
    dialect = dialect_of(settings_of(route, values))
    file = open_delimited(existing(path), name=name, dialect=dialect)
    if file.is_refused or _names_students(file, mapping):
        return delivery_of([Source(file, mapping)])
    if has_company:
        return delivery_of([Source(file, mapping, has_students=False)])
    if students is None:
        raise _nobody_names(file, mapping)
    theirs = Source(open_delimited(existing(students)), students_mapping())
    return delivery_of([theirs, Source(file, mapping, has_students=False)])


def _nobody_names(file: DelimitedFile, mapping: SourceMapping) -> ChangeInput:
    feeds = [mapping.feeds[name] for name in _NAMES if name in mapping.feeds]
    named = ", ".join(column for feed in feeds for column in feed.columns)
    remedy = f"Add {named} to the extract, or upload" if named else "Upload"
    return ChangeInput(
        f"{file.name} does not name its students, and there is no students.csv that does. "
        f"Nothing was published. {remedy} students.csv."
    )


def _unpacked(
    path: Path,
    route: Package,
    mapping: SourceMapping,
    values: Mapping[str, str],
    name: str | None,
) -> DelimitedFile:
    """The table of a package. It lies in a folder that goes with the file."""
    told = replace(settings_of(route, values), columns=mapping.columns)
    called = name or path.name
    spool = Spool().held()
    try:
        table, findings = route.unpack(existing(path), told, spool)
    except NotWhole as fault:
        return refused(path, fault.code, name=called, column=fault.column, row=fault.row)
    file = open_delimited(table, name=called)
    read = file.only(Columns(file.columns, mapping, file=called).used)
    return replace(read, findings=pl.concat([read.findings, findings]), keeps=spool)


def _names_students(file: DelimitedFile, mapping: SourceMapping) -> bool:
    columns = Columns(file.columns, mapping, file=file.name)
    return any(columns.header(field) in file.columns for field in _NAMES)


def is_file_of(route: Extract, values: Mapping[str, str], name: str) -> bool:
    """Whether a file of that name is one that the source reads."""
    return fnmatchcase(name.lower(), settings_of(route, values)["file"].lower())
