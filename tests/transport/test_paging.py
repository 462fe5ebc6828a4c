"""Lists in pages: every row once, or an incomplete pull."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinsync.domain.errors import IncompletePull, SourceRefusal
from kinsync.simulators.serving import Fault, Serving
from kinsync.transport.http import Answer, Http, Limits
from kinsync.transport.paging import (
    Cursor,
    Linked,
    Numbered,
    Offset,
    Paging,
    Records,
    Unpaged,
    pages,
)
from kinsync.transport.signing import Unsigned
from tests.transport.lists import Lists

QUICK = Limits(tries=2, first_wait_seconds=0.001, silent_seconds=5, answer_seconds=5)


def under(answer: Answer) -> list[dict[str, object]]:
    return answer.under("rows")


def number(name: str) -> Callable[[Answer], int | None]:
    return lambda answer: int(answer.data[name])


KINDS: dict[str, Callable[[int], Paging]] = {
    "offset": lambda size: Offset(size),
    "numbered": lambda size: Numbered(size, last=number("num_pages"), found=number("num_results")),
    "linked": lambda _size: Linked(),
    "cursor": lambda _size: Cursor(lambda answer: answer.headers.get("next-key"), "key"),
    "records": lambda size: Records(size, "First", "Last"),
}


def read(lists: Lists, kind: str, size: int = 10, *, serving: Serving | None = None) -> list[int]:
    """The ids of all rows, in the order in which they came."""
    rows = Answer.rows if kind == "records" else under
    with (
        serving or Serving(lists) as running,
        Http(running.address, Unsigned(), who="Lists", limits=QUICK) as http,
    ):
        found = pages(http, kind, KINDS[kind](size), rows=rows, key=("id",))
        return [row["id"] for page in found for row in page]


@settings(max_examples=12)
@given(rows=st.integers(0, 40), size=st.integers(1, 12))
@pytest.mark.parametrize("kind", KINDS)
def test_every_row_comes_once_and_in_order(kind: str, rows: int, size: int) -> None:
    assert read(Lists(rows=rows, most=size), kind, size) == list(range(rows))


@settings(max_examples=12)
@given(rows=st.integers(0, 40), size=st.integers(1, 12), most=st.integers(1, 12))
def test_a_server_may_give_fewer_rows_than_asked_for(rows: int, size: int, most: int) -> None:
    for has_total in (True, False):
        assert read(Lists(rows=rows, most=most, has_total=has_total), "offset", size) == list(
            range(rows)
        )


@pytest.mark.parametrize("kind", ["offset", "linked"])
def test_a_count_that_changes_is_not_the_whole(kind: str) -> None:
    with pytest.raises(IncompletePull, match="counted 25 rows at first, and then 26"):
        read(Lists(totals=[25, 26, 26]), kind)


@pytest.mark.parametrize("kind", ["offset", "linked"])
def test_a_count_that_is_not_reached_is_not_the_whole(kind: str) -> None:
    with pytest.raises(IncompletePull, match="25 of 40 rows came"):
        read(Lists(totals=[40] * 9), kind)


def test_numbered_pages_are_held_to_what_was_counted_before() -> None:
    lists = Lists(rows=25)
    with (
        Serving(lists) as running,
        Http(running.address, Unsigned(), who="Lists", limits=QUICK) as http,
        pytest.raises(IncompletePull, match="25 of 30 rows came"),
    ):
        list(pages(http, "numbered", Numbered(10, all_rows=30), rows=under))


def test_a_list_that_wants_to_be_posted_is_walked_like_any_other() -> None:
    lists = Lists(rows=25)
    with (
        Serving(lists) as running,
        Http(running.address, Unsigned(), who="Lists", limits=QUICK) as http,
    ):
        found = list(pages(http, "numbered", Numbered(10, all_rows=25), rows=under, is_query=True))

    assert [row["id"] for page in found for row in page] == list(range(25))
    assert {one.method for one in lists.asked} == {"POST"}


def test_a_cursor_that_leads_around_in_a_circle_ends() -> None:
    with pytest.raises(IncompletePull, match="circle"):
        read(Lists(cursors={"20": "10"}), "cursor")


def test_a_link_that_leads_to_itself_ends() -> None:
    lists = Lists()
    with Serving(lists) as serving:
        lists.link = f"{serving.address}/linked"
        with pytest.raises(IncompletePull, match=r"circle|twice"):
            read(lists, "linked", serving=serving)


def test_a_link_to_another_host_is_not_followed() -> None:
    with pytest.raises(SourceRefusal, match="another host"):
        read(Lists(link="https://elsewhere.example.org/linked"), "linked")


def test_a_link_may_be_relative() -> None:
    assert len(read(Lists(rows=20, link="/linked?from=10"), "linked")) == 20


def test_a_page_that_comes_twice_is_not_the_whole() -> None:
    lists = Lists()
    with Serving(lists) as serving:
        serving.fail(Fault.REPEAT, "offset")
        with pytest.raises(IncompletePull, match="twice"):
            read(lists, "offset", serving=serving)


@pytest.mark.parametrize("may_repeat", [True, False])
def test_a_row_that_ends_a_page_may_begin_the_next_where_that_is_said(may_repeat: bool) -> None:
    with (
        Serving(Lists(rows=21, twice=9)) as running,
        Http(running.address, Unsigned(), who="Lists", limits=QUICK) as http,
    ):
        found = pages(http, "offset", Offset(10), rows=under, key=("id",), may_repeat=may_repeat)
        if may_repeat:
            assert sum(map(len, found)) == 22
        else:
            with pytest.raises(IncompletePull, match="came twice"):
                list(found)


def test_a_row_that_stands_twice_on_one_page_is_the_systems_own() -> None:
    with (
        Serving(Lists(rows=21, twice=5)) as running,
        Http(running.address, Unsigned(), who="Lists", limits=QUICK) as http,
    ):
        found = list(pages(http, "offset", Offset(10), rows=under, key=("id",)))

    assert sum(map(len, found)) == 22


def test_what_is_no_list_is_not_taken_for_an_empty_one() -> None:
    with (
        Serving(Lists()) as running,
        Http(running.address, Unsigned(), who="Lists", limits=QUICK) as http,
        pytest.raises(IncompletePull, match=re.escape("something else than a list of rows")),
    ):
        list(pages(http, "echo", Unpaged()))
