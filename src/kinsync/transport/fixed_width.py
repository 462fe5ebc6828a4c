"""Files in which every field has its own width, written down once as a delimited file.

Every line stays the line that it was, so that rows keep their numbers.
"""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import polars as pl

from kinsync.transport.delimited import DelimitedFile, open_delimited
from kinsync.transport.dialect import Dialect
from kinsync.transport.survey import survey_file, utf8_chunks

_CHUNK_BYTES = 8 << 20


def open_laid_out(path: Path, dialect: Dialect, folder: Path, *, name: str) -> DelimitedFile:
    """Look at a file whose layout is known; one of fixed widths is written to ``folder`` first.

    Raises:
        OSError: the disk is full.
    """
    if not dialect.widths:
        return open_delimited(path, name=name, dialect=dialect)
    survey = survey_file(path, dialect.encoding)
    if survey.refusal:
        return open_delimited(path, name=name, dialect=replace(dialect, widths=()))
    written = folder / f"{path.stem}.delimited"
    with written.open("wb") as out:
        rest = b""
        for chunk, _ in utf8_chunks(path, survey, _CHUNK_BYTES):
            text = rest + chunk
            end = text.rfind(b"\n") + 1
            rest = text[end:]
            out.write(_delimited(text[:end], dialect.widths))
        out.write(_delimited(rest, dialect.widths))
    known = Dialect("utf-8", ",", dialect.columns)
    return open_delimited(written, name=name, dialect=known)


def _delimited(text: bytes, widths: tuple[int, ...]) -> bytes:
    """The lines of a text as records; what stands beyond the last field makes a field of its own.

    A short line has blank fields: programs leave out blanks at its end.
    """
    if not text:
        return b""
    lines = pl.scan_lines(text).select(pl.col("line").str.strip_chars_end("\r\0")).collect()
    starts = [sum(widths[:place]) for place in range(len(widths))]
    cells = lines.select(
        pl.col("line").str.slice(start, width).str.strip_chars().alias(f"{place}")
        for place, (start, width) in enumerate(zip(starts, widths, strict=True))
    )
    beyond = lines.select(pl.col("line").str.slice(sum(widths)).str.strip_chars()).to_series()
    if (beyond == "").all():
        return _written(cells)
    whole = cells.with_columns(beyond=beyond)
    parts = []
    for is_long, group in _runs(beyond != ""):
        part = whole[group.start : group.stop]
        parts.append(_written(part if is_long else part.drop("beyond")))
    return b"".join(parts)


def _runs(flags: pl.Series) -> list[tuple[bool, range]]:
    """Stretches of equal flags, in order."""
    lengths = flags.rle().struct.unnest()
    ends = lengths["len"].cum_sum()
    return [
        (bool(value), range(end - length, end))
        for length, value, end in zip(lengths["len"], lengths["value"], ends, strict=True)
    ]


def _written(cells: pl.DataFrame) -> bytes:
    out = BytesIO()
    cells.write_csv(out, include_header=False)
    return out.getvalue()
