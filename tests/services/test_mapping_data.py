"""On what a mapping is tried: the first whole rows of a large file, however it is written."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinsync.services.mapping_data import first_rows

cells = st.text(st.sampled_from('ab"\n,é ਊĊĀĢ∀'), max_size=5)
"""Quotation marks, line breaks, and characters whose bytes look like these."""


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le", "utf-16-be"])
@given(st.lists(st.tuples(cells, cells), min_size=2, max_size=8), st.integers(1, 200))
def test_the_beginning_of_a_file_ends_with_a_whole_row(
    encoding: str, rows: list[tuple[str, str]], most: int
) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    content = out.getvalue() if encoding == "utf-8-sig" else "\ufeff" + out.getvalue()
    first_row = f'"{rows[0][0]}"'  # shorter than the row itself
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        path.write_bytes(content.encode(encoding))
        part = first_rows(path, max(most, 8 * len(first_row) + 60))
    told = part.decode(encoding).removeprefix("\ufeff")
    read = [tuple(row) for row in csv.reader(io.StringIO(told, newline=""))]

    assert read == rows[: len(read)]
    assert read
