r"""Where records begin and end, and which of them have the shape of the header.

Nearly every line of a file is a whole record with the right number of fields, and one anchored
regular expression over the lines of a block proves it, quoted fields included; such a block goes
to the engine as it is. Only where a line fails does anything look closer: a quotation mark may
have opened a record that spans lines, or stand where it means nothing, or a field is missing.

The grammar is RFC 4180's, and where that is silent Python's ``csv``: a quotation mark inside an
unquoted field is a character like others (5'6" tall); text behind a closing one is a fault.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
import numpy.typing as npt
import polars as pl


class Grammar:
    """The patterns of a file with one delimiter and one number of fields."""

    def __init__(self, delimiter: str, width: int) -> None:
        self.delimiter = delimiter
        self.width = width
        mark = re.escape(delimiter)
        cell = f'(?:[^"{mark}]*|"[^"]*(?:""[^"]*)*")'
        blank = r'(?:\s*|"\s*")'
        self.good = f"^{cell}(?:{mark}{cell}){{{width - 1}}}\r?$"
        self.blank = rf"^{blank}(?:{mark}{blank})*\s*$"

        bare = rf'(?:[^"{mark}\r\n\0][^{mark}\r\n\0]*+)?+'
        quoted = r'"[^"]*+(?:""[^"]*+)*+"'
        end = r"[\r\0]?\n"
        loose = rf"(?:{quoted}[^{mark}\r\n\0]*+|{bare})"
        strict = rf"(?:{quoted}|{bare})"
        self.record = re.compile(rf"{strict}(?:{mark}{strict})*+{end}".encode())
        self.loose_record = re.compile(rf"{loose}(?:{mark}{loose})*+{end}".encode())
        self.field = re.compile(
            rf'(?:"([^"]*+(?:""[^"]*+)*+)"([^{mark}]*+)|([^{mark}]*+))({mark}|$)', re.DOTALL
        )

    def split(self, text: str) -> list[str]:
        """The fields of one record, however badly it is quoted; without its line end."""
        fields = []
        position = 0
        while found := self.field.match(text, position):
            inside, behind, bare, mark = found.groups()
            fields.append(bare if inside is None else inside.replace('""', '"') + behind)
            position = found.end()
            if not mark:
                break
        return fields

    def write(self, fields: Sequence[str]) -> str:
        """A record of the right shape, every field quoted: cut or filled up where it is not."""
        row = [*fields, *[""] * self.width][: self.width]
        return self.delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row)


@dataclass(frozen=True, slots=True)
class Ragged:
    """A record without the header's shape: its row, its text in the right shape, its fields."""

    row: int
    text: str
    fields: int
    is_misquoted: bool


@dataclass(frozen=True, slots=True)
class Framed:
    """The records of one block.

    ``text`` holds the good ones, one after another, and ``rows`` their row numbers. ``end`` is
    where the block's last, unfinished record begins (its length where there is none), and
    ``next_row`` is the number of the row that begins there.
    """

    text: bytes
    rows: pl.Series
    ragged: list[Ragged]
    end: int
    next_row: int


@dataclass(slots=True)
class _Records:
    """Records that began at a doubtful line: where, over how many lines, and their text.

    ``is_intact`` is False where text stands behind a closing quotation mark, or where a record
    was given up after its first line. ``stop`` is the line of a record that the block does not
    finish.
    """

    stop: int
    line: list[int] = field(default_factory=list)
    span: list[int] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    is_intact: list[bool] = field(default_factory=list)

    def add(self, line: int, span: int, text: bytes, *, is_intact: bool) -> None:
        self.line.append(line)
        self.span.append(span)
        self.text.append(text.rstrip(b"\r\n\0").decode().replace("\0\n", "\r"))
        self.is_intact.append(is_intact)


def frame_block(block: bytes, grammar: Grammar, row: int, *, has_lone_cr: bool = False) -> Framed:
    """The records of a block that begins where record ``row`` begins and ends with a line feed."""
    if not block:
        return Framed(b"", pl.Series(dtype=pl.UInt32), [], 0, row)
    lines = _lines(block, grammar)
    if not has_lone_cr and lines["good"].all() and not lines["blank"].any():
        rows = pl.int_range(row, row + lines.height, dtype=pl.UInt32, eager=True)
        return Framed(block, rows, [], len(block), row + lines.height)
    return _frame_closely(block, lines, grammar, row)


def _frame_closely(block: bytes, lines: pl.DataFrame, grammar: Grammar, row: int) -> Framed:
    """As ``frame_block``, for a block in which some line is not a whole, good record."""
    starts = _line_starts(block)
    found = _doubtful_records(block, starts, lines, grammar)
    goes_on = _goes_on(lines.height, found)
    numbers = (row + np.arange(lines.height) - np.cumsum(goes_on)).astype(np.uint32)

    records = _records(lines.with_columns(row=numbers), found, goes_on, grammar)
    good, ragged = _mended(records.filter(~pl.col("blank")), grammar)
    return Framed(
        text=_text(good),
        rows=good["row"],
        ragged=ragged,
        end=int(starts[found.stop]),
        next_row=row + found.stop - int(goes_on[: found.stop].sum()),
    )


def _lines(block: bytes, grammar: Grammar) -> pl.DataFrame:
    """One row is one line: its text, whether it is ``good``, ``blank``, ``quoted``."""
    lines = pl.scan_lines(block).with_columns(pl.col("line").str.strip_suffix("\0"))
    quoted = pl.col("line").str.contains('"', literal=True)
    return _marked(lines, grammar).with_columns(quoted=quoted).collect()


def _marked(lines: pl.LazyFrame, grammar: Grammar) -> pl.LazyFrame:
    """Lines or records, with ``good`` (the header's shape) and ``blank``."""
    return lines.with_columns(
        good=pl.col("line").str.contains(grammar.good),
        blank=pl.col("line").str.contains(grammar.blank),
    )


def _line_starts(block: bytes) -> npt.NDArray[np.int64]:
    """The offset of each line of a block, and of its end."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
    return np.concatenate([[0], ends + 1])


def _doubtful_records(
    block: bytes, starts: npt.NDArray[np.int64], lines: pl.DataFrame, grammar: Grammar
) -> _Records:
    """The records that begin at a line with quotation marks that is not good by itself.

    Every line before the first such line is a record, so that one begins a record; behind it the
    same holds again. A record that swallows lines which are good by themselves, or that is
    misquoted, ends with its first line: a stray quotation mark costs its own row alone.
    """
    good = lines["good"].to_numpy()
    found = _Records(stop=lines.height)
    free = 0
    for line in lines.select((pl.col("quoted") & ~pl.col("good")).arg_true()).to_series():
        if line < free:
            continue
        start = int(starts[line])
        record = grammar.record.match(block, start)
        whole = record or grammar.loose_record.match(block, start)
        if whole is None:
            found.stop = line
            break
        free = line + block.count(b"\n", start, whole.end())
        is_intact = record is not None
        if free > line + 1 and not (
            is_intact and _is_one(whole[0], good[line + 1 : free], grammar)
        ):
            free, is_intact = line + 1, False
        found.add(line, free - line, block[start : starts[free]], is_intact=is_intact)
    return found


def _is_one(text: bytes, goods: npt.NDArray[np.bool_], grammar: Grammar) -> bool:
    """Whether a record over several lines is one, and not a stray mark that swallowed rows."""
    return not goods.any() or len(grammar.split(text.decode().rstrip("\r\n\0"))) == grammar.width


def _goes_on(height: int, found: _Records) -> npt.NDArray[np.bool_]:
    """Which lines of a block continue the record of the line before."""
    goes_on = np.zeros(height, dtype=np.bool_)
    for line, span in zip(found.line, found.span, strict=True):
        goes_on[line + 1 : line + span] = True
    return goes_on


def _records(
    lines: pl.DataFrame, found: _Records, goes_on: npt.NDArray[np.bool_], grammar: Grammar
) -> pl.DataFrame:
    """One row is one record: ``row``, ``line`` (its text), ``good``, ``blank``, ``is_intact``."""
    is_plain = ~goes_on
    is_plain[found.line] = False
    is_plain[found.stop :] = False
    columns = ["row", "line", "good", "blank", "is_intact"]
    plain = lines.filter(pl.Series(is_plain)).with_columns(is_intact=True)
    doubtful = pl.LazyFrame(
        {"row": lines["row"].gather(found.line), "line": found.text, "is_intact": found.is_intact},
        schema_overrides={"line": pl.String, "is_intact": pl.Boolean},
    )
    marked = _marked(doubtful, grammar).collect()
    return pl.concat([plain.select(columns), marked.select(columns)]).sort("row")


def _text(records: pl.DataFrame) -> bytes:
    """The records, one after another: written by the engine, as they are."""
    out = BytesIO()
    records.select("line").write_csv(out, include_header=False, quote_style="never")
    return out.getvalue()


def _mended(records: pl.DataFrame, grammar: Grammar) -> tuple[pl.DataFrame, list[Ragged]]:
    """The good records, with those that only a closer look finds good, and the ragged ones."""
    rows, texts, ragged = [], [], []
    doubtful = records.filter(~pl.col("good")).select("row", "line", "is_intact")
    for row, text, is_intact in doubtful.iter_rows():
        fields = grammar.split(text)
        if is_intact and len(fields) == grammar.width:
            rows.append(row)
            texts.append(grammar.write(fields))
        else:
            ragged.append(Ragged(row, grammar.write(fields), len(fields), not is_intact))
    mended = pl.DataFrame(
        {"row": rows, "line": texts}, schema={"row": pl.UInt32, "line": pl.String}
    )
    good = pl.concat([records.filter("good").select("row", "line"), mended])
    return good.sort("row"), ragged
