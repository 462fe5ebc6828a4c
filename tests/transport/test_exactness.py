"""Whatever a program writes as CSV comes back as it was, at every block size."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from kinsync.transport.dialect import Dialect
from tests.transport.reading import read_bytes

_LETTERS = st.sampled_from([*"ab1 \"',;|\t\n\ré漢", "\r\n", '""', "🙂"])
_CELLS = st.lists(_LETTERS, max_size=6).map("".join)
_PLAIN = st.text("abc é", min_size=1, max_size=5).filter(str.strip)


@st.composite
def _tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 5))
    return draw(st.lists(st.lists(_CELLS, min_size=width, max_size=width), max_size=12))


def _written(rows: list[list[str]], delimiter: str, is_all_quoted: bool, end: str) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=delimiter,
        quoting=csv.QUOTE_ALL if is_all_quoted else csv.QUOTE_MINIMAL,
        lineterminator=end,
    )
    writer.writerows(rows)
    return out.getvalue()


@settings(max_examples=80)
@given(
    table=_tables(),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    is_all_quoted=st.booleans(),
    is_last_ended=st.booleans(),
    block_bytes=st.one_of(st.integers(8, 60), st.just(1 << 20)),
)
def test_what_a_program_writes_comes_back(
    table: list[list[str]],
    delimiter: str,
    end: str,
    encoding: str,
    is_all_quoted: bool,
    is_last_ended: bool,
    block_bytes: int,
) -> None:
    width = len(table[0]) if table else 1
    # One column has a header without delimiters: then nothing in the file tells which it is.
    known = Dialect(delimiter=delimiter if width == 1 else None)
    header = [f"c{place}" for place in range(width)]
    # csv leaves a carriage return unquoted where it does not end the line: quote those ourselves.
    is_all_quoted |= any("\r" in cell or "\n" in cell for row in table for cell in row)
    text = _written([header, *table], delimiter, is_all_quoted, end)
    text = text if is_last_ended else text.removesuffix(end)
    with TemporaryDirectory() as folder:
        whole = read_bytes(
            Path(folder), text.encode(encoding), block_bytes=block_bytes, dialect=known
        )

    filled = [(at, row) for at, row in enumerate(table, 2) if any(cell.strip() for cell in row)]
    assert whole.numbers == [at for at, _ in filled]
    assert whole.cells == [row for _, row in filled]
    assert whole.found == ([] if filled else [("file-header-only", None)])


_FAULTS = st.sampled_from(
    [
        ("a,b", "row-shape"),
        ("a,b,c,d", "row-shape"),
        ('"a"b,c,d', "row-shape"),
        ('"a,b" ,c,d', "row-shape"),
        ('a,"b\nc"', "row-shape"),
        ("", None),
        ("  ", None),
        (",,", None),
        (",", None),
    ]
)


@settings(max_examples=80)
@given(
    rows=st.lists(st.tuples(st.lists(_PLAIN, min_size=3, max_size=3), st.none() | _FAULTS)),
    end=st.sampled_from(["\n", "\r\n"]),
    is_all_quoted=st.booleans(),
    block_bytes=st.one_of(st.integers(8, 60), st.just(1 << 20)),
)
def test_a_fault_changes_only_its_own_row(
    rows: list[tuple[list[str], tuple[str, str | None] | None]],
    end: str,
    is_all_quoted: bool,
    block_bytes: int,
) -> None:
    text = _written([["x", "y", "z"]], ",", is_all_quoted, end)
    good, faults = [], []
    for at, (cells, fault) in enumerate(rows, 2):
        if fault is None:
            text += _written([cells], ",", is_all_quoted, end)
            good.append((at, *cells))
        else:
            text += fault[0].replace("\n", end) + end
            faults.extend([(fault[1], at)] if fault[1] else [])
    with TemporaryDirectory() as folder:
        whole = read_bytes(Path(folder), text.encode(), block_bytes=block_bytes)

    assert whole.rows.fill_null("").rows() == good
    assert [found for found in whole.found if found[0] != "file-header-only"] == faults
    assert whole.ragged["row"].to_list() == [at for _, at in faults]
