"""Pairs that are taken: everyone once, and nobody by a toss-up."""

from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.tables import laws

from kinsync.pipeline.one_to_one import mutual_best, without

Pair = tuple[int, int, int]
SCHEMA = {"incoming": pl.UInt32, "published": pl.UInt32, "score": pl.Int64}


def taken(*pairs: Pair) -> set[tuple[int, int]]:
    return set(mutual_best(pl.DataFrame(pairs, schema=SCHEMA, orient="row")).iter_rows())


@pytest.mark.parametrize(
    ("pairs", "result"),
    [
        ([], set()),
        ([(1, 1, 5)], {(1, 1)}),
        ([(1, 1, 5), (1, 2, 4)], {(1, 1)}),
        ([(1, 1, 5), (1, 2, 5)], set()),
        ([(1, 1, 5), (2, 1, 5)], set()),
        ([(1, 1, 5), (2, 1, 4), (2, 2, 1)], {(1, 1), (2, 2)}),
        ([(1, 1, 5), (1, 2, 4), (2, 1, 4)], {(1, 1)}),
        ([(1, 1, 3), (2, 1, 5), (2, 2, 5)], set()),
    ],
)
def test_the_best_of_both_is_taken_and_a_tie_takes_nobody(
    pairs: list[Pair], result: set[tuple[int, int]]
) -> None:
    assert taken(*pairs) == result


PAIRS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 3)),
    unique_by=lambda pair: pair[:2],
)


@laws
@given(PAIRS, st.randoms())
def test_everyone_is_taken_once_whatever_the_order(pairs: list[Pair], random: Random) -> None:
    shuffled = random.sample(pairs, len(pairs))
    result = taken(*pairs)

    assert result == taken(*shuffled)
    assert len({one for one, _ in result}) == len({other for _, other in result}) == len(result)


@laws
@given(PAIRS)
def test_no_pair_is_left_that_is_better_than_all_around_it(pairs: list[Pair]) -> None:
    result = taken(*pairs)
    used = {one for one, _ in result}, {other for _, other in result}
    left = [pair for pair in pairs if pair[0] not in used[0] and pair[1] not in used[1]]

    for one, other, score in left:
        rivals = [p for p in left if (p[0] == one) != (p[1] == other)]
        assert any(rival[2] >= score for rival in rivals)


def test_people_who_are_taken_leave_with_all_their_pairs() -> None:
    pairs = pl.DataFrame([(1, 1, 0), (1, 2, 0), (2, 1, 0), (2, 2, 0)], schema=SCHEMA, orient="row")
    left = without(pairs, pl.DataFrame({"incoming": [1], "published": [1]}))

    assert left.rows() == [(2, 2, 0)]
