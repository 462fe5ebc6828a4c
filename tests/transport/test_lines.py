"""Some lines of a file, as they stand in it."""

import io

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from kinsync.transport.lines import chosen_lines

LINES = st.lists(st.tuples(st.text("ab,é\r", max_size=6), st.booleans()), max_size=30)


@given(LINES, st.integers(1, 40), st.booleans())
def test_the_chosen_lines_come_whole_and_in_order_wherever_blocks_end(
    told: list[tuple[str, bool]], block_bytes: int, is_ended: bool
) -> None:
    lines = [f"{text}\n".encode() for text, _ in told]
    whole = b"".join(lines)
    if lines and not is_ended and lines[-1] != b"\n":
        whole = whole[:-1]  # nobody ended the last line
    chosen = pl.Series([is_chosen for _, is_chosen in told], dtype=pl.Boolean)

    found = b"".join(chosen_lines(io.BytesIO(whole), chosen, block_bytes))

    assert found == b"".join(
        line for line, (_, is_chosen) in zip(lines, told, strict=True) if is_chosen
    )
