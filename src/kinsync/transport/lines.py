"""Files in which every line is a record: their lines as hashes, and parts of them."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from kinsync.transport.delimited import BLOCK_BYTES, LONGEST_RECORD_BYTES, Block, DelimitedFile
from kinsync.transport.framing import Grammar

LINE_FEED = 10
MOST_DOUBTFUL = 10_000
"""Lines that the engine cannot judge; a file with more of them is not looked at line by line."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines behind the header of a file in which every line is a record, or blank.

    ``hashes`` stand in the order of the file, the first of row ``first_row``; they mean something
    within one version of the engine. ``header`` is everything before them.
    """

    file: DelimitedFile
    hashes: pl.Series
    header: bytes

    @property
    def first_row(self) -> int:
        return _header_row(self.file) + 1

    def part(self, chosen: pl.Series, path: Path) -> "PartOfFile":
        """A file of the chosen lines (true or false for each), written to ``path``."""
        numbers = chosen.arg_true()
        with self.file.path.open("rb") as whole, path.open("wb") as part:
            whole.seek(len(self.header))
            part.writelines(chosen_lines(whole, chosen))
        survey = replace(self.file.survey, size=path.stat().st_size, bom_bytes=0)
        header = self.file.header
        return PartOfFile(
            path=path,
            name=self.file.name,
            dialect=self.file.dialect,
            survey=survey,
            header=replace(header, row=-1, end=0) if header else None,
            findings=self.file.findings,
            rows=(numbers + self.first_row).cast(pl.UInt32),
        )


@dataclass(frozen=True)
class PartOfFile(DelimitedFile):
    """Some lines of a file. ``rows`` are the rows of the whole file on which they stand."""

    rows: pl.Series

    def blocks(
        self, columns: Sequence[str] | None = None, block_bytes: int = BLOCK_BYTES
    ) -> Iterator[Block]:
        if self.rows.is_empty():
            return
        true_row = pl.lit(self.rows).gather(pl.col("row")).alias("row")
        for block in super().blocks(columns, block_bytes):
            about_rows = block.findings.filter(pl.col("row").is_not_null())
            yield replace(
                block,
                rows=block.rows.with_columns(true_row),
                ragged=block.ragged.with_columns(true_row),
                findings=about_rows.with_columns(true_row),
            )


def lines_of(file: DelimitedFile) -> Lines | None:
    """The lines of a file, or None where a record may go over several, or may not end."""
    survey = file.survey
    is_plain = survey.encoding == "utf-8" and not (survey.has_lone_cr or survey.cut_bytes)
    if file.header is None or file.is_refused or not is_plain:
        return None
    with file.path.open("rb") as opened:
        header = opened.read(survey.bom_bytes + file.header.end)
    lines = _lines_behind(file.path, header)
    line = pl.col("line")
    grammar = Grammar(file.header.delimiter, file.header.width)
    told = lines.select(line.hash(), size=line.str.len_bytes()).collect(engine="streaming")
    doubtful = (
        lines.filter(line.str.contains('"', literal=True))
        .filter(~line.str.contains(grammar.good))
        .head(MOST_DOUBTFUL + 1)
        .collect(engine="streaming")["line"]
    )
    longest = told["size"].max()
    if (
        not isinstance(longest, int)
        or longest > LONGEST_RECORD_BYTES
        or doubtful.len() > MOST_DOUBTFUL
        or not all(_is_record(text, grammar) for text in doubtful)
        or not _is_finished(file, grammar)
    ):
        return None
    return Lines(file, told["line"], header)


def _header_row(file: DelimitedFile) -> int:
    return file.header.row if file.header else 0


def _lines_behind(path: Path, header: bytes) -> pl.LazyFrame:
    return pl.scan_lines(path).slice(header.count(b"\n"))


def chosen_lines(
    whole: BinaryIO, chosen: pl.Series, block_bytes: int = BLOCK_BYTES
) -> Iterator[bytes]:
    """The bytes of the chosen lines, as many at once as stand together; a block of all at a time.

    The engine, asked to filter lines by a column of its own, holds half a gigabyte of them.
    """
    first, rest = 0, b""
    while block := whole.read(block_bytes):
        text = rest + block
        ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == LINE_FEED) + 1
        here = np.flatnonzero(chosen.slice(first, len(ends)).to_numpy())
        for run in np.split(here, np.flatnonzero(np.diff(here) > 1) + 1) if len(here) else ():
            yield text[ends[run[0] - 1] if run[0] else 0 : ends[run[-1]]]
        first += len(ends)
        rest = text[ends[-1] :] if len(ends) else text
    if rest and chosen[first]:
        yield rest + b"\n"


def _is_record(line: str, grammar: Grammar) -> bool:
    """Whether no quotation mark is left open at the end of a line."""
    text = line.encode() + b"\n"
    record = grammar.loose_record.match(text)
    return record is not None and record.end() == len(text)


def _is_finished(file: DelimitedFile, grammar: Grammar) -> bool:
    """Whether the last line is ended or whole, so that it is not cut."""
    with file.path.open("rb") as opened:
        opened.seek(-1, os.SEEK_END)
        if opened.read() == b"\n":
            return True
    last = pl.scan_lines(file.path).tail(1).select(pl.col("line").str.contains(grammar.good))
    return bool(last.collect().item())
