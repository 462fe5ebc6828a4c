"""Which students changed in a PowerSchool: it counts changes, and tells whose records they are.

The count is kept for an application that was registered there with the tables whose changes it
wants; the answer has numbers alone, so each student is asked for by itself.

Source: PowerSchool, "GET /ws/dataversion/{applicationName}/{dataVersion}" of its API.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from kinsync.connectors.connector import Given
from kinsync.connectors.powerschool.fields import STUDENTS, Wanted, extended
from kinsync.domain.errors import ChangesUntold, IncompletePull, NothingThere
from kinsync.transport.http import Http

CHANGES = "ws/dataversion/{application}/{version}"
STUDENT = "ws/v1/student/{student}"
MOST_ASKED_ALONE = 500
"""Students who are asked for one by one; with more of them everything is read."""


def counted(http: Http, given: Given, version: str) -> tuple[str, Mapping[str, Any]]:
    """The number of the newest change, and of each table whose records changed since a version.

    Raises:
        NothingThere: there is no such application, or no such version any more.
        ChangesUntold: it is no such answer.
    """
    parts = {"application": given["data_version"], "version": version}
    data = http.get(CHANGES, parts=parts).data
    told = data if isinstance(data, dict) else {}
    newest, tables = str(told.get("$dataversion", "")), told.get("tables") or {}
    if not newest.isdigit() or not isinstance(tables, dict):
        raise ChangesUntold(f"{http.who} does not say which changes there were.")
    return newest, tables


def changed(http: Http, given: Given, version: str, wanted: Wanted) -> Sequence[str]:
    """Whose records changed since a version, in any table that is read.

    Raises:
        ChangesUntold: they are too many to be asked for one by one.
        NothingThere: as ``counted``.
    """
    _, tables = counted(http, given, version)
    read = {STUDENTS, *wanted.extensions}
    found = {
        str(number)
        for name, numbers in tables.items()
        if str(name).lower() in read
        for number in numbers
    }
    if len(found) > MOST_ASKED_ALONE:
        raise ChangesUntold(f"{http.who} has more changed students than are asked for one by one.")
    return sorted(found)


def alone(http: Http, wanted: Wanted, numbers: Collection[str]) -> Iterator[dict[str, Any]]:
    """These students as rows, as far as they are still there.

    Raises:
        ChangesUntold: none of them has what a table adds, which may be no right any more.
        IncompletePull, SourceRefusal: one did not come.
    """
    missing, has_students = set(wanted.extensions), False
    for student in http.each(numbers, lambda number: _one(http, wanted, number)):
        if student is not None:
            has_students = True
            missing.difference_update(extended(student))
            yield wanted.row(student)
    if missing and has_students:
        raise ChangesUntold(f"{http.who} gives nothing of {', '.join(sorted(missing))}.")


def _one(http: Http, wanted: Wanted, number: str) -> Mapping[str, Any] | None:
    try:
        answer = http.get(STUDENT, wanted.params, parts={"student": number})
    except NothingThere:
        return None
    found = answer.data.get("student") if isinstance(answer.data, dict) else None
    if not isinstance(found, dict):
        raise IncompletePull(f"{http.who} answered with something else than a student.")
    return found


def stay(before: pl.LazyFrame, key: str, numbers: Collection[str]) -> int:
    """How many students of before did not change."""
    is_other = ~pl.col(key).is_in(list(numbers))
    return int(before.filter(is_other).select(pl.col(key).n_unique()).collect().item())
