"""Ids ascend, and none is handed out twice."""

from concurrent.futures import ThreadPoolExecutor

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from kinsync.store.ids import _spell, allocate, allocate_one


def test_ids_are_24_hex_digits_that_ascend(database: None) -> None:
    ids = pl.concat([allocate(3), allocate(0), allocate(70_000), allocate(1)])

    assert ids.str.contains("^[0-9a-f]{24}$").all()
    assert ids.is_sorted()
    assert ids.n_unique() == 70_004


def test_ids_ascend_though_the_clock_goes_back(database: None) -> None:
    later, earlier = allocate(1, now=4_000_000_000), allocate(1, now=1_000_000_000)

    assert later[0] < earlier[0]


def test_ids_of_many_at_once_are_all_different(database: None) -> None:
    with ThreadPoolExecutor(8) as threads:
        blocks = list(threads.map(allocate, [50] * 40))

    assert all(block.is_sorted() for block in blocks)
    assert pl.concat(blocks).n_unique() == 2_000


def test_a_single_id_is_like_the_others(database: None) -> None:
    assert allocate_one() < allocate_one()


@given(
    st.integers(0, 2**32 - 1), st.integers(1, 2**63 - 100), st.integers(min_value=1, max_value=50)
)
def test_an_id_spells_its_second_and_its_number(seconds: int, first: int, count: int) -> None:
    expected = [f"{seconds:08x}{first + place:016x}" for place in range(count)]

    assert _spell(seconds, first, count).to_list() == expected
