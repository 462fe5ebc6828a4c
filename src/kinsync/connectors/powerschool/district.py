"""What every way into a district's PowerSchool shares: sign-in, sizes of pages, counts, schools."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx2

from kinsync.connectors.connector import Given, Setting
from kinsync.connectors.powerschool.fields import plain, query_rows
from kinsync.domain.errors import ChangeInput, IncompletePull
from kinsync.transport.http import Answer, Http
from kinsync.transport.paging import Numbered, Rows, pages
from kinsync.transport.signing import ClientCredentials, quoted

METADATA = "ws/v1/metadata"
TOKEN = "oauth/access_token"  # noqa: S105 - a path
USUAL_PAGE = 100
"""What a plugin is given where the district has set nothing."""

SIGN_IN = (
    Setting("url", "address of the district's PowerSchool, https://HOST"),
    Setting("client_id", "client ID of the plugin, from its Data Provider Configuration"),
    Setting("client_secret", "client secret of the plugin", is_secret=True),
)
STUDENTS_OF = (
    Setting("statuses", "enrollment statuses to read: A active, P pre-registered and others", "A"),
    Setting("schools", "numbers of the schools to read, separated by commas; blank: all", ""),
    Setting("page_size", "rows asked for at a time; blank: as many as the plugin may", ""),
)
STATUS_CODES = {"A": "0", "P": "-1", "I": "1", "T": "2", "G": "3", "H": "4"}


def base(given: Given) -> str:
    """Where paths begin."""
    return given["url"].rstrip("/") + "/"


def sign_in(given: Given) -> httpx2.Auth:
    """A token for the plugin."""
    token = base(given) + TOKEN
    return ClientCredentials(token, given["client_id"], given["client_secret"])


def metadata(http: Http) -> Mapping[str, Any]:
    """What PowerSchool says of itself and of the plugin.

    Raises:
        IncompletePull: it says nothing.
    """
    found = http.get(METADATA).data
    told = found.get("metadata") if isinstance(found, dict) else None
    if not isinstance(told, dict):
        raise IncompletePull(f"{http.who} says nothing of itself at {METADATA}.")
    return told


def page_size(told: Mapping[str, Any], name: str, given: Given) -> int:
    """How many rows are asked for at a time: as many as the plugin may, and no more than wanted.

    Raises:
        ChangeInput: what is wanted is no number.
    """
    most = str(told.get(name) or "")
    largest = int(most) if most.isdigit() and int(most) else USUAL_PAGE
    return min(largest, given.number("page_size")) if given["page_size"] else largest


def whole(
    http: Http,
    path: str,
    size: int,
    rows: Callable[[Answer], Rows],
    *,
    key: Sequence[str],
    params: Mapping[str, str] | None = None,
    is_query: bool = False,
) -> Iterator[Rows]:
    """The pages of a list, whose rows were counted before and are counted again at the end.

    Raises:
        IncompletePull, SourceRefusal: what came is not the whole list.
    """

    def count() -> int:
        ask = http.post if is_query else http.get
        return count_of(http, ask(f"{path}/count", params))

    number = count()
    paging = Numbered(size, all_rows=number)
    yield from pages(http, path, paging, params, rows, key, is_query=is_query)
    if (after := count()) != number:
        raise IncompletePull(
            f"{http.who} counted {number} rows at {path} at first, and {after} when they had come. "
            "Nothing was published; the next pull tries again."
        )


def queried(
    http: Http, name: str, size: int, columns: Sequence[str], *, key: Sequence[str]
) -> Iterator[Rows]:
    """The rows of a PowerQuery with these columns, page by page.

    Raises:
        IncompletePull, SourceRefusal: it is not the whole, or its rows cannot be told apart.
    """

    def rows(answer: Answer) -> Rows:
        found = [named(row, columns) for row in query_rows(answer)]
        if missing := [one for one in key for row in found if one not in row]:
            raise IncompletePull(
                f"The PowerQuery {name} of {http.who} gave rows without {missing[0]}. Nothing was "
                "published. Where it stays so, install the plugin anew, or name another query."
            )
        return found

    return whole(http, f"ws/schema/query/{quoted(name)}", size, rows, key=key, is_query=True)


def named(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """A row of a PowerQuery under the names of columns.

    ``contacts.first_name`` may be called so, contacts_first_name, contact_first_name or first_name.
    """
    found = {}
    for column in columns:
        table, _, field = plain(column).rpartition(".")
        spelled = (f"{table}.{field}", f"{table}_{field}", f"{table[:-1]}_{field}", field)
        present = next((one for one in spelled if one in row), None)
        if present is not None:
            found[column] = row[present]
    return found


def count_of(http: Http, answer: Answer) -> int:
    """How many rows there are, as a counting answer says.

    Raises:
        IncompletePull: it says nothing.
    """
    found = answer.data if isinstance(answer.data, dict) else {}
    around = found.get("resource")
    told = str((around if isinstance(around, dict) else found).get("count", ""))
    if not told.isdigit():
        raise IncompletePull(f"{http.who} did not say how many rows there are at {answer.place}.")
    return int(told)


def statuses(given: Given) -> list[str]:
    """The letters of the enrollment statuses that a source reads.

    Raises:
        ChangeInput: one is none.
    """
    told = [one.upper() for one in given.listed("statuses")]
    if not told or not STATUS_CODES.keys() >= set(told):
        raise ChangeInput(f"The setting statuses is to be some of {', '.join(STATUS_CODES)}.")
    return told


def of_source(given: Given, rows: Rows) -> Rows:
    """The students of a status and at a school that the source reads.

    A query of the district's own need not tell the status: whom it gives is its business.
    """
    wanted = {None, *(STATUS_CODES[one] for one in statuses(given))}
    schools = given.listed("schools")
    return [
        row
        for row in rows
        if text(row.get("students.enroll_status")) in wanted
        and (not schools or text(row.get("students.schoolid")) in schools)
    ]


def text(value: object) -> str | None:
    """A value of a row: numbers come as such, or as texts."""
    return None if value is None else str(value)


def greeting(told: Mapping[str, Any]) -> str:
    """What a first look says at first."""
    return f"PowerSchool {told.get('powerschool_version', 'of unknown version')} answers."


def first_of(given: Given, found: Iterator[Rows]) -> Rows:
    """The first students who are read, as many as one page of all has of them.

    Raises:
        ChangeInput: there are none on any page.
    """
    first = next(filter(None, (of_source(given, rows) for rows in found)), [])
    if not first:
        raise ChangeInput(
            f"PowerSchool has no student of status {given['statuses']} at the schools of the "
            "source. Check its settings, and that the plugin is enabled."
        )
    return first


def spelled(named: Sequence[str], needed: Sequence[str]) -> tuple[str, ...]:
    """Columns that a mapping names, as it spells them, and after them those needed besides."""
    columns = {plain(name): name.strip() for name in named}
    return tuple({**columns, **{name: name for name in needed}}.values())
