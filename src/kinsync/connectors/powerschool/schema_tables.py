"""PowerSchool by its schema tables: Students, and each table that extends it, by itself.

Source: PowerSchool, page ``schema`` of its API, "Tables"; clients that read ``students`` so, though
that page speaks of extensions alone.
"""

from collections.abc import Iterator, Sequence

from kinsync.connectors.connector import Given
from kinsync.connectors.powerschool import district
from kinsync.connectors.powerschool.fields import STUDENTS, plain, query_rows
from kinsync.connectors.powerschool.plugin import is_field
from kinsync.domain.errors import ChangeInput
from kinsync.transport.http import Http
from kinsync.transport.paging import Rows
from kinsync.transport.signing import quoted
from kinsync.transport.source_table import Table

OWNER = "studentsdcid"
"""The field of an extending table that says whose row it is."""


def schema_tables(columns: Sequence[str], key: str, certain: tuple[str, ...]) -> list[Table]:
    """A table for each one that the columns are of, Students first; all of them have ``key``.

    Raises:
        ChangeInput: a column is of no table.
    """
    by_table: dict[str, list[str]] = {STUDENTS: [key]}
    for column in columns:
        if not is_field(plain(column)):
            raise ChangeInput(
                f"{column} is no field of a table of PowerSchool. Name a column as table.field, "
                "such as studentcorefields.emerg_1_rel, or read the resource: the setting way."
            )
        by_table.setdefault(plain(column).partition(".")[0], [key]).append(column)
    return [
        Table(name, (key,), tuple(dict.fromkeys(named)), certain if name == STUDENTS else ())
        for name, named in by_table.items()
    ]


def table_pages(http: Http, given: Given, table: Table, size: int) -> Iterator[Rows]:
    """The rows of a table under the names of its columns, page by page.

    Raises:
        IncompletePull, SourceRefusal: it is not the whole.
    """
    (key,) = table.key
    fields = {plain(one): plain(one).partition(".")[2] for one in table.columns}
    owner = fields[key] if table.name == STUDENTS else OWNER
    params = {"projection": ",".join([owner, *(f for k, f in fields.items() if k != key)])}
    params["sort"] = owner
    if table.name == STUDENTS:
        codes = [district.STATUS_CODES[one] for one in district.statuses(given)]
        params["q"] = f"enroll_status==({','.join(codes)})"
    path = f"ws/schema/table/{quoted(table.name)}"
    for found in district.whole(
        http, path, size, query_rows, key=(f"{table.name}.{owner}",), params=params
    ):
        yield [
            {**district.named(row, table.columns), key: row[f"{table.name}.{owner}"]}
            for row in found
        ]
