"""Text in which every field has its own width, as delimited text: line for line, as it is read."""

from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO

import polars as pl

DELIMITER = ","


def delimited(
    chunks: Iterable[tuple[bytes, int]], widths: Sequence[int]
) -> Iterator[tuple[bytes, int]]:
    """The same lines with delimiters between their fields, and how far into the file they are.

    A short line has blank fields, because programs leave out blanks at its end; what stands beyond
    the last field makes one of its own, so that the row is seen to have another shape.
    """
    rest, offset = b"", 0
    for chunk, offset in chunks:
        text = rest + chunk
        end = text.rfind(b"\n") + 1
        rest = text[end:]
        if end:
            yield _written(text[:end], widths), offset
    if rest:
        yield _written(rest, widths).removesuffix(b"\n"), offset


def _written(text: bytes, widths: Sequence[int]) -> bytes:
    line = pl.col("line")
    lines = pl.scan_lines(text).select(line.str.strip_chars_end("\r\0")).collect()
    starts = [sum(widths[:place]) for place in range(len(widths))]
    cells = lines.select(
        line.str.slice(start, width).str.strip_chars().alias(f"{start}")
        for start, width in zip(starts, widths, strict=True)
    )
    beyond = lines.select(line.str.slice(sum(widths)).str.strip_chars()).to_series()
    whole = cells.with_columns(beyond=beyond)
    return b"".join(
        _records(whole[run] if is_long else cells[run]) for is_long, run in _runs(beyond != "")
    )


def _runs(flags: pl.Series) -> Iterator[tuple[bool, slice]]:
    """Stretches of equal flags, in order."""
    start = 0
    for length, value in flags.rle().struct.unnest().select("len", "value").iter_rows():
        yield value, slice(start, start + length)
        start += length


def _records(cells: pl.DataFrame) -> bytes:
    out = BytesIO()
    cells.write_csv(out, include_header=False, separator=DELIMITER)
    return out.getvalue()
